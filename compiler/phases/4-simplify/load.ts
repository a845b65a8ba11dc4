/** Reads flattened formulas into the normal form. */
import { invariant, unreachable } from '../../support/invariant.ts';
import { axisIndex } from '../../ir/affine.ts';
import { freeAxes, readsOf } from '../../ir/expr.ts';
import type { Definition, Expr, Tensor } from '../../ir/tensor.ts';
import { guardsOf } from './guards.ts';
import type { Body, Letters } from './letters.ts';
import * as Q from './rational.ts';
import {
  addPoly, guarded, indexAtom, isSymbol, monomialAxes, multiply, multiplyPoly, negatePoly, number, ofAtom, ONE, optionAtom,
  poly, polyAxes, raise, readAtom, sizeAtom, wholeAtom, ZERO, type Monomial, type Poly,
} from './poly.ts';

/** Makes letters of the tensors and of the flattened definitions, in order. */
export function declareForward(letters: Letters, tensors: readonly Tensor[], definitions: readonly Definition[]): void {
  for (const t of tensors) {
    letters.declare({ name: t.name, axes: t.axes, body: { kind: 'leaf', tensor: t }, anonymous: false, zeroOutside: t.outside === 0 && t.role === 'upstream' });
  }
  for (const d of definitions) {
    letters.declare({ name: d.name, axes: d.axes, body: bodyOf(d.formula, letters), anonymous: d.anonymous ?? false, zeroOutside: d.outside === 0 });
  }
}

/** What a flattened formula is. */
export function bodyOf(e: Expr, letters: Letters): Body {
  if (e.kind === 'hit') return { kind: 'hit', of: e.of };
  if (e.kind === 'reduce') {
    const body = single(toPoly(e.body, letters), letters);
    const carried = monomialAxes(body);
    if ((e.op === 'sum' || e.op === 'mean') && !e.axes.every((axis) => carried.has(axis))) return { kind: 'sum', poly: lackingSum(e.op, e.axes, body, letters) };
    const nothing = !e.axes.some((axis) => carried.has(axis));
    if (nothing && (e.op === 'max' || e.op === 'min')) return { kind: 'sum', poly: poly([body]) };
    if (nothing && e.op === 'prod') return { kind: 'sum', poly: poly([raise(body, Q.rational(letters.elements(e.axes)))]) };
    if (e.op !== 'mean') return { kind: 'reduce', op: e.op, axes: e.axes, body };
    const sum = letters.obtain({ kind: 'reduce', op: 'sum', axes: e.axes, body }, without(monomialAxes(body), e.axes), 'sum');
    return { kind: 'sum', poly: [e.axes.reduce((m, axis) => over(m, axis), ofAtom(wholeAtom(sum)))] };
  }
  if (e.kind === 'unary' && !isAlgebra(e)) return { kind: 'call', op: e.op, args: [single(toPoly(e.x, letters), letters)] };
  if (e.kind === 'binary' && (e.op === 'max' || e.op === 'min')) {
    return { kind: 'call', op: e.op, args: [e.a, e.b].map((x) => single(toPoly(x, letters), letters)) };
  }
  return { kind: 'sum', poly: toPoly(e, letters) };
}

/** A sum over axes that its body turned out not to have. */
function lackingSum(op: 'sum' | 'mean', axes: readonly string[], body: Monomial, letters: Letters): Poly {
  const carried = monomialAxes(body);
  const bound = axes.filter((axis) => carried.has(axis));
  const lacking = op === 'sum' ? axes.filter((axis) => !carried.has(axis)) : [];
  const sum = bound.length === 0 ? body
    : ofAtom(wholeAtom(letters.obtain({ kind: 'reduce', op: 'sum', axes: bound, body }, without(carried, bound), 'sum')));
  const mean = op === 'mean' ? bound.reduce(over, sum) : sum;
  return poly([lacking.reduce((m, axis) => multiply(m, ofAtom(sizeAtom(axis))), mean)]);
}

const isAlgebra = (e: Expr): boolean => e.kind === 'unary' && (e.op === 'neg' || e.op === 'sqrt' || e.op === 'rsqrt');
const over = (m: Monomial, axis: string): Monomial => multiply(m, ofAtom(sizeAtom(axis), Q.MINUS_ONE));
const without = (axes: Set<string>, bound: readonly string[]): string[] => [...axes].filter((a) => !bound.includes(a));

/** A sum as one monomial: a letter stands for it where it has several. An empty sum is 0. */
export function single(p: Poly, letters: Letters): Monomial {
  if (p.length === 0) return number(Q.R0);
  if (p.length === 1) return p[0]!;
  return ofAtom(wholeAtom(letters.obtain({ kind: 'sum', poly: p }, polyAxes(p), 'sum')));
}

