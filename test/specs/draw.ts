/** Numbers for the tensors of a program: reproducible, of either sign, indices within what they index. */
import { sizeOf } from '../../compiler/ir/affine.ts';
import { readsOf } from '../../compiler/ir/expr.ts';
import type { Program, Tensor } from '../../compiler/ir/tensor.ts';
import { mulberry32 } from '../../compiler/support/random.ts';

export type Arrays = Map<string, Float64Array>;

/** Numbers in [0, 1), the same in every run. */
export const makeRandom = (seed: number): (() => number) => mulberry32(Math.imul(seed + 1, 0x9e3779b9));

/**
 * What real inputs and parameters are drawn from.
 * real: [-2, 2); positive: [0.5, 2); tied: 0, 1 or 2, so that most windows have several extremes; zeros: as real, a third 0.
 */
export type Domain = 'real' | 'positive' | 'tied' | 'zeros';

const draws: Readonly<Record<Domain, (next: () => number) => number>> = {
  real: (next) => 4 * next() - 2,
  positive: (next) => 0.5 + 1.5 * next(),
  tied: (next) => Math.floor(3 * next()),
  zeros: (next) => (next() < 1 / 3 ? 0 : 4 * next() - 2),
};

/** Values for everything that a program reads; the domains of tensors by name, else of all of them. */
export function drawInputs(p: Program, seed: number, domain: Domain, domains: Readonly<Record<string, Domain>> = {}): Arrays {
  const next = makeRandom(seed);
  const bounds = indexBounds(p);
  const drawn = (t: Tensor): number => {
    if (t.dtype === 'i32') return drawInteger(bounds.get(t.name), next);
    if (t.role === 'upstream') return 2 * next() - 1;
    if (t.role === 'state') return 0.5 + next();
    if (t.role === 'random') return (t.uniform?.[0] ?? 0) + next() * ((t.uniform?.[1] ?? 1) - (t.uniform?.[0] ?? 0));
    return draws[domains[t.name] ?? domain](next);
  };
  return new Map(p.tensors.map((t) => {
    const count = t.axes.reduce((n, a) => n * sizeOf(p.env, a), 1);
    return [t.name, Float64Array.from({ length: count }, () => drawn(t))];
  }));
}

function drawInteger(bound: number | undefined, next: () => number): number {
  return bound === undefined ? Math.floor(5 * next()) - 2 : Math.floor(bound * next());
}

/** For each integer tensor that indexes an array bare: the size of the smallest axis it indexes. */
function indexBounds(p: Program): Map<string, number> {
  const axesOf = new Map([...p.tensors, ...p.definitions].map((x) => [x.name, x.axes]));
  const bounds = new Map<string, number>();
  for (const d of p.definitions) for (const r of readsOf(d.formula)) r.index.forEach((a, n) => {
    const [t] = a.terms;
    if (t?.variable.kind !== 'element') return;
    const { tensor } = t.variable;
    const size = sizeOf(p.env, axesOf.get(r.tensor)![n]!);
    bounds.set(tensor, Math.min(bounds.get(tensor) ?? Infinity, size));
  });
  return bounds;
}
