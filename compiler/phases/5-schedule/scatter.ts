/**
 * Sums over what an index selects, turned round. `sum[N](where(ids[N] == V, v[N, E], 0))` tests every row for every V; as a
 * scatter each row is added once, where its index says. The same holds for windows: where the body of a sum over the taps is 0
 * but at the tap that an offset names, each window adds its one value to the element that the offset stands for, and nothing
 * looks for the windows of an element. What is recognised is the form of a sum, wherever it came from.
 */
import { axisIndex, bareAxis, intValue, sizeOf, type Affine } from '../../ir/affine.ts';
import { binary, constant, isConst, read, select } from '../../ir/expr.ts';
import type { Env, Expr, ExprOf } from '../../ir/tensor.ts';
import { factorsOf, type Slot, type SlotTerm } from './access.ts';
import { axesOf, readsIn, rebuild } from './dag.ts';
import type { Item, Items, Source } from './items.ts';
import { linearOf, type LinearFormula } from './linear-formula.ts';
import { peel, slotsOf, type Context } from './space.ts';

/** Where along one axis of its value a point of a scatter belongs: an index over loops, and integers read from data. */
export interface Place {
  readonly axis: string;
  readonly terms: readonly SlotTerm[];
  readonly constants: Slot['constants'];
  readonly picks: readonly Pick[];
  /** Which sides of the axis the place could leave; such points add nothing. */
  readonly low: boolean;
  readonly high: boolean;
}

/** k times an integer that data holds, or times one digit of it: an offset in a window has one for each axis of the window. */
export interface Pick {
  readonly k: number;
  readonly of: ExprOf<'read'>;
  readonly digit?: { readonly window: readonly string[]; readonly n: number };
}

/** The items, with scatters where sums select. */
export function scatterItems(from: Items, c: Context): Items {
  const sources = new Map(from.sources);
  let items: readonly Item[] = from.items.map((item) => {
    const made = scatterOf(item, c);
    if (made) sources.set(item.name, { ...sources.get(item.name)!, item: made });
    return made ?? item;
  });
  for (const item of items) if (item.kind === 'scatter') items = storedAtOnce(item, items, sources);
  return { ...from, items, sources };
}

/**
 * A value that goes to an array as it is, is added up there, and nowhere else. Where points meet, only an array of doubles
 * will do: nine overlapping windows, or a token that comes a thousand times, would leave too little of a float.
 */
function storedAtOnce(item: Item, items: readonly Item[], sources: Map<string, Source>): readonly Item[] {
  const readers = items.filter((i) => readsOfItem(i).some((r) => r.tensor === item.name));
  const only = readers[0];
  if (readers.length !== 1 || only?.store === undefined || only.store.axes.join() !== item.axes.join()) return items;
  if (!item.apart && only.store.dtype !== 'f64') return items;
  if (only.body !== read(item.name, item.axes.map(axisIndex))) return items;
  const stored: Item = { ...item, store: only.store };
  sources.set(item.name, { ...sources.get(item.name)!, item: stored });
  return items.flatMap((i) => (i === item ? [stored] : i === only ? [] : [i]));
}

/** Every read of an item: those of its body, and those that say where it belongs. */
export const readsOfItem = (item: Item): ReturnType<typeof readsIn> =>
  [...readsIn(item.body), ...(item.places ?? []).flatMap((p) => p.picks.flatMap((pick) => readsIn(pick.of)))];

function scatterOf(item: Item, c: Context): Item | undefined {
  if (item.kind !== 'reduce' || item.op !== 'sum') return undefined;
  const peeled = peel(item.body, c);
  const [body, conditions] = [plain(peeled.body), peeled.conditions];
  const equal = conditions.filter((e): e is ExprOf<'binary'> => e.kind === 'binary' && e.op === '==');
  for (const e of equal) {
    const found = windowsOf(e, item, body, conditions, c);
    if (found) return found;
  }
  return rowsOf(item, body, conditions, c);
}

/** The body of a scatter: what a point adds, under the conditions that are left. */
const guarded = (conditions: readonly Expr[], body: Expr): Expr =>
  (conditions.length === 0 ? body : select(conditions.reduce((a, b) => binary('and', a, b)), body, constant(0)));

