/**
 * Whether a peer computes what our kernel computes. Both round to 32 bits and sum in their own order, so a result may differ by
 * TOLERANCE of the largest value of its tensor; a wrong formula, layout or convention differs by far more.
 */
import type { Results, Workload } from './workload.ts';

/** Single-precision sums of some 50 000 terms, as the gradients of a convolution's weights are, come this close. */
export const TOLERANCE = 2e-4;

/** How many standard deviations the share of kept values may lie from its expectation. */
const SIGMAS = 6;

/** @returns what is wrong, or nothing */
export function disagreement(workload: Workload, results: Results): string | undefined {
  if (workload.random) return lawBroken(workload, results);
  for (const [name, actual] of Object.entries(results)) {
    const expected = workload.expected[name];
    if (!expected) return `${name} is not one of our results`;
    if (expected.length !== actual.length) return `${name} has ${actual.length} elements, ours ${expected.length}`;
    const off = difference(expected, actual);
    if (!(off <= TOLERANCE)) return `${name} differs from ours by ${off.toPrecision(2)} of its largest value`;
  }
  return undefined;
}

/** The largest difference, as a share of the largest expected value. NaN where either holds one. */
export function difference(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    worst = Math.max(worst, Math.abs(expected[i]! - actual[i]!));
  }
  return scale === 0 ? worst : worst / scale;
}

/**
 * Dropout draws numbers of its own. Every value is either dropped or kept with one and the same factor, 1 / p or 1 (a library that
 * scales at test time instead); the share of kept ones is about p; and the gradient passes through the mask that `out` shows.
 */
function lawBroken({ arrays, options }: Workload, results: Results): string | undefined {
  const { out, dx } = results;
  const x = arrays['x']!;
  const p = options['p']!;
  if (!out) return 'out is missing';
  const factor = [1 / p, 1].find((f) => every(x, (v, i) => out[i] === 0 || close(out[i]!, v * f)));
  if (factor === undefined) return 'out is neither 0 nor x by one factor';
  const kept = x.reduce((n, _, i) => n + (out[i] === 0 ? 0 : 1), 0) / x.length;
  if (Math.abs(kept - p) > SIGMAS * Math.sqrt((p * (1 - p)) / x.length)) return `keeps ${kept.toFixed(3)} of the values, not ${p}`;
  const dout = arrays['dout']!;
  if (dx && !every(dout, (v, i) => close(dx[i]!, out[i] === 0 ? 0 : v * factor))) return 'dx does not follow the mask of out';
  return undefined;
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE * (1 + Math.abs(b));

function every(array: Float32Array, holds: (value: number, i: number) => boolean): boolean {
  for (let i = 0; i < array.length; i++) if (!holds(array[i]!, i)) return false;
  return true;
}
