/**
 * Where implementations differ on purpose: which numbers of a case are not compared with PyTorch's, and why. Cases that the
 * reference tags as a matter of convention and that are not here (do_nan_dropped, do_inf_dropped) are decided by the
 * formulas of the specs as PyTorch decides them.
 */
import type { Case } from './reference.ts';
import type { Exceptions } from './run.ts';

interface Exception {
  readonly why: string;
  /** Whether an element is not compared: the reference's number, its place, x at that place. */
  readonly tensors: Readonly<Record<string, (want: number, i: number, x: number) => boolean>>;
}

const whereNaN = (_want: number, _i: number, x: number): boolean => Number.isNaN(x);

export const EXCEPTIONS: ReadonlyMap<string, Exception> = new Map<string, Exception>([
  ['relu_nan', {
    why: 'max(x, 0) sends its gradient to x where x > 0, which NaN is not: dx is 0 there, as in CS231n; PyTorch passes dout on',
    tensors: { dx: whereNaN },
  }],
  ['mp_nan', {
    why: 'a NaN is the maximum of its window, so under ties all and split it takes the gradient, as it does under ties first; '
      + 'the reference compares it with itself by ==, which drops the gradient',
    tensors: { dx_ties_all: whereNaN, dx_ties_split: whereNaN },
  }],
  ['conv_inf_w', {
    why: 'an infinite weight meets the padding: 0 * Infinity is NaN where that product is made, and nothing where a loop skips '
      + 'what is outside. PyTorch makes it in out (where it has NaN) and skips it in dx (where channel 0 stays finite)',
    tensors: { out: (want) => Number.isNaN(want), dx: (want, i) => i < 30 && Number.isFinite(want) },
  }],
]);

/** What of a case is not compared. */
export function exceptionsOf(c: Case): Exceptions {
  const values = c.tensors.get('x')?.values ?? [];
  return Object.fromEntries(Object.entries(EXCEPTIONS.get(c.id)?.tensors ?? {})
    .map(([name, except]) => [name, (want: number, i: number) => except(want, i, values[i] ?? 0)]));
}
