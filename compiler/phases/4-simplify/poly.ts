/**
 * The normal form of gradients: a sum of monomials, each a fraction times powers of atoms, under guards. An atom is one
 * element of a tensor or definition, a symbol (option, size), the running value of an axis, or a number under a root.
 * A guard is a condition, 0 or 1, and a strong zero: nothing else of its monomial is looked at where it is false.
 * Everything is kept sorted and has a `key`, so equal content is found by comparing keys.
 */
import { affineAxes, axisIndex, bareAxis, int, scaleAffine, substituteAxes, type Affine } from '../../ir/affine.ts';
import { freeAxes, substitute } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import { byText } from '../../support/order.ts';
import * as Q from './rational.ts';

export type Atom =
  | { readonly kind: 'read'; readonly key: string; readonly tensor: string; readonly index: readonly Affine[] }
  | { readonly kind: 'option'; readonly key: string; readonly name: string }
  | { readonly kind: 'size'; readonly key: string; readonly axis: string }
  | { readonly kind: 'index'; readonly key: string; readonly at: Affine }
  | { readonly kind: 'number'; readonly key: string; readonly value: Q.Rational };

export type Guard =
  /** at == 0 (or != 0); `at` and `-at` are one condition. */
  | { readonly kind: 'equal'; readonly key: string; readonly at: Affine; readonly negated: boolean }
  /** `value` divides and lies in [0, size(axis)). */
  | { readonly kind: 'inside'; readonly key: string; readonly value: Affine; readonly axis: string }
  | { readonly kind: 'when'; readonly key: string; readonly condition: Expr; readonly negated: boolean };

export interface Power {
  readonly atom: Atom;
  readonly exponent: Q.Rational;
}

export interface Monomial {
  readonly coefficient: Q.Rational;
  /** Sorted by the key of the atom; no exponent is 0. */
  readonly powers: readonly Power[];
  /** Sorted by key. */
  readonly guards: readonly Guard[];
  /** Everything but the coefficient. */
  readonly key: string;
}

/** Sorted by key, no two alike, no coefficient 0. */
export type Poly = readonly Monomial[];

// -------------------------------------------------------------------------------------------------------- atoms

export const readAtom = (tensor: string, index: readonly Affine[]): Atom =>
  ({ kind: 'read', key: `${tensor}[${index.map((a) => a.key).join(', ')}]`, tensor, index });
export const wholeAtom = (d: { readonly name: string; readonly axes: readonly string[] }): Atom => readAtom(d.name, d.axes.map(axisIndex));
export const optionAtom = (name: string): Atom => ({ kind: 'option', key: `option ${name}`, name });
export const sizeAtom = (axis: string): Atom => ({ kind: 'size', key: `size ${axis}`, axis });
export const indexAtom = (at: Affine): Atom => ({ kind: 'index', key: `index ${at.key}`, at });
export const numberAtom = (value: Q.Rational): Atom => ({ kind: 'number', key: `number ${Q.text(value)}`, value });

/** Options, sizes and numbers: the same at every point. */
export const isSymbol = (a: Atom): boolean => a.kind === 'option' || a.kind === 'size' || a.kind === 'number';

/** The axes an atom runs over, those inside gathers included. */
export function atomAxes(a: Atom): Set<string> {
  if (a.kind === 'index') return affineAxes(a.at);
  const out = new Set<string>();
  if (a.kind === 'read') for (const i of a.index) for (const axis of affineAxes(i)) out.add(axis);
  return out;
}

/** Reads at the axes `own` and nowhere else. */
export const readsAt = (a: Atom, own: readonly string[]): boolean =>
  a.kind === 'read' && a.index.length === own.length && a.index.every((i, n) => bareAxis(i) === own[n]);

// ------------------------------------------------------------------------------------------------------- guards

/** The guard `at == 0`, or `at != 0`. */
export function equalGuard(at: Affine, negated = false): Guard {
  const opposite = scaleAffine(at, int(-1));
  const one = at.key <= opposite.key ? at : opposite;
  return { kind: 'equal', key: `${negated ? '!' : '='}${one.key}`, at: one, negated };
}
export const insideGuard = (value: Affine, axis: string): Guard =>
  ({ kind: 'inside', key: `in ${axis}: ${value.key}`, value, axis });

/** The guard of a condition; a `not` around it is taken into `negated`. */
export function whenGuard(condition: Expr, negated = false): Guard {
  if (condition.kind === 'unary' && condition.op === 'not') return whenGuard(condition.x, !negated);
  return { kind: 'when', key: `${negated ? 'not' : 'if'} #${condition.id}`, condition, negated };
}