/** A formula without reductions as a sum of monomials. */
export function toPoly(e: Expr, letters: Letters): Poly {
  const go = (x: Expr): Poly => toPoly(x, letters);
  switch (e.kind) {
    case 'const': return Number.isFinite(e.value) ? poly([number(Q.fromNumber(e.value))]) : opaque(e, letters);
    case 'option': return [ofAtom(optionAtom(e.name))];
    case 'size': return [ofAtom(sizeAtom(e.axis))];
    case 'index': return [ofAtom(indexAtom(axisIndex(e.axis)))];
    case 'read': return constantLetter(e.tensor, letters) ?? [ofAtom(readAtom(e.tensor, e.index))];
    case 'unary':
      if (e.op === 'neg') return negatePoly(go(e.x));
      if (e.op === 'sqrt') return power(go(e.x), Q.rational(1, 2), letters);
      if (e.op === 'rsqrt') return power(go(e.x), Q.rational(-1, 2), letters);
      return [ofAtom(wholeAtom(letters.obtain(bodyOf(e, letters), freeAxes(e), e.op)))];
    case 'binary':
      switch (e.op) {
        case '+': return addPoly(go(e.a), go(e.b));
        case '-': return addPoly(go(e.a), negatePoly(go(e.b)));
        case '*': return multiplyPoly(go(e.a), go(e.b));
        case '/': return multiplyPoly(go(e.a), power(go(e.b), Q.MINUS_ONE, letters));
        case '^': return power(go(e.a), Q.fromNumber(exponentValue(e.b, letters)), letters);
        case 'max': case 'min': return [ofAtom(wholeAtom(letters.obtain(bodyOf(e, letters), freeAxes(e), e.op)))];
        default: return invariant(false, `a truth value (${e.op}) as a number`) as never;
      }
    case 'select': {
      const { yes, no } = guardsOf(e.c, letters);
      const a = go(e.a).map((m) => guarded(m, yes));
      const b = go(e.b);
      return addPoly(poly(a), poly(no.flatMap((g) => b.map((m) => guarded(m, g)))));
    }
    case 'reduce': return [ofAtom(wholeAtom(letters.obtain(bodyOf(e, letters), freeAxes(e), e.op)))];
    case 'hit': return invariant(false, 'hit(y) inside a formula') as never;
    default: return unreachable(e);
  }
}

/** A definition without a name that came out as a number (`x - x`) is that number. */
function constantLetter(name: string, letters: Letters): Poly | undefined {
  const letter = letters.find(name);
  if (!letter?.anonymous || letter.body.kind !== 'sum' || letter.body.poly.length > 1) return undefined;
  const { poly: p } = letter.body;
  return p.every((m) => m.guards.length === 0 && m.powers.every((x) => isSymbol(x.atom))) ? p : undefined;
}

function opaque(e: Expr, letters: Letters): Poly {
  const reads = readsOf(e).map((r) => r.tensor);
  return [ofAtom(wholeAtom(letters.obtain({ kind: 'opaque', formula: e, reads }, freeAxes(e), 'value')))];
}

/** p^k. Sums of several terms become one letter first; so does anything under a root that is not one positive letter. */
function power(p: Poly, k: Q.Rational, letters: Letters): Poly {
  if (p.length === 0) {
    return Q.sign(k) > 0 ? ZERO : opaqueZeroPower(k, letters);
  }
  if (Q.isZero(k)) return [ONE];
  const m = single(p, letters);
  if (Q.isInteger(k)) {
    if (m.guards.length > 0 && Q.sign(k) < 0) return [raise(ofAtom(wholeAtom(letterOf(m, letters))), k)];
    return [raise(m, k)];
  }
  const simple = m.powers.length <= 1 && m.guards.length === 0 && Q.sign(m.coefficient) > 0
    && m.powers.every((x) => Q.isOne(x.exponent) || isSymbol(x.atom));
  return [simple && (m.powers.length === 0 || Q.isOne(m.coefficient)) ? raise(m, k) : raise(ofAtom(wholeAtom(letterOf(m, letters))), k)];
}

const letterOf = (m: Monomial, letters: Letters) => letters.obtain({ kind: 'sum', poly: [m] }, monomialAxes(m), 'value');

/** 0 to a negative power is infinite; kept as a number under its power, so that nothing cancels it. */
const opaqueZeroPower = (k: Q.Rational, letters: Letters): Poly => {
  const zero = letters.obtain({ kind: 'sum', poly: ZERO }, [], 'zero');
  return [ofAtom(wholeAtom(zero), k)];
};

/** Exponents are options and numbers alone, so they have a value. */
function exponentValue(e: Expr, letters: Letters): number {
  switch (e.kind) {
    case 'const': return e.value;
    case 'option': return Number(letters.env.options.get(e.name));
    case 'size': return letters.elements([e.axis]);
    case 'unary': return e.op === 'neg' ? -exponentValue(e.x, letters) : Math.sqrt(exponentValue(e.x, letters));
    case 'binary': {
      const a = exponentValue(e.a, letters);
      const b = exponentValue(e.b, letters);
      return e.op === '+' ? a + b : e.op === '-' ? a - b : e.op === '*' ? a * b : e.op === '/' ? a / b : a ** b;
    }
    default: return invariant(false, 'an exponent that is not constant') as never;
  }
}
