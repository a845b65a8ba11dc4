/**
 * Writes normal forms the way a person would: common factors in front, means as means, `N*dout - dbeta - xhat*dgamma` where
 * the sums are gradients under their own names. The result is an ordinary expression of the language.
 */
import { affineExpr, binary, constant, div, mul, neg, option, read, reduce, select, size, sub, add, substitute, unary } from '../../ir/expr.ts';
import { affine, axisIndex, baseAxis, bareAxis, int, scaleAffine, ZERO, type Affine } from '../../ir/affine.ts';
import { domain } from '../../ir/deltas.ts';
import type { BinaryOp, Expr, UnaryOp } from '../../ir/tensor.ts';
import { byRank } from '../../support/order.ts';
import type { Letter, Letters } from './letters.ts';
import * as Q from './rational.ts';
import { commonFactor, monomial, multiply, oppositeKey, poly, scale, type Guard, type Monomial, type Poly, type Power } from './poly.ts';

export interface Express {
  readonly letters: Letters;
  /** Letters that stand as their formula in the place of their name. */
  readonly inline: (letter: Letter) => boolean;
  /** The name a letter goes by: a gradient's where the letter is one. */
  readonly nameOf: (letter: Letter) => string;
  /** Letters that are gradients under their own names. */
  readonly isGradient: (letter: Letter) => boolean;
}

/** The formula behind a letter. */
export function expressLetter(letter: Letter, x: Express): Expr {
  const { body } = letter;
  switch (body.kind) {
    case 'leaf': case 'hit': return read(letter.name, letter.axes.map(axisIndex));
    case 'sum': return expressPoly(body.poly, x);
    case 'reduce': return reduce(body.op, body.axes, expressMonomial(body.body, x));
    case 'call': {
      const [a, b] = body.args.map((m) => expressMonomial(m, x));
      return b ? binary(body.op as BinaryOp, a!, b) : unary(body.op as UnaryOp, a!);
    }
    case 'opaque': return body.formula;
  }
}

/** A sum, factored where its terms share something. */
export function expressPoly(p: Poly, x: Express): Expr {
  if (p.length === 0) return constant(0);
  if (p.length === 1) return expressMonomial(p[0]!, x);
  const factored = commonFactor(p);
  let { common, rest } = factored;
  const c = sharedCoefficient(rest);
  common = scale(common, c);
  rest = rest.map((m) => scale(m, Q.invert(c)));
  const pulled = sumForm(rest, x);
  if (pulled) {
    common = multiply(common, pulled);
    rest = poly(rest.map((m) => multiply(m, inverse(pulled))));
  }
  const sum = expressSum(rest, x);
  if (common.powers.length === 0 && Q.isOne(common.coefficient)) return guardedBy(common.guards, sum, x);
  const { coefficient, powers } = common;
  const front = expressProduct(monomial(coefficient, powers), x);
  const whole = Q.equal(coefficient, Q.MINUS_ONE) && powers.length === 0 ? neg(sum) : mul(front, sum);
  return guardedBy(common.guards, whole, x);
}

/** The terms of a sum, those over the same sizes in one bracket, the first one positive where there is one. */
function expressSum(rest: Poly, x: Express): Expr {
  const either = splitByGuard(rest);
  if (either) return select(conditionsOf(either.guard, x)[0]!, expressPoly(either.yes, x), expressPoly(either.no, x));
  const groups = new Map<string, { over: Monomial; terms: Monomial[] }>();
  for (const m of rest) {
    const over = sizesBelow(m, x);
    const group = groups.get(over.key) ?? { over, terms: [] };
    group.terms.push(m);
    groups.set(over.key, group);
  }
  const terms: { negative: boolean; rank: readonly number[]; e: Expr }[] = [];
  for (const { over, terms: list } of groups.values()) {
    if (over.powers.length === 0 || list.length === 1) {
      for (const m of list) {
        const negative = Q.sign(m.coefficient) < 0;
        terms.push({ negative, rank: rankTerm(m, x), e: expressMonomial(negative ? scale(m, Q.MINUS_ONE) : m, x) });
      }
      continue;
    }
    const inner = list.map((m) => multiply(m, inverse(over)));
    const negative = inner.every((m) => Q.sign(m.coefficient) < 0);
    const bracket = expressSum(negative ? inner.map((m) => scale(m, Q.MINUS_ONE)) : inner, x);
    const below = expressProduct(inverse(over), x);
    terms.push({ negative, rank: rankTerm(list[0]!, x), e: div(bracket, below) });
  }
  terms.sort((a, b) => byRank(a.rank, b.rank));
  const lead = terms.findIndex((t) => !t.negative);
  if (lead > 0) terms.unshift(...terms.splice(lead, 1));
  return terms.reduce<Expr | undefined>(
    (sum, t) => (sum === undefined ? (t.negative ? minus(t.e) : t.e) : t.negative ? sub(sum, t.e) : add(sum, t.e)), undefined,
  ) ?? constant(0);
}

