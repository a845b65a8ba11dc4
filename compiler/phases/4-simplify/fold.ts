/**
 * Which letters backward may use, and how to write the others in them. A definition that is one product is an equation
 * between logarithms: `xhat = (x - mu) * rstd` says `(x - mu) + rstd - xhat = 0`. Elimination on these equations gives
 * substitutions without cycles (`x - mu -> xhat / rstd`). Never solves through a sum, which would cancel, and never divides
 * by what may be 0.
 */
import { axisIndex, type Affine } from '../../ir/affine.ts';
import { alwaysInside } from '../../ir/deltas.ts';
import { readsOf, rewrite } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import { byRank } from '../../support/order.ts';
import type { Context } from './context.ts';
import { expressMonomial } from './express.ts';
import type { Letter, Letters } from './letters.ts';
import * as Q from './rational.ts';
import {
  monomial, monomialAxes, multiply, ofAtom, ONE, poly, polyAxes, raise, readAtom, readsAt, substituteMonomial, whenGuard, wholeAtom,
  type Atom, type Guard, type Monomial, type Poly,
} from './poly.ts';

/**
 * letter^root = base. From `rstd = (var + eps)^(-1/2)` comes (var + eps)^(1/2) = 1/rstd, not (var + eps) = rstd^-2, whose root
 * would lose the sign: only whole multiples of the root are replaced.
 */
export interface Row {
  readonly root: Q.Rational;
  readonly base: Monomial;
}

export interface Folding {
  /** name -> what it is in letters nearer to the available ones. */
  readonly substitutions: ReadonlyMap<string, Row>;
  /** Letters that are a product under conditions: where a monomial has those conditions, the product is the letter. */
  readonly conditional: readonly ConditionalRow[];
  /** Letters whose value backward has: held, or computed from what is held by the forward's own formulas. */
  readonly direct: ReadonlySet<string>;
  /**
   * These, and letters that can be computed once values they read are written in other letters; with their rank, so that
   * each is computed from lower ones.
   */
  readonly reachable: ReadonlyMap<string, number>;
}

export interface ConditionalRow {
  readonly guards: readonly Guard[];
  /** The letter in the product that is replaced, and its axes. */
  readonly pivot: string;
  readonly axes: readonly string[];
  readonly by: Monomial;
}

/** @param held names backward has without computing: cache, parameters, integer inputs, random, upstream */
export function makeFolding(letters: Letters, forward: readonly Letter[], held: ReadonlySet<string>): Folding {
  const exponentials = held.size > 0 ? exponentialRows(letters, forward, held) : [];
  const reachable = reachableFrom([...forward, ...exponentials.map((r) => r.letter)], letters, held);
  const nonzero = nonzeroLetters([...forward, ...exponentials.map((r) => r.letter)]);
  const order = new Map(forward.map((l, n) => [l.name, n]));
  const rows = new Map<string, Row>();   // by pivot

  for (const equationRow of [...forward.map(equation), ...exponentials.map((r) => r.row)]) {
    if (!equationRow) continue;
    const row = applyRows(equationRow, rows, letters);
    const pivot = choosePivot(row, letters, held, reachable, nonzero, order);
    if (!pivot) continue;
    const solved = solveFor(row, pivot);
    const only = new Map([[pivot.tensor, solved]]);
    for (const [name, r] of rows) rows.set(name, { root: r.root, base: applyRows(r.base, only, letters) });
    rows.set(pivot.tensor, solved);
  }
  return { substitutions: rows, direct: reachable, conditional: conditionalRows(forward, reachable, held), reachable: throughRows(forward, rows, reachable) };
}

function reachableFrom(forward: readonly Letter[], letters: Letters, held: ReadonlySet<string>): Set<string> {
  const out = new Set(held);
  for (const letter of forward) {
    // The hits of a maximum are found by computing the maximum again: having its value is not enough.
    const source = letter.body.kind === 'hit' ? letters.get(letter.body.of) : letter;
    if (letter.body.kind !== 'leaf' && readsOfLetter(source).every((name) => out.has(name))) out.add(letter.name);
  }
  return out;
}

