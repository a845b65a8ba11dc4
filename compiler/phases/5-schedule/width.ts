/** How wide a pass is computed: how many points, rows and accumulators stand side by side. */
import { costOf, nodesOf, axesOf } from './dag.ts';
import type { Builder } from './builder.ts';
import type { Candidate } from './choices.ts';
import { matrixViews } from './columns.ts';
import type { Info } from './space.ts';

/** A loop of so few points may be written out. */
export const TINY = 8;
/** Nodes that a nest written out may have. */
export const MOST_WRITTEN_OUT = 96;
/** Nodes that the body of an unrolled loop may have. */
const MOST_UNROLLED = 320;

/** Elements of a copy that stays a plain loop. */
const MOST_COPIED = 4096;
/** Rows of all arrays together, where all of them share one set of the first cache. */
const WAYS = 6;

const labelled = (word: string, values: readonly number[]): [Candidate<number>, ...Candidate<number>[]] =>
  values.map((value) => ({ label: `${word} ${value}`, value })) as [Candidate<number>, ...Candidate<number>[]];

/** What a pass is called in a choice: the first thing it computes that has a name. */
const nameOf = (infos: readonly Info[]): string => {
  const names = infos.map((i) => i.item.store?.name ?? i.item.name);
  return (names.find((n) => !n.startsWith('%')) ?? names[0] ?? 'pass').replace(/^%/, '');
};

/** Points of the innermost loop in one round. */
export function lanesOf(b: Builder, infos: readonly Info[], size: number, cost: number, jam: number): number {
  if (b.inVectors) return 1;
  // A short copy is not worth the text.
  if (size <= MOST_COPIED && b.depth === 0 && infos.every((i) => i.form === 'each' && i.body.kind === 'read')) return 1;
  const fits = (lanes: number): boolean => size >= lanes && cost * lanes * jam <= MOST_UNROLLED;
  if (!fits(4)) return jam > 1 && fits(2) ? 2 : 1;
  const several = b.tile !== undefined || jam > 1;
  const wishes = several ? [2, 4, 1] : size >= 16 && fits(8) ? [4, 8] : [4];
  return wishes.length === 1 ? wishes[0]! : b.choose(`${nameOf(infos)}/lanes`, labelled('lanes', wishes));
}

/** Locals of one reduction in one round of `points`. Four in all hide the latency of an addition; more spill. */
export function accumulatorsOf(b: Builder, infos: readonly Info[], points: number): number {
  const several = infos.filter((i) => i.form === 'register').length;
  if (several === 0 || b.tile !== undefined || b.inVectors) return 1;
  if (several > 6 || points < 4) return Math.min(points, several > 6 ? 1 : several > 1 ? 2 : 4);
  const wishes = several === 1 ? [4, 2] : several <= 3 ? [2, 4] : [2];
  return wishes.length === 1 ? wishes[0]! : b.choose(`${nameOf(infos)}/accumulators`, labelled('accumulators', wishes));
}

/** Columns that go down side by side. */
export function columnsOf(b: Builder, infos: readonly Info[]): number {
  if (b.inVectors) return 1;
  const cost = Math.max(...infos.map((i) => i.cost));
  const wishes = [4, 2, 1].filter((n) => n === 1 || cost * n <= MOST_UNROLLED);
  return b.choose(`${nameOf(infos)}/tile`, labelled('columns', wishes));
}

/** Rows in one round: where sums or values of a column are the same in every row, taking several saves their loads. */
export function jamOf(
  b: Builder, infos: readonly Info[], outer: { readonly axis: string; readonly axes: readonly string[]; readonly size: number },
  inner: { readonly axis: string; readonly size: number }, cost: number,
): number {
  if (infos.some((i) => i.form === 'register' || i.item.kind === 'arg')) return 1;
  const isColumn = (axes: ReadonlySet<string> | readonly string[]): boolean => {
    const own = new Set(axes);
    return own.has(inner.axis) && outer.axes.every((a) => !own.has(a));
  };
  const shares = infos.some((i) => (i.form === 'array' && isColumn(i.item.axes))
    || nodesOf([i.body]).some((e) => e.kind === 'read' && isColumn(axesOf(e))));
  if (!shares || outer.size < 4 || inner.size < 4) return 1;
  if (infos.some((i) => nodesOf([i.body]).some((e) => e.kind !== 'read' && costOf(e).depth > 12))) return 1;
  const views = matrixViews(infos, inner.axis, outer.axes, b.context);
  const best = views.aliased ? Math.max(1, Math.floor(WAYS / Math.max(1, views.count))) : 4;
  const wishes = [4, 2, 1].filter((n) => n === 1 || cost * n * 2 <= MOST_UNROLLED);
  wishes.sort((m, n) => Number(m > best) - Number(n > best));
  return wishes.length === 1 ? 1 : b.choose(`${nameOf(infos)}/rows`, labelled('rows', wishes));
}