/** `[c]*a + [not c]*b`, where every term is under one or the other, is `where(c, a, b)`. */
function splitByGuard(p: Poly): { guard: Guard; yes: Poly; no: Poly } | undefined {
  for (const guard of p[0]?.guards ?? []) {
    if (guard.kind === 'inside' || guard.negated) continue;
    const opposite = oppositeKey(guard);
    const has = (m: Monomial, key: string | undefined): boolean => m.guards.some((g) => g.key === key);
    if (!p.every((m) => has(m, guard.key) || has(m, opposite)) || !p.some((m) => has(m, opposite))) continue;
    const under = (key: string | undefined): Poly =>
      poly(p.filter((m) => has(m, key)).map((m) => monomial(m.coefficient, m.powers, m.guards.filter((g) => g.key !== key))));
    return { guard, yes: under(guard.key), no: under(opposite) };
  }
  return undefined;
}

/** A product, under its guards. */
export function expressMonomial(m: Monomial, x: Express): Expr {
  return guardedBy(m.guards, expressProduct(monomial(m.coefficient, m.powers), x), x);
}

function expressProduct(m: Monomial, x: Express): Expr {
  const { means, rest } = takeMeans(m, x);
  const negative = Q.sign(rest.coefficient) < 0;
  const size = negative ? Q.negate(rest.coefficient) : rest.coefficient;
  const above: { rank: readonly (number | string)[]; e: Expr }[] = [];
  const below: { rank: readonly (number | string)[]; e: Expr }[] = [];
  const decimal = isDecimal(size.d);
  const top = decimal ? Q.toNumber(size) : Number(size.n);
  if (top !== 1) above.push({ rank: [0, ''], e: constant(negative ? -top : top) });
  if (!decimal) below.push({ rank: [0, ''], e: constant(Number(size.d)) });
  for (const p of rest.powers) {
    const positive = Q.sign(p.exponent) > 0;
    const e = raised(expressAtom(p, x), positive ? p.exponent : Q.negate(p.exponent));
    (positive ? above : below).push({ rank: rankFactor(p, x), e });
  }
  for (const mean of means) above.push(mean);
  above.sort((a, b) => byRank(a.rank, b.rank));
  below.sort((a, b) => byRank(a.rank, b.rank));
  const numerator = above.length > 0 ? above.map((f) => f.e).reduce(mul) : constant(1);
  const fraction = below.length > 0 ? div(numerator, below.map((f) => f.e).reduce(mul)) : numerator;
  return negative && top === 1 ? minus(fraction) : fraction;
}

const minus = (e: Expr): Expr => (e.kind === 'const' ? constant(-e.value) : neg(e));

/** Only factors 2 and 5: a double's decimal is as exact as the fraction. */
function isDecimal(d: bigint): boolean {
  let rest = d;
  while (rest % 2n === 0n) rest /= 2n;
  while (rest % 5n === 0n) rest /= 5n;
  return rest === 1n;
}

function raised(e: Expr, k: Q.Rational): Expr {
  if (Q.isOne(k)) return e;
  if (Q.equal(k, Q.rational(1, 2))) return unary('sqrt', e);
  return binary('^', e, constant(Q.toNumber(k)));
}

