/**
 * A row of small windows. Several stand side by side, so that their latencies overlap. Whether any element is NaN is asked
 * once a row: all elements are added up, and only where that sum is NaN the row is gone over again, element by element, in
 * loops that take NaN as they should. Infinities of both signs make such a sum too, and cost no more than time.
 */
import type { LoopExpr } from '../../ir/loop.ts';
import type { Builder } from './builder.ts';
import type { Candidate } from './choices.ts';
import { infosIn, type Tree } from './group.ts';
import { laneLoop } from './lanes.ts';
import { fullLoop, pairwise } from './reductions.ts';
import type { Info } from './space.ts';
import { isWindow, tapsOf } from './window.ts';

type Group = Extract<Tree, { kind: 'group' }>;

/** Elements of all windows in one body. */
const MOST_TAPS_IN_BODY = 32;

/** Whether nothing but windows, and what is made of them, stands in the innermost loop of a group. */
export function areWindows(b: Builder, t: Group): boolean {
  return !b.rare && !b.inVectors && t.children.some((child) => child.kind === 'pass' && isWindow(b, child))
    && t.children.every((child) => child.kind === 'pass' && (child.loops.length === 0 || isWindow(b, child)));
}

/** The innermost loop of such a group, over `axes`. */
export function buildWindows(b: Builder, t: Group, axes: readonly string[], fill: () => void): void {
  const lanes = lanesOfWindows(b, t, b.size(axes).value);
  const run = (inside: () => void): void => {
    if (lanes === 1) fullLoop(b, axes, inside);
    else laneLoop(b, axes, lanes, (lane) => b.labelled(lane === 0, inside));
  };
  if (!infosIn([t]).every((i) => mayRepeat(b, i))) return run(fill);
  const total = b.local('total', 'f64', { kind: 'const', value: 0 }, b.depth, true);
  run(() => {
    b.doubts = [];
    fill();
    b.push({ kind: 'set', name: total.name, op: '+=', value: pairwise(b.doubts, '+') });
    b.doubts = undefined;
  });
  const isNaN: LoopExpr = { kind: 'binary', op: '!=', a: total, b: total };
  b.rare = true;
  b.when(isNaN, [], () => b.labelled(false, () => fullLoop(b, axes, fill)));
  b.rare = false;
}

/** Computed twice it is what it is once: nothing is added to what stands there, and no state is read that it writes. */
function mayRepeat(b: Builder, { form, item }: Info): boolean {
  if (form !== 'each') return form === 'register';
  return item.store?.role !== 'state' && !(b.accumulates && item.store?.role === 'gradient');
}

/** How many windows stand side by side: 8 of 2x2 are 1.5 % faster than 4, in twice the text. */
function lanesOfWindows(b: Builder, t: Group, size: number): number {
  const { env } = b.context;
  const taps = t.children.reduce((n, child) => (child.kind === 'pass' && isWindow(b, child) ? n + tapsOf(child.infos[0]!, env) : n), 0);
  const wishes = [4, 8, 2].filter((lanes) => lanes * taps <= MOST_TAPS_IN_BODY && lanes <= size);
  const candidates = wishes.map((lanes): Candidate<number> => ({ label: `windows ${lanes}`, value: lanes }));
  const [best, ...others] = candidates;
  return best ? b.choose(`${nameOf(t)}/windows`, [best, ...others]) : 1;
}

/** What a group is called in a choice: the first thing it stores. */
const nameOf = (t: Group): string => infosIn([t]).map((i) => i.item.store?.name ?? i.item.name).find((n) => !n.startsWith('%')) ?? 'windows';
