/**
 * Sums over the rows of a row-major matrix, one for each column, can go two ways. arrays: row by row, the sums in an array.
 * registers: a few columns side by side, down all rows, the sums in locals, and whatever else is computed of these columns
 * in the same loop; good while the cache lines of all rows stay in the first cache, and do not fall on each other there.
 */
import { affineAxes, bareAxis, sizeOf } from '../../ir/affine.ts';
import { stridesOf } from './access.ts';
import type { Choices } from './choices.ts';
import { axesOf, readsIn } from './dag.ts';
import type { Context, Info } from './space.ts';

const LINE = 64;
/** Bytes of lines that may be in use at a time; some of a cache of 32 KB is left for the rest. */
const MOST_BYTES = 24 * 1024;
/** Lines whose addresses differ by a multiple of this share their place in the cache. */
const PAGE = 4096;

/** The sums that should go down their columns, by the name of the item. */
export function columnsInRegisters(infos: readonly Info[], c: Context, choices: Choices): Set<string> {
  const out = new Set<string>();
  const sums = infos.filter((i) => i.form === 'array');
  const kinds = new Map<string, Info[]>();
  for (const i of sums) {
    const key = `${i.inner}|${[...i.item.reduced].sort().join()}`;
    kinds.set(key, [...(kinds.get(key) ?? []), i]);
  }
  for (const own of kinds.values()) {
    const first = own[0]!;
    if (!own.every((i) => mayTile(i, infos))) continue;
    const name = own.map((i) => i.item.name).find((n) => !n.startsWith('%')) ?? 'columns';
    const both = ['registers', 'arrays'] as const;
    const order = staysCached(first, infos, c) ? both : [...both].reverse();
    const [best, other] = order.map((label) => ({ label, value: label })) as [{ label: string; value: string }, { label: string; value: string }];
    if (choices.pick(`${c.items.program.name}/${name}/columns`, [best, other]) === 'registers') for (const i of own) out.add(i.item.name);
  }
  return out;
}

/** Most nodes of a formula that is computed for four columns at a time. */
const MOST_NODES = 40;

/** The columns are the last axis of the sum, it runs over no window, nothing is tested, and no loop over the rows is there that it could ride in. */
function mayTile(sum: Info, infos: readonly Info[]): boolean {
  if (sum.item.axes.at(-1) !== sum.inner || sum.guards.length > 0 || sum.conditions.length > 0 || sum.cost > MOST_NODES) return false;
  const alone = new Set([sum.inner!, ...sum.item.reduced]);
  if (readsIn(sum.body).some((r) => r.index.some((a) => bareAxis(a) === undefined && [...affineAxes(a)].some((x) => alone.has(x))))) return false;
  return !infos.some((i) => i.form === 'register' && sum.item.reduced.some((a) => i.outer.has(a)) && i.space.includes(sum.inner!));
}

/** The lines that one group of columns touches in all rows of all arrays. */
function staysCached(sum: Info, infos: readonly Info[], c: Context): boolean {
  const rows = sum.item.reduced.reduce((n, a) => n * sizeOf(c.env, a), 1);
  const views = matrixViews(infos, sum.inner!, sum.item.reduced, c);
  return views.count * rows * LINE <= MOST_BYTES && !views.aliased;
}

/** How many arrays have an axis and some of others, and whether rows of one fall on each other in the cache. */
export function matrixViews(infos: readonly Info[], inner: string, outer: readonly string[], c: Context): { readonly count: number; readonly aliased: boolean } {
  const seen = new Map<string, boolean>();
  const note = (name: string, axes: readonly string[], bytes: number): void => {
    const strides = stridesOf(axes, c.env);
    const rows = axes.flatMap((a, n) => (outer.includes(a) ? [strides[n]! * bytes] : []));
    if (axes.includes(inner) && rows.length > 0) seen.set(name, rows.some((s) => s % PAGE === 0));
  };
  for (const i of infos) {
    for (const r of readsIn(i.body)) {
      const source = c.items.sources.get(r.tensor);
      if (source?.tensor && axesOf(i.body).has(inner)) note(r.tensor, source.axes, source.tensor.dtype === 'f64' ? 8 : 4);
    }
    if (i.item.store) note(`%${i.item.store.name}`, i.item.store.axes, i.item.store.dtype === 'f64' ? 8 : 4);
  }
  return { count: seen.size, aliased: [...seen.values()].some((a) => a) };
}
