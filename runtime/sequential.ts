/**
 * `sequential([conv, norm, relu, affine, loss])`: layers in a row, each reading what the one before wrote. Layers that are made
 * here share arrays with their neighbours, so nothing is copied between them; so do layers made by hand that were given the
 * arrays of the one before by `buffers`. Between others, numbers are copied. Either way all arrays are made once.
 */
import type { ChainGradient, ChainInputs, ChainLayers, ChainResult, ChainUpstream, Checked, Member } from './chain.ts';
import { he, initial, type Initializer } from './initial.ts';
import type { Kernel, KernelTensor, NumberArray } from './kernel.ts';
import { copy, layer, type Layer } from './layer.ts';
import { pack, storageOf, unpack } from './store.ts';
import { deriveSeed } from './threefry.ts';

export interface SequentialOptions {
  /** Of parameters and random numbers: an integer from 0 to 2^53 - 1, 0 if left out. Each layer made here gets its own from it. */
  readonly seed?: number;
  /**
   * What the parameters of layers made here start at: an initialiser for all weights (`he` if left out), or some by the names
   * of parameters, for all layers that have one of that name.
   */
  readonly init?: Initializer | Readonly<Record<string, Initializer>>;
  /** Arrays for each layer made here, as `createArena(...kernels).buffers`. */
  readonly buffers?: readonly Readonly<Record<string, object | undefined>>[];
}

export interface Sequential<Ms extends readonly Member[]> {
  readonly layers: ChainLayers<Ms>;
  /**
   * What `forward` takes, in its order. Who writes to them and calls `forward()` allocates nothing, whatever the engine makes of
   * arguments.
   */
  readonly inputs: readonly NumberArray[];
  readonly mode: 'train' | 'test';
  /** Sets the mode of all layers. */
  train(): Sequential<Ms>;
  test(): Sequential<Ms>;
  /**
   * Runs the layers in order on the inputs of the first, then what later ones take beside the output before them, such as
   * labels; without arguments, on what stands in `inputs`.
   * @returns what the last layer gives: its own array, overwritten by the next call
   * @throws RangeError for a wrong length or an integer out of range, TypeError for a wrong number of arguments
   */
  forward(...inputs: ChainInputs<Ms> | []): ChainResult<Ms>;
  /**
   * Writes the gradients of all layers, last to first. A last layer whose output is a scalar, a loss, needs no argument.
   * @returns the gradient of the input of the first layer
   * @throws Error before the first forward pass, RangeError for a wrong length
   */
  backward(...upstream: ChainUpstream<Ms> | []): ChainGradient<Ms>;
  /** Parameters, state and steps of all layers as a safetensors file; `0.w` is the w of the first layer. */
  save(): Uint8Array;
  /** Takes back what `save`, or Python, wrote. @throws Error naming what is wrong with the file; nothing is changed then */
  load(file: Uint8Array | ArrayBuffer): Sequential<Ms>;
}

type Arrays = Readonly<Record<string, NumberArray>>;
type Loose = Layer<Kernel>;

const namesOf = ({ spec }: Kernel, role: string): string[] =>
  Object.keys(spec.tensors).filter((name) => spec.tensors[name]!.role === role);

/**
 * Joins kernels, or layers, to a net. The output of each goes to the first input of the next; both must have the same shape,
 * or one that groups neighbouring axes of the other ([32, 8, 14, 14] is [32, 1568]), and the same dtype. Shapes that are literal
 * are checked when a program is compiled, all when the net is made.
 *
 * @throws RangeError for neighbours whose shapes differ, TypeError for those that cannot be joined otherwise: both layers are
 *   named; and what `layer` throws
 */
export function sequential<const Ms extends readonly Member[]>(
  members: Ms & Checked<Ms>, options: SequentialOptions = {},
): Sequential<Ms> {
  const all = members as readonly (Kernel | Loose)[];
  const kernels = all.map((m) => ('kernel' in m ? m.kernel : m));
  if (kernels.length === 0) throw new TypeError('expected at least one layer');
  kernels.forEach((kernel, i) => { if (i > 0) checkJoint(kernels[i - 1]!, kernel, i); });
  const { init = he } = options;
  for (const name in init) {
    const known = kernels.some((k) => namesOf(k, 'param').includes(name));
    if (!known) throw new TypeError(`init.${name}: no layer has such a parameter`);
  }
  const layers: Loose[] = [];
  all.forEach((member, i) => {
    const made = 'kernel' in member ? member : make(member, i, layers.at(-1), options);
    const twin = layers.findIndex((l) => Object.values(l.outputs).some((array) => Object.values(made.outputs).includes(array)));
    if (twin >= 0) throw new TypeError(`layers ${twin} and ${i} (${made.kernel.spec.layer}) have the same arrays`);
    layers.push(made);
  });
  return run(layers) as unknown as Sequential<Ms>;
}

