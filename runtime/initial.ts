/**
 * What parameters start at: `initial(kernel, he, seed)` gives the `params` of a layer. Numbers come from the counter-based
 * generator and from operations that IEEE 754 rounds exactly, so that a seed is the same net on every engine. That is why
 * weights are uniform and not normal: a logarithm and a cosine may differ from engine to engine in the last bit. The variance
 * is the same.
 */
import type { ArraysOf, Kernel, KernelSpec, KernelTensor, NumberArray } from './kernel.ts';
import { checkSeed, threefry } from './threefry.ts';

/** How many numbers meet in one number: of the output, in the forward pass; of the input's gradient, on the way back. */
export interface Fan {
  readonly in: number;
  readonly out: number;
}

/** Which random numbers are a parameter's own. */
export interface Source {
  /** An integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Place of the parameter among those of its kernel. */
  readonly place: number;
}

/** Fills an array. Your own may call those here: `(to, _, source) => he(to, { in: 64, out: 10 }, source)`. */
export type Initializer = (to: NumberArray, fan: Fan, source: Source) => void;

export const zeros: Initializer = (to) => { to.fill(0); };
export const ones: Initializer = (to) => { to.fill(1); };

/** For a net of rectifiers: variance 2 / fan.in (He et al. 2015, eq. 10), uniform within ±sqrt(6 / fan.in). */
export const he: Initializer = (to, fan, source) => uniformWithin(to, Math.sqrt(6 / fan.in), source);

/** For tanh and the like: uniform within ±sqrt(6 / (fan.in + fan.out)) (Glorot & Bengio 2010, eq. 16). */
export const xavier: Initializer = (to, fan, source) => uniformWithin(to, Math.sqrt(6 / (fan.in + fan.out)), source);

/** Uniform in [-bound, bound), 24 random bits a number. */
export function uniformWithin(to: NumberArray, bound: number, { seed, place }: Source): void {
  // Kernels number the tensors that they draw from 0; parameters are numbered from 2^31, so no draw is used twice.
  const key = [seed >>> 0, Math.floor(seed / 0x100000000), 0, 0x80000000 + place] as const;
  for (let i = 0; i < to.length; i += 4) {
    const words = threefry([i / 4, 0, 0, 0], key);
    for (let k = i; k < i + 4 && k < to.length; k++) {
      to[k] = 2 * bound * (words[k - i as 0 | 1 | 2 | 3] >>> 8) * 2 ** -24 - bound;
    }
  }
}

const namesOf = (axes: readonly string[]): string[] => axes.flatMap((axis) => axis.split(' '));

/**
 * Reads the fan off the axes: the axes of a parameter that no output has are those that are summed over, and an input that
 * has one of these is what the parameter is multiplied with. So a conv's w [F, C, HH, WW] has C*HH*WW and F*HH*WW, an affine's
 * w [D, M] has D and M, and a bias or the scale of a norm has 1 and so is no weight. A layer that multiplies twice inside
 * (out of axes that come back) wants an initialiser that gives the fan itself.
 * @throws TypeError for a kernel whose spec does not name the axes
 */
export function fanOf({ tensors }: KernelSpec, name: string): Fan {
  const { axes, shape } = tensors[name]!;
  const all = Object.values(tensors);
  const axesOf = (t: KernelTensor): string[] => namesOf(t.axes ?? []);
  if (!axes) throw new TypeError(`${name}: its axes have no names in the spec, so its fan is unknown`);
  const outputs = all.filter((t) => t.role === 'output').flatMap(axesOf);
  /** The product of the axes of which no part has one of these names. */
  const product = (without: readonly string[]): number =>
    shape.reduce((n, size, i) => (axes[i]!.split(' ').some((a) => without.includes(a)) ? n : n * size), 1);
  const summed = namesOf(axes.filter((axis) => !axis.split(' ').some((a) => outputs.includes(a))));
  const inputs = all.filter((t) => t.role === 'input').map(axesOf).filter((names) => names.some((n) => summed.includes(n)));
  return { in: product(outputs), out: product(inputs.length > 0 ? inputs.flat() : summed) };
}

/** An initialiser for every weight, or one for each parameter that is named. */
export type Initial<K extends Kernel> = Initializer | { readonly [N in keyof ArraysOf<K, 'param'>]?: Initializer };

const TYPES: Readonly<Record<string, new (length: number) => NumberArray>> =
  { f32: Float32Array, f64: Float64Array, i32: Int32Array };

/**
 * Start values for all parameters of a kernel, to be given to `layer`: `layer(affine, { params: initial(affine, he, 1) })`.
 * One initialiser is for the weights, that is, for each parameter with a fan.in above 1 and no `init` in its spec; what is
 * left stays at its `init`, else at 0. With a record, `{ w: xavier, b: ones }`, those named get theirs, `init` or not.
 *
 * @param seed an integer from 0 to 2^53 - 1; the same seed gives the same bits on every engine
 * @throws TypeError for a name that is no parameter; RangeError for a wrong seed
 */
export function initial<const K extends Kernel>({ spec }: K, how: Initial<K>, seed = 0): ArraysOf<K, 'param'> {
  checkSeed(seed);
  const params = Object.entries(spec.tensors).filter(([, t]) => t.role === 'param');
  const named = how as Readonly<Record<string, Initializer | undefined>>;
  for (const name in how) {
    if (!params.some(([own]) => own === name)) throw new TypeError(`${name}: expected only ${params.map(([own]) => own)}`);
  }
  return Object.fromEntries(params.map(([name, { shape, dtype, init }], place) => {
    const array = new TYPES[dtype]!(shape.reduce((product, n) => product * n, 1)).fill(init ?? 0);
    const fan = (): Fan => fanOf(spec, name);
    if (typeof how !== 'function') named[name]?.(array, spec.tensors[name]!.axes ? fan() : { in: NaN, out: NaN }, { seed, place });
    else if (init === undefined && fan().in > 1) how(array, fan(), { seed, place });
    return [name, array];
  })) as ArraysOf<K, 'param'>;
}
