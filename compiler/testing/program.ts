/** Programs cut down or turned round for tests: only what some stores need, what it costs, and how large its terms are. */
import { sizeOf } from '../ir/affine.ts';
import { staysInside } from '../ir/bounds.ts';
import { add, children, div, mul, read, reduce, select, unary } from '../ir/expr.ts';
import { neededNames } from '../ir/needed.ts';
import type { Definition, Expr, Program, Store } from '../ir/tensor.ts';

/** The same program with some of its stores and no definition that they do not need. */
export function prune(p: Program, keep: (s: Store) => boolean): Program {
  const stores = p.stores.filter(keep);
  const needed = neededNames({ definitions: p.definitions, stores });
  return { ...p, stores, definitions: p.definitions.filter((d) => needed.has(d.name)), tensors: p.tensors.filter((t) => needed.has(t.name)) };
}

export const pointsOf = (axes: readonly string[], p: Pick<Program, 'env'>): number => axes.reduce((n, a) => n * sizeOf(p.env, a), 1);

/** Nodes that an interpreter visits for one point of a definition; reads that may be outside cost it much more. */
export function workPerPoint(e: Expr, p: Program): number {
  const axesOf = (name: string): readonly string[] => p.tensors.find((t) => t.name === name)?.axes ?? p.definitions.find((d) => d.name === name)?.axes ?? [];
  const nodes = (x: Expr): number => {
    if (x.kind === 'read') {
      const axes = axesOf(x.tensor);
      return x.index.every((a, n) => staysInside(a, sizeOf(p.env, axes[n] ?? ''), p.env)) ? 1 : 4 * x.index.length;
    }
    return (x.kind === 'reduce' ? pointsOf(x.axes, p) : 1) * (1 + children(x).reduce((n, c) => n + nodes(c), 0));
  };
  return nodes(e);
}

/** Nodes that an interpreter visits. */
export const workOf = (p: Program): number => p.definitions.reduce((n, d) => n + pointsOf(d.axes, p) * workPerPoint(d.formula, p), 0);

/**
 * For each store the sum of the magnitudes of the terms that it adds up: what rounding errors are relative to where terms
 * cancel. Definitions keep their values beside it, under their own names.
 */
export function magnitudes(p: Program): Program {
  const name = (d: string): string => `|${d}|`;
  const own = new Map(p.definitions.filter((d) => d.formula.kind !== 'hit').map((d) => [d.name, d]));
  const abs = (e: Expr): Expr => unary('abs', e);
  const size = (e: Expr): Expr => {
    switch (e.kind) {
      case 'read': return own.has(e.tensor) ? read(name(e.tensor), e.index) : abs(e);
      case 'binary':
        if (e.op === '+' || e.op === '-') return add(size(e.a), size(e.b));
        if (e.op === '*') return mul(size(e.a), size(e.b));
        return e.op === '/' ? div(size(e.a), abs(e.b)) : abs(e);
      case 'unary': return e.op === 'neg' || e.op === 'abs' ? size(e.x) : abs(e);
      case 'select': return select(e.c, size(e.a), size(e.b));
      case 'reduce': return e.op === 'sum' || e.op === 'mean' ? reduce(e.op, e.axes, size(e.body)) : abs(e);
      case 'const': case 'option': case 'size': case 'index': case 'hit': return abs(e);
      default: return e satisfies never;
    }
  };
  const definitions = p.definitions.flatMap((d): Definition[] =>
    (d.formula.kind === 'hit' ? [d] : [d, { name: name(d.name), axes: d.axes, formula: size(d.formula) }]));
  const stores = p.stores.map((s) => (own.has(s.definition) ? { ...s, definition: name(s.definition) } : s));
  return prune({ ...p, definitions, stores }, () => true);
}
