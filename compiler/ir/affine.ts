/**
 * Indices. An `Int` is an integer polynomial in symbols (integer options, sizes, opaque integer expressions), kept
 * symbolic so that formulas print as they were written. An `Affine` is one slot of an index: a sum of Int * variable
 * plus an Int, over an Int. Both are canonical: equal content, equal `key`.
 */
import { invariant } from '../support/invariant.ts';
import type { Env } from './tensor.ts';

/** `stride`, `pad`, `size(C)`, or `width//2`: its text, and how to evaluate it. */
export type IntSymbol =
  | { readonly kind: 'option'; readonly name: string }
  | { readonly kind: 'size'; readonly axis: string }
  | { readonly kind: 'quotient'; readonly a: Int; readonly b: Int; readonly exact: boolean };

export interface IntTerm {
  readonly k: number;
  /** Sorted by text; a power is written by repetition. */
  readonly symbols: readonly IntSymbol[];
}

export interface Int {
  readonly terms: readonly IntTerm[];
  readonly key: string;
}

/** What an index runs over: an axis, or an element of an integer tensor (a gather). */
export type Variable =
  | { readonly kind: 'axis'; readonly axis: string }
  | { readonly kind: 'element'; readonly tensor: string; readonly index: readonly Affine[] };

export interface AffineTerm {
  readonly k: Int;
  readonly variable: Variable;
}

export interface Affine {
  readonly terms: readonly AffineTerm[];
  readonly constant: Int;
  /** 1, but for printed and claimed backward formulas: a read that does not divide is outside. */
  readonly divisor: Int;
  readonly key: string;
}

// ---------------------------------------------------------------------------------------------------------- Int

export function symbolText(s: IntSymbol): string {
  switch (s.kind) {
    case 'option': return s.name;
    case 'size': return `size(${s.axis})`;
    case 'quotient': return `${operand(s.a)}${s.exact ? '/' : '//'}${operand(s.b)}`;
  }
}

function operand(i: Int): string {
  const text = intText(i);
  return i.terms.length > 1 || text.includes('*') || text.includes('/') || text.startsWith('-') ? `(${text})` : text;
}

function makeInt(terms: readonly IntTerm[]): Int {
  const merged = new Map<string, IntTerm>();
  for (const t of terms) {
    const symbols = [...t.symbols].sort((a, b) => compare(symbolText(a), symbolText(b)));
    const key = symbols.map(symbolText).join('*');
    const k = t.k + (merged.get(key)?.k ?? 0);
    merged.set(key, { k, symbols });
  }
  const kept = [...merged].filter(([, t]) => t.k !== 0).sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : compare(a, b)));
  return { terms: kept.map(([, t]) => t), key: kept.map(([key, t]) => `${t.k}*${key}`).join('+') || '0' };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const int = (k: number): Int => makeInt(k === 0 ? [] : [{ k, symbols: [] }]);
export const intSymbol = (s: IntSymbol): Int => makeInt([{ k: 1, symbols: [s] }]);
export const ZERO = int(0);
export const ONE = int(1);

export const addInt = (a: Int, b: Int): Int => makeInt([...a.terms, ...b.terms]);
export const negateInt = (a: Int): Int => makeInt(a.terms.map((t) => ({ ...t, k: -t.k })));
export const mulInt = (a: Int, b: Int): Int =>
  makeInt(a.terms.flatMap((s) => b.terms.map((t) => ({ k: s.k * t.k, symbols: [...s.symbols, ...t.symbols] }))));

/** The value of an integer expression; NaN where an exact division leaves a rest or a divisor is 0. */
export function intValue(i: Int, env: Env): number {
  let sum = 0;
  for (const t of i.terms) sum += t.symbols.reduce((p, s) => p * symbolValue(s, env), t.k);
  return sum;
}

function symbolValue(s: IntSymbol, env: Env): number {
  switch (s.kind) {
    case 'option': return Number(env.options.get(s.name));
    case 'size': return sizeOf(env, s.axis);
    case 'quotient': {
      const a = intValue(s.a, env);
      const b = intValue(s.b, env);
      if (b === 0) return NaN;
      return s.exact && a % b !== 0 ? NaN : Math.floor(a / b);
    }
  }
}

/** As written in a formula: `2*pad - 1`. */
export function intText(i: Int): string {
  if (i.terms.length === 0) return '0';
  return i.terms.map((t, n) => signed(t.k, t.symbols.map(symbolFactor).join('*'), n === 0)).join('');
}

function symbolFactor(s: IntSymbol): string {
  return s.kind === 'quotient' ? `(${symbolText(s)})` : symbolText(s);
}

function signed(k: number, factor: string, first: boolean): string {
  const size = Math.abs(k);
  const body = factor === '' ? String(size) : size === 1 ? factor : `${size}*${factor}`;
  return first ? (k < 0 ? `-${body}` : body) : k < 0 ? ` - ${body}` : ` + ${body}`;
}

// ------------------------------------------------------------------------------------------------------- Affine

