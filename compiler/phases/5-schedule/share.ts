/**
 * Chooses which pointwise subformulas are computed once and kept, as items of their own: those that cost much and stand
 * still along an axis of their reader (one over the standard deviation of a row), and functions that two items need (the
 * exponentials of a softmax). Then puts the items in order and sees that every update reads the old state.
 */
import { axisIndex, bareAxis, sizeOf } from '../../ir/affine.ts';
import { read } from '../../ir/expr.ts';
import type { Env, Expr } from '../../ir/tensor.ts';
import { axesOf, costOf, isFunction, nodesOf, readsIn, rebuild } from './dag.ts';
import type { Item, Items, Source } from './items.ts';

/** The items with those added that are computed once for several readers. */
export function shareItems(from: Items): Items {
  const { env } = from.program;
  const sources = new Map(from.sources);
  const names = new Map(from.names);
  const kept = new Map<Expr, Expr>();
  const made: Item[] = [];
  const wanted = functionsOfSeveral(from.items);
  let working: Expr | undefined;
  let count = 0;

  const keep = (e: Expr): Expr => {
    const old = kept.get(e);
    if (old) return old;
    const axes = [...axesOf(e)];
    const named = from.names.get(e);
    const name = named !== undefined && !sources.has(named) ? named : `%kept${count++}`;
    const before = working;
    working = e;
    const body = rewriteBody(e, new Set(axes));
    working = before;
    const item: Item = { name, axes, kind: 'each', reduced: [], body };
    made.push(item);
    sources.set(name, { name, axes, item, outside: 0 });
    const value = read(name, axes.map(axisIndex));
    kept.set(e, value);
    return value;
  };

  function rewriteBody(body: Expr, space: ReadonlySet<string>): Expr {
    const lazy = readInBranches(body);
    const memo = new Map<Expr, Expr>();
    const made = rebuild(body, (e) => {
      if (e.kind === 'read' || e.kind === 'const' || lazy.has(e) || e === working || isTruth(e)) return undefined;
      if (wanted.has(e)) return keep(e);
      const axes = axesOf(e);
      const still = [...space].some((axis) => sizeOf(env, axis) > 1 && !axes.has(axis));
      return axes.size > 0 && still && isWorthKeeping(e) ? keep(e) : undefined;
    }, memo);
    for (const [e, now] of memo) {
      const name = from.names.get(e);
      if (name !== undefined && now.kind !== 'read' && !names.has(now)) names.set(now, name);
    }
    return made;
  }

  const items = from.items.map((item) => {
    const body = rewriteBody(item.body, new Set([...item.axes, ...item.reduced]));
    const next = body === item.body ? item : { ...item, body };
    const source = sources.get(item.name);
    if (source?.item === item) sources.set(item.name, { ...source, item: next });
    return next;
  });
  const buffered = bufferUpdates([...made, ...items], sources);
  return { ...from, items: inOrder(buffered, sources), sources, names };
}

/** Functions that more than one item asks for. Each item's own root does not count: it is kept as it is. */
function functionsOfSeveral(items: readonly Item[]): ReadonlySet<Expr> {
  const seen = new Map<Expr, number>();
  for (const item of items) {
    const lazy = readInBranches(item.body);
    for (const e of nodesOf([item.body])) if (isFunction(e) && axesOf(e).size > 0 && !lazy.has(e)) seen.set(e, (seen.get(e) ?? 0) + 1);
  }
  return new Set([...seen].filter(([, n]) => n > 1).map(([e]) => e));
}

/** Heavy, and more than arithmetic of indices, which is cheap beside a read. */
const isWorthKeeping = (e: Expr): boolean =>
  costOf(e).heavy && nodesOf([e]).some((n) => isFunction(n) || n.kind === 'read');

const TRUTHS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', 'and', 'or', 'not']);
const isTruth = (e: Expr): boolean => (e.kind === 'unary' || e.kind === 'binary') && TRUTHS.has(e.op);

/** Nodes with a gather in the branch of a `where`: what is not taken must not be read, so they stay where they are. */
function readInBranches(body: Expr): ReadonlySet<Expr> {
  const nodes = nodesOf([body]);
  const gathers = new Set<Expr>();
  for (const e of nodes) {
    const own = e.kind === 'read' && e.index.some((a) => a.terms.some((t) => t.variable.kind === 'element'));
    if (own || childrenOf(e).some((c) => gathers.has(c))) gathers.add(e);
  }
  const out = new Set<Expr>();
  for (const e of nodes) if (e.kind === 'select') for (const n of nodesOf([e.a, e.b])) if (gathers.has(n)) out.add(n);
  return out;
}

const childrenOf = (e: Expr): readonly Expr[] =>
  e.kind === 'unary' ? [e.x] : e.kind === 'binary' ? [e.a, e.b] : e.kind === 'select' ? [e.c, e.a, e.b] : [];

/** An update that reads what another one writes, or its own array elsewhere, is computed in full before it is written. */
function bufferUpdates(items: readonly Item[], sources: Map<string, Source>): Item[] {
  const updated = new Set(items.filter((i) => i.store?.role === 'state').map((i) => i.store!.name));
  return items.flatMap((item) => {
    if (item.store?.role !== 'state') return [item];
    const own = item.store;
    const crosses = readsIn(item.body).some((r) => updated.has(r.tensor)
      && (r.tensor !== own.name || r.index.some((a, n) => bareAxis(a) !== own.axes[n])));
    if (!crosses) return [item];
    const name = `%new(${own.name})`;
    const { store, ...rest } = item;
    const fresh: Item = { ...rest, name };
    sources.set(name, { name, axes: item.axes, item: fresh, outside: 0 });
    return [fresh, { name: item.name, axes: item.axes, kind: 'each' as const, reduced: [], body: read(name, item.axes.map(axisIndex)), store: store! }];
  });
}

/** Depth first: what is read stands before its reader; writes to the state come last. */
function inOrder(items: readonly Item[], sources: ReadonlyMap<string, Source>): Item[] {
  const out: Item[] = [];
  const done = new Set<Item>();
  const visitRead = (item: Item): void => {
    for (const r of readsIn(item.body)) {
      const on = sources.get(r.tensor)?.item;
      if (on) visit(on);
    }
  };
  const visit = (item: Item): void => {
    if (done.has(item)) return;
    done.add(item);
    visitRead(item);
    out.push(item);
  };
  const updates = items.filter((i) => i.store?.role === 'state');
  items.filter((i) => i.store?.role !== 'state').filter((i) => i.store).forEach(visit);
  updates.forEach(visitRead);
  updates.forEach(visit);
  return out;
}

/** Points that an item visits. */
export const pointsOf = (item: Item, env: Env): number =>
  [...item.axes.filter((axis) => !item.places?.some((p) => p.axis === axis)), ...item.reduced].reduce((n, axis) => n * sizeOf(env, axis), 1);