/** Adds the letters that can be computed from others by their substitutions. */
function throughRows(forward: readonly Letter[], rows: ReadonlyMap<string, Row>, direct: ReadonlySet<string>): Map<string, number> {
  const out = new Map([...direct].map((name) => [name, 0]));
  const has = (name: string): boolean => {
    const row = rows.get(name);
    return out.has(name) || (row !== undefined && readsOfMonomial(row.base).every((n) => out.has(n)));
  };
  for (const letter of forward) {
    if (out.has(letter.name) || letter.body.kind === 'leaf' || letter.body.kind === 'hit') continue;
    if (readsOfLetter(letter).every(has)) out.set(letter.name, out.size);
  }
  return out;
}

/** Names a letter's body reads, guards and gathers included. */
export function readsOfLetter(letter: Letter): string[] {
  const { body } = letter;
  switch (body.kind) {
    case 'leaf': return [];
    case 'hit': return [body.of];
    case 'sum': return body.poly.flatMap(readsOfMonomial);
    case 'reduce': return readsOfMonomial(body.body);
    case 'call': return body.args.flatMap(readsOfMonomial);
    case 'opaque': return [...body.reads];
  }
}

/** Names a monomial reads, guards and gathers included. */
export function readsOfMonomial(m: Monomial): string[] {
  const elements = (index: readonly Affine[]): string[] => index.flatMap((a) => a.terms.flatMap((t) =>
    t.variable.kind === 'element' ? [t.variable.tensor, ...elements(t.variable.index)] : []));
  const out: string[] = [];
  for (const { atom } of m.powers) {
    if (atom.kind === 'read') out.push(atom.tensor, ...elements(atom.index));
    if (atom.kind === 'index') out.push(...elements([atom.at]));
  }
  for (const g of m.guards) {
    if (g.kind === 'when') out.push(...readsOf(g.condition).map((r) => r.tensor));
    else out.push(...elements([g.kind === 'equal' ? g.at : g.value]));
  }
  return out;
}

/**
 * exp-log: where y = u - log(z) is at hand and the forward computes exp(u), then exp(y) = exp(u) / z is one more equation.
 */
function exponentialRows(letters: Letters, forward: readonly Letter[], held: ReadonlySet<string>): { letter: Letter; row: Monomial }[] {
  return forward.flatMap((y) => {
    if (y.body.kind !== 'sum' || !held.has(y.name)) return [];
    const rest: Monomial[] = [];
    let row = ONE;
    for (const m of y.body.poly) {
      const p = m.powers.length === 1 && m.guards.length === 0 ? m.powers[0]! : undefined;
      const log = p?.atom.kind === 'read' ? letters.find(p.atom.tensor) : undefined;
      if (p?.atom.kind !== 'read' || !Q.isOne(p.exponent) || log?.body.kind !== 'call' || log.body.op !== 'log') { rest.push(m); continue; }
      const index = p.atom.index;
      const z = substituteMonomial(log.body.args[0]!, new Map(log.axes.map((a, n) => [a, index[n]!])));
      if (!Q.isInteger(m.coefficient)) return [];
      row = multiply(row, raise(z, m.coefficient));
    }
    if (row === ONE || rest.length === 0) return [];
    const sum = rest.length === 1 ? undefined : letters.lookup({ kind: 'sum', poly: rest }, letters.sort(polyAxes(rest)));
    const argument = rest.length === 1 ? rest[0]! : sum && ofAtom(wholeAtom(sum));
    const e = argument && letters.lookup({ kind: 'call', op: 'exp', args: [argument] }, letters.sort(monomialAxes(argument)));
    if (!e) return [];
    const letter = letters.obtain({ kind: 'call', op: 'exp', args: [ofAtom(wholeAtom(y))] }, y.axes, 'exp');
    const product = multiply(row, ofAtom(wholeAtom(e)));
    letters.equations.set(letter.name, product);
    return [{ letter, row: multiply(product, ofAtom(wholeAtom(letter), Q.MINUS_ONE)) }];
  });
}

