/**
 * Claims of a `backward:` block that no proof was found for are evaluated beside the derived gradient, in double, at random
 * points on small odd sizes. Where they differ the claim is refused with that point; where they never differ it stands.
 */
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { interpret } from './ir/interpret.ts';
import { readsOf, rewrite, read } from './ir/expr.ts';
import type { Claim, Definition, Layer, ModeProgram, Program, Tensor } from './ir/tensor.ts';
import { sizeOf } from './ir/affine.ts';
import { differentiate } from './phases/3-differentiate/index.ts';
import { mulberry32 } from './support/random.ts';

const TOLERANCE = 1e-9;
const POINTS = 4;
const MAX_SHOWN = 8;

export interface Verdict {
  readonly name: string;
  /** Absent: equal at every point tried. */
  readonly refused?: Diagnostic;
}

/** Holds some claims of one mode against the raw gradients. The layer has small sizes. */
export function testClaims(layer: Layer, mode: ModeProgram, names: ReadonlySet<string>): Verdict[] {
  const oracle = claimedProgram(layer, mode);
  const claims = mode.claims.filter((c) => names.has(c.name));
  const verdicts = new Map<string, Verdict>();
  const compared = new Set<string>();
  for (let point = 0; point < POINTS; point++) {
    const inputs = drawInputs(oracle, point);
    let values: Map<string, Float64Array>;
    try {
      values = interpret(oracle, inputs, { seed: point, step: 0 });
    } catch (error) {
      if (error instanceof RangeError) continue;   // a gather met an index drawn too high
      throw error;
    }
    for (const claim of claims) {
      if (verdicts.get(claim.name)?.refused) continue;
      const found = firstDifference(values.get(claimed(claim.name))!, values.get(claim.name)!);
      if (found.finite > 0) compared.add(claim.name);
      verdicts.set(claim.name, found.at === undefined ? { name: claim.name }
        : { name: claim.name, refused: refusal(claim, found.at, values, inputs, layer) });
    }
  }
  return claims.map((c) => (compared.has(c.name) ? verdicts.get(c.name)! : { name: c.name, refused: unproven(c) }));
}

const claimed = (name: string): string => `claimed ${name}`;

/** The oracle with the claims added under names of their own; a claim reads other gradients as they were derived. */
function claimedProgram(layer: Layer, mode: ModeProgram): Program {
  const { oracle } = differentiate(layer, mode);
  const gradients = new Set(oracle.stores.filter((s) => s.tensor.role === 'gradient').map((s) => s.definition));
  const helpers = new Set(mode.claims.filter((c) => !gradients.has(c.name)).map((c) => c.name));
  const rename = (c: Claim): Definition => ({
    name: claimed(c.name), axes: c.axes, outside: 0,
    formula: rewrite(c.formula, (e) => (e.kind === 'read' && helpers.has(e.tensor) ? read(claimed(e.tensor), e.index) : e)),
  });
  const zeroOutside = oracle.definitions.map((d) => (gradients.has(d.name) ? { ...d, outside: 0 } : d));
  // The branches of a claim's `where` may read outside what they guard badly.
  const tensors = oracle.tensors.map((t) => ({ ...t, outside: t.outside ?? 0 }));
  return { ...oracle, tensors, definitions: [...zeroOutside, ...mode.claims.map(rename)] };
}

/** Points of several kinds, so that roots and logarithms meet arguments they have values for. */
function drawInputs(p: Program, point: number): Map<string, Float64Array> {
  const next = mulberry32((point + 1) * 0x9e3779b9);
  const draw = (t: Tensor): number => {
    if (t.dtype === 'i32') return 0;
    if (t.role === 'upstream') return 2 * next() - 1;
    if (t.role === 'state') return 0.5 + next();
    return point % 2 === 1 ? 0.25 + next() : 4 * next() - 2;
  };
  const out = new Map<string, Float64Array>();
  for (const t of p.tensors) {
    if (t.role === 'random') continue;
    const count = t.axes.reduce((n, a) => n * sizeOf(p.env, a), 1);
    out.set(t.name, Float64Array.from({ length: count }, () => draw(t)));
  }
  spreadIndices(p, out, next);
  return out;
}

