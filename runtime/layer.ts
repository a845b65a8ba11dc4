/**
 * `layer(kernel)`: a generated module with the arrays it works on. The module is a handful of plain functions over
 * arrays that its caller owns; a layer owns them: parameters, gradients, state, cache, inputs and outputs, all made
 * once. It knows a kernel by its `spec` alone and so works with any.
 *
 * What a call is given is copied into the layer's own arrays, so that the caller may change his at once; where he passes
 * the layer's own array, or shares one by `buffers`, nothing is copied.
 */
import type {
  ArraysOf, BackwardArguments, BackwardResult, ForwardArguments, ForwardResult, GradsOf, Kernel, KernelTensor, NumberArray,
} from './kernel.ts';
import { decode, encode, type Stored } from './safetensors.ts';

export interface LayerOptions<K extends Kernel> {
  /**
   * What the parameters start at; copied. Given, it must hold every parameter whose spec has no `init`. Left out, each
   * starts at its `init`, else at 0, to be filled by `load` or by hand.
   */
  readonly params?: { readonly [N in keyof ArraysOf<K, 'param'>]?: ArrayLike<number> };
  /** What the state starts at, where not at its `init`; copied. */
  readonly state?: { readonly [N in keyof ArraysOf<K, 'state'>]?: ArrayLike<number> };
  /** Of the random numbers: an integer from 0 to 2^53 - 1; 0 if left out. */
  readonly seed?: number;
  /** Arrays to use in place of own ones, by argument name, and a cache: `{ x: previous.outputs.out }` saves a copy, and
   * those of `createArena` have a kernel in WebAssembly work in place. */
  readonly buffers?: Readonly<Record<string, object | undefined>>;
}

export interface Layer<K extends Kernel> {
  readonly kernel: K;
  readonly params: ArraysOf<K, 'param'>;
  /** By the names of the inputs and parameters: `grads.gamma` is dgamma. Clear them yourself if the kernel accumulates. */
  readonly grads: GradsOf<K>;
  /** Running statistics and the like. */
  readonly state: ArraysOf<K, 'state'>;
  readonly inputs: ArraysOf<K, 'input'>;
  readonly outputs: ArraysOf<K, 'output'>;
  /** The gradients of the outputs, `dout`; that of a scalar output starts at 1. */
  readonly upstream: ArraysOf<K, 'upstream'>;
  readonly mode: 'train' | 'test';
  readonly seed: number;
  /** Counts the forward passes in train mode: each draws its own random numbers. */
  step: number;
  /** Batch statistics, random masks; layers start in it. A layer without modes is the same in both. */
  train(): Layer<K>;
  /** Running statistics, no masks. */
  test(): Layer<K>;
  /**
   * Runs the layer on its inputs in the order of the spec, or, without arguments, on what stands in `inputs`.
   * @returns the output, or a record of them where the layer has several: own arrays, overwritten by the next call
   * @throws RangeError for a wrong length or an integer out of range, TypeError for a wrong number of arguments
   */
  forward(...inputs: ForwardArguments<K> | []): ForwardResult<K>;
  /**
   * Writes the gradients of the last forward pass, in the mode of that pass, from the gradients of its outputs; without
   * arguments from what stands in `upstream`.
   * @returns the gradient of the input, or a record of them where the layer has several
   * @throws Error before the first forward pass, RangeError for a wrong length
   */
  backward(...upstream: BackwardArguments<K> | []): BackwardResult<K>;
  /** Parameters, state and step as a safetensors file. */
  save(): Uint8Array;
  /**
   * Takes back what `save`, or Python, wrote.
   * @throws Error naming what is wrong with the file or does not fit the layer, which is then unchanged
   */
  load(file: Uint8Array | ArrayBuffer): Layer<K>;
}

type Arrays = Record<string, NumberArray>;
type Numbers = Readonly<Record<string, ArrayLike<number> | undefined>>;
type Run = (...args: unknown[]) => void;
type Named = Readonly<Record<string, unknown>>;
type Pass = 'forward' | 'backward';
type Mode = 'train' | 'test';

const DTYPES: Readonly<Record<string, new (length: number) => NumberArray>> =
  { f32: Float32Array, f64: Float64Array, i32: Int32Array };

/** Takes all of `from`, value for value. */
export function copy(name: string, { shape }: KernelTensor, from: ArrayLike<number> | undefined, to: NumberArray): void {
  if (from === to) return;
  if (from?.length !== to.length) {
    throw new RangeError(`${name}: expected ${to.length} numbers for [${shape.join(', ')}], got ${from?.length}`);
  }
  to.set(from);
  if (to instanceof Int32Array) {
    for (let i = 0; i < to.length; i++) {
      if (to[i] !== from[i]) throw new RangeError(`${name}: expected integers, got ${from[i]} at ${i}`);
    }
  }
}

/** The only member, or all. */
function single(record: Arrays): unknown {
  const all = Object.values(record);
  return all.length === 1 ? all[0] : record;
}

