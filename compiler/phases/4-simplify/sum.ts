/**
 * Sums a normal form over axes. In order: equations are solved (delta), what does not carry the axes leaves, axes that
 * nothing carries become factors, a factor that carries only some splits the sum, equal sums are found, facts about
 * forward values are used, and only then is a new reduction made.
 */
import { baseAxis, intValue, type Affine } from '../../ir/affine.ts';
import { alwaysInside, solveZero } from '../../ir/deltas.ts';
import { findFact } from './facts.ts';
import type { Context } from './context.ts';
import { decideGuards, keepSafe } from './guards.ts';
import type { Letter } from './letters.ts';
import { single } from './load.ts';
import {
  atomAxes, commonFactor, differentTerms, guarded, guardAxes, insideGuard, monomial, monomialAxes, multiply, ofAtom, poly,
  scalePoly, sizeAtom, splitByAxes, substituteMonomial, wholeAtom, type Guard, type Monomial, type Poly,
} from './poly.ts';
import * as Q from './rational.ts';

/** Sum of p over axes. Splits into several sums only if at most one new one is born. */
export function sumPoly(p: Poly, axes: readonly string[], cx: Context): Poly {
  if (axes.length === 0 || p.length === 0) return p;
  const mark = cx.letters.mark();
  const logged = cx.log.mark();
  let born = 0;
  const parts = p.map((m) => {
    const before = cx.letters.mark();
    const part = sumMonomial(m, axes, cx);
    if (cx.letters.since(before).some((l) => l.body.kind === 'reduce' && (l.backward || isContraction(l)))) born++;
    return part;
  });
  if (born <= 1 || differentTerms(p) === 1) {
    if (p.length > 1) cx.log.fired('sum-linear');
    return poly(parts.flat());
  }
  cx.letters.rollback(mark);
  cx.log.rollback(logged);
  const { common, rest } = commonFactor(p);
  const { outside, inside } = splitByAxes(common, new Set(axes));
  const bracket = single(rest.map((m) => keepSafe(m, common.guards, cx.letters)), cx.letters);
  return scalePoly(sumMonomial(multiply(inside, bracket), axes, cx), outside);
}

/** A sum whose points no single factor has all axes of: dearer than a pass over an array. */
function isContraction(l: Letter): boolean {
  if (l.body.kind !== 'reduce') return false;
  const points = monomialAxes(l.body.body);
  return !l.body.body.powers.some((p) => [...points].every((axis) => atomAxes(p.atom).has(axis)));
}

/** Sum of one monomial over axes: nearly always one monomial again. */
function sumMonomial(m: Monomial, axes: readonly string[], cx: Context): Poly {
  const solved = solveGuards(m, axes, cx);
  return hoist(decideGuards(solved.monomial, cx.letters, cx.log), solved.axes, cx);
}

/** `[T == A + r]` under a sum over A: A is T - r, where that is inside. */
function solveGuards(m: Monomial, axes: readonly string[], cx: Context): { monomial: Monomial; axes: readonly string[] } {
  let current = m;
  let left = axes;
  for (;;) {
    let found: { guard: Guard; axis: string; value: Affine } | undefined;
    for (const guard of current.guards) {
      if (guard.kind !== 'equal' || guard.negated || intValue(guard.at.divisor, cx.letters.env) !== 1) continue;
      const solution = solveZero(guard.at, left, cx.letters.env);
      if (solution) { found = { guard, ...solution }; break; }
    }
    if (!found) return { monomial: current, axes: left };
    const { guard, axis, value } = found;
    cx.log.fired(value.terms.some((t) => t.variable.kind === 'element') ? 'delta-gather' : intValue(value.divisor, cx.letters.env) === 1 ? 'delta-sum' : 'delta-stride');
    const rest = monomial(current.coefficient, current.powers, current.guards.filter((g) => g !== guard));
    const inside = alwaysInside(axis, value, cx.letters.env) ? [] : [insideGuard(value, axis)];
    current = guarded(substituteMonomial(rest, new Map([[axis, value]])), inside);
    left = left.filter((a) => a !== axis);
  }
}

function hoist(m: Monomial, axes: readonly string[], cx: Context): Poly {
  const { outside, inside } = splitByAxes(m, new Set(axes));
  if (outside.powers.length > 0) cx.log.fired('sum-pull');
  const carried = monomialAxes(inside);
  let front = outside;
  const bound: string[] = [];
  for (const axis of axes) {
    if (carried.has(axis)) bound.push(axis);
    else { cx.log.fired('sum-const'); front = multiply(front, ofAtom(sizeAtom(baseAxis(axis)))); }
  }
  if (bound.length === 0) return [multiply(front, inside)];
  return scalePoly(reduceInside(keepSafe(inside, outside.guards, cx.letters), bound, cx), front);
}

/** Every factor carries one of the axes, every axis is carried. */
function reduceInside(m: Monomial, axes: readonly string[], cx: Context): Poly {
  const sorted = cx.letters.sort(axes);
  const free = [...monomialAxes(m)].filter((a) => !sorted.includes(a));
  const body = { kind: 'reduce', op: 'sum', axes: sorted, body: m } as const;
  const known = cx.letters.lookup(body, cx.letters.sort(free));
  if (known) return [ofAtom(wholeAtom(known))];
  if (!cx.letters.hasBackward(m)) {
    const fact = findFact(m, sorted, cx);
    if (fact) return fact;
  }
  const split = splitSum(m, sorted);
  if (split) {
    cx.log.fired('sum-split');
    const inner = reduceInside(split.inner, split.innerAxes, cx);
    return inner.flatMap((t) => sumMonomial(multiply(split.outer, t), split.outerAxes, cx));
  }
  return [ofAtom(wholeAtom(cx.letters.obtain(body, free, sumName(m))))];
}

/** gamma[K] * m[K, H] over K, H: gamma waits outside the sum over H. */
function splitSum(m: Monomial, axes: readonly string[]): { inner: Monomial; innerAxes: string[]; outer: Monomial; outerAxes: string[] } | undefined {
  const carriesAll = (of: ReadonlySet<string>): boolean => axes.every((a) => of.has(a));
  const full = m.powers.filter((p) => carriesAll(atomAxes(p.atom)));
  const partial = m.powers.filter((p) => !full.includes(p));
  if (partial.length === 0 || full.length === 0 || !m.guards.every((g) => carriesAll(guardAxes(g)))) return undefined;
  const kept = new Set(partial.flatMap((p) => [...atomAxes(p.atom)]));
  const innerAxes = axes.filter((a) => !kept.has(a));
  const outerAxes = axes.filter((a) => kept.has(a));
  if (innerAxes.length === 0 || outerAxes.length === 0) return undefined;
  return { inner: monomial(Q.R1, full, m.guards), innerAxes, outer: monomial(Q.R1, partial), outerAxes };
}

/** A readable name for a sum that is read more than once: `sum_xhat_dout`. */
function sumName(m: Monomial): string {
  const parts = m.powers.flatMap((p) => (p.atom.kind === 'read' ? [p.atom.tensor.replace(/^hit\((.*)\)$/, 'hit_$1').replace(/^sum_/, '')] : []));
  const name = `sum_${parts.join('_')}`;
  return parts.length > 0 && parts.length <= 3 && name.length <= 40 ? name : 'sum';
}
