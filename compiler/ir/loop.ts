/**
 * `LoopNest`: loops, locals and stores, the lowest language of the compiler. Phase 5 makes one of each Program and
 * decides everything about speed and names in it; emitters only print it.
 *
 * Indices are linear in loop variables and integer locals. A loop has constant bounds, or bounds narrowed to those
 * values for which some index stays inside its array (`within`). Lanes are explicit: a load or store moves `lanes`
 * neighbours at once (always 1 in TypeScript, whose unrolled lanes are statements of their own). A scalar is a double,
 * whatever array it comes from; lanes are floats, or pairs of doubles where sums ask for them.
 */
import type { BinaryOp, UnaryOp } from './tensor.ts';

/** Values side by side. A mask has all bits of a lane set, or none. */
export type VectorTy = 'f32x4' | 'f64x2' | 'i32x4' | 'mask';
export type Ty = 'f64' | 'i32' | 'bool' | VectorTy;
export type Lanes = 1 | 2 | 4;

/** k * v, or k alone. `factors` are named constants whose product divides k: how a printer writes k. */
export interface Term {
  readonly v?: string;
  readonly k: number;
  readonly factors?: readonly string[];
}

export type Linear = readonly Term[];

/** An index that has to stay in [0, size) and, before the division, to divide. `low`, `high`: the sides left to test. */
export interface Range {
  readonly at: Linear;
  readonly divisor: number;
  readonly size: number;
  /** How to write `size`. */
  readonly sizeName?: string;
  readonly low: boolean;
  readonly high: boolean;
}

/** Where an element lies: one index and size for each stored axis (for the verifier), and their sum with strides. */
export interface Address {
  readonly slots: readonly { readonly at: Linear; readonly size: number }[];
  readonly flat: Linear;
}

/** flag: a truth value as 0 or 1, without a branch. float: the nearest float. */
export type LoopUnaryOp = UnaryOp | 'ceil' | 'flag' | 'float';
export type LoopBinaryOp = BinaryOp | '%';

export type LoopExpr =
  | { readonly kind: 'const'; readonly value: number }
  /** A size or an option, by the name of its constant. */
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'local'; readonly ty: Ty; readonly name: string }
  | { readonly kind: 'load'; readonly ty: Ty; readonly buffer: string; readonly at: Address; readonly lanes: Lanes }
  /** An index as a number. */
  | { readonly kind: 'linear'; readonly at: Linear }
  /** index / divisor, which is known to divide where it is used. */
  | { readonly kind: 'quotient'; readonly at: Linear; readonly divisor: number }
  | { readonly kind: 'inside'; readonly range: Range }
  | { readonly kind: 'unary'; readonly op: LoopUnaryOp; readonly x: LoopExpr }
  | { readonly kind: 'binary'; readonly op: LoopBinaryOp; readonly a: LoopExpr; readonly b: LoopExpr }
  | { readonly kind: 'select'; readonly c: LoopExpr; readonly a: LoopExpr; readonly b: LoopExpr }
  /** One of two integers, without a branch. */
  | { readonly kind: 'choose'; readonly c: LoopExpr; readonly a: LoopExpr; readonly b: LoopExpr }
  /** The same scalar in every lane; as a float it is rounded. */
  | { readonly kind: 'splat'; readonly ty: 'f32x4' | 'f64x2' | 'i32x4'; readonly x: LoopExpr }
  /** All lanes in one number: pairs first. */
  | { readonly kind: 'fold'; readonly op: '+' | 'max' | 'min'; readonly x: LoopExpr }
  /** Two of four floats as doubles: the first two, or the last. */
  | { readonly kind: 'widen'; readonly half: 'low' | 'high'; readonly x: LoopExpr }
  /** Four doubles as floats. */
  | { readonly kind: 'narrow'; readonly low: LoopExpr; readonly high: LoopExpr }
  /** Four of the eight lanes of two vectors; those of b count from 4. */
  | { readonly kind: 'shuffle'; readonly a: LoopExpr; readonly b: LoopExpr; readonly lanes: readonly number[] }
  /** One lane of a vector as a scalar. */
  | { readonly kind: 'lane'; readonly x: LoopExpr; readonly n: number }
  /** Scalars side by side; as floats they are rounded. */
  | { readonly kind: 'join'; readonly parts: readonly LoopExpr[] };

