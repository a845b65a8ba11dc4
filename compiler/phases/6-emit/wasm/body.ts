/** What the lowering of one function knows: its code, the variables in scope, where buffers lie, and what the module shares. */
import type { Buffer, Linear, LoopNest, Ty } from '../../../ir/loop.ts';
import { invariant } from '../../../support/invariant.ts';
import type { Place, Variable } from './addresses.ts';
import type { Func, Op } from './code.ts';
import type { FunctionBuilder } from './function-builder.ts';

/** What a `check` says about an integer that points outside: all but what is known only as it runs. */
export interface CheckSite {
  readonly tensor: string;
  /** The array it indexes. */
  readonly of: string;
  /**
   * slot = factor * value + rest. `fail` is called with the site's number, the slot in 32 bits (so rest is
   * `slot - Math.imul(factor, value) | 0`), the value, and the element's indices, 0 beyond its rank.
   */
  readonly factor: number;
  readonly size: number;
  /** How many indices the element has. */
  readonly rank: number;
}

/** What all functions of a module share; it grows as they are written. */
export interface Shared {
  readonly sites: CheckSite[];
  /** Imported functions of one or two doubles, by name. */
  readonly math: Set<string>;
  /** Functions that others call, in the order of their first use. */
  readonly helpers: Map<string, Func>;
  /** Of those, the ones that draw, by what they draw. */
  readonly draws: Map<string, string>;
}

export interface Body {
  readonly nest: LoopNest;
  readonly f: FunctionBuilder;
  readonly shared: Shared;
  readonly buffers: ReadonlyMap<string, Buffer>;
  place(buffer: string): Place;
  /** Locals in scope; a statement that declares one adds it. */
  readonly locals: Map<string, { readonly local: string; readonly ty: Ty }>;
  readonly known: Map<string, Variable>;
  /** Locals that are given another value after their declaration. */
  readonly assigned: ReadonlySet<string>;
  /** Vectors that a local holds for good. */
  readonly constants: Map<string, Op>;
  /** Locals that index arrays: integers, whatever else they are. */
  readonly indices: ReadonlySet<string>;
  /** Of integers that stop at the ends of 32 bits: the index that they are. */
  readonly wrapped: Map<string, Linear>;
  /** Which parts draw, and so take the words of seed and step. */
  readonly draws: ReadonlySet<string>;
}

export const SEED = ['seed.low', 'seed.high', 'step.low', 'step.high'] as const;

/** The most indices that `fail` is told. */
export const RANK = 6;

export function bufferOf(name: string, b: Body): Buffer {
  const found = b.buffers.get(name);
  invariant(found, `${b.nest.name}: no array ${name}`);
  return found;
}

export function constantOf(name: string, b: Body): number {
  const value = b.nest.constants.get(name);
  invariant(value !== undefined, `${b.nest.name}: no constant ${name}`);
  return value;
}

export function readLocal(name: string, b: Body): { readonly value: Op; readonly ty: Ty } {
  const found = b.locals.get(name);
  invariant(found, `${b.nest.name}: ${name} is read before it is declared`);
  return { value: b.f.read(found.local), ty: found.ty };
}
