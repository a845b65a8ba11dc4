/**
 * Facts about forward values, found on demand: `sum[N](xhat) = 0`, `sum[C](probs) = 1`. A reduction of forward letters is
 * unfolded one definition at a time until every part is a reduction that the forward has; it is accepted only if like
 * terms then meet in a single term or in zero. That test is what forbids `mean(x^2) - mu^2`.
 */
import type { Context } from './context.ts';
import { foldPoly, readsOfMonomial } from './fold.ts';
import { hoistForward } from './hoist.ts';
import type { Letter, Letters } from './letters.ts';
import { canRaise, monomial, multiply, poly, raise, readsAt, substituteMonomial, type Monomial, type Poly, type Power } from './poly.ts';
import * as Q from './rational.ts';

const DEPTH = 6;
/** Unfoldings tried for one fact; those of the shipped layers take under thirty. */
const MOST_TRIED = 200;

/** What sum[axes](m) is in letters at hand, if that is one term or zero. */
export function findFact(m: Monomial, axes: readonly string[], cx: Context): Poly | undefined {
  const found = unfold(m, axes, cx.letters, DEPTH, { left: MOST_TRIED });
  if (!found) return undefined;
  const lowered = lowerAll(found, cx.letters);
  if (lowered.length > 1) return undefined;
  const folded = foldPoly(lowered, cx);
  if (!folded.every((t) => readsOfMonomial(t).every((name) => cx.folding.reachable.has(name)))) return undefined;
  cx.log.fact(m, axes, folded);
  return folded;
}

/** sum[axes](m) as terms over reductions of the forward; undefined if some part is none. */
function unfold(m: Monomial, axes: readonly string[], letters: Letters, depth: number, budget: { left: number }): Poly | undefined {
  if (budget.left-- <= 0) return undefined;
  const direct = hoistForward(m, axes, letters);
  if (direct) return [direct];
  if (depth === 0) return undefined;
  for (const p of m.powers) {
    const by = replacement(p, letters, 'one');
    if (!by) continue;
    const found = unfold(multiply(without(m, p), by[0]!), axes, letters, depth - 1, budget);
    if (found) return found;
  }
  for (const p of m.powers) {
    const by = replacement(p, letters, 'many');
    if (!by) continue;
    const parts = by.map((t) => unfold(multiply(without(m, p), t), axes, letters, depth - 1, budget));
    if (parts.every((t) => t !== undefined)) return poly(parts.flat());
  }
  return undefined;
}

const without = (m: Monomial, p: Power): Monomial => monomial(m.coefficient, m.powers.filter((q) => q !== p), m.guards);

/** The definition behind a read: one product (at any power), or a sum (at power one). */
function replacement(p: Power, letters: Letters, what: 'one' | 'many'): Poly | undefined {
  if (p.atom.kind !== 'read') return undefined;
  const letter: Letter | undefined = letters.find(p.atom.tensor);
  if (!letter || letter.backward) return undefined;
  const index = p.atom.index;
  const by = new Map(letter.axes.map((axis, n) => [axis, index[n]!]));
  const equation = letters.equations.get(letter.name);
  if (equation && what === 'one' && Q.isInteger(p.exponent)) return [raise(substituteMonomial(equation, by), p.exponent)];
  if (letter.body.kind !== 'sum') return undefined;
  const body = letter.body.poly.map((t) => substituteMonomial(t, by));
  if (what === 'one') {
    if (body.length !== 1 || !canRaise(body[0]!, p.exponent)) return undefined;
    return [raise(body[0]!, p.exponent)];
  }
  return body.length > 1 && Q.isOne(p.exponent) ? body : undefined;
}

/** Names that are a product of a reduction (`mu = S / N`) become it, so that like terms meet. */
function lowerAll(p: Poly, letters: Letters): Poly {
  return poly(p.map((m) => lower(m, letters, DEPTH)));
}

function lower(m: Monomial, letters: Letters, depth: number): Monomial {
  for (const p of m.powers) {
    if (depth === 0 || p.atom.kind !== 'read') continue;
    const letter = letters.find(p.atom.tensor);
    if (letter?.body.kind !== 'sum' || letter.body.poly.length !== 1 || !readsAt(p.atom, letter.axes)) continue;
    const inner = letter.body.poly[0]!;
    const ends = inner.powers.every((q) => q.atom.kind !== 'read' || letters.find(q.atom.tensor)?.body.kind === 'reduce');
    if (!ends || inner.guards.length > 0 || !Q.isInteger(p.exponent)) continue;
    return lower(multiply(without(m, p), raise(inner, p.exponent)), letters, depth - 1);
  }
  return m;
}