// ------------------------------------------------------------------------------------------------------------ rows

/** `index(V) == ids[N]`, also shifted: each condition of that form that can be solved for an axis of the value places it. */
function rowsOf(item: Item, body: Expr, conditions: readonly Expr[], c: Context): Item | undefined {
  const { env } = c;
  const places: Place[] = [];
  let left = conditions;
  for (const e of conditions) {
    if (e.kind !== 'binary' || e.op !== '==') continue;
    const f = linearOf(binary('-', e.a, e.b), c);
    if (!f || f.picks.size === 0) continue;
    const rest = left.filter((x) => x !== e);
    const isFree = (axis: string): boolean => item.axes.includes(axis) && sizeOf(env, axis) > 1 && Math.abs(f.axes.get(axis) ?? 0) === 1
      && ![body, ...rest, ...f.picks.keys(), ...places.flatMap((p) => p.picks.map((x) => x.of))].some((x) => axesOf(x).has(axis))
      && !places.some((p) => p.axis === axis || p.terms.some((t) => t.axis === axis));
    const axis = item.axes.find(isFree);
    // A place may not stand on an axis that is placed itself.
    if (axis === undefined || places.some((p) => f.axes.has(p.axis))) continue;
    places.push(solved(f, axis, env));
    left = rest;
  }
  if (places.length === 0) return undefined;
  return { ...item, kind: 'scatter', body: guarded(left, body), places };
}

/** f = 0, solved for an axis whose factor in it is 1 or -1. */
function solved(f: LinearFormula, axis: string, env: Env): Place {
  const by = -1 / f.axes.get(axis)!;
  const terms = [...f.axes].filter(([a]) => a !== axis && sizeOf(env, a) > 1).map(([a, k]) => ({ axis: a, k: k * by, factors: [] }));
  const constants = f.constant === 0 ? [] : [{ k: f.constant * by, factors: [] }];
  return { axis, terms, constants, picks: [...f.picks].map(([of, k]) => ({ k: k * by, of })), low: true, high: true };
}

// --------------------------------------------------------------------------------------------------------- windows

/** What an offset in a window is read from, and the axes of that window. */
function offsetOf(e: Expr, c: Context): { of: ExprOf<'read'>; source: Source; window: readonly string[] } | undefined {
  if (e.kind !== 'read') return undefined;
  const source = c.items.sources.get(e.tensor);
  if (source?.item?.kind === 'arg') return { of: e, source, window: source.item.reduced };
  return source?.tensor?.hit?.form === 'offset' ? { of: e, source, window: source.tensor.hit.reduced } : undefined;
}

/** `hit[(H - PH)/s, ...] == PH*size(PW) + PW`, summed over PH and PW: one value a window, at H = s*OH + PH. */
function windowsOf(e: ExprOf<'binary'>, item: Item, body: Expr, conditions: readonly Expr[], c: Context): Item | undefined {
  const { env } = c;
  const x = offsetOf(e.a, c) ?? offsetOf(e.b, c);
  const taps = x && tapsOf(linearOf(x.of === e.a ? e.b : e.a, c), x.window, item, env);
  if (!x || !taps) return undefined;
  const places: Place[] = [];
  const moved = new Map<string, string>();
  const slots = slotsOf(x.source, x.of.index, c);
  for (const [n, slot] of slots.entries()) {
    const axis = x.source.axes[n]!;
    const own = slot.terms.filter((t) => !taps.has(t.axis));
    if (own.length === slot.terms.length) {
      if (bareAxis(x.of.index[n]!) === undefined && !(slot.terms.length === 0 && slot.constants.length === 0)) return undefined;
      if (bareAxis(x.of.index[n]!) === undefined) moved.set(x.of.index[n]!.key, axis);
      continue;
    }
    const [only, ...others] = own;
    if (!only || others.length > 0 || only.k !== 1 || slot.elements.length > 0 || !item.axes.includes(only.axis)) return undefined;
    if ([...item.axes, ...item.reduced].includes(axis) || places.some((p) => p.axis === only.axis)) return undefined;
    moved.set(x.of.index[n]!.key, axis);
    places.push(windowPlace(slot, only.axis, axis, taps, x, c));
  }
  const loops = [...moved.values(), ...item.reduced.filter((a) => !taps.has(a) && sizeOf(env, a) > 1)];
  if (places.length === 0 || new Set(loops).size < loops.length) return undefined;
  const move = (f: Expr): Expr => rebuild(f, (r) => (r.kind === 'read' ? read(r.tensor, r.index.map((a) => indexMoved(a, moved))) : undefined));
  const of = move(x.of) as ExprOf<'read'>;
  const left = conditions.filter((f) => f !== e).map(move);
  const value = move(body);
  const gone = new Set([...taps.keys(), ...places.map((p) => p.axis)]);
  if ([value, of, ...left].some((f) => [...axesOf(f)].some((axis) => gone.has(axis)))) return undefined;
  const isApart = places.every((p) => (p.terms[0]?.k ?? 1) >= reachOf(p, env) + 1) && loops.every((a) => sizeOf(env, a) === 1 || [...moved.values()].includes(a));
  return { ...item, kind: 'scatter', reduced: loops, body: guarded(left, value), ...(isApart ? { apart: true as const } : {}),
    places: places.map((p) => ({ ...p, picks: p.picks.map((pick) => ({ ...pick, of })) })) };
}

