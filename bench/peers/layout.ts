/** Moves the axes of a row-major array: from our layout to a peer's and back. */
import { count } from './workload.ts';

/** The array with its axes in another order: axis k of the result is axis `order[k]` of the argument. */
export function permute(array: ArrayLike<number>, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => count(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const result = new Float32Array(array.length);
  const index = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = array[from]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

export const reordered = (shape: readonly number[], order: readonly number[]): number[] => order.map((axis) => shape[axis]!);

/** The order that undoes another. */
export const inverse = (order: readonly number[]): number[] => order.map((_, axis) => order.indexOf(axis));

/** An array in our layout, N×C×H×W, as N×H×W×C. */
export const CHANNELS_LAST = [0, 2, 3, 1] as const;

/** Filters F×C×H×W as H×W×C×F. */
export const FILTERS_LAST = [2, 3, 1, 0] as const;
