/** Holds what a layer computed against the oracle: the same formulas, run one by one in doubles. */
import { interpret } from '../../compiler/ir/interpret.ts';
import type { Program } from '../../compiler/ir/tensor.ts';
import type { Step } from './net.ts';

export interface Check {
  /** The tensor that is furthest off. */
  readonly tensor: string;
  /** How far, relative to the largest number of that tensor. */
  readonly error: number;
  /** How many numbers were compared. */
  readonly numbers: number;
}

/** The state of a layer before a forward pass, which changes it, copied. */
export function remember({ layer }: Step): Map<string, Float64Array> {
  return new Map(Object.entries(layer.state).map(([name, array]) => [name, Float64Array.from(array)]));
}

/**
 * Outputs, state and every gradient of a layer after forward and backward.
 * @param before what `remember` gave before the forward pass
 */
export function check({ layer }: Step, before: ReadonlyMap<string, Float64Array>, oracle: Program): Check {
  const given = new Map<string, ArrayLike<number>>(
    [...before, ...[layer.inputs, layer.params, layer.upstream].flatMap((arrays) => Object.entries(arrays))]);
  const wanted = interpret(oracle, given);
  const computed: [string, ArrayLike<number>][] = [
    ...Object.entries(layer.outputs), ...Object.entries(layer.state),
    ...Object.entries(layer.grads).map(([name, array]): [string, ArrayLike<number>] => [`d${name}`, array]),
  ];
  let worst: Check = { tensor: '', error: 0, numbers: 0 };
  let numbers = 0;
  for (const [tensor, got] of computed) {
    const want = wanted.get(tensor)!;
    let largest = 0, off = 0;
    for (let i = 0; i < want.length; i++) {
      largest = Math.max(largest, Math.abs(want[i]!));
      off = Math.max(off, Math.abs(got[i]! - want[i]!));
      if (!Number.isFinite(got[i])) off = Infinity;
    }
    numbers += want.length;
    const error = off === 0 ? 0 : off / largest;
    if (error >= worst.error) worst = { tensor, error, numbers };
  }
  return { ...worst, numbers };
}