function expressAtom(p: Power, x: Express): Expr {
  const { atom } = p;
  switch (atom.kind) {
    case 'option': return option(atom.name);
    case 'size': return size(baseAxis(atom.axis));
    case 'number': return constant(Q.toNumber(atom.value));
    case 'index': return affineExpr(atom.at);
    case 'read': {
      const letter = x.letters.find(atom.tensor);
      if (!letter || !x.inline(letter)) return read(letter ? x.nameOf(letter) : atom.tensor, atom.index);
      const by = new Map(letter.axes.map((axis, n) => [axis, atom.index[n]!] as const).filter(([axis, a]) => bareAxis(a) !== axis));
      return substitute(expressLetter(letter, x), by);
    }
  }
}

// ---------------------------------------------------------------------------------------------------- guards

function guardedBy(guards: readonly Guard[], e: Expr, x: Express): Expr {
  const conditions = [...guards].sort((a, b) => guardRank(a) - guardRank(b)).flatMap((g) => conditionsOf(g, x));
  if (conditions.length === 0) return e;
  return select(conditions.reduce((a, b) => binary('and', a, b)), e, constant(0));
}

/** A condition that reads an array comes after those that say that it is read inside. */
const guardRank = (g: Guard): number => (g.kind === 'inside' ? 0 : g.kind === 'equal' && !g.at.terms.some((t) => t.variable.kind === 'element') ? 1 : 2);

function conditionsOf(g: Guard, x: Express): Expr[] {
  switch (g.kind) {
    case 'equal': {
      const [a, b] = sides(g.at);
      return [binary(g.negated ? '!=' : '==', a, b)];
    }
    case 'inside': return domain(g.axis, g.value, x.letters.env);
    case 'when': return [g.negated ? unary('not', g.condition) : g.condition];
  }
}

/** `C - y == 0` reads better as `index(C) == y`: what is added on one side, what is taken away on the other. */
function sides(at: Affine): [Expr, Expr] {
  const negative = (k: Affine['constant']): boolean => k.terms.length > 0 && k.terms.every((t) => t.k < 0);
  const added = affine(at.terms.filter((t) => !negative(t.k)), negative(at.constant) ? ZERO : at.constant);
  const taken = affine(at.terms.filter((t) => negative(t.k)), negative(at.constant) ? at.constant : ZERO);
  const other = scaleAffine(taken, int(-1));
  const runs = (a: Affine): boolean => a.terms.some((t) => t.variable.kind === 'axis');
  return runs(added) || !runs(other) ? [affineExpr(added), affineExpr(other)] : [affineExpr(other), affineExpr(added)];
}

// ----------------------------------------------------------------------------------------------------- means

/** A sum over axes whose sizes it is divided by is a mean. */
function takeMeans(m: Monomial, x: Express): { means: { rank: readonly (number | string)[]; e: Expr }[]; rest: Monomial } {
  let rest = m;
  const means: { rank: readonly (number | string)[]; e: Expr }[] = [];
  if (!meansTakeAll(m, x)) return { means, rest };
  for (const p of m.powers) {
    const axes = meanAxes(p, rest, x);
    if (!axes || p.atom.kind !== 'read') continue;
    const letter = x.letters.get(p.atom.tensor);
    if (letter.body.kind !== 'reduce') continue;
    const e = reduce('mean', axes, expressMonomial(letter.body.body, x));
    const by = new Map(letter.axes.map((axis, n) => [axis, (p.atom as { index: readonly Affine[] }).index[n]!] as const)
      .filter(([axis, a]) => bareAxis(a) !== axis));
    means.push({ rank: rankFactor(p, x), e: substitute(e, by) });
    const sizes = axes.map((axis) => sizePower(axis, Q.R1));
    rest = monomial(rest.coefficient, [...rest.powers.filter((q) => q !== p && q.atom.key !== p.atom.key), ...sizes], rest.guards);
  }
  return { means, rest };
}

/** Whether every size below the line belongs to a mean: a mean beside other sizes hides half of a denominator. */
function meansTakeAll(m: Monomial, x: Express): boolean {
  const taken = new Set(m.powers.flatMap((p) => meanAxes(p, m, x) ?? []).map(baseAxis));
  return m.powers.every((p) => p.atom.kind !== 'size' || Q.sign(p.exponent) > 0 || taken.has(p.atom.axis));
}