/** Integer inputs that index are drawn within the axis they index. */
function spreadIndices(p: Program, inputs: Map<string, Float64Array>, next: () => number): void {
  const bound = new Map<string, number>();
  const axesOf = new Map<string, readonly string[]>([...p.tensors.map((t) => [t.name, t.axes] as const), ...p.definitions.map((d) => [d.name, d.axes] as const)]);
  for (const d of p.definitions) for (const r of readsOf(d.formula)) r.index.forEach((a, n) => {
    for (const t of a.terms) {
      const axis = axesOf.get(r.tensor)?.[n];
      if (t.variable.kind === 'element' && axis !== undefined) bound.set(t.variable.tensor, Math.min(bound.get(t.variable.tensor) ?? Infinity, sizeOf(p.env, axis)));
    }
  });
  for (const t of p.tensors) {
    if (t.dtype !== 'i32') continue;
    const values = inputs.get(t.name)!;
    for (let n = 0; n < values.length; n++) values[n] = Math.floor(next() * (bound.get(t.name) ?? 3));
  }
}

function firstDifference(got: Float64Array, want: Float64Array): { at?: number; finite: number } {
  let scale = 0;
  let finite = 0;
  for (const w of want) if (Number.isFinite(w)) scale = Math.max(scale, Math.abs(w));
  let worst: { at: number; by: number } | undefined;
  // A claim with fewer axes is the same along the others; the interpreter gives it its own axes only.
  const repeat = want.length / got.length;
  for (let n = 0; n < want.length; n++) {
    const g = got[repeat === 1 ? n : n % got.length]!;
    const w = want[n]!;
    if (!Number.isFinite(w)) continue;
    finite++;
    const by = Number.isFinite(g) ? Math.abs(g - w) : Infinity;
    if (by > TOLERANCE * Math.max(scale, 1e-6) && (!worst || by > worst.by)) worst = { at: n, by };
  }
  return worst ? { at: worst.at, finite } : { finite };
}

function refusal(claim: Claim, at: number, values: ReadonlyMap<string, Float64Array>, inputs: ReadonlyMap<string, Float64Array>, layer: Layer): Diagnostic {
  const sizes = [...layer.env.sizes].map(([axis, size]) => `${axis} = ${size}`).join(', ');
  const element = indexOf(at, claim.axes.map((a) => sizeOf(layer.env, a)));
  const [got, want] = apart(values.get(claimed(claim.name))![at]!, values.get(claim.name)![at]!);
  const shown = [...inputs].map(([name, v]) => `${name} = [${[...v.slice(0, MAX_SHOWN)].map((x) => short(x)).join(', ')}${v.length > MAX_SHOWN ? ', ...' : ''}]`);
  return {
    code: 'claim-wrong',
    message: `\`${claim.name}\` is not the gradient: ${element.length > 0 ? `at element [${element.join(', ')}] ` : ''}the claim gives ${got}, the derivation ${want}`,
    ...(claim.span ? { span: claim.span } : {}),
    help: 'correct the formula, or leave the claim out: `explain` prints the derived gradient',
    notes: [{ message: `the point: ${sizes}` }, ...shown.map((message) => ({ message }))],
  };
}

function unproven(claim: Claim): Diagnostic {
  return {
    code: 'claim-unproven', message: `\`${claim.name}\` could not be compared: neither side has a finite value at any point tried`,
    ...(claim.span ? { span: claim.span } : {}), help: 'leave the claim out',
  };
}

const short = (x: number, digits = 6): string => String(Number(x.toPrecision(digits)));

/** Two numbers, with as many digits as it takes to see that they differ. */
function apart(a: number, b: number): readonly [string, string] {
  let digits = 6;
  while (digits < 17 && short(a, digits) === short(b, digits)) digits++;
  return [short(a, digits), short(b, digits)];
}

function indexOf(at: number, sizes: readonly number[]): number[] {
  const out: number[] = [];
  let rest = at;
  for (const size of [...sizes].reverse()) { out.unshift(rest % size); rest = Math.floor(rest / size); }
  return out;
}
