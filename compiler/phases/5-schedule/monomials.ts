/**
 * Formulas as sums of invariant * monomial: `gamma * rstd / N * (N*dout - dbeta - xhat*dgamma)` is three factors that stand
 * still in the loop over dout, and two multiplications and additions in it. A difference of an element and an invariant
 * stays whole: far from zero it is exact where its parts are not.
 */
import { add, children, constant, div, isConst, mul, neg, sub } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import { isHeavy, nodesOf } from './dag.ts';

interface Term {
  readonly negative: boolean;
  /** Absent: 1. */
  readonly factor: Expr | undefined;
  /** What moves with the loop, in order of their numbers. */
  readonly atoms: readonly Expr[];
}

export interface Collected {
  readonly body: Expr;
  /** Factors by what they multiply; the last one nothing. */
  readonly factors: readonly { readonly factor: Expr; readonly atoms: readonly Expr[] }[];
}

const MOST_TERMS = 4;
const one = constant(1);

/** The formula with its terms collected, where that leaves less to compute where `stands` does not hold. */
export function collectTerms(e: Expr, stands: (e: Expr) => boolean): Collected | undefined {
  const terms = termsOf(e, stands);
  if (!terms || terms.length < 2) return undefined;
  const byAtoms = new Map<string, Term>();
  for (const t of terms) {
    const key = t.atoms.map((a) => a.id).join();
    const old = byAtoms.get(key);
    byAtoms.set(key, old ? { negative: false, atoms: t.atoms, factor: signedSum(old, t) } : t);
  }
  // What moves comes first, the constant last, and a sum begins without a sign where it can.
  const kept = [...byAtoms.values()].sort((a, b) => Number(a.atoms.length === 0) - Number(b.atoms.length === 0) || Number(a.negative) - Number(b.negative));
  const body = kept.reduce<Expr | undefined>((sum, t) => {
    const own = productOf(t);
    if (!sum) return t.negative ? neg(own) : own;
    return t.negative ? sub(sum, own) : add(sum, own);
  }, undefined)!;
  if (moving(body, stands) >= moving(e, stands)) return undefined;
  return { body, factors: kept.flatMap(({ factor, atoms }) => (factor ? [{ factor, atoms }] : [])) };
}

const signedSum = (s: Term, t: Term): Expr => {
  const [a, b] = [s.factor ?? one, t.factor ?? one];
  if (!s.negative) return t.negative ? sub(a, b) : add(a, b);
  return t.negative ? neg(add(a, b)) : sub(b, a);
};

const productOf = ({ factor, atoms }: Term): Expr => [...(factor ? [factor] : []), ...atoms].reduce<Expr | undefined>((p, x) => (p ? mul(p, x) : x), undefined) ?? one;

function termsOf(e: Expr, stands: (e: Expr) => boolean): Term[] | undefined {
  if (stands(e)) return [{ negative: false, factor: isConst(e, 1) ? undefined : e, atoms: [] }];
  if (e.kind === 'unary' && e.op === 'neg') return termsOf(e.x, stands)?.map((t) => ({ ...t, negative: !t.negative }));
  if (e.kind !== 'binary') return [{ negative: false, factor: undefined, atoms: [e] }];
  const { op, a, b } = e;
  const isOffset = (x: Expr, y: Expr): boolean => x.kind === 'read' && stands(y);
  if ((op === '+' || op === '-') && !isOffset(a, b) && !isOffset(b, a)) {
    const [left, right] = [termsOf(a, stands), termsOf(b, stands)];
    if (!left || !right || left.length + right.length > MOST_TERMS) return undefined;
    return [...left, ...right.map((t) => ({ ...t, negative: t.negative !== (op === '-') }))];
  }
  if (op === '*') {
    const [left, right] = [termsOf(a, stands), termsOf(b, stands)];
    if (!left || !right || left.length * right.length > MOST_TERMS || Math.min(left.length, right.length) > 1) return undefined;
    return left.flatMap((s) => right.map((t) => times(s, t)));
  }
  if (op === '/' && stands(b)) {
    const inverse: Term = { negative: false, factor: div(one, b), atoms: [] };
    return termsOf(a, stands)?.map((t) => (t.factor ? { ...t, factor: div(t.factor, b) } : times(t, inverse)));
  }
  return [{ negative: false, factor: undefined, atoms: [e] }];
}

const times = (s: Term, t: Term): Term => ({
  negative: s.negative !== t.negative, atoms: [...s.atoms, ...t.atoms].sort((x, y) => x.id - y.id),
  factor: s.factor && t.factor ? mul(s.factor, t.factor) : s.factor ?? t.factor,
});

/** What has to be computed each time: an operation, dearer where it divides. */
function moving(e: Expr, stands: (e: Expr) => boolean): number {
  return nodesOf([e]).reduce((n, x) => (x.kind === 'read' || stands(x) || children(x).length === 0 ? n : n + (isHeavy(x) ? 8 : 1)), 0);
}