/** @throws TypeError or RangeError that names both layers and what they give and take */
function checkJoint(before: Kernel, after: Kernel, place: number): void {
  const a = `layer ${place - 1} (${before.spec.layer})`, b = `layer ${place} (${after.spec.layer})`;
  const outputs = namesOf(before, 'output'), input = namesOf(after, 'input')[0];
  if (outputs.length !== 1) throw new TypeError(`${a} gives ${outputs}; only the last layer may give more than one`);
  const from = before.spec.tensors[outputs[0]!]!, to = after.spec.tensors[input!];
  const given = `${a} gives ${from.dtype} [${from.shape.join(', ')}]`;
  if (!to) throw new TypeError(`${given}, ${b} takes nothing`);
  const taken = `${b} takes ${to.dtype} [${to.shape.join(', ')}]`;
  if (!fits(from.shape, to.shape)) throw new RangeError(`${given}, ${taken}`);
  if (from.dtype !== to.dtype) throw new TypeError(`${given}, ${taken}`);
}

/** Whether two shapes are one, or one groups axes of the other that stand side by side. */
export function fits(a: readonly number[], b: readonly number[]): boolean {
  if (a.length === b.length) return a.every((n, i) => n === b[i]);
  const [few, many] = a.length < b.length ? [a, b] : [b, a];
  const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
  // Where an axis of one begins anew, one of the other must.
  const strides = many.map((_, i) => size(many.slice(i)));
  return size(few) === size(many) && few.every((_, i) => strides.includes(size(few.slice(i))));
}

/** A layer on the arrays of the one before it. */
function make(kernel: Kernel, place: number, before: Loose | undefined, options: SequentialOptions): Loose {
  const { seed = 0, init = he, buffers } = options;
  const own = deriveSeed(seed, place);
  const params = namesOf(kernel, 'param');
  const how = typeof init === 'function' ? init
    : Object.fromEntries(Object.entries(init).filter(([name]) => params.includes(name)));
  const shared: Record<string, NumberArray> = {};
  // A module that owns its arrays works on these and no others.
  if (before && kernel.spec.buffers !== 'module') {
    const from = namesOf(before.kernel, 'output')[0]!, to = namesOf(kernel, 'input')[0]!;
    shared[to] = before.outputs[from]!;
    shared[`d${to}`] = before.upstream[`d${from}`]!;
  }
  return layer(kernel, { seed: own, params: initial(kernel, how, own), buffers: { ...buffers?.[place], ...shared } });
}

/** What a pass takes from its caller. */
interface Slot { readonly name: string; readonly tensor: KernelTensor; readonly array: NumberArray }

const slotsOf = ({ kernel }: Loose, arrays: Arrays): Slot[] =>
  Object.entries(arrays).map(([name, array]) => ({ name, tensor: kernel.spec.tensors[name]!, array }));

/** The layers as one. */
function run(layers: readonly Loose[]): object {
  const last = layers.length - 1;
  const inputs = layers.flatMap((l, i) => slotsOf(l, l.inputs).slice(i > 0 ? 1 : 0));
  const upstream = slotsOf(layers[last]!, layers[last]!.upstream);
  /** The arrays where a layer meets the one before it: the same two times, or else copied. */
  const joints = layers.map((l, i) => {
    const before = layers[i - 1], to = namesOf(l.kernel, 'input')[0]!;
    return before && {
      from: Object.values(before.outputs)[0]!, to: l.inputs[to]!, gradient: l.grads[to]!, back: Object.values(before.upstream)[0]!,
    };
  });
  const miscounted = (pass: string, slots: readonly Slot[], count: number): never => {
    throw new TypeError(`${pass}: expected ${slots.map((s) => s.name)}, got ${count} arguments`);
  };
  const storage = storageOf({ layers });
  const self = {
    layers,
    inputs: inputs.map((s) => s.array),
    get mode() { return layers[0]!.mode; },
    train() {
      for (let i = 0; i <= last; i++) layers[i]!.train();
      return self;
    },
    test() {
      for (let i = 0; i <= last; i++) layers[i]!.test();
      return self;
    },
    forward(...given: ArrayLike<number>[]) {
      if (given.length > 0 && given.length !== inputs.length) miscounted('forward', inputs, given.length);
      for (let i = 0; i < given.length; i++) copy(inputs[i]!.name, inputs[i]!.tensor, given[i], inputs[i]!.array);
      let result: unknown;
      for (let i = 0; i <= last; i++) {
        const joint = joints[i];
        if (joint && joint.from !== joint.to) joint.to.set(joint.from);
        result = layers[i]!.forward();
      }
      return result;
    },
    backward(...given: ArrayLike<number>[]) {
      if (given.length > 0 && given.length !== upstream.length) miscounted('backward', upstream, given.length);
      for (let i = 0; i < given.length; i++) copy(upstream[i]!.name, upstream[i]!.tensor, given[i], upstream[i]!.array);
      let result: unknown;
      for (let i = last; i >= 0; i--) {
        result = layers[i]!.backward();
        const joint = joints[i];
        if (joint && joint.gradient !== joint.back) joint.back.set(joint.gradient);
      }
      return result;
    },
    save: () => pack(storage),
    load(file: Uint8Array | ArrayBuffer) {
      unpack(file, storage);
      return self;
    },
  };
  return self;
}
