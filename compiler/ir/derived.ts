/** What phases 3 and 4 make of a layer: per mode a forward and a backward, and the cache between them. */
import type { CacheEntry, Layer, Mode, Program, Tensor } from './tensor.ts';

/** One line of a derivation: a rule that fired on the way into a gradient, or a fact that was found. */
export interface Step {
  /** The definition whose adjoint was being made: `mu`, or `x` for the gradient itself. */
  readonly definition: string;
  readonly rule: string;
  /** Formulas in the language of the specs. */
  readonly before: string;
  readonly after: string;
  /** Something that the step after it uses: a definition that was written in other letters, a fact. */
  readonly aside?: true;
}

/** What a claim of the `backward:` block came to. */
export interface ClaimResult {
  readonly name: string;
  readonly how: 'symbolically' | 'numerically';
}

export interface DerivedMode {
  readonly mode?: Mode;
  /** Stores outputs, then the arrays of the cache, then the state. */
  readonly forward: Program;
  /** Stores the gradients, inputs before parameters. Reads upstream, parameters, integer inputs, random and cache only. */
  readonly backward: Program;
  /** The unsimplified reverse sweep over the same cache. */
  readonly staged: Program;
  /** Forward and the raw reverse sweep in one Program that sees every value: the oracle of tests. Stores outputs,
   * state and gradients. Its tensors are the inputs, params, state, random and upstream gradients. */
  readonly oracle: Program;
  readonly steps: readonly Step[];
  readonly claims: readonly ClaimResult[];
}

export interface Derived {
  readonly layer: Layer;
  /** The arrays of the cache, the same in every mode (axes: the union), role cache. Field names are `Tensor.name`, but
   * for `hit(y)`, whose field is named by `cacheField`. */
  readonly cache: readonly Tensor[];
  /** Inputs held by reference in the cache, role cache, `held`. */
  readonly held: readonly Tensor[];
  readonly modes: readonly DerivedMode[];
}

/** What an entry of `cache` is read as: a name, or `hit(y)`. */
export const entryName = (e: CacheEntry): string => (e.kind === 'hit' ? `hit(${e.of})` : e.name);

/** The identifier of a cache tensor in the generated `Cache`: `xhat`, `hit_out` for `hit(out)`. */
export const cacheField = (tensor: Tensor): string => tensor.name.replace(/^hit\((.*)\)$/, 'hit_$1');
