/** How numbers are judged against the reference: every one, against the size of the terms that made it. */
import type { ReferenceTensor } from './reference.ts';

/** Half the smallest number that f32 has: what rounding to nothing costs. */
const UNDERFLOW = 1.5e-45;

const largest = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) most = Math.max(most, Math.abs(values[i]!));
  return most;
};

const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/**
 * Says what is wrong with `got`, or nothing. Numbers that are not finite must be the same ones.
 * @param rtol relative to the tensor's scale, or to its largest number where none is known
 * @param except elements that are not compared
 */
export function difference(
  got: ArrayLike<number>, want: ReferenceTensor, rtol: number, except?: (want: number, index: number) => boolean,
): string | undefined {
  const single = got instanceof Float32Array;
  if (got.length !== want.values.length) return `${got.length} numbers, expected ${want.values.length}`;
  const scale = want.scale ?? largest(want.values);
  const allowed = Math.max(rtol, want.tol_rel ?? 0) * (Number.isFinite(scale) ? scale : largest(want.values)) + UNDERFLOW;
  let worst = 0, at = -1;
  for (let i = 0; i < got.length; i++) {
    const expected = single ? Math.fround(want.values[i]!) : want.values[i]!;
    if (except?.(want.values[i]!, i)) continue;
    const error = Number.isFinite(expected) && Number.isFinite(got[i]) ? Math.abs(got[i]! - expected)
      : same(expected, got[i]!) ? 0 : Infinity;
    if (error > worst) [worst, at] = [error, i];
  }
  return worst <= allowed ? undefined
    : `element ${at} is ${got[at]}, expected ${want.values[at]}: off by ${worst.toExponential(2)}, allowed ${allowed.toExponential(2)}`;
}

/** max |a - b| / max(1e-8, |a| + |b|): the measure of the CS231n notebooks. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / Math.max(1e-8, Math.abs(a[i]!) + Math.abs(b[i]!)));
  }
  return worst;
}