const indexMoved = (a: Affine, moved: ReadonlyMap<string, string>): Affine => {
  const axis = moved.get(a.key);
  return axis === undefined ? a : axisIndex(axis);
};

/** How far the taps of a window reach. */
const reachOf = (p: Place, env: Env): number =>
  p.picks.reduce((sum, { k, digit }) => sum + Math.abs(k) * (digit ? sizeOf(env, digit.window[digit.n]!) - 1 : 0), 0);

/** The reduced axes that stand for those of a window, by their place in it, where a formula is the row-major offset of all of them. */
function tapsOf(f: LinearFormula | undefined, window: readonly string[], item: Item, env: Env): ReadonlyMap<string, number> | undefined {
  if (!f || f.constant !== 0 || f.picks.size > 0) return undefined;
  const taps = new Map<string, number>();
  const left = new Map([...f.axes].filter(([axis]) => sizeOf(env, axis) > 1));
  let stride = 1;
  for (let n = window.length - 1; n >= 0; n--) {
    const size = sizeOf(env, window[n]!);
    if (size === 1) continue;
    const tap = [...left].find(([axis, k]) => k === stride && sizeOf(env, axis) === size && item.reduced.includes(axis))?.[0];
    if (tap === undefined) return undefined;
    taps.set(tap, n);
    left.delete(tap);
    stride *= size;
  }
  return left.size === 0 && taps.size > 0 ? taps : undefined;
}

/** (H - k*PH + c)/s = OH, solved for H. */
function windowPlace(
  slot: Slot, axis: string, over: string, taps: ReadonlyMap<string, number>, x: { of: ExprOf<'read'>; source: Source; window: readonly string[] }, c: Context,
): Place {
  const constants = slot.constants.map((t) => ({ ...t, k: -t.k }));
  const picks = slot.terms.filter((t) => taps.has(t.axis)).map((t): Pick => ({ k: -t.k, of: x.of, digit: { window: x.window, n: taps.get(t.axis)! } }));
  let low = constants.reduce((sum, t) => sum + t.k, 0);
  let high = low + slot.divisor * (sizeOf(c.env, over) - 1);
  for (const { k, digit } of picks) {
    const reach = k * (sizeOf(c.env, x.window[digit!.n]!) - 1);
    if (reach > 0) high += reach;
    else low += reach;
  }
  const { divisor } = x.of.index[x.source.axes.indexOf(over)]!;
  const factors = intValue(divisor, c.env) === slot.divisor ? factorsOf(divisor, c.names) : [];
  const terms = sizeOf(c.env, over) > 1 ? [{ axis: over, k: slot.divisor, factors }] : [];
  return { axis, terms, constants, picks, low: low < 0, high: high >= sizeOf(c.env, axis) };
}

/** Without factors of 1. */
const plain = (e: Expr): Expr => {
  if (e.kind !== 'binary' || e.op !== '*') return e;
  const [a, b] = [plain(e.a), plain(e.b)];
  return isConst(a, 1) ? b : isConst(b, 1) ? a : binary('*', a, b);
};
