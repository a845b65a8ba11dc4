/**
 * Indices. An `Int` is an integer polynomial in symbols (integer options, sizes, opaque integer expressions), kept
 * symbolic so that formulas print as they were written. An `Affine` is one slot of an index: a sum of Int * variable
 * plus an Int, over an Int. Both are canonical: equal content, equal `key`.
 */
import { invariant } from '../support/invariant.ts';
import { byText } from '../support/order.ts';
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

function symbolText(s: IntSymbol): string {
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
    const symbols = [...t.symbols].sort((a, b) => byText(symbolText(a), symbolText(b)));
    const key = symbols.map(symbolText).join('*');
    const k = t.k + (merged.get(key)?.k ?? 0);
    merged.set(key, { k, symbols });
  }
  const kept = [...merged].filter(([, t]) => t.k !== 0).sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : byText(a, b)));
  return { terms: kept.map(([, t]) => t), key: kept.map(([key, t]) => `${t.k}*${key}`).join('+') || '0' };
}

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
function intText(i: Int): string {
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

function variableKey(v: Variable): string {
  return v.kind === 'axis' ? v.axis : `${v.tensor}[${v.index.map((a) => a.key).join(', ')}]`;
}

/** (sum of k * variable + constant) / divisor in canonical form: equal variables are added up, terms of 0 dropped. */
export function affine(terms: readonly AffineTerm[], constant: Int = ZERO, divisor: Int = ONE): Affine {
  const merged = new Map<string, AffineTerm>();
  for (const t of terms) {
    const key = variableKey(t.variable);
    merged.set(key, { variable: t.variable, k: addInt(t.k, merged.get(key)?.k ?? ZERO) });
  }
  const kept = [...merged].filter(([, t]) => t.k.terms.length > 0).sort(([a], [b]) => byText(a, b));
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

/**
 * Puts an index in the place of each axis that `replace` answers for. A replacing index may have a divisor; the
 * result then has one, unless every coefficient is a multiple of it: `OH*stride + HH` with `(H - HH)/stride` for OH is H.
 */
export function substituteAxes(a: Affine, replace: (axis: string) => Affine | undefined): Affine {
  const parts: { k: Int; by: Affine }[] = [];
  const terms: AffineTerm[] = [];
  let changed = false;
  for (const t of a.terms) {
    if (t.variable.kind === 'element') {
      const old = t.variable.index;
      const index = old.map((i) => substituteAxes(i, replace));
      const same = index.every((x, n) => x === old[n]);
      if (!same) changed = true;
      terms.push(same ? t : { k: t.k, variable: { ...t.variable, index } });
      continue;
    }
    const by = replace(t.variable.axis);
    if (!by) { terms.push(t); continue; }
    changed = true;
    parts.push({ k: t.k, by });
  }
  if (!changed) return a;
  let out = affine(terms, a.constant, ONE);
  for (const { k, by } of parts) out = addAffine(out, scaleAffine(by, k));
  return reduced(affine(out.terms, out.constant, mulInt(out.divisor, a.divisor)));
}

/** a * k. */
export function scaleAffine(a: Affine, k: Int): Affine {
  return reduced(affine(a.terms.map((t) => ({ k: mulInt(t.k, k), variable: t.variable })), mulInt(a.constant, k), a.divisor));
}

/** a + b, over a common divisor. */
export function addAffine(a: Affine, b: Affine): Affine {
  const same = a.divisor.key === b.divisor.key;
  const x = same ? a : overDivisor(a, b.divisor);
  const y = same ? b : overDivisor(b, a.divisor);
  return reduced(affine([...x.terms, ...y.terms], addInt(x.constant, y.constant), same ? a.divisor : mulInt(a.divisor, b.divisor)));
}

const overDivisor = (a: Affine, d: Int): Affine =>
  affine(a.terms.map((t) => ({ k: mulInt(t.k, d), variable: t.variable })), mulInt(a.constant, d), a.divisor);

/** Takes the divisor out where everything is a multiple of it. */
function reduced(a: Affine): Affine {
  if (a.divisor.key === ONE.key) return a;
  const terms: AffineTerm[] = [];
  for (const t of a.terms) {
    const k = divideInt(t.k, a.divisor);
    if (!k) return a;
    terms.push({ k, variable: t.variable });
  }
  const constant = divideInt(a.constant, a.divisor);
  return constant ? affine(terms, constant) : a;
}

/** a / d where d is one term that divides every term of a; else undefined. */
function divideInt(a: Int, d: Int): Int | undefined {
  const by = d.terms[0];
  if (d.terms.length !== 1 || !by) return undefined;
  const terms: IntTerm[] = [];
  for (const t of a.terms) {
    const symbols = [...t.symbols];
    for (const s of by.symbols) {
      const at = symbols.findIndex((x) => symbolText(x) === symbolText(s));
      if (at < 0) return undefined;
      symbols.splice(at, 1);
    }
    if (t.k % by.k !== 0) return undefined;
    terms.push({ k: t.k / by.k, symbols });
  }
  return makeInt(terms);
}

/** How an element of an integer tensor is written; without better knowledge, with one index a slot. */
export type ElementText = (tensor: string, index: readonly Affine[]) => string;

const flatElement: ElementText = (tensor, index) => `${tensor}[${index.map((i) => affineText(i)).join(', ')}]`;

/** As written between brackets: `OH*stride + HH - pad`, `(H + pad - HH)/stride`, `y`, `ids[N, T + 1]`. */
export function affineText(a: Affine, element: ElementText = flatElement): string {
  const parts: { negative: boolean; text: string; isQuotient?: boolean }[] = [];
  // `OH*stride + HH`: what is scaled goes first, as a person writes it.
  const scaled = (t: AffineTerm): number => (t.k.key === ONE.key ? 1 : 0);
  for (const t of [...a.terms].sort((x, y) => scaled(x) - scaled(y))) {
    const name = t.variable.kind === 'axis' ? t.variable.axis : element(t.variable.tensor, t.variable.index);
    const only = t.k.terms.length === 1 ? t.k.terms[0] : undefined;
    if (!only) { parts.push({ negative: false, text: `${name}*(${intText(t.k)})` }); continue; }
    const size = makeInt([{ ...only, k: Math.abs(only.k) }]);
    parts.push({ negative: only.k < 0, text: size.key === ONE.key ? name : `${name}*${intText(size)}` });
  }
  for (const t of a.constant.terms) {
    const only = Math.abs(t.k) === 1 && t.symbols.length === 1 ? t.symbols[0] : undefined;
    parts.push({ negative: t.k < 0, text: only ? symbolText(only) : intText(makeInt([{ ...t, k: Math.abs(t.k) }])), isQuotient: only?.kind === 'quotient' });
  }
  // A positive part goes first where there is one: `H - pad`, not `-pad + H`.
  const lead = parts.findIndex((p) => !p.negative);
  if (lead > 0) parts.unshift(...parts.splice(lead, 1));
  // A minus in front binds more tightly than `//`: `-(size(D)//2)`, but `H - size(D)//2`.
  const first = parts[0];
  if (first?.negative && first.isQuotient) first.text = `(${first.text})`;
  const sum = parts.map((p, n) => (n === 0 ? (p.negative ? '-' : '') : p.negative ? ' - ' : ' + ') + p.text).join('') || '0';
  if (a.divisor.key === ONE.key) return sum;
  return `${parts.length > 1 ? `(${sum})` : sum}/${operand(a.divisor)}`;
}

// --------------------------------------------------------------------------------------------------------- sizes

/** The axis that a copy was made from: `T'` in formulas, `T#3` and `T~1` inside proofs. */
export const baseAxis = (axis: string): string => axis.replace(/['#~].*$/, '');

/** The size of an axis or of a copy of it. */
export function sizeOf(env: Env, axis: string): number {
  const size = env.sizes.get(baseAxis(axis));
  invariant(size !== undefined, `axis ${axis} has no size`);
  return size;
}