export function variableKey(v: Variable): string {
  return v.kind === 'axis' ? v.axis : `${v.tensor}[${v.index.map((a) => a.key).join(', ')}]`;
}

export function affine(terms: readonly AffineTerm[], constant: Int = ZERO, divisor: Int = ONE): Affine {
  const merged = new Map<string, AffineTerm>();
  for (const t of terms) {
    const key = variableKey(t.variable);
    merged.set(key, { variable: t.variable, k: addInt(t.k, merged.get(key)?.k ?? ZERO) });
  }
  const kept = [...merged].filter(([, t]) => t.k.terms.length > 0).sort(([a], [b]) => compare(a, b));
  const key = `${kept.map(([v, t]) => `(${t.k.key})*${v}`).join('+')}+${constant.key}${divisor.key === ONE.key ? '' : `/(${divisor.key})`}`;
  return { terms: kept.map(([, t]) => t), constant, divisor, key };
}

export const axisIndex = (axis: string): Affine => affine([{ k: ONE, variable: { kind: 'axis', axis } }]);
export const constantIndex = (c: Int): Affine => affine([], c);

/** The axis if the index is that axis and nothing else. */
export function bareAxis(a: Affine): string | undefined {
  const t = a.terms[0];
  if (a.terms.length !== 1 || !t || t.variable.kind !== 'axis') return undefined;
  return t.k.key === ONE.key && a.constant.terms.length === 0 && a.divisor.key === ONE.key ? t.variable.axis : undefined;
}

/** Every axis an index runs over, those inside gathers included. */
export function affineAxes(a: Affine): Set<string> {
  const out = new Set<string>();
  for (const t of a.terms) {
    if (t.variable.kind === 'axis') out.add(t.variable.axis);
    else for (const inner of t.variable.index) for (const axis of affineAxes(inner)) out.add(axis);
  }
  return out;
}

/** Puts an index in the place of each axis that `replace` answers for. The replacing index must have divisor 1. */
export function substituteAxes(a: Affine, replace: (axis: string) => Affine | undefined): Affine {
  const terms: AffineTerm[] = [];
  let constant = a.constant;
  let changed = false;
  for (const t of a.terms) {
    if (t.variable.kind === 'element') {
      const index = t.variable.index.map((i) => substituteAxes(i, replace));
      const same = index.every((x, n) => x === (t.variable as { index: readonly Affine[] }).index[n]);
      if (same) terms.push(t);
      else { changed = true; terms.push({ k: t.k, variable: { ...t.variable, index } }); }
      continue;
    }
    const by = replace(t.variable.axis);
    if (!by) { terms.push(t); continue; }
    invariant(by.divisor.key === ONE.key, 'an index with a divisor replaces an axis inside an index');
    changed = true;
    for (const u of by.terms) terms.push({ k: mulInt(t.k, u.k), variable: u.variable });
    constant = addInt(constant, mulInt(t.k, by.constant));
  }
  return changed ? affine(terms, constant, a.divisor) : a;
}

/** As written between brackets: `OH*stride + HH - pad`, `(H + pad - HH)/stride`, `y`, `ids[N, T + 1]`. */
export function affineText(a: Affine, bareElement: (tensor: string, index: readonly Affine[]) => boolean = () => false): string {
  const parts: { negative: boolean; text: string }[] = [];
  for (const t of a.terms) {
    const name = t.variable.kind === 'axis' ? t.variable.axis
      : bareElement(t.variable.tensor, t.variable.index) ? t.variable.tensor
      : `${t.variable.tensor}[${t.variable.index.map((i) => affineText(i, bareElement)).join(', ')}]`;
    const only = t.k.terms.length === 1 ? t.k.terms[0] : undefined;
    if (!only) { parts.push({ negative: false, text: `${name}*(${intText(t.k)})` }); continue; }
    const size = makeInt([{ ...only, k: Math.abs(only.k) }]);
    parts.push({ negative: only.k < 0, text: size.key === ONE.key ? name : `${name}*${intText(size)}` });
  }
  for (const t of a.constant.terms) {
    parts.push({ negative: t.k < 0, text: intText(makeInt([{ ...t, k: Math.abs(t.k) }])) });
  }
  // A positive part goes first where there is one: `H - pad`, not `-pad + H`.
  const lead = parts.findIndex((p) => !p.negative);
  if (lead > 0) parts.unshift(...parts.splice(lead, 1));
  const sum = parts.map((p, n) => (n === 0 ? (p.negative ? '-' : '') : p.negative ? ' - ' : ' + ') + p.text).join('') || '0';
  if (a.divisor.key === ONE.key) return sum;
  return `${parts.length > 1 ? `(${sum})` : sum}/${operand(a.divisor)}`;
}

// --------------------------------------------------------------------------------------------------------- sizes

/** The axis that a copy such as `T'` was made from. */
export const baseAxis = (axis: string): string => axis.replace(/'+$/, '');

/** The size of an axis or of a copy of it. */
export function sizeOf(env: Env, axis: string): number {
  const size = env.sizes.get(baseAxis(axis));
  invariant(size !== undefined, `axis ${axis} has no size`);
  return size;
}