export type Stmt =
  | { readonly kind: 'loop'; readonly v: string; readonly from: Linear; readonly to: Linear; readonly step: number;
      /** The axis's size: v stays below it. */
      readonly size: number;
      /** Holds for every value that v takes, because `from` and `to` were narrowed to it. */
      readonly within: readonly Range[]; readonly body: readonly Stmt[];
      /** This loop is to go into lanes, so many vectors at a time; where a function says so of one, its other loops stay. */
      readonly vectors?: number }
  | { readonly kind: 'let'; readonly name: string; readonly ty: Ty; readonly mutable: boolean; readonly value: LoopExpr }
  | { readonly kind: 'set'; readonly name: string; readonly op: '=' | '+=' | '*='; readonly value: LoopExpr }
  | { readonly kind: 'store'; readonly buffer: string; readonly at: Address; readonly lanes: Lanes;
      readonly op: '=' | '+=' | '*='; readonly value: LoopExpr }
  | { readonly kind: 'fill'; readonly buffer: string; readonly value: number }
  | { readonly kind: 'when'; readonly condition: LoopExpr; readonly body: readonly Stmt[] }
  /** Data that addresses memory: `local` must lie in [0, size), else a RangeError (or, where `when` is false, 0). */
  | { readonly kind: 'check'; readonly local: string; readonly size: number; readonly sizeName?: string; readonly when?: LoopExpr;
      readonly element: ElementNote }
  /** Fills a scratch array with the numbers of a random tensor. */
  | { readonly kind: 'draw'; readonly buffer: string; readonly stream: number; readonly low: number; readonly high: number }
  /** `args`: what the part's own integers are given. */
  | { readonly kind: 'call'; readonly part: string; readonly args: readonly Linear[] }
  /** The formula that the statements after it compute. */
  | { readonly kind: 'label'; readonly text: string };

/** What to say about an integer out of range: whose element it is, where, and which values were right. */
export interface ElementNote {
  readonly tensor: string;
  readonly index: readonly Linear[];
  readonly value: LoopExpr;
  readonly of: string;
  /** slot = factor * element + rest. */
  readonly factor: number;
}

export interface Buffer {
  /** The identifier. */
  readonly name: string;
  /** The tensor it holds; absent for scratch. */
  readonly tensor?: string;
  readonly elem: 'f32' | 'f64' | 'i32' | 'u8';
  readonly length: number;
  /** Elements beyond the length, so that the exit value of an index is still inside. */
  readonly slack: number;
  /** Scratch that stays 0 where nothing is ever written: the border of a padded image. */
  readonly zeroed?: true;
  /** argument: handed in; field: in the cache, under `field`; scratch: a constant of the module. */
  readonly role: 'argument' | 'field' | 'scratch';
  readonly field?: string;
  readonly access: 'read' | 'written' | 'both';
}

/** A private function of the module: V8 optimises several functions of middle size better than one that is large. */
export interface Part {
  readonly name: string;
  /** Integers that it is called with, each from 0 to below `size`. */
  readonly params: readonly { readonly v: string; readonly size: number }[];
  /** The arguments and fields that it uses. */
  readonly buffers: readonly Buffer[];
  readonly body: readonly Stmt[];
}

export interface LoopNest {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  /** The named constants that are used, with their values. */
  readonly constants: ReadonlyMap<string, number>;
  readonly parts: readonly Part[];
  readonly body: readonly Stmt[];
  /** Operations of its formulas, one for each node and point. */
  readonly flops: number;
}

/** The parts of a linear index collected by variable; terms of 0 are dropped, the constant comes last. */
export function collect(terms: readonly Term[]): Linear {
  const byKey = new Map<string, Term>();
  for (const t of terms) {
    const key = t.v ?? `#${(t.factors ?? []).join('*')}`;
    const old = byKey.get(key);
    if (!old) { byKey.set(key, t); continue; }
    const same = (old.factors ?? []).join('*') === (t.factors ?? []).join('*');
    byKey.set(key, { ...(t.v === undefined ? {} : { v: t.v }), k: old.k + t.k, ...(same && t.factors ? { factors: t.factors } : {}) });
  }
  const all = [...byKey.values()].filter((t) => t.k !== 0);
  return [...all.filter((t) => t.v !== undefined), ...all.filter((t) => t.v === undefined)];
}

/** Equal text, equal index. */
export function linearKey(at: Linear): string {
  const byVariable = new Map<string, number>();
  for (const t of at) byVariable.set(t.v ?? '', (byVariable.get(t.v ?? '') ?? 0) + t.k);
  return [...byVariable].filter(([, k]) => k !== 0).sort(([a], [b]) => (a < b ? -1 : 1)).map(([v, k]) => `${k}*${v}`).join('+');
}

/** The statements inside a statement. */
export function bodyOf(s: Stmt): readonly Stmt[] {
  return s.kind === 'loop' || s.kind === 'when' ? s.body : [];
}

/** Every expression that stands directly in a statement. */
export function exprsOf(s: Stmt): readonly LoopExpr[] {
  switch (s.kind) {
    case 'let': case 'set': case 'store': return [s.value];
    case 'when': return [s.condition];
    case 'check': return s.when ? [s.when, s.element.value] : [s.element.value];
    case 'loop': case 'fill': case 'draw': case 'call': case 'label': return [];
    default: return s satisfies never;
  }
}

/** The expressions directly inside an expression. */
export function operands(e: LoopExpr): readonly LoopExpr[] {
  switch (e.kind) {
    case 'unary': case 'splat': case 'fold': case 'widen': case 'lane': return [e.x];
    case 'shuffle': return [e.a, e.b];
    case 'join': return e.parts;
    case 'narrow': return [e.low, e.high];
    case 'binary': return [e.a, e.b];
    case 'select': case 'choose': return [e.c, e.a, e.b];
    case 'const': case 'named': case 'local': case 'load': case 'linear': case 'quotient': case 'inside': return [];
    default: return e satisfies never;
  }
}
