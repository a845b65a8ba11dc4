/**
 * Facts about formulas without reductions, each found once for every shared subformula: a formula of a hundred
 * definitions put into each other has few different nodes, but more paths than there are atoms.
 */
import { affineAxes } from '../../ir/affine.ts';
import { children, readsOf, withChildren } from '../../ir/expr.ts';
import type { Expr, ExprOf } from '../../ir/tensor.ts';

const axesMemo = new WeakMap<Expr, ReadonlySet<string>>();
const costMemo = new WeakMap<Expr, Cost>();

/** The axes that a formula runs over, those inside gathers included, in order of first appearance. */
export function axesOf(e: Expr): ReadonlySet<string> {
  const old = axesMemo.get(e);
  if (old) return old;
  const out = new Set<string>();
  if (e.kind === 'index') out.add(e.axis);
  if (e.kind === 'read') for (const a of e.index) for (const axis of affineAxes(a)) out.add(axis);
  for (const c of children(e)) for (const axis of axesOf(c)) out.add(axis);
  axesMemo.set(e, out);
  return out;
}

export interface Cost {
  /** The longest path down, in nodes. */
  readonly depth: number;
  /** Nodes, counted along paths (a bound from above, capped). */
  readonly nodes: number;
  /** Nodes that compute something. */
  readonly operations: number;
  /** Some node costs much more than an addition: a division, a root, a function. */
  readonly heavy: boolean;
}

const CAP = 1e6;

export function costOf(e: Expr): Cost {
  const old = costMemo.get(e);
  if (old) return old;
  let depth = 0;
  let nodes = 1;
  let operations = e.kind === 'unary' || e.kind === 'binary' || e.kind === 'select' ? 1 : 0;
  let heavy = isHeavy(e);
  for (const c of children(e)) {
    const inner = costOf(c);
    depth = Math.max(depth, inner.depth);
    nodes = Math.min(CAP, nodes + inner.nodes);
    operations = Math.min(CAP, operations + inner.operations);
    heavy ||= inner.heavy;
  }
  const made = { depth: depth + 1, nodes, operations, heavy };
  costMemo.set(e, made);
  return made;
}

const FUNCTIONS: ReadonlySet<string> = new Set(['exp', 'log', 'tanh', 'erf', 'sigmoid']);
const DIVIDING: ReadonlySet<string> = new Set(['sqrt', 'rsqrt', '/']);

/** A function that takes dozens of cycles. */
export function isFunction(e: Expr): boolean {
  if (e.kind === 'unary') return FUNCTIONS.has(e.op);
  return e.kind === 'binary' && e.op === '^' && !isSmallPower(e);
}

/** A function, a root or a division. */
export function isHeavy(e: Expr): boolean {
  if (isFunction(e)) return true;
  if (e.kind !== 'unary' && e.kind !== 'binary') return false;
  return DIVIDING.has(e.op) || (e.op === '^' && e.kind === 'binary' && !(e.b.kind === 'const' && e.b.value > 0));
}

function isSmallPower(e: ExprOf<'binary'>): boolean {
  return e.b.kind === 'const' && Number.isInteger(e.b.value * 2) && Math.abs(e.b.value) <= 4;
}

/** Every different node, each after its operands. */
export function nodesOf(roots: readonly Expr[]): Expr[] {
  const seen = new Set<Expr>();
  const out: Expr[] = [];
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    for (const c of children(e)) visit(c);
    out.push(e);
  };
  roots.forEach(visit);
  return out;
}

/** Every read in a formula, those inside gathers included, each once. */
export function readsIn(e: Expr): ReturnType<typeof readsOf> {
  return nodesOf([e]).filter((n) => n.kind === 'read').flatMap((n) => readsOf(n));
}

/** Rebuilds a formula top-down: where `change` answers, its answer stands and is not looked into. */
export function rebuild(e: Expr, change: (e: Expr) => Expr | undefined, memo = new Map<Expr, Expr>()): Expr {
  const old = memo.get(e);
  if (old) return old;
  const made = change(e) ?? withChildren(e, children(e).map((c) => rebuild(c, change, memo)));
  memo.set(e, made);
  return made;
}
