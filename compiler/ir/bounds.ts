/** Interval arithmetic on indices: which values a slot of a read can take over all sizes of its axes. */
import { intValue, sizeOf, type Affine } from './affine.ts';
import type { Env } from './tensor.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The least and the greatest value of an index over its axes; undefined where it holds a gather or a divisor. */
export function rangeOf(a: Affine, env: Env): Range | undefined {
  if (intValue(a.divisor, env) !== 1) return undefined;
  let low = intValue(a.constant, env);
  let high = low;
  for (const t of a.terms) {
    if (t.variable.kind !== 'axis') return undefined;
    const reach = intValue(t.k, env) * (sizeOf(env, t.variable.axis) - 1);
    if (reach > 0) high += reach;
    else low += reach;
  }
  return { low, high };
}

/** True where no value of the axes takes the index out of an axis of this size. Gathers are never proven. */
export function staysInside(a: Affine, size: number, env: Env): boolean {
  const range = rangeOf(a, env);
  return range !== undefined && range.low >= 0 && range.high < size;
}
