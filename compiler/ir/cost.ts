/** What a Program costs: passes over memory, reductions of the upstream gradient, arithmetic, arrays read. */
import { sizeOf } from './affine.ts';
import { children, freeAxes, readsOf } from './expr.ts';
import type { Expr, Program, Tensor } from './tensor.ts';

export interface Cost {
  /** Passes over the largest iteration space; everything of one level fuses into one pass. */
  readonly passes: number;
  /** Reductions over the largest space that an upstream gradient enters. */
  readonly reductions: number;
  /** The other reductions. */
  readonly smallReductions: number;
  /** Arithmetic operations: one for each operator and function, at every point it is evaluated. */
  readonly flops: number;
  /** Elements of all tensors that are read. */
  readonly elementsRead: number;
  /** Nodes of all formulas. */
  readonly length: number;
}

/**
 * Counts on formulas alone; what a scheduler makes of them can only be less.
 * @param largestOf tensors that count for what is large, read or not
 */
export function costOf(p: Program, largestOf: readonly Tensor[] = []): Cost {
  const elements = (axes: Iterable<string>): number => [...axes].reduce((n, a) => n * sizeOf(p.env, a), 1);
  const spaces = [...[...p.tensors, ...largestOf].map((t) => elements(t.axes)), ...p.stores.map((s) => elements(s.tensor.axes)), 1];
  const largest = Math.max(...spaces);
  const levels = new Map<string, number>();
  const fromUpstream = new Set(p.tensors.filter((t) => t.role === 'upstream').map((t) => t.name));
  const known = new Map<Expr, number>();
  let reductions = 0;
  let smallReductions = 0;
  let flops = 0;
  let length = 0;

  /**
   * Every expression is counted once, at the points of the axes it has: what carries fewer is computed fewer times, and
   * what stands in two places is computed in one.
   */
  const level = (e: Expr): number => {
    const old = known.get(e);
    if (old !== undefined) return old;
    const own = count(e);
    known.set(e, own);
    return own;
  };
  const count = (e: Expr): number => {
    length++;
    const space = freeAxes(e);
    const below = children(e).map(level);
    const own = e.kind === 'read' ? (levels.get(e.tensor) ?? 0) : Math.max(0, ...below);
    if (e.kind === 'binary' || (e.kind === 'unary' && e.op !== 'not')) flops += elements(space);
    if (e.kind !== 'reduce') return own;
    const inner = elements(new Set([...space, ...e.axes]));
    flops += inner;
    const large = inner >= largest;
    if (large && readsOf(e).some((r) => fromUpstream.has(r.tensor))) reductions++;
    else smallReductions++;
    return own + (large ? 1 : 0);
  };

  let passes = 0;
  const stored = new Set(p.stores.map((s) => s.definition));
  for (const d of p.definitions) {
    const own = level(d.formula);
    if (readsOf(d.formula).some((r) => fromUpstream.has(r.tensor))) fromUpstream.add(d.name);
    const reduces = d.formula.kind === 'reduce';
    levels.set(d.name, own);
    const writes = stored.has(d.name) && elements(d.axes) >= largest && !reduces;
    passes = Math.max(passes, own + (writes ? 1 : 0));
  }
  // A random tensor is drawn, not read: some twenty operations an element.
  const elementsRead = p.tensors.reduce((n, t) => n + elements(t.axes) * (t.role === 'random' ? 5 : 1), 0);
  return { passes, reductions, smallReductions, flops, elementsRead, length };
}
