/** A model as one vector, for those who average models (federated learning), evolve or compare them. */
import { layersOf, type Model } from './model.ts';
import type { KernelTensor, NumberArray } from './kernel.ts';

/** Which numbers: `state` is running statistics. Gradients are those of the parameters. */
export type Which = 'params' | 'grads' | 'state';

/** Where a tensor lies in the vector: `length` numbers from `offset` on, row-major. */
export interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

interface Piece extends Place {
  readonly tensor: KernelTensor;
  readonly array: NumberArray;
}

function piecesOf(model: Model, which: Which): Piece[] {
  let offset = 0;
  return layersOf(model).flatMap(([prefix, l]) => Object.keys(which === 'state' ? l.state : l.params).map((key) => {
    const tensor = l.kernel.spec.tensors[key]!;
    const array = (l[which] as Readonly<Record<string, NumberArray>>)[key]!;
    const piece = { name: prefix + key, shape: tensor.shape, offset, length: array.length, tensor, array };
    offset += array.length;
    return piece;
  }));
}

/** What stands where in the vector: layer for layer, in the order of the specs. */
export const layoutOf = (model: Model, which: Which = 'params'): Place[] =>
  piecesOf(model, which).map(({ name, shape, offset, length }) => ({ name, shape, offset, length }));

const lengthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, p) => sum + p.length, 0);

function checkLength(pieces: readonly Piece[], vector: ArrayLike<number>): void {
  if (vector.length !== lengthOf(pieces)) {
    throw new RangeError(`expected a vector of ${lengthOf(pieces)} numbers, got ${vector.length}`);
  }
}

/**
 * Copies the numbers of a model into one vector.
 * @param to is filled and returned; if left out, a new array, of doubles where the model has any
 * @throws RangeError for a vector of another length
 */
export function flatten(model: Model, which: Which = 'params', to?: Float32Array | Float64Array): Float32Array | Float64Array {
  const pieces = piecesOf(model, which);
  const Type = pieces.some((p) => p.array instanceof Float64Array) ? Float64Array : Float32Array;
  const vector = to ?? new Type(lengthOf(pieces));
  checkLength(pieces, vector);
  for (const { array, offset } of pieces) vector.set(array, offset);
  return vector;
}

/**
 * Copies a vector back into the model.
 * @throws RangeError for a vector of another length; nothing is changed then
 */
export function unflatten(model: Model, from: ArrayLike<number>, which: Which = 'params'): void {
  const pieces = piecesOf(model, which);
  checkLength(pieces, from);
  for (const { array, offset } of pieces) for (let i = 0; i < array.length; i++) array[i] = from[offset + i]!;
}
