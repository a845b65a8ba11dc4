/**
 * The adjoint of reading a tensor at an index is a scatter-add at that index. Written as a gather: the sum, over the
 * axes of the reader, of the payload where the index equals the element asked for. Each such equation is solved for
 * one summed axis: `H == OH*stride + HH - pad` gives `OH = (H + pad - HH)/stride` where that divides and lies inside.
 */
import { axisIndex, bareAxis, baseAxis, substituteAxes, type Affine } from '../../ir/affine.ts';
import { domain, solveIndex } from '../../ir/deltas.ts';
import { affineExpr, binary, constant, freeAxes, indexOf, mul, readsOf, reduce, select, size, substitute, walk } from '../../ir/expr.ts';
import type { Env, Expr } from '../../ir/tensor.ts';

export interface Scatter {
  /** The axes of the tensor that is read, and the index it is read at. */
  readonly own: readonly string[];
  readonly index: readonly Affine[];
  /** What flows back at each point of the reader. */
  readonly payload: Expr;
  /** The axes of the reader: its own first, then those it reduces. */
  readonly axes: readonly string[];
}

/** The gradient that flows to the tensor, as an expression over its own axes. */
export function scatter(s: Scatter, env: Env): Expr {
  const { own } = s;
  const kept = new Set(own.filter((axis, n) => bareAxis(s.index[n]!) === axis));
  const renaming = new Map<string, Affine>();
  const taken = new Set([...s.axes, ...own]);
  for (const n of walk(s.payload)) if (n.kind === 'reduce') for (const axis of n.axes) taken.add(axis);
  let summed = s.axes.filter((axis) => !kept.has(axis)).map((axis) => {
    if (!own.includes(axis)) return axis;
    let copy = axis;
    do copy += "'"; while (taken.has(copy));
    taken.add(copy);
    renaming.set(axis, axisIndex(copy));
    return copy;
  });
  let payload = substitute(s.payload, renaming);
  const slots = s.index.map((a) => substituteAxes(a, (axis) => renaming.get(axis)));
  // An equation may read an integer tensor at an index that only the domains keep inside: they are asked first.
  const equations: Expr[] = [];
  const domains: Expr[] = [];
  own.forEach((axis, n) => {
    const at = slots[n]!;
    if (kept.has(axis)) return;
    const solved = solveIndex(axis, at, summed, env);
    if (!solved) {
      equations.push(binary('==', indexOf(axis), affineExpr(at)));
      return;
    }
    const by = new Map([[solved.axis, solved.value]]);
    summed = summed.filter((a) => a !== solved.axis);
    payload = substitute(payload, by);
    for (let k = n + 1; k < slots.length; k++) slots[k] = substituteAxes(slots[k]!, (a) => by.get(a));
    for (const guards of [domains, equations]) for (let k = 0; k < guards.length; k++) guards[k] = substitute(guards[k]!, by);
    domains.push(...domain(solved.axis, solved.value, env));
  });
  const reads = (e: Expr): boolean => readsOf(e).length > 0;
  const guards = [...domains.filter((e) => !reads(e)), ...domains.filter(reads), ...equations];
  const guarded = guards.reduceRight<Expr>((x, g) => select(g, x, constant(0)), payload);
  return sumOver(summed, guarded);
}

/** sum over axes; an axis that the body lacks multiplies by its size. */
function sumOver(axes: readonly string[], body: Expr): Expr {
  const free = freeAxes(body);
  const bound = axes.filter((a) => free.has(a));
  const sum = bound.length > 0 ? reduce('sum', bound, body) : body;
  return axes.filter((a) => !free.has(a)).reduce<Expr>((e, a) => mul(size(baseAxis(a)), e), sum);
}
