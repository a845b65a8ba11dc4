/**
 * How one item wants to be looped over: which axes may stand outside, which must run innermost so that memory is read in
 * order, and which tests for the edges of arrays can become bounds of loops.
 *
 * A reduction has two forms. register: its own axes outside, the reduced ones inside, sums in locals. array: the reduced
 * axes outside and one of its own innermost, sums in an array; for the sum over the rows of a row-major matrix.
 */
import { bareAxis, sizeOf } from '../../ir/affine.ts';
import type { ModuleNames } from '../../ir/names.ts';
import { isConst, withChildren } from '../../ir/expr.ts';
import type { Env, Expr } from '../../ir/tensor.ts';
import { lowerSlot, isSafe, steps, stridesOf, type Slot } from './access.ts';
import { costOf, readsIn } from './dag.ts';
import type { Item, Items, Source } from './items.ts';
import { readsOfItem } from './scatter.ts';

export interface Dependency {
  readonly on: Info;
  /** The axes at which the two meet point by point. */
  readonly axes: ReadonlySet<string>;
  /** The other reads an old state that this one writes: it comes first, but nothing of it is read. */
  readonly orderOnly?: true;
}

export interface Info {
  readonly item: Item;
  readonly form: 'each' | 'register' | 'array' | 'scatter';
  /** Every axis of more than one value, outermost first. */
  readonly space: readonly string[];
  /** Those that may be loops around other items too. */
  readonly outer: ReadonlySet<string>;
  /** Runs innermost. */
  readonly inner: string | undefined;
  /** Sums that go down several columns at a time: the axis of the columns. */
  readonly tile?: string;
  /** Sums only: indices that must be inside, else the body is 0. */
  readonly guards: readonly Slot[];
  /** Sums only: conditions that must hold, else the body is 0. */
  readonly conditions: readonly Expr[];
  /** The item's body without what `guards` and `conditions` say. */
  readonly body: Expr;
  readonly dependencies: readonly Dependency[];
  /** Items whose keys differ do not share loops over the same points. */
  readonly key: string;
  readonly cost: number;
}

export interface Context {
  readonly env: Env;
  readonly names: ModuleNames;
  readonly items: Items;
}

export const slotsOf = (source: Source, index: readonly Parameters<typeof lowerSlot>[0][], c: Context): Slot[] =>
  index.map((a, n) => lowerSlot(a, source.axes[n]!, c.env, c.names));

/** Looks at every item, in order. Sums named in `tiled` go down their columns. */
export function infosOf(c: Context, tiled: ReadonlySet<string> = new Set()): Info[] {
  const infos: Info[] = [];
  const byName = new Map<string, Info>();
  for (const item of c.items.items) {
    const info = infoOf(item, byName, infos, c, tiled.has(item.name));
    infos.push(info);
    byName.set(item.name, info);
  }
  return infos;
}

function infoOf(item: Item, byName: ReadonlyMap<string, Info>, before: readonly Info[], c: Context, tiled: boolean): Info {
  const big = (axis: string): boolean => sizeOf(c.env, axis) > 1;
  const own = item.axes.filter(big);
  const reduced = item.reduced.filter(big);
  const sums = item.kind === 'scatter' || (item.kind === 'reduce' && (item.op === 'sum' || item.op === 'mean'));
  const peeled = sums ? peel(item.body, c) : { body: item.body, guards: [], conditions: [] };
  const strideOf = addressSteps(peeled.body, c);
  const base = {
    item, ...peeled,
    dependencies: dependenciesOf(item, byName, before, c),
    cost: costOf(item.body).nodes,
    key: [...peeled.guards.map((g) => g.key), ...peeled.conditions.map((e) => e.id)].sort().join(';'),
  };
  if (item.kind === 'each') return { ...base, form: 'each', space: own, outer: new Set(own), inner: own.at(-1) };
  if (item.kind === 'scatter') return scatterInfo(base, own, reduced);
  const order = item.kind === 'arg' ? reduced : [...reduced].sort((a, b) => strideOf.largest(b) - strideOf.largest(a));
  const register: Info = { ...base, form: 'register', space: [...own, ...order], outer: new Set(own), inner: order.at(-1) ?? own.at(-1) };
  const inner = item.kind === 'arg' ? undefined : columnOf(own, order, strideOf.cost, c.env);
  if (inner === undefined) return register;
  if (tiled) return { ...register, tile: inner };
  const outer = own.filter((axis) => axis !== inner);
  return { ...base, form: 'array', space: [...outer, ...order, inner], outer: new Set(outer), inner, key: `${base.key}|${inner}` };
}

/** What stands before the first placed axis may be a loop around others too; rows of memory run innermost. */
function scatterInfo(base: Omit<Info, 'form' | 'space' | 'outer' | 'inner'>, own: readonly string[], reduced: readonly string[]): Info {
  const { item } = base;
  const isPlaced = (axis: string): boolean => item.places!.some((p) => p.axis === axis);
  const first = own.findIndex(isPlaced);
  const outer = own.slice(0, first < 0 ? own.length : first);
  const inside = own.slice(outer.length).filter((axis) => !isPlaced(axis));
  const space = [...outer, ...reduced, ...inside];
  // What is stored at once is cleared as a whole, before all loops.
  return { ...base, form: 'scatter', space, outer: new Set(item.store ? [] : outer), inner: space.at(-1), key: `scatter ${item.name}` };
}