/**
 * Makes a layer of a generated module.
 *
 * @throws TypeError for a parameter or state that the kernel does not have or that is missing, RangeError for a wrong
 *   length or seed
 */
export function layer<const K extends Kernel>(kernel: K, options: LayerOptions<K> = {}): Layer<K> {
  const { spec } = kernel;
  const { seed = 0, params, buffers } = options;
  const module = kernel as unknown as Named;
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(`seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }

  const arrays: Arrays = {};
  const roles: Record<string, Arrays> = { input: {}, param: {}, state: {}, output: {}, upstream: {}, gradient: {} };
  for (const [name, tensor] of Object.entries(spec.tensors)) {
    const length = tensor.shape.reduce((product, n) => product * n, 1);
    const Type = DTYPES[tensor.dtype]!;
    // A module built with `buffers: module` owns its arrays and exports them by name.
    const array = buffers?.[name] ?? (ArrayBuffer.isView(module[name]) ? module[name] as NumberArray : new Type(length));
    if (!(array instanceof Type && array.length === length)) {
      throw new RangeError(`buffers.${name}: expected ${Type.name} of ${length}`);
    }
    arrays[name] = array;
    roles[tensor.role]![tensor.role === 'gradient' ? name.slice(1) : name] = array;
    if (tensor.init !== undefined) array.fill(tensor.init);
    if (tensor.role === 'upstream' && tensor.shape.length === 0) array.fill(1);
  }
  const { input, param, state, output, upstream, gradient } = roles as Record<string, Arrays>;

  /** What is given must be known; what has no `init` must be given. */
  function start(what: string, own: Arrays, given?: Numbers): void {
    for (const name in given && { ...given, ...own }) {
      if (!Object.hasOwn(own, name)) throw new TypeError(`${what}.${name}: expected only ${Object.keys(own)}`);
      const tensor = spec.tensors[name]!;
      if (name in given! || tensor.init === undefined) copy(`${what}.${name}`, tensor, given![name], own[name]!);
    }
  }
  start('params', param!, params);
  start('state', state!, options.state);

  const { createCache, bind } = module as Readonly<Record<string, ((buffers?: unknown) => Named) | undefined>>;
  const values: Named = { ...arrays, seed, cache: buffers?.cache ?? createCache?.() };
  const bound = bind?.(values);
  /** The mode of the last forward pass, and its step: backward goes the same way back. */
  let ran: Mode | undefined;
  let drawn = 0;

  /** One pass of one mode, ready to run on the layer's arrays. */
  function prepare(pass: Pass, suffix: string): () => void {
    const name = pass in spec.arguments ? pass : pass + suffix;
    // Bound functions take only what changes from call to call.
    const names = (spec.arguments[name] ?? []).filter((a) => !bound || a === 'seed' || a === 'step');
    const args = names.map((a) => values[a]);
    const at = names.indexOf('step');
    const run = (bound ?? module)[name] as Run;
    return () => {
      if (at >= 0) args[at] = drawn;
      run(...args);
    };
  }

  /** A pass as it is called. What is given is read here and handed to no other function, so that no array is made of it. */
  function passOf(pass: Pass, own: Arrays, result: unknown): (...given: ArrayLike<number>[]) => unknown {
    const slots = Object.entries(own);
    const runs = { train: prepare(pass, 'Train'), test: prepare(pass, 'Test') };
    const forward = pass === 'forward';
    return (...given) => {
      const mode = forward ? self.mode : ran;
      if (!mode) throw new Error('backward before forward');
      if (given.length > 0 && given.length !== slots.length) {
        throw new TypeError(`${pass}: expected ${slots.map(([n]) => n)}, got ${given.length} arguments`);
      }
      if (forward) {
        ran = undefined;
        drawn = self.step;
      }
      for (let i = 0; i < given.length; i++) copy(slots[i]![0], spec.tensors[slots[i]![0]]!, given[i], slots[i]![1]);
      runs[mode]();
      if (forward) {
        ran = mode;
        if (mode === 'train') self.step++;
      }
      return result;
    };
  }

  const inputGrads = Object.fromEntries(Object.entries(gradient!).filter(([name]) => name in input!));
  const stored = Object.entries({ ...param, ...state }).map(([name, array]): Stored => [name, spec.tensors[name]!, array]);

  const self: Named & { mode: Mode; step: number } = {
    kernel, seed, step: 0, params: param, grads: gradient, state, inputs: input, outputs: output, upstream,
    mode: 'train' as Mode,
    train() { self.mode = 'train'; return self; },
    test() { self.mode = 'test'; return self; },
    forward: passOf('forward', input!, single(output!)),
    backward: passOf('backward', upstream!, single(inputGrads)),
    save: () => encode(stored, { layer: spec.layer, step: `${self.step}` }),
    load(file: Uint8Array | ArrayBuffer) {
      const step = Number(decode(file, stored).step ?? self.step);
      if (step % 1 === 0) self.step = step;
      return self;
    },
  };
  return self as unknown as Layer<K>;
}
