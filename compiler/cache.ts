/**
 * `cache: auto`: which definitions and inputs forward should leave for backward. Starts from all of them and, from the inputs
 * to the outputs, drops each whose absence does not make backward dearer, recomputation included; keeps what is still read.
 * Derivation prefers a difference to its two ends (`xhat` to `x` and a mean that rounding to f32 has ruined), so this does.
 */
import { entryName } from './ir/derived.ts';
import type { CacheEntry, Definition, Layer } from './ir/tensor.ts';
import { byRank } from './support/order.ts';

/** What backward over a cache costs, dearest first; undefined if it cannot be computed at all. */
export interface CacheTrial {
  readonly cost: readonly number[] | undefined;
  /** Names of entries that some backward reads. */
  readonly reads: ReadonlySet<string>;
}

/** Chooses the entries; falls back on everything where nothing suffices (the caller then reports what is missing). */
export function chooseCache(layer: Layer, attempt: (entries: readonly CacheEntry[]) => CacheTrial): readonly CacheEntry[] {
  let kept = everyEntry(layer);
  let best = attempt(kept);
  if (!best.cost) return kept;
  for (const entry of everyEntry(layer)) {
    const fewer = kept.filter((e) => entryName(e) !== entryName(entry));
    const trial = attempt(fewer);
    if (!trial.cost || byRank(trial.cost, best.cost!) > 0) continue;
    kept = fewer;
    best = trial;
  }
  return kept.filter((e) => best.reads.has(entryName(e)));
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