/** The axis of the result that should run innermost, if the reduced ones should not. */
function columnOf(own: readonly string[], reduced: readonly string[], cost: (axis: string) => number, env: Env): string | undefined {
  if (reduced.length === 0) return undefined;
  const price = (axis: string, extra: number): number => cost(axis) + extra + 8 / sizeOf(env, axis);
  const row = Math.min(...reduced.map((axis) => price(axis, 0)));
  const columns = own.filter((axis) => sizeOf(env, axis) >= 8).map((axis) => ({ axis, price: price(axis, 2) }));
  const best = columns.sort((a, b) => a.price - b.price)[0];
  return best && best.price < row ? best.axis : undefined;
}

/** How far each read of a body moves with an axis. */
function addressSteps(body: Expr, c: Context): { largest(axis: string): number; cost(axis: string): number } {
  const reads = readsIn(body).flatMap((r) => {
    const source = c.items.sources.get(r.tensor);
    if (!source) return [];
    const slots = slotsOf(source, r.index, c);
    const strides = stridesOf(source.axes, c.env);
    const count = source.axes.reduce((n, axis) => n * sizeOf(c.env, axis), 1);
    return [{ count, step: (axis: string) => Math.abs(steps(slots, strides, axis)) }];
  });
  const main = [...reads].sort((a, b) => b.count - a.count)[0];
  return {
    largest: (axis) => main?.step(axis) ?? 0,
    cost: (axis) => reads.reduce((sum, r) => sum + (r.step(axis) === 0 ? 0 : r.step(axis) === 1 ? 1 : r.count <= 1024 ? 1.5 : 6), 0),
  };
}

function dependenciesOf(item: Item, byName: ReadonlyMap<string, Info>, before: readonly Info[], c: Context): Dependency[] {
  const out: Dependency[] = [];
  const meet = (on: Info, axes: readonly string[], index: readonly Parameters<typeof lowerSlot>[0][]): void => {
    out.push({ on, axes: new Set(axes.filter((axis, n) => bareAxis(index[n]!) === axis)) });
  };
  for (const r of readsOfItem(item)) {
    const on = byName.get(r.tensor);
    if (on && c.items.sources.get(r.tensor)?.item) meet(on, on.item.axes, r.index);
  }
  // A write to the state comes after everything that reads the old values.
  const state = item.store?.role === 'state' ? item.store : undefined;
  if (state) {
    for (const on of before) {
      for (const r of readsIn(on.item.body)) {
        if (r.tensor !== state.name) continue;
        const axes = state.axes.filter((axis, n) => bareAxis(r.index[n]!) === axis && on.item.axes.includes(axis) && !on.item.reduced.includes(axis));
        out.push({ on, axes: new Set(axes), orderOnly: true });
      }
    }
  }
  return out;
}

// ------------------------------------------------------------------------------------------------------- peeling

interface Peeled {
  readonly body: Expr;
  readonly guards: Slot[];
  readonly conditions: Expr[];
}

/** Finds what makes the body of a sum 0: reads outside their array, and branches of `where` that are 0. */
export function peel(body: Expr, c: Context): Peeled {
  const guards = new Map<string, Slot>();
  const conditions: Expr[] = [];
  const visit = (e: Expr): Expr => {
    switch (e.kind) {
      case 'read': {
        const source = c.items.sources.get(e.tensor);
        if (source?.outside !== 0) return e;
        for (const s of slotsOf(source, e.index, c)) if (!isSafe(s) && s.elements.length === 0) guards.set(s.key, s);
        return e;
      }
      case 'select': {
        if (!isConst(e.b, 0)) return e;
        conditions.push(...conjuncts(e.c));
        return visit(e.a);
      }
      case 'unary': return e.op === 'neg' || e.op === 'abs' ? withChildren(e, [visit(e.x)]) : e;
      case 'binary': {
        if (e.op === '*') return withChildren(e, [visit(e.a), visit(e.b)]);
        if (e.op === '/') return withChildren(e, [visit(e.a), e.b]);
        return e.op === '^' && e.b.kind === 'const' && e.b.value > 0 ? withChildren(e, [visit(e.a), e.b]) : e;
      }
      case 'const': case 'option': case 'size': case 'index': case 'reduce': case 'hit': return e;
    }
  };
  const rest = costOf(body).depth > 60 ? body : visit(body);
  return { body: rest, guards: [...guards.values()], conditions: [...new Set(conditions)] };
}

const conjuncts = (e: Expr): Expr[] => (e.kind === 'binary' && e.op === 'and' ? [...conjuncts(e.a), ...conjuncts(e.b)] : [e]);
