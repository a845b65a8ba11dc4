/** Conditions as guards, and guards that interval arithmetic decides. */
import { addAffine, affine, axisIndex, int, intValue, scaleAffine, type Affine } from '../../ir/affine.ts';
import { affineRange } from '../../ir/bounds.ts';
import { alwaysInside } from '../../ir/deltas.ts';
import { readsOf } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import type { Letters } from './letters.ts';
import type { Log } from './log.ts';
import { equalGuard, guarded, monomial, whenGuard, type Guard, type Monomial } from './poly.ts';
import * as Q from './rational.ts';

/** The guards that hold where a condition does, and the alternatives (each a set of guards) where it does not. */
export function guardsOf(c: Expr, letters: Letters): { yes: Guard[]; no: Guard[][] } {
  if (c.kind === 'binary' && c.op === 'and') {
    const a = guardsOf(c.a, letters);
    const b = guardsOf(c.b, letters);
    return { yes: [...a.yes, ...b.yes], no: [...a.no, ...b.no.map((g) => [...a.yes, ...g])] };
  }
  if (c.kind === 'unary' && c.op === 'not') {
    const inner = guardsOf(c.x, letters);
    if (inner.no.length === 1) return { yes: inner.no[0]!, no: [inner.yes] };
  }
  if (c.kind === 'binary' && (c.op === '==' || c.op === '!=')) {
    const at = indexDifference(c.a, c.b, letters);
    if (at) return { yes: [equalGuard(at, c.op === '!=')], no: [[equalGuard(at, c.op === '==')]] };
  }
  return { yes: [whenGuard(c)], no: [[whenGuard(c, true)]] };
}

/** a - b where both are integer combinations of running indices and integer elements, one of them an index. */
function indexDifference(a: Expr, b: Expr, letters: Letters): Affine | undefined {
  const x = asIndex(a, letters);
  const y = asIndex(b, letters);
  if (!x || !y) return undefined;
  const difference = addAffine(x, scaleAffine(y, int(-1)));
  return difference.terms.some((t) => t.variable.kind === 'axis') ? difference : undefined;
}

function asIndex(e: Expr, letters: Letters): Affine | undefined {
  switch (e.kind) {
    case 'index': return axisIndex(e.axis);
    case 'const': return Number.isSafeInteger(e.value) ? affine([], int(e.value)) : undefined;
    case 'read': return isInteger(e.tensor, letters) ? affine([{ k: int(1), variable: { kind: 'element', tensor: e.tensor, index: e.index } }]) : undefined;
    case 'unary': { const x = e.op === 'neg' ? asIndex(e.x, letters) : undefined; return x && scaleAffine(x, int(-1)); }
    case 'binary': {
      const x = asIndex(e.a, letters);
      const y = asIndex(e.b, letters);
      if (!x || !y) return undefined;
      if (e.op === '+') return addAffine(x, y);
      if (e.op === '-') return addAffine(x, scaleAffine(y, int(-1)));
      if (e.op === '*' && y.terms.length === 0) return scaleAffine(x, y.constant);
      if (e.op === '*' && x.terms.length === 0) return scaleAffine(y, x.constant);
      return undefined;
    }
    default: return undefined;
  }
}

function isInteger(tensor: string, letters: Letters): boolean {
  const body = letters.find(tensor)?.body;
  return body?.kind === 'leaf' && body.tensor.dtype === 'i32';
}

/** Takes guards away that always hold; a monomial with one that never holds is 0. */
export function decideGuards(m: Monomial, letters: Letters, log: Log): Monomial {
  if (m.guards.length === 0) return m;
  const verdicts = m.guards.map((g) => decide(g, letters));
  if (verdicts.includes(false)) {
    log.fired('guard-false');
    return monomial(Q.R0, []);
  }
  if (!verdicts.includes(true)) return m;
  log.fired('guard-true');
  return monomial(m.coefficient, m.powers, m.guards.filter((_, n) => verdicts[n] !== true));
}

/** Whether a guard holds at every point, or at none; undefined if neither is known. */
function decide(g: Guard, letters: Letters): boolean | undefined {
  if (g.kind === 'inside') return undefined;
  if (g.kind === 'equal') return decided('==', g.at, letters, g.negated);
  const c = g.condition;
  if (c.kind !== 'binary') return undefined;
  const a = asIndex(c.a, letters);
  const b = asIndex(c.b, letters);
  return a && b ? decided(c.op, addAffine(a, scaleAffine(b, int(-1))), letters, g.negated) : undefined;
}

/** `at OP 0`, from the interval that `at` runs through. */
function decided(op: string, at: Affine, { env }: Letters, negated: boolean): boolean | undefined {
  if (intValue(at.divisor, env) !== 1) return undefined;
  const { low, high } = affineRange(at, env);
  const verdicts: Readonly<Record<string, boolean | undefined>> = {
    '<': high < 0 ? true : low >= 0 ? false : undefined,
    '<=': high <= 0 ? true : low > 0 ? false : undefined,
    '>': low > 0 ? true : high <= 0 ? false : undefined,
    '>=': low >= 0 ? true : high < 0 ? false : undefined,
    '==': low === 0 && high === 0 ? true : low > 0 || high < 0 ? false : undefined,
    '!=': low > 0 || high < 0 ? true : low === 0 && high === 0 ? false : undefined,
  };
  const verdict = verdicts[op];
  return verdict === undefined ? undefined : verdict !== negated;
}

/**
 * What is taken out of a sum is computed at every point, also where the guard it stood under does not hold. If it reads an
 * array there that has nothing outside, it keeps the guards that say where it may.
 */
export function keepSafe(m: Monomial, outer: readonly Guard[], letters: Letters): Monomial {
  const inside = outer.filter((g) => g.kind === 'inside');
  return inside.length > 0 && readsAnywhere(m, letters) ? guarded(m, inside) : m;
}

/** Whether some read of it may be outside an array that has no value there. */
export function readsAnywhere(m: Monomial, letters: Letters): boolean {
  const unsafe = (tensor: string, index: readonly Affine[]): boolean => {
    const letter = letters.find(tensor);
    if (!letter || letter.zeroOutside || (letter.body.kind === 'leaf' && letter.body.tensor.outside !== undefined)) return elementsUnsafe(index);
    return !index.every((a, n) => alwaysInside(letter.axes[n]!, a, letters.env)) || elementsUnsafe(index);
  };
  const elementsUnsafe = (index: readonly Affine[]): boolean =>
    index.some((a) => a.terms.some((t) => t.variable.kind === 'element' && unsafe(t.variable.tensor, t.variable.index)));
  return m.powers.some((p) => p.atom.kind === 'read' && unsafe(p.atom.tensor, p.atom.index))
    || m.guards.some((g) => (g.kind === 'when' ? readsOf(g.condition).some((r) => unsafe(r.tensor, r.index)) : g.kind === 'equal' && elementsUnsafe([g.at])));
}