/** The axes a guard depends on. */
export function guardAxes(g: Guard): Set<string> {
  return g.kind === 'equal' ? affineAxes(g.at) : g.kind === 'inside' ? affineAxes(g.value) : freeAxes(g.condition);
}

/** The key of the opposite guard. */
export function oppositeKey(g: Guard): string | undefined {
  if (g.kind === 'equal') return equalGuard(g.at, !g.negated).key;
  return g.kind === 'when' ? whenGuard(g.condition, !g.negated).key : undefined;
}

// ---------------------------------------------------------------------------------------------------- monomials

/** Merges equal atoms and equal guards; the coefficient is 0 where two guards exclude each other. */
export function monomial(coefficient: Q.Rational, powers: readonly Power[], guards: readonly Guard[] = []): Monomial {
  const merged = new Map<string, Power>();
  for (const p of powers) {
    const old = merged.get(p.atom.key);
    merged.set(p.atom.key, old ? { atom: old.atom, exponent: Q.add(old.exponent, p.exponent) } : p);
  }
  let c = coefficient;
  const kept: Power[] = [];
  for (const p of merged.values()) {
    if (Q.isZero(p.exponent)) continue;
    if (p.atom.kind === 'number' && Q.isInteger(p.exponent)) c = Q.mul(c, Q.power(p.atom.value, p.exponent.n));
    else kept.push(p);
  }
  kept.sort((a, b) => byText(a.atom.key, b.atom.key));
  const conditions = new Map(guards.map((g) => [g.key, g]));
  for (const g of conditions.values()) {
    const opposite = oppositeKey(g);
    if (opposite !== undefined && conditions.has(opposite)) c = Q.R0;
  }
  const sorted = [...conditions.values()].sort((a, b) => byText(a.key, b.key));
  const key = `${kept.map((p) => `${p.atom.key}^${Q.text(p.exponent)}`).join(' ')} | ${sorted.map((g) => g.key).join(' & ')}`;
  return { coefficient: c, powers: kept, guards: sorted, key };
}

export const number = (c: Q.Rational): Monomial => monomial(c, []);
export const ONE = number(Q.R1);
export const ofAtom = (atom: Atom, exponent = Q.R1): Monomial => monomial(Q.R1, [{ atom, exponent }]);
export const guarded = (m: Monomial, guards: readonly Guard[]): Monomial => monomial(m.coefficient, m.powers, [...m.guards, ...guards]);

export const multiply = (a: Monomial, b: Monomial): Monomial =>
  monomial(Q.mul(a.coefficient, b.coefficient), [...a.powers, ...b.powers], [...a.guards, ...b.guards]);
export const scale = (m: Monomial, c: Q.Rational): Monomial => ({ ...m, coefficient: Q.mul(m.coefficient, c) });

/**
 * Whether (product)^k is the product of the powers: always for a whole k; else only of what has a root already, and so is
 * positive: (x^2)^(1/2) is |x|, and (a*b)^(1/2) has a value where both are negative.
 */
export const canRaise = (m: Monomial, k: Q.Rational): boolean =>
  Q.isInteger(k) || (Q.sign(m.coefficient) > 0 && m.powers.every((p) => !Q.isInteger(p.exponent)));

/** m^k for a whole k, or any k where the coefficient is 1 (the caller knows the signs). Guards stay. */
export function raise(m: Monomial, k: Q.Rational): Monomial {
  const powers = m.powers.map((p) => ({ atom: p.atom, exponent: Q.mul(p.exponent, k) }));
  if (Q.isInteger(k)) return monomial(Q.power(m.coefficient, k.n), powers, m.guards);
  const root = Q.isOne(m.coefficient) ? [] : [{ atom: numberAtom(m.coefficient), exponent: k }];
  return monomial(Q.R1, [...powers, ...root], m.guards);
}

/** The axes of all powers and guards. */
export function monomialAxes(m: Monomial): Set<string> {
  const out = new Set<string>();
  for (const p of m.powers) for (const axis of atomAxes(p.atom)) out.add(axis);
  for (const g of m.guards) for (const axis of guardAxes(g)) out.add(axis);
  return out;
}

/** Splits into the powers and guards that carry one of `axes` and the rest (which keeps the coefficient). */
export function splitByAxes(m: Monomial, axes: ReadonlySet<string>): { outside: Monomial; inside: Monomial } {
  const carries = (of: Set<string>): boolean => [...of].some((axis) => axes.has(axis));
  const inside = m.powers.filter((p) => carries(atomAxes(p.atom)));
  const guardsInside = m.guards.filter((g) => carries(guardAxes(g)));
  return {
    outside: monomial(m.coefficient, m.powers.filter((p) => !inside.includes(p)), m.guards.filter((g) => !guardsInside.includes(g))),
    inside: monomial(Q.R1, inside, guardsInside),
  };
}

