/**
 * What the runtime knows of a generated module: its `spec`, and types that follow from it. Nothing here exists at run
 * time. A module whose `spec` is `as const`, as generated ones are, gives exact types; a plain `Kernel` gives loose ones.
 */
export type Dtype = 'f32' | 'f64' | 'i32';
export type Role = 'input' | 'param' | 'state' | 'output' | 'upstream' | 'gradient';

/** An argument of a kernel: row-major, `[]` is a scalar held in an array of one element. */
export interface KernelTensor {
  readonly role: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The names of its axes, `'G F'` where one is made of several. */
  readonly axes?: readonly string[];
  /** What a parameter or a state starts at. */
  readonly init?: number;
}

export interface KernelSpec {
  readonly layer: string;
  readonly dtype: string;
  readonly tensors: Readonly<Record<string, KernelTensor>>;
  /** Names of the arguments of each function, in order. */
  readonly arguments: Readonly<Record<string, readonly string[]>>;
  /** `module` where the module owns its arrays. */
  readonly buffers?: string;
}

/** A generated module: `import * as kernel from './layernorm_4x16.js'`. */
export interface Kernel {
  readonly spec: KernelSpec;
}

export type NumberArray = Float32Array | Float64Array | Int32Array;

export type ArrayOf<D> = D extends 'f32' ? Float32Array : D extends 'f64' ? Float64Array : D extends 'i32' ? Int32Array
  : NumberArray;

type Tensors<K extends Kernel> = K['spec']['tensors'];

/** The arrays of one role, by name. */
export type ArraysOf<K extends Kernel, R extends Role> = {
  readonly [N in keyof Tensors<K> as string extends N ? N : Tensors<K>[N]['role'] extends R ? N : never]:
    ArrayOf<Tensors<K>[N]['dtype']>
};

/** The gradients, under the names of what they are gradients of: `dgamma` stands at `gamma`. */
export type GradsOf<K extends Kernel> = {
  readonly [N in keyof Tensors<K> as string extends N ? N
    : Tensors<K>[N]['role'] extends 'gradient' ? (N extends `d${infer Of}` ? Of : never) : never]:
    ArrayOf<Tensors<K>[N]['dtype']>
};

/** The arguments of one role in the order in which a function takes them, as a tuple. */
export type InOrder<K extends Kernel, Names, R extends Role> =
  Names extends readonly [infer N, ...infer Rest]
    ? N extends keyof Tensors<K>
      ? Tensors<K>[N]['role'] extends R ? [ArrayLike<number>, ...InOrder<K, Rest, R>] : InOrder<K, Rest, R>
      : InOrder<K, Rest, R>
    : Names extends readonly [] ? [] : ArrayLike<number>[];

type Arguments<K extends Kernel, Stem extends 'forward' | 'backward'> =
  K['spec']['arguments'] extends Readonly<Record<`${Stem}Train`, infer Names>> ? Names
    : K['spec']['arguments'] extends Readonly<Record<Stem, infer Names>> ? Names : readonly string[];

export type ForwardArguments<K extends Kernel> = InOrder<K, Arguments<K, 'forward'>, 'input'>;
export type BackwardArguments<K extends Kernel> = InOrder<K, Arguments<K, 'backward'>, 'upstream'>;

/** The only member of a record, or the record where it has several. */
export type Single<R> = string extends keyof R ? NumberArray | R
  : { [N in keyof R]: [Exclude<keyof R, N>] extends [never] ? R[N] : R }[keyof R];

type InputGrads<K extends Kernel> = Pick<GradsOf<K>, keyof GradsOf<K> & keyof ArraysOf<K, 'input'>>;

export type ForwardResult<K extends Kernel> = Single<ArraysOf<K, 'output'>>;
/** A layer whose inputs are all integers has no gradient to hand on. */
export type BackwardResult<K extends Kernel> =
  [keyof InputGrads<K>] extends [never] ? Record<never, never> : Single<InputGrads<K>>;
