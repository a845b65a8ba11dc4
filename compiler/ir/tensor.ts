/**
 * `Program`: named definitions in index notation, the middle language of the compiler. Forward and backward
 * are both written in it; phases 2, 3 and 4 make Programs, phase 5 turns one into loops, interpret.ts runs one.
 *
 * An expression is evaluated at one point of the axes of the definition that holds it. Tensors broadcast by axis
 * name. Expressions are hash-consed: `===` means "the same formula".
 */
import type { Span } from '../support/source.ts';
import type { Affine } from './affine.ts';

export type Mode = 'train' | 'test';
export type Ties = 'first' | 'all' | 'split';
export type Dtype = 'f32' | 'f64' | 'i32';

export type UnaryOp =
  | 'neg' | 'sqrt' | 'rsqrt' | 'exp' | 'log' | 'abs' | 'sign' | 'tanh' | 'erf' | 'sigmoid' | 'floor' | 'not';
export type BinaryOp =
  | '+' | '-' | '*' | '/' | '^' | 'min' | 'max'
  | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'and' | 'or';
export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'prod';

type Node<K, Fields> = { readonly kind: K; readonly id: number } & Readonly<Fields>;

/** One scalar expression. Comparisons and `and or not` give truth values; `select` and they alone read them. */
export type Expr =
  | Node<'const', { value: number }>
  /** A numeric option, by name; its value is in `Env.options`. */
  | Node<'option', { name: string }>
  /** The size of an axis, printed as the bare axis name. */
  | Node<'size', { axis: string }>
  /** `index(A)`: the running value of an axis. */
  | Node<'index', { axis: string }>
  /** One element of a tensor or of an earlier definition; one Affine for each of its axes (composites flattened). */
  | Node<'read', { tensor: string; index: readonly Affine[] }>
  | Node<'unary', { op: UnaryOp; x: Expr }>
  | Node<'binary', { op: BinaryOp; a: Expr; b: Expr }>
  /** `where(c, a, b)`: strict, neither value nor gradient of the branch not taken enters. */
  | Node<'select', { c: Expr; a: Expr; b: Expr }>
  /** Binds its axes (never empty). */
  | Node<'reduce', { op: ReduceOp; axes: readonly string[]; body: Expr }>
  /**
   * Stands only as the whole formula of a definition named `hit(y)`, whose axes are those of y, then those that y
   * reduces. y is a definition whose whole formula is a `reduce` with max or min.
   * ties first: 1 at the first extreme element in row-major order of the reduced axes, else 0;
   * all: 1 at every extreme element; split: 1/count at every extreme element.
   * NaN is extreme: where an element is NaN, the first NaN is the hit of `first`, every NaN of `all` and `split`.
   */
  | Node<'hit', { of: string; ties: Ties }>;

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

export type Role = 'input' | 'param' | 'state' | 'random' | 'output' | 'upstream' | 'gradient' | 'cache';

/** An array the program reads or writes. Row-major over `axes`. */
export interface Tensor {
  readonly name: string;
  readonly role: Role;
  /** As declared: a composite slot lists its members. */
  readonly slots: readonly (readonly string[])[];
  /** `slots` flattened. */
  readonly axes: readonly string[];
  readonly dtype: Dtype;
  /** What a read outside the array gives; absent: every read is inside. Upstream gradients have 0. */
  readonly outside?: number;
  readonly init?: number;
  /** role cache: an input held by reference, not an array of the cache. */
  readonly held?: true;
  /** role random: uniform in [low, high). */
  readonly uniform?: readonly [number, number];
  /** role random: which of the layer's random tensors it is, from 0; a counter of the generator. */
  readonly stream?: number;
  /**
   * role cache: how `hit(y)` is kept. `offset`: one i32 for each point of y, the row-major offset of the hit in the
   * window of `reduced` axes (ties first). `mask`: one byte for each point and offset (ties all, split).
   * A read of it has the axes of y, then `reduced`, in both cases, and gives the value of the `hit` expression.
   */
  readonly hit?: { readonly form: 'offset' | 'mask'; readonly of: readonly string[]; readonly reduced: readonly string[]; readonly ties: Ties };
  /** role cache: the axes that its definition has in this mode, where another mode has more; along the others it is the same everywhere. */
  readonly own?: readonly string[];
  readonly span?: Span;
}

export interface Definition {
  readonly name: string;
  /**
   * The axes its formula leaves free, in the order of a row-major array of it; or more than those, and then the value is the
   * same along the others (`dx = dout / N` for the x of a mean).
   */
  readonly axes: readonly string[];
  readonly formula: Expr;
  /** Made by the compiler: explain prints its formula in its place. */
  readonly anonymous?: true;
  /** What a read outside its axes, or at an index that does not divide, gives (kept adjoints: 0). Absent: never happens. */
  readonly outside?: number;
  readonly span?: Span;
}

/** Writes a definition to an argument (or a field of the cache). The tensor may order and group the axes differently. */
export interface Store {
  readonly tensor: Tensor;
  readonly definition: string;
}

export interface Env {
  /** Every axis, derived ones included; a copy `T'` has the size of `T`. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Every option, defaults filled in. */
  readonly options: ReadonlyMap<string, number | string>;
}

export interface Program {
  /** `forward`, `forwardTrain`, `backwardTest`, ... : the name of the function it becomes. */
  readonly name: string;
  readonly env: Env;
  /** Everything that is read and is not a definition. */
  readonly tensors: readonly Tensor[];
  /** In an order in which each reads only what stands before it. */
  readonly definitions: readonly Definition[];
  readonly stores: readonly Store[];
}

export type CacheEntry =
  | { readonly kind: 'definition' | 'input'; readonly name: string; readonly span?: Span }
  | { readonly kind: 'hit'; readonly of: string; readonly span?: Span };

/** One formula of a `backward:` block, resolved. `axes` are those the formula leaves free. */
export interface Claim {
  readonly name: string;
  readonly axes: readonly string[];
  readonly formula: Expr;
  readonly span?: Span;
}

/** The part of a layer that depends on the mode. */
export interface ModeProgram {
  /** Undefined for a layer without modes. */
  readonly mode?: Mode;
  /** The forward definitions, outputs among them, then the new values of the state (train mode). */
  readonly definitions: readonly Definition[];
  /** Definition of the new value -> state tensor it is written to. All updates read the old state. */
  readonly updates: readonly { readonly definition: string; readonly state: string }[];
  readonly claims: readonly Claim[];
}

/** A layer with its sizes and options fixed: what phase 2 makes and every later phase starts from. */
export interface Layer {
  readonly name: string;
  readonly summary: string;
  /** `layernorm.layer.yaml`: no folder, so that output is the same on every machine. */
  readonly file: string;
  readonly dtype: 'f32' | 'f64';
  readonly env: Env;
  /** Axes in the order of `sizes`: given ones in order of first appearance, then derived ones. */
  readonly givenAxes: readonly string[];
  readonly derivedAxes: readonly string[];
  readonly ties: Ties;
  readonly inputs: readonly Tensor[];
  readonly params: readonly Tensor[];
  readonly state: readonly Tensor[];
  readonly random: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly cache: 'auto' | readonly CacheEntry[];
  readonly modes: readonly ModeProgram[];
}
