/**
 * `cache: auto`: which definitions and inputs forward should leave for backward. Starts from all of them and, from the inputs
 * to the outputs, drops each whose absence does not make backward dearer, recomputation included; keeps what is still read.
 * Derivation prefers a difference to its two ends (`xhat` to `x` and a mean that rounding to f32 has ruined), so this does.
 */
import { entryName } from './ir/derived.ts';
import { readsOf, walk } from './ir/expr.ts';
import type { CacheEntry, Definition, Expr, Layer } from './ir/tensor.ts';
import { byRank } from './support/order.ts';

/** What backward over a cache costs, dearest first; undefined if it cannot be computed at all. */
export interface CacheTrial {
  readonly cost: readonly number[] | undefined;
  /** Names of entries that some backward reads. */
  readonly reads: ReadonlySet<string>;
}

/** A derivation each: a layer of hundreds of definitions is not tried to the end. */
const MOST_TRIALS = 24;

/** Chooses the entries; falls back on everything where nothing suffices (the caller then reports what is missing). */
export function chooseCache(layer: Layer, attempt: (entries: readonly CacheEntry[]) => CacheTrial): readonly CacheEntry[] {
  const ruined = ruinedByRounding(layer);
  let kept = everyEntry(layer).filter((e) => !ruined.has(entryName(e)));
  let best = attempt(kept);
  if (!best.cost) {
    kept = everyEntry(layer);
    best = attempt(kept);
  }
  if (!best.cost) return kept;
  // What the first trial does not read need not be tried: it is left out at the end anyway.
  const worth = kept.filter((e) => best.reads.has(entryName(e))).slice(0, MOST_TRIALS);
  for (const entry of worth) {
    const fewer = kept.filter((e) => entryName(e) !== entryName(entry));
    const trial = attempt(fewer);
    if (!trial.cost || byRank(trial.cost, best.cost!) > 0) continue;
    kept = fewer;
    best = trial;
  }
  return kept.filter((e) => best.reads.has(entryName(e)));
}

/**
 * Means (and sums) that some formula takes from what they are the mean of. In a cache of floats they are rounded, and where the
 * mean is large beside the deviations little is left of the difference; computed again they are not.
 */
function ruinedByRounding(layer: Layer): ReadonlySet<string> {
  const out = new Set<string>();
  for (const m of layer.modes) {
    const formulas = new Map(m.definitions.map((d) => [d.name, d.formula]));
    const isTakenFrom = (mean: Expr, rest: Expr): boolean => {
      const formula = mean.kind === 'read' ? formulas.get(mean.tensor) : undefined;
      return formula !== undefined && rest.kind === 'read' && readsOf(formula).some((r) => r.tensor === rest.tensor)
        && [...walk(formula)].some((e) => e.kind === 'reduce' && (e.op === 'mean' || e.op === 'sum'));
    };
    for (const d of m.definitions) for (const e of walk(d.formula)) {
      if (e.kind !== 'binary' || (e.op !== '-' && e.op !== '+')) continue;
      if (e.a.kind === 'read' && isTakenFrom(e.a, e.b)) out.add(e.a.tensor);
      if (e.b.kind === 'read' && isTakenFrom(e.b, e.a)) out.add(e.b.tensor);
    }
  }
  return out;
}

/** Float inputs, definitions that every mode has, and the hits of maxima. */
export function everyEntry(layer: Layer): CacheEntry[] {
  const inputs = layer.inputs.filter((t) => t.dtype !== 'i32').map((t): CacheEntry => ({ kind: 'input', name: t.name }));
  const [first, ...others] = layer.modes;
  const shared = first!.definitions.filter((d) => others.every((m) => m.definitions.some((x) => x.name === d.name)))
    .filter((d) => !first!.updates.some((u) => u.definition === d.name));
  const hits = shared.filter((d) => windowOf(d) !== undefined && others.every((m) => windowOf(m.definitions.find((x) => x.name === d.name)!) === windowOf(d)));
  return [
    ...inputs,
    ...shared.map((d): CacheEntry => ({ kind: 'definition', name: d.name })),
    ...hits.map((d): CacheEntry => ({ kind: 'hit', of: d.name })),
  ];
}

/** The axes of a maximum and of its window, as text; undefined of anything else. */
export const windowOf = (d: Definition): string | undefined =>
  (d.formula.kind === 'reduce' && (d.formula.op === 'max' || d.formula.op === 'min') ? `[${d.axes.join(', ')}] of [${d.formula.axes.join(', ')}]` : undefined);
