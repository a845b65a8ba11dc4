/**
 * A layer file that has been read and merged with what it extends: shape checked, formulas parsed, every part
 * with its place. Names are not resolved yet and sizes are unknown. Made by phase 1, read by phase 2.
 */
import type { Source, Span } from '../support/source.ts';
import type { AxisRef, Formula } from './formula.ts';

/** A value with its place. */
export interface At<T> {
  readonly value: T;
  readonly span: Span;
}

export interface SpecSlot {
  /** One axis, or the members of a composite axis `(G K)` in order. */
  readonly axes: readonly AxisRef[];
  readonly span: Span;
}

export interface SpecTensor {
  readonly name: At<string>;
  readonly shape: readonly SpecSlot[];
  readonly shapeSpan: Span;
  readonly dtype?: At<'i32'>;
  readonly outside?: At<number>;
  readonly init?: At<number>;
  readonly uniform?: At<readonly [number, number]>;
}

export interface SpecOption {
  readonly name: At<string>;
  readonly value: At<number | string>;
  /** The words an option of words may take; absent for numbers. `ties` always has first, all, split. */
  readonly choices?: readonly string[];
}

export interface SpecAxis {
  readonly name: At<string>;
  readonly size: Formula;
}

/** One formula for both modes, or one for each. A mode that is absent has no such definition. */
export interface SpecDefinition {
  readonly name: At<string>;
  readonly both?: Formula;
  readonly train?: Formula;
  readonly test?: Formula;
}

export type SpecCache =
  | { readonly kind: 'auto'; readonly span: Span }
  | { readonly kind: 'list'; readonly span: Span; readonly entries: readonly SpecCacheEntry[] };

export type SpecCacheEntry =
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }   // a definition or an input
  | { readonly kind: 'hit'; readonly of: string; readonly span: Span };     // hit(y)

export interface Spec {
  readonly source: Source;
  readonly layer: At<string>;
  readonly abstract: boolean;
  readonly summary: string;
  /** The chain of `extends`, nearest first: file names such as `normalization.layer.yaml`. */
  readonly ancestors: readonly string[];
  readonly options: readonly SpecOption[];
  readonly axes: readonly SpecAxis[];
  readonly inputs: readonly SpecTensor[];
  readonly params: readonly SpecTensor[];
  readonly state: readonly SpecTensor[];
  readonly random: readonly SpecTensor[];
  readonly outputs: readonly SpecTensor[];
  /** The axes of a reduction without brackets; absent where the spec has no `reduce`. */
  readonly reduce?: At<readonly AxisRef[]>;
  readonly forward: readonly SpecDefinition[];
  readonly update: readonly SpecDefinition[];
  /** Absent: as if `auto`. */
  readonly cache?: SpecCache;
  /** The claims; helper definitions among them. */
  readonly backward: readonly SpecDefinition[];
}
