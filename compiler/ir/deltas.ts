/** Equations between indices, solved for one axis, and what must hold for the solution to be a value of that axis. */
import {
  addAffine, affine, affineAxes, axisIndex, baseAxis, int, intValue, negateInt, scaleAffine, sizeOf, type Affine,
} from './affine.ts';
import { affineRange } from './bounds.ts';
import { affineExpr, binary, constant, size, unary } from './expr.ts';
import type { Env, Expr } from './tensor.ts';

/** `own == at`, solved for the first of `axes` that stands in `at` outside a gather; undefined if there is none. */
export function solveIndex(own: string, at: Affine, axes: readonly string[], env: Env): { axis: string; value: Affine } | undefined {
  if (intValue(at.divisor, env) !== 1) return undefined;
  return solveZero(addAffine(at, scaleAffine(axisIndex(own), int(-1))), axes, env);
}

/** `at == 0`, solved for the first of `axes` that stands in it outside a gather. */
export function solveZero(at: Affine, axes: readonly string[], env: Env): { axis: string; value: Affine } | undefined {
  for (const axis of axes) {
    const term = at.terms.find((t) => t.variable.kind === 'axis' && t.variable.axis === axis);
    if (!term || intValue(term.k, env) === 0) continue;
    const rest = affine(at.terms.filter((t) => t !== term), at.constant);
    if (affineAxes(rest).has(axis)) continue;
    const negative = intValue(term.k, env) < 0;
    const top = negative ? rest : scaleAffine(rest, int(-1));
    return { axis, value: affine(top.terms, top.constant, negative ? negateInt(term.k) : term.k) };
  }
  return undefined;
}

/** An element of an integer tensor alone: checked as it is read, so inside by construction. */
const isElement = (a: Affine): boolean =>
  a.terms.length === 1 && a.terms[0]!.variable.kind === 'element' && a.terms[0]!.k.key === int(1).key && a.constant.terms.length === 0;

/** The conditions under which `value` is a value of `axis`: it divides and lies in [0, size). Leaves out what always holds. */
export function domain(axis: string, value: Affine, env: Env): Expr[] {
  if (isElement(value)) return [];
  const conditions: Expr[] = [];
  const divisor = intValue(value.divisor, env);
  const { low, high } = affineRange(value, env);
  const e = affineExpr(value);
  if (divisor !== 1) conditions.push(binary('==', unary('floor', e), e));
  if (low < 0) conditions.push(binary('>=', e, constant(0)));
  if (high > (sizeOf(env, axis) - 1) * divisor) conditions.push(binary('<', e, size(baseAxis(axis))));
  return conditions;
}

/** Whether `value` is a value of `axis` at every point. */
export const alwaysInside = (axis: string, value: Affine, env: Env): boolean => domain(axis, value, env).length === 0;