/** letter = [conditions] * pivot * rest, the letter at hand and the pivot not: under the conditions, pivot = letter / rest. */
function conditionalRows(forward: readonly Letter[], reachable: ReadonlySet<string>, held: ReadonlySet<string>): ConditionalRow[] {
  return forward.flatMap((letter): ConditionalRow[] => {
    if (letter.body.kind !== 'sum' || letter.body.poly.length !== 1 || letter.anonymous) return [];
    const m = letter.body.poly[0]!;
    const p = m.powers[0];
    if (m.guards.length === 0 || m.powers.length !== 1 || !p || p.atom.kind !== 'read' || !Q.isOne(p.exponent) || !Q.isOne(m.coefficient)) return [];
    if (held.has(p.atom.tensor) || (!held.has(letter.name) && !reachable.has(letter.name))) return [];
    const own = p.atom.index.map(axisOf);
    if (own.some((a) => a === undefined) || own.length !== letter.axes.length) return [];
    return [{ guards: m.guards, pivot: p.atom.tensor, axes: own as string[], by: ofAtom(wholeAtom(letter)) }];
  });
}

/** letter = monomial, as monomial / letter = 1; only where every read stands at the letter's own axes. */
function equation(letter: Letter): Monomial | undefined {
  const { body } = letter;
  if (body.kind !== 'sum' || body.poly.length !== 1) return undefined;
  const m = body.poly[0]!;
  if (m.guards.length > 0) return undefined;
  for (const p of m.powers) {
    if (p.atom.kind !== 'read') { if (p.atom.kind === 'index') return undefined; continue; }
    if (p.atom.index.some((a) => a.terms.length !== 1 || axisOf(a) === undefined)) return undefined;
  }
  return multiply(m, ofAtom(wholeAtom(letter), Q.MINUS_ONE));
}

const axisOf = (a: Affine): string | undefined => {
  const v = a.terms[0]?.variable;
  return v?.kind === 'axis' && a.key === axisIndex(v.axis).key ? v.axis : undefined;
};

/** Letters that are never 0: under a negative power in the forward, or a product of such. An exponential may underflow to 0. */
function nonzeroLetters(forward: readonly Letter[]): Set<string> {
  const out = new Set<string>();
  const monomials = forward.flatMap((l) => l.body.kind === 'sum' ? [...l.body.poly] : l.body.kind === 'reduce' ? [l.body.body] : l.body.kind === 'call' ? [...l.body.args] : []);
  for (const m of monomials) for (const p of m.powers) if (Q.sign(p.exponent) < 0 && p.atom.kind === 'read') out.add(p.atom.tensor);
  for (const l of forward) {
    const m = l.body.kind === 'sum' && l.body.poly.length === 1 ? l.body.poly[0]! : undefined;
    if (m && m.guards.length === 0 && m.powers.every((p) => p.atom.kind !== 'index' && (p.atom.kind !== 'read' || out.has(p.atom.tensor)))) out.add(l.name);
  }
  return out;
}

function choosePivot(
  row: Monomial, letters: Letters, held: ReadonlySet<string>, reachable: ReadonlySet<string>,
  nonzero: ReadonlySet<string>, order: ReadonlyMap<string, number>,
): { atom: Atom; tensor: string; exponent: Q.Rational } | undefined {
  const axes = new Set(row.powers.flatMap((p) => (p.atom.kind === 'read' ? letters.get(p.atom.tensor).axes : [])));
  const candidates = row.powers.filter(({ atom, exponent }) => {
    if (atom.kind !== 'read' || held.has(atom.tensor)) return false;
    const letter = letters.get(atom.tensor);
    if (!readsAt(atom, letter.axes) || letter.axes.length !== axes.size) return false;
    const inverse = Q.invert(exponent);
    if (!Q.isInteger(inverse)) return false;
    // Everything that ends up below the line must be nonzero.
    return row.powers.every((p) => p.atom.key === atom.key || p.atom.kind !== 'read'
      || Q.sign(Q.mul(p.exponent, inverse)) < 0 || nonzero.has(p.atom.tensor));
  });
  const rank = ({ atom }: { atom: Atom }): number[] => {
    const letter = letters.get(atom.kind === 'read' ? atom.tensor : '');
    return [reachable.has(letter.name) ? 1 : 0, -letters.elements(letter.axes), letter.anonymous ? 0 : 1, order.get(letter.name) ?? -1];
  };
  const best = candidates.sort((a, b) => byRank(rank(a), rank(b)))[0];
  return best?.atom.kind === 'read' ? { ...best, tensor: best.atom.tensor } : undefined;
}

