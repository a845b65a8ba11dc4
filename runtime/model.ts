/** What an optimiser, `flatten` and `save` work on: a layer, or layers in a row. */
import type { Kernel, KernelTensor, NumberArray } from './kernel.ts';

/** Of a layer, what it holds. */
export interface Holder {
  readonly kernel: Kernel;
  readonly params: object;
  readonly grads: object;
  readonly state: object;
  step: number;
}

/** A layer, or what `sequential` gives: parameters are then called `0.w`, after the place of their layer. */
export type Model = Holder | { readonly layers: readonly Holder[] };

/** One tensor of a model. */
export interface Parameter {
  readonly name: string;
  readonly tensor: KernelTensor;
  readonly value: NumberArray;
  readonly grad: NumberArray;
}

type Arrays = Readonly<Record<string, NumberArray>>;

/** The layers of a model, each with what stands before the names of its tensors. */
export const layersOf = (model: Model): (readonly [prefix: string, Holder])[] =>
  ('layers' in model ? model.layers.map((l, i) => [`${i}.`, l] as const) : [['', model]]);

/**
 * All parameters with their gradients, layer for layer, in the order of the specs. Layers that share a parameter and its
 * gradient (by `buffers`, with kernels that accumulate) have it once.
 * @throws TypeError where layers share a parameter but not its gradient
 */
export function parametersOf(model: Model): Parameter[] {
  const found = new Map<NumberArray, Parameter>();
  for (const [prefix, { kernel, params, grads }] of layersOf(model)) {
    for (const [key, value] of Object.entries(params as Arrays)) {
      const name = prefix + key, grad = (grads as Arrays)[key];
      if (!grad) throw new TypeError(`${name}: ${kernel.spec.layer} has no gradient of it`);
      const known = found.get(value);
      if (known && known.grad !== grad) throw new TypeError(`${known.name} and ${name} are one array, but their gradients are two`);
      if (!known) found.set(value, { name, tensor: kernel.spec.tensors[key]!, value, grad });
    }
  }
  return [...found.values()];
}

/** The gradients of all parameters: to clip them, to look at them, or to clear them where kernels accumulate. */
export const gradientsOf = (model: Model): NumberArray[] => parametersOf(model).map((p) => p.grad);
