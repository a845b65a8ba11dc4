/** Seeded data for tests: numbers that a layer's formulas can take, integers that stay in the arrays they index. */
import { intValue, sizeOf, type Affine } from '../ir/affine.ts';
import { readsOf, walk } from '../ir/expr.ts';
import type { Program, Tensor } from '../ir/tensor.ts';
import { mulberry32 } from '../support/random.ts';

export type Random = () => number;

/** Numbers in [0, 1), the same in every run. */
export const randomFrom = (seed: number): Random => mulberry32(seed + 0x9e3779b9);

export const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Which numbers real tensors are filled with; tried in this order until a layer gives finite results. */
export const RANGES = ['normal', 'positive', 'fraction', 'small'] as const;
export type RangeName = (typeof RANGES)[number];

function draw(range: RangeName, random: Random): number {
  switch (range) {
    case 'normal': return normal(random);
    case 'positive': return 0.5 + 1.5 * random();
    case 'fraction': return 0.1 + 0.8 * random();
    case 'small': return 0.05 * normal(random);
    default: return range satisfies never;
  }
}

/** One array of values for a tensor; `integers` are the values its elements may have if it is integer. */
export function valuesFor(t: Tensor, count: number, integers: { low: number; high: number }, range: RangeName, random: Random): number[] {
  return Array.from({ length: count }, () => {
    if (t.dtype === 'i32') return integers.low + Math.floor(random() * (integers.high - integers.low + 1));
    // A state starts somewhere for a reason: a variance at 1, and never below 0.
    if (t.role === 'state') return (t.init ?? 0) + (t.init ? 0.5 * random() : 0.3 * normal(random));
    if (t.role === 'upstream') return normal(random);
    return draw(range, random);
  });
}

/** The values that an integer tensor may hold: what keeps every gather inside, and what it is compared with. */
export function integersOf(name: string, programs: readonly Program[]): { low: number; high: number; indexes: boolean } {
  let low = -Infinity;
  let high = Infinity;
  let compared = 0;
  for (const p of programs) {
    const axesOf = (tensor: string): readonly string[] => p.tensors.find((t) => t.name === tensor)?.axes ?? p.definitions.find((d) => d.name === tensor)?.axes ?? [];
    for (const d of p.definitions) {
      for (const r of readsOf(d.formula)) {
        r.index.forEach((a, n) => {
          const axis = axesOf(r.tensor)[n];
          const bounds = axis === undefined ? undefined : gatherBounds(a, name, sizeOf(p.env, axis), p);
          if (bounds) { low = Math.max(low, bounds.low); high = Math.min(high, bounds.high); }
        });
      }
      for (const e of walk(d.formula)) {
        if (e.kind !== 'binary' || !['==', '!=', '<', '<=', '>', '>='].includes(e.op)) continue;
        if (!readsOf(e).some((r) => r.tensor === name)) continue;
        for (const x of walk(e)) if (x.kind === 'index') compared = Math.max(compared, sizeOf(p.env, x.axis) - 1);
      }
    }
  }
  const indexes = high !== Infinity;
  return { low: Math.max(low, indexes ? -Infinity : 0), high: Math.min(high, indexes ? Infinity : compared || 3), indexes };
}

/** The values of an element for which an index is inside, whatever the axes. */
function gatherBounds(a: Affine, name: string, size: number, p: Program): { low: number; high: number } | undefined {
  const own = a.terms.find((t) => t.variable.kind === 'element' && t.variable.tensor === name);
  if (!own) return undefined;
  const k = intValue(own.k, p.env);
  let least = intValue(a.constant, p.env);
  let most = least;
  for (const t of a.terms) {
    if (t === own || t.variable.kind !== 'axis') continue;
    const reach = intValue(t.k, p.env) * (sizeOf(p.env, t.variable.axis) - 1);
    least += Math.min(0, reach);
    most += Math.max(0, reach);
  }
  const [x, y] = [-least / k, (size - 1 - most) / k];
  return { low: Math.ceil(Math.min(x, y)), high: Math.floor(Math.max(x, y)) };
}