/** rest * pivot^e = 1, so pivot^|e| is rest to the power -1 or 1. */
function solveFor(row: Monomial, pivot: { atom: Atom; exponent: Q.Rational }): Row {
  const rest = monomial(row.coefficient, row.powers.filter((p) => p.atom.key !== pivot.atom.key));
  const negative = Q.sign(pivot.exponent) < 0;
  return { root: negative ? Q.negate(pivot.exponent) : pivot.exponent, base: raise(rest, negative ? Q.R1 : Q.MINUS_ONE) };
}

/** What a tensor gives outside its array is its own: nothing else stands for it there. */
function mayBeOutside(atom: Atom, letters: Letters): boolean {
  const letter = atom.kind === 'read' ? letters.find(atom.tensor) : undefined;
  if (atom.kind !== 'read' || letter?.body.kind !== 'leaf' || letter.body.tensor.outside === undefined) return false;
  return !atom.index.every((a, n) => alwaysInside(letter.axes[n]!, a, letters.env));
}

function applyRows(m: Monomial, rows: ReadonlyMap<string, Row>, letters: Letters): Monomial {
  let out = monomial(m.coefficient, [], m.guards);
  for (const p of m.powers) {
    const by = p.atom.kind === 'read' && !mayBeOutside(p.atom, letters) ? rows.get(p.atom.tensor) : undefined;
    const times = by ? Q.mul(p.exponent, Q.invert(by.root)) : Q.R0;
    if (!by || !Q.isInteger(times) || p.atom.kind !== 'read') { out = multiply(out, ofAtom(p.atom, p.exponent)); continue; }
    const own = letters.get(p.atom.tensor).axes;
    const index = p.atom.index;
    out = multiply(out, raise(substituteMonomial(by.base, new Map(own.map((axis, n) => [axis, index[n]!]))), times));
  }
  return out;
}

/** A sum written in the letters of the folding. Tells of each letter that was replaced. */
export const foldPoly = (p: Poly, cx: Context, tell: Tell = () => undefined): Poly => poly(p.map((m) => foldMonomial(m, cx, tell)));

type Tell = (before: Atom, after: Monomial) => void;

/** A product written in the letters of the folding. Tells of each letter that was replaced. */
export function foldMonomial(m: Monomial, cx: Context, tell: Tell = () => undefined): Monomial {
  const { substitutions } = cx.folding;
  for (const { atom } of m.powers) {
    if (atom.kind === 'read' && substitutions.has(atom.tensor) && !mayBeOutside(atom, cx.letters)) tell(atom, applyRows(ofAtom(atom), substitutions, cx.letters));
  }
  const guards = m.guards.map((g) => (g.kind === 'when' ? whenGuard(foldExpr(g.condition, cx), g.negated) : g));
  const conditioned = applyConditional(monomial(m.coefficient, m.powers, guards), cx.folding.conditional);
  return applyRows(conditioned, substitutions, cx.letters);
}

function applyConditional(m: Monomial, rows: readonly ConditionalRow[]): Monomial {
  for (const row of rows) {
    for (const p of m.powers) {
      if (p.atom.kind !== 'read' || p.atom.tensor !== row.pivot || !Q.isOne(p.exponent)) continue;
      const index = p.atom.index;
      const at = new Map(row.axes.map((a, n) => [a, index[n]!]));
      const wanted = monomial(Q.R1, [], row.guards);
      const keys = new Set(substituteMonomial(wanted, at).guards.map((g) => g.key));
      if (![...keys].every((k) => m.guards.some((g) => g.key === k))) continue;
      const rest = monomial(m.coefficient, m.powers.filter((q) => q !== p), m.guards.filter((g) => !keys.has(g.key)));
      return applyConditional(multiply(rest, substituteMonomial(row.by, at)), rows);
    }
  }
  return m;
}

/**
 * The same for an ordinary expression: values that backward does not have, written in those it has.
 * @param rank of the letter that the expression computes: letters of lower rank are there already
 */
export function foldExpr(e: Expr, cx: Context, rank = 1): Expr {
  return rewrite(e, (n) => {
    if (n.kind !== 'read' || (cx.folding.reachable.get(n.tensor) ?? Infinity) < rank || !cx.folding.substitutions.has(n.tensor)) return n;
    return expressMonomial(applyRows(ofAtom(readAtom(n.tensor, n.index)), cx.folding.substitutions, cx.letters), cx.express);
  });
}