/** Puts indices in the place of axes. */
export function substituteMonomial(m: Monomial, by: ReadonlyMap<string, Affine>): Monomial {
  if (by.size === 0) return m;
  return monomial(
    m.coefficient,
    m.powers.map((p) => ({ atom: substituteAtom(p.atom, by), exponent: p.exponent })),
    m.guards.map((g) => substituteGuard(g, by)),
  );
}

function substituteAtom(a: Atom, by: ReadonlyMap<string, Affine>): Atom {
  const at = (i: Affine): Affine => substituteAxes(i, (axis) => by.get(axis));
  return a.kind === 'read' ? readAtom(a.tensor, a.index.map(at)) : a.kind === 'index' ? indexAtom(at(a.at)) : a;
}

function substituteGuard(g: Guard, by: ReadonlyMap<string, Affine>): Guard {
  const at = (i: Affine): Affine => substituteAxes(i, (axis) => by.get(axis));
  switch (g.kind) {
    case 'equal': return equalGuard(at(g.at), g.negated);
    case 'inside': return insideGuard(at(g.value), g.axis);
    case 'when': return whenGuard(substitute(g.condition, by), g.negated);
  }
}

// -------------------------------------------------------------------------------------------------------- polys

export const ZERO: Poly = [];

/** Adds equal monomials up (add-collect). */
export function poly(monomials: Iterable<Monomial>): Poly {
  const sum = new Map<string, Monomial>();
  for (const m of monomials) {
    const old = sum.get(m.key);
    sum.set(m.key, old ? { ...old, coefficient: Q.add(old.coefficient, m.coefficient) } : m);
  }
  return [...sum.values()].filter((m) => !Q.isZero(m.coefficient)).sort((a, b) => byText(a.key, b.key));
}

export const addPoly = (a: Poly, b: Poly): Poly => poly([...a, ...b]);
export const scalePoly = (a: Poly, m: Monomial): Poly => poly(a.map((t) => multiply(t, m)));
export const multiplyPoly = (a: Poly, b: Poly): Poly => poly(a.flatMap((s) => b.map((t) => multiply(s, t))));
export const negatePoly = (a: Poly): Poly => a.map((m) => scale(m, Q.MINUS_ONE));
export const polyKey = (a: Poly): string => a.map((m) => `${Q.text(m.coefficient)} ${m.key}`).join(' + ');
export function polyAxes(a: Poly): Set<string> {
  const out = new Set<string>();
  for (const m of a) for (const axis of monomialAxes(m)) out.add(axis);
  return out;
}

/** How many monomials differ in more than numbers, options and sizes: `a*g + (1 - a)*g` is one. */
export function differentTerms(a: Poly): number {
  return new Set(a.map((m) => monomial(Q.R1, m.powers.filter((p) => !isSymbol(p.atom)), m.guards).key)).size;
}

/** The smaller of two exponents of one sign; undefined where the signs differ. */
function nearerZero(a: Q.Rational, b: Q.Rational): Q.Rational | undefined {
  if (Q.sign(a) !== Q.sign(b)) return undefined;
  return Q.sign(Q.add(b, Q.negate(a))) * Q.sign(a) < 0 ? b : a;
}

/** What every monomial has in common: symbols, atoms and guards; `rest` times it is the sum. */
export function commonFactor(a: Poly): { common: Monomial; rest: Poly } {
  const [first, ...others] = a;
  if (!first) return { common: ONE, rest: a };
  const powers: Power[] = [];
  for (const p of first.powers) {
    const exponents = others.map((m) => m.powers.find((x) => x.atom.key === p.atom.key)?.exponent);
    const exponent = exponents.reduce((e, q) => (e && q ? nearerZero(e, q) : undefined), p.exponent);
    if (exponent) powers.push({ atom: p.atom, exponent });
  }
  const guards = first.guards.filter((g) => others.every((m) => m.guards.some((h) => h.key === g.key)));
  const common = monomial(Q.R1, powers, guards);
  const inverse = powers.map((p) => ({ atom: p.atom, exponent: Q.negate(p.exponent) }));
  const shared = new Set(guards.map((g) => g.key));
  const rest = a.map((m) => monomial(m.coefficient, [...m.powers, ...inverse], m.guards.filter((g) => !shared.has(g.key))));
  return { common, rest: poly(rest) };
}
