/** How large a layer may be once its sizes are known, so that a slip in a build file is a message and not a dead machine. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import { baseAxis } from '../../ir/affine.ts';
import { children } from '../../ir/expr.ts';
import type { Definition, Env, Expr, Tensor } from '../../ir/tensor.ts';
import type { Span } from '../../support/source.ts';
import { maybe } from './context.ts';

export const LIMITS = {
  size: 2 ** 28,
  /** Elements of a tensor: 1 GB of floats. */
  elements: 2 ** 28,
  /** Points that the loops of one definition visit. */
  points: 2 ** 40,
} as const;

const product = (axes: readonly string[], env: Env): number => axes.reduce((n, axis) => n * (env.sizes.get(baseAxis(axis)) ?? NaN), 1);

/** Reports tensors and definitions that are too large; `entry` is where the sizes were asked for. */
export function checkLimits(
  tensors: readonly Tensor[], definitions: readonly Definition[], env: Env, entry: Span | undefined, problems: Problems,
): void {
  const report = (message: string, span: Span | undefined): void => problems.add({
    code: 'limit-exceeded', ...maybe('span', entry ?? span), message,
    ...maybe('notes', entry && span && [{ message: 'declared here', span }]),
  });
  for (const t of tensors) {
    const count = product(t.axes, env);
    if (count <= LIMITS.elements || Number.isNaN(count)) continue;
    report(`\`${t.name}\` has ${count} elements; ${LIMITS.elements} are the limit`, t.span);
  }
  for (const d of definitions) {
    const points = product(d.axes, env) * loops(d.formula, env);
    if (points > LIMITS.points) report(`\`${d.name}\` visits ${points} points; ${LIMITS.points} are the limit`, d.span);
  }
}

/** Points of the reductions inside each other, the largest nest of them. */
function loops(e: Expr, env: Env): number {
  const inner = Math.max(1, ...children(e).map((c) => loops(c, env)));
  return e.kind === 'reduce' ? inner * product(e.axes, env) : inner;
}
