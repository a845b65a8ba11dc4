/**
 * Where implementations differ on purpose: which numbers of a case are not compared with PyTorch's, and why. The other
 * cases that the reference tags as a matter of convention (do_nan_dropped, do_inf_dropped, conv_inf_w) are decided by the
 * formulas of the specs as PyTorch decides them, and are compared like any other.
 */
import { tensor, type Case } from './reference.ts';
import type { Exceptions } from './run.ts';

interface Exception {
  readonly why: string;
  /** The tensors, at the elements where x is NaN. */
  readonly whereNaN: readonly string[];
}

export const EXCEPTIONS: ReadonlyMap<string, Exception> = new Map([
  ['relu_nan', {
    why: 'max(x, 0) sends its gradient to x where x > 0, which NaN is not: dx is 0 there, as in CS231n; PyTorch passes dout on',
    whereNaN: ['dx'],
  }],
  ['mp_nan', {
    why: 'a NaN is the maximum of its window, so under ties all and split it takes the gradient, as it does under ties first; '
      + 'the reference compares it with itself by ==, which drops the gradient',
    whereNaN: ['dx_ties_all', 'dx_ties_split'],
  }],
]);

/** What of a case is not compared. */
export function exceptionsOf(c: Case): Exceptions {
  const { values } = c.tensors.get('x') ?? tensor(c, 'x0');
  return Object.fromEntries((EXCEPTIONS.get(c.id)?.whereNaN ?? [])
    .map((name) => [name, (_want: number, i: number) => Number.isNaN(values[i])]));
}
