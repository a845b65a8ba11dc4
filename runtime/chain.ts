/**
 * The types behind `sequential`: what goes into a chain of kernels, what comes out, and whether neighbours fit. Nothing here
 * exists at run time. Shapes are checked as far as they are literal, as those of generated modules are.
 */
import type { BackwardArguments, BackwardResult, ForwardArguments, ForwardResult, Kernel } from './kernel.ts';
import type { Layer } from './layer.ts';

/** A member of a chain: a generated module, of which a layer is made, or a layer. */
export type Member = Kernel | { readonly kernel: Kernel };

export type KernelOf<M> = M extends { readonly kernel: infer K extends Kernel } ? K : M extends Kernel ? M : Kernel;

type Tensors<M> = KernelOf<M>['spec']['tensors'];

/** The shape of the only output; of several, or of a loose kernel, some shape. */
type OutputShape<M> = string extends keyof Tensors<M> ? readonly number[]
  : { [N in keyof Tensors<M>]: Tensors<M>[N]['role'] extends 'output' ? Tensors<M>[N]['shape'] : never }[keyof Tensors<M>];

type Names<M> = KernelOf<M>['spec']['arguments'];
/** Arguments begin with the inputs. */
type FirstInput<M> = Names<M> extends { readonly forward: readonly [infer N, ...unknown[]] } ? N
  : Names<M> extends { readonly forwardTrain: readonly [infer N, ...unknown[]] } ? N : string;
type InputShape<M> = FirstInput<M> extends keyof Tensors<M> ? Tensors<M>[FirstInput<M>]['shape'] : readonly number[];

/** Whether two shapes may be one. Those with different numbers of axes are left to run time, as types cannot multiply. */
type Fits<A, B> =
  A extends readonly [infer X, ...infer Xs]
    ? B extends readonly [infer Y, ...infer Ys]
      ? Xs['length'] extends Ys['length'] ? Same<X, Y> extends true ? Fits<Xs, Ys> : false : true
      : true
    : true;

/** Whether two sizes may be one: they are, or one is not known before run time. */
type Same<X, Y> = number extends X | Y ? true : X extends Y ? true : false;

/** What stands in the place of a member that does not fit: nothing can be it, and the error shows both shapes. */
export interface Misfit<A, B> {
  readonly 'this layer takes': B;
  readonly 'the layer before gives': A;
}

/** The members, with a `Misfit` in the place of each that does not fit the one before. */
export type Checked<Ms, Before = undefined> =
  Ms extends readonly [infer M, ...infer Rest]
    ? readonly [
      Before extends Member
        ? (Fits<OutputShape<Before>, InputShape<M>> extends false ? Misfit<OutputShape<Before>, InputShape<M>> : M) : M,
      ...Checked<Rest, M>,
    ]
    : Ms;

type First<Ms> = Ms extends readonly [infer M, ...unknown[]] ? M : Kernel;
type Last<Ms> = Ms extends readonly [...unknown[], infer M] ? M : Kernel;
type Tail<A> = A extends readonly [unknown, ...infer Rest] ? Rest : A extends readonly [] ? [] : ArrayLike<number>[];

/** The inputs that no layer before gives: labels of a loss, say. */
type More<Ms> = Ms extends readonly [infer M, ...infer Rest] ? [...Tail<ForwardArguments<KernelOf<M>>>, ...More<Rest>]
  : Ms extends readonly [] ? [] : ArrayLike<number>[];

/** Inputs of the first layer, then those of the others beyond what they get from the layer before, in order. */
export type ChainInputs<Ms> =
  Ms extends readonly [infer M, ...infer Rest] ? [...ForwardArguments<KernelOf<M>>, ...More<Rest>] : ArrayLike<number>[];
export type ChainResult<Ms> = ForwardResult<KernelOf<Last<Ms>>>;
export type ChainUpstream<Ms> = BackwardArguments<KernelOf<Last<Ms>>>;
export type ChainGradient<Ms> = BackwardResult<KernelOf<First<Ms>>>;
export type ChainLayers<Ms> = { readonly [I in keyof Ms]: Layer<KernelOf<Ms[I]>> };
