/**
 * What stands still in the loops around a row is computed once a call: `gamma` of a layer norm, read in every row, becomes
 * an array in double precision, so that no row converts it again. What stands still in the row itself is a local there
 * without further ado, so formulas are first collected into factors that stand still (monomials.ts).
 */
import { axisIndex, bareAxis, sizeOf } from '../../ir/affine.ts';
import { read } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import { axesOf, costOf, nodesOf, readsIn, rebuild } from './dag.ts';
import type { Item, Items, Source } from './items.ts';
import { collectTerms } from './monomials.ts';
import type { Info } from './space.ts';

/** How often a value must be used to be kept, and how many may be kept of one formula. */
const LEAST_USES = 8;
const MOST_KEPT = 4096;

interface Facts {
  readonly items: Items;
  /** Columns that go down side by side: their own loop is the outer one. */
  readonly tiles: ReadonlySet<string>;
}

/** The loop in which an item's points follow each other. */
const innermost = (info: Info, tiles: ReadonlySet<string>): string | undefined =>
  (info.inner !== undefined && tiles.has(info.inner) ? info.space.filter((a) => a !== info.inner).at(-1) : info.inner);

/** The items with collected formulas, and with those added that are computed once a call. */
export function hoistItems(from: Items, infos: readonly Info[]): Items {
  const facts: Facts = { items: from, tiles: new Set(infos.flatMap((i) => (i.tile !== undefined ? [i.tile] : []))) };
  const names = new Map(from.names);
  const sources = new Map(from.sources);
  const byItem = new Map(infos.map((i) => [i.item, i]));
  const kept = new Map<Expr, { readonly value: Expr; readonly item: Item }>();
  const items: Item[] = from.items.map((item) => {
    const info = byItem.get(item);
    const inner = info && innermost(info, facts.tiles);
    if (!info || inner === undefined || (item.kind !== 'each' && item.kind !== 'reduce') || info.guards.length > 0 || info.conditions.length > 0) return item;
    const collected = item.kind === 'each' ? collectedBody(item, info, inner, facts, names) : item.body;
    const body = rebuild(collected, (e) => (isKept(e, info, inner, facts) ? keep(e) : undefined));
    if (body === item.body) return item;
    const next = { ...item, body };
    const source = sources.get(item.name);
    if (source?.item === item) sources.set(item.name, { ...source, item: next });
    return next;
  });

  function keep(e: Expr): Expr {
    const old = kept.get(e);
    if (old) return old.value;
    const axes = [...axesOf(e)];
    const name = `%row${kept.size}`;
    const known = names.get(e) ?? (e.kind === 'read' ? e.tensor : undefined);
    const item: Item = { name, axes, kind: 'each', reduced: [], body: e, ...(known === undefined ? {} : { wish: known }) };
    const source: Source = { name, axes, item, outside: 0 };
    sources.set(name, source);
    const value = read(name, axes.map(axisIndex));
    if (known !== undefined) names.set(value, known);
    kept.set(e, { value, item });
    return value;
  }

  for (const { item } of kept.values()) items.splice(placeFor(item, items), 0, item);
  return { ...from, items, sources, names };
}

/** Right behind the last item that it reads. */
function placeFor(item: Item, items: readonly Item[]): number {
  const reads = new Set(readsIn(item.body).map((r) => r.tensor));
  return items.reduce((at, i, n) => (reads.has(i.name) ? n + 1 : at), 0);
}

/** Whether a value is worth an array: it moves with the innermost loop, and is the same again and again in those around. */
function isKept(e: Expr, info: Info, inner: string, { items }: Facts): boolean {
  const { env } = items.program;
  const axes = axesOf(e);
  if (!axes.has(inner) || info.item.kind === 'reduce' && info.form === 'array' && e === info.body) return false;
  const others = info.space.filter((a) => !axes.has(a));
  const uses = others.reduce((n, a) => n * sizeOf(env, a), 1);
  const size = [...axes].reduce((n, a) => n * sizeOf(env, a), 1);
  return uses >= LEAST_USES && size <= MOST_KEPT && isPlain(e, items) && (e.kind !== 'read' || isFloat(e.tensor, items));
}

/** An array of floats: each read of it converts. */
const isFloat = (tensor: string, items: Items): boolean => items.sources.get(tensor)?.tensor?.dtype === 'f32';

/** Arithmetic of reads at the point itself: nothing to test, nothing that must not be computed. */
function isPlain(e: Expr, items: Items): boolean {
  return nodesOf([e]).every((n) => {
    if (n.kind !== 'read') return n.kind !== 'select' && n.kind !== 'index' && n.kind !== 'hit' && n.kind !== 'reduce';
    const source = items.sources.get(n.tensor);
    return source !== undefined && !source.tensor?.hit && source.tensor?.role !== 'state' && n.index.every((a, k) => bareAxis(a) === source.axes[k]);
  }) && nodesOf([e]).some((n) => n.kind === 'read');
}

/** What stands still, in the innermost loop or in all loops around it, as factors of what moves. */
function collectedBody(item: Item, info: Info, inner: string, facts: Facts, names: Map<Expr, string>): Expr {
  if (costOf(item.body).depth > 30) return item.body;
  const { env } = facts.items.program;
  const inRow = (e: Expr): boolean => !axesOf(e).has(inner);
  const around = info.space.filter((a) => a !== inner);
  const uses = around.reduce((n, a) => n * sizeOf(env, a), 1);
  const inColumn = (e: Expr): boolean => uses >= LEAST_USES && around.every((a) => !axesOf(e).has(a)) && (axesOf(e).size === 0 || isPlain(e, facts.items));
  const found = collectTerms(item.body, inRow) ?? collectTerms(item.body, inColumn);
  if (!found) return item.body;
  const target = item.store?.name ?? item.name;
  for (const { factor, atoms } of found.factors) {
    const by = atoms.map((a) => names.get(a) ?? (a.kind === 'read' ? a.tensor : '')).join('_');
    if (nodesOf([factor]).length > 1 && !names.has(factor) && !by.includes('%')) names.set(factor, by === '' ? `${target}Rest` : `${target}Per_${by}`);
  }
  return found.body;
}
