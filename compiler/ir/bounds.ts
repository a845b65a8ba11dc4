/** Interval arithmetic on indices: which values a slot of a read can take over all sizes of its axes. */
import { intValue, sizeOf, type Affine } from './affine.ts';
import type { Env } from './tensor.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The least and greatest value of an index before its divisor; an element of an integer tensor may be anything. */
export function affineRange(a: Affine, env: Env): Range {
  const c = intValue(a.constant, env);
  let low = c;
  let high = c;
  for (const t of a.terms) {
    if (t.variable.kind === 'element') return { low: -Infinity, high: Infinity };
    const end = intValue(t.k, env) * (sizeOf(env, t.variable.axis) - 1);
    low += Math.min(0, end);
    high += Math.max(0, end);
  }
  return { low, high };
}

/** The same, where it is known; undefined where the index holds a gather or a divisor. */
export function rangeOf(a: Affine, env: Env): Range | undefined {
  if (intValue(a.divisor, env) !== 1 || a.terms.some((t) => t.variable.kind !== 'axis')) return undefined;
  return affineRange(a, env);
}

/** True where no value of the axes takes the index out of an axis of this size. Gathers are never proven. */
export function staysInside(a: Affine, size: number, env: Env): boolean {
  const range = rangeOf(a, env);
  return range !== undefined && range.low >= 0 && range.high < size;
}