function meanAxes(p: Power, m: Monomial, x: Express): readonly string[] | undefined {
  if (p.atom.kind !== 'read' || !Q.isOne(p.exponent)) return undefined;
  const letter = x.letters.find(p.atom.tensor);
  if (!letter || letter.body.kind !== 'reduce' || letter.body.op !== 'sum' || !x.inline(letter)) return undefined;
  const below = m.powers.filter((q) => q.atom.kind === 'size' && Q.sign(q.exponent) < 0).map((q) => (q.atom.kind === 'size' ? q.atom.axis : ''));
  const { axes } = letter.body;
  return axes.every((axis) => below.includes(baseAxis(axis))) ? axes : undefined;
}

const sizePower = (axis: string, exponent: Q.Rational): Power =>
  ({ atom: { kind: 'size', key: `size ${baseAxis(axis)}`, axis: baseAxis(axis) }, exponent });

/** The sizes below the line that no mean takes. */
function sizesBelow(m: Monomial, x: Express): Monomial {
  const { rest } = takeMeans(monomial(Q.R1, m.powers), x);
  return monomial(Q.R1, rest.powers.filter((p) => p.atom.kind === 'size' && Q.sign(p.exponent) < 0));
}

/** The one denominator to pull out where the sums over it are gradients under their own names. */
function sumForm(rest: Poly, x: Express): Monomial | undefined {
  const overs = rest.map((m) => ({ m, over: sizesBelow(m, x) })).filter((t) => t.over.powers.length > 0);
  const [first] = overs;
  if (!first || overs.length === rest.length || overs.some((t) => t.over.key !== first.over.key)) return undefined;
  const named = overs.every(({ m }) => m.powers.some((p) => {
    const letter = p.atom.kind === 'read' ? x.letters.find(p.atom.tensor) : undefined;
    return letter !== undefined && x.isGradient(letter);
  }));
  return named ? first.over : undefined;
}

const inverse = (m: Monomial): Monomial => monomial(Q.invert(m.coefficient), m.powers.map((p) => ({ atom: p.atom, exponent: Q.negate(p.exponent) })));

/** What all coefficients share: their size where it is one, and the sign where all are negative. */
function sharedCoefficient(p: Poly): Q.Rational {
  const negative = p.every((m) => Q.sign(m.coefficient) < 0);
  const sizes = p.map((m) => (Q.sign(m.coefficient) < 0 ? Q.negate(m.coefficient) : m.coefficient));
  const same = sizes.every((c) => Q.equal(c, sizes[0]!)) ? sizes[0]! : Q.R1;
  return negative ? Q.negate(same) : same;
}

// ----------------------------------------------------------------------------------------------------- order

/** Numbers, options, sizes, parameters, forward values, upstream gradients, sums of them, brackets. */
function rankFactor(p: Power, x: Express): readonly (number | string)[] {
  const { atom } = p;
  if (atom.kind === 'size') return [2, x.letters.rank(atom.axis)];
  if (atom.kind !== 'read') return [atom.kind === 'number' ? 0 : atom.kind === 'option' ? 1 : 5, atom.key];
  const letter = x.letters.find(atom.tensor);
  if (!letter) return [4, atom.key];
  const name = x.nameOf(letter);
  if (letter.body.kind === 'leaf') return [letter.body.tensor.role === 'param' ? 3 : letter.body.tensor.role === 'upstream' ? 6 : 4, name];
  if (letter.backward) return [7, letter.anonymous ? atom.key : name];
  return [letter.anonymous && letter.body.kind === 'sum' ? 5 : 4, name];
}

function rankTerm(m: Monomial, x: Express): readonly number[] {
  let sums = 0;
  for (const p of m.powers) {
    const letter = p.atom.kind === 'read' ? x.letters.find(p.atom.tensor) : undefined;
    if (letter?.backward && letter.body.kind !== 'leaf') sums++;
  }
  return [sums, m.powers.filter((p) => p.atom.kind === 'read').length];
}
