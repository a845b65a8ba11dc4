/**
 * The extreme element of a small window, and where it is, without branches: taps meet in pairs, winners meet again, and a
 * comparison is a number that picks an index. On data that nobody can foresee a branch costs more than all of it.
 *
 * The winner's value is looked up by its index, so the taps are laid out in a short array. `>` keeps the first of equal
 * elements, as a pair's left side stands before its right. A NaN loses or wins such a comparison by accident, but for the
 * first element, which nothing beats if it is one. It shows in the sum of the others, and only then it is looked for: where
 * windows stand in a row the whole row is gone over again (windows.ts), a single one looks for its first NaN itself.
 */
import { axisIndex, sizeOf } from '../../ir/affine.ts';
import { read } from '../../ir/expr.ts';
import type { Address, Buffer, LoopExpr, Stmt } from '../../ir/loop.ts';
import type { Env } from '../../ir/tensor.ts';
import type { Builder } from './builder.ts';
import { axesOf, costOf } from './dag.ts';
import type { Tree } from './group.ts';
import { atLane } from './lanes.ts';
import { addressHere, pairwise } from './reductions.ts';
import type { Info } from './space.ts';
import { keyOf, valueOf } from './values.ts';

type Pass = Extract<Tree, { kind: 'pass' }>;

/** More taps than this are looked at in a loop; where only the value is asked for, a loop of Math.max is as good sooner. */
const MOST_TAPS = 16;
const MOST_TAPS_OF_VALUES = 9;
/** Nodes of all taps together. */
const MOST_NODES = 200;

/** Elements of a window. */
export const tapsOf = (info: Info, env: Env): number => info.item.reduced.reduce((n, axis) => n * sizeOf(env, axis), 1);

/** Whether a pass looks for the extreme elements of one small window and for nothing else. */
export function isWindow(b: Builder, pass: Pass): boolean {
  const [first, ...others] = pass.infos;
  if (b.rare || b.tile !== undefined || !first || first.form !== 'register' || (first.item.op !== 'max' && first.item.op !== 'min')) return false;
  const { op, reduced } = first.item;
  const taps = tapsOf(first, b.context.env);
  const alike = (i: Info): boolean => i.form === 'register' && i.item.op === op && i.body === first.body && i.item.reduced.join() === reduced.join();
  const most = pass.infos.some((i) => i.item.kind === 'arg') ? MOST_TAPS : MOST_TAPS_OF_VALUES;
  return taps > 1 && taps <= most && taps * costOf(first.body).nodes <= MOST_NODES && others.every(alike)
    && pass.loops.every((axis) => reduced.includes(axis));
}

interface Tap {
  readonly index: LoopExpr;
  readonly value: LoopExpr;
  /** A float as it was read: kept as one it is compared and stored without a conversion. */
  readonly isFloat?: boolean;
}

/** Writes the tournament of a window where the builder stands. */
export function buildWindow(b: Builder, pass: Pass): void {
  const info = pass.infos[0]!;
  const labels = new Set(pass.infos.flatMap((i) => (i.item.label !== undefined ? [i.item.label] : [])));
  for (const text of labels) b.push({ kind: 'label', text });
  b.shared.clear();
  b.levels.clear();
  const taps = readTaps(b, info);
  if (b.inVectors) return oneByOne(b, pass, taps);
  const array = b.scratch('taps', taps.every((t) => t.isFloat) ? 'f32' : 'f64', taps.length);
  for (const { index, value } of taps) b.push({ kind: 'store', buffer: array.name, at: place(array, index), lanes: 1, op: '=', value });
  const best = playOff(b, info, taps, array);
  const others = pairwise(taps.slice(1).map((t) => t.value), '+');
  if (b.doubts) b.doubts.push(others);
  else lookForNaN(b, info, others, array, best);
  const value: LoopExpr = { kind: 'load', ty: 'f64', buffer: array.name, at: place(array, best), lanes: 1 };
  for (const i of pass.infos) publish(b, i, i.item.kind === 'arg' ? best : b.local(b.wish(nameOf(i), i.item.axes), 'f64', value, b.depth));
}

const nameOf = ({ item }: Info): string => (item.name.startsWith('%') ? item.op! : item.name);

const constant = (value: number): LoopExpr & { kind: 'const' } => ({ kind: 'const', value });

/** The elements of a window, in row-major order of its axes. */
function readTaps(b: Builder, info: Info): Tap[] {
  const taps: Tap[] = [];
  const visit = (n: number): void => {
    const axis = info.item.reduced[n];
    if (axis === undefined) {
      const value = valueOf(b, info.body);
      const kept = value.kind === 'local' ? value : b.local(b.wish(wishOf(info), axesOf(info.body)), 'f64', value, b.depth);
      taps.push({ index: constant(taps.length), value: kept, isFloat: value.kind === 'load' && elemOf(b, value.buffer) === 'f32' });
      return;
    }
    const size = sizeOf(b.context.env, axis);
    if (size === 1) return visit(n + 1);
    for (let at = 0; at < size; at++) atLane(b, axis, { offset: at, whole: true }, String(at), () => visit(n + 1));
  };
  visit(0);
  return taps;
}

const elemOf = (b: Builder, name: string): Buffer['elem'] | undefined => [...b.buffers.values()].find((x) => x.name === name)?.elem;

const wishOf = (info: Info): string => (info.body.kind === 'read' && !info.body.tensor.startsWith('%') ? info.body.tensor : 'tap');

/** Pairs of neighbours, then pairs of winners. Answers with the index of the last. */
function playOff(b: Builder, { item }: Info, taps: readonly Tap[], array: Buffer): LoopExpr & { kind: 'local' } {
  const op = item.op === 'max' ? '>' : '<';
  let round = taps;
  for (;;) {
    const next: Tap[] = [];
    for (let n = 0; n < round.length; n += 2) {
      const [left, right] = [round[n]!, round[n + 1]];
      if (!right) { next.push(left); continue; }
      const chosen: LoopExpr = { kind: 'choose', c: { kind: 'binary', op, a: right.value, b: left.value }, a: right.index, b: left.index };
      const isLast = round.length === 2;
      const index = b.local(b.wish(isLast ? 'best' : 'won', item.axes), 'i32', chosen, b.depth, isLast && b.doubts === undefined);
      if (isLast) return index;
      next.push({ index, value: { kind: 'load', ty: 'f64', buffer: array.name, at: place(array, index), lanes: 1 } });
    }
    round = next;
  }
}

/** For lanes: each tap against the best so far, chosen by masks. A NaN is better than anything but another NaN. */
function oneByOne(b: Builder, pass: Pass, taps: readonly Tap[]): void {
  const info = pass.infos[0]!;
  const [wantsPlace, wantsValue] = [pass.infos.some((i) => i.item.kind === 'arg'), pass.infos.some((i) => i.item.kind !== 'arg')];
  const { op, axes } = info.item;
  let [best, at] = [taps[0]!.value, taps[0]!.index];
  taps.slice(1).forEach(({ value, index }, n) => {
    const worse: LoopExpr = { kind: 'binary', op: op === 'max' ? '<=' : '>=', a: value, b: best };
    const isNumber: LoopExpr = { kind: 'binary', op: '==', a: best, b: best };
    const better = b.local(b.wish(`better${n}`, axes), 'bool', { kind: 'binary', op: 'and', a: { kind: 'unary', op: 'not', x: worse }, b: isNumber }, b.depth);
    const isLast = n === taps.length - 2;
    if (wantsPlace) at = b.local(b.wish(`at${n}`, axes), 'i32', { kind: 'choose', c: better, a: index, b: at }, b.depth);
    if (wantsValue || !isLast) best = b.local(b.wish(`best${n}`, axes), 'f64', { kind: 'select', c: better, a: value, b: best }, b.depth);
  });
  for (const i of pass.infos) publish(b, i, i.item.kind === 'arg' ? at : best);
}

function place(array: Buffer, index: LoopExpr): Address {
  const at = index.kind === 'local' ? [{ v: index.name, k: 1 }] : index.kind === 'const' && index.value !== 0 ? [{ k: index.value }] : [];
  return { slots: [{ at, size: array.length }], flat: at };
}

/** The first NaN is the extreme element, where there is one. Infinities of both signs come here too, and find none. */
function lookForNaN(b: Builder, { item }: Info, others: LoopExpr, array: Buffer, best: LoopExpr & { kind: 'local' }): void {
  const isNaN = (x: LoopExpr): LoopExpr => ({ kind: 'binary', op: '!=', a: x, b: x });
  const total = b.local(b.wish('total', item.axes), 'f64', others, b.depth);
  const body = b.nested(() => {
    const v = b.scope.fresh('tap');
    const at = [{ v, k: -1 }, { k: array.length - 1 }];
    const value: LoopExpr = { kind: 'load', ty: 'f64', buffer: array.name, at: { slots: [{ at, size: array.length }], flat: at }, lanes: 1 };
    // From the last to the first, so that the first one stays.
    const found: Stmt = { kind: 'set', name: best.name, op: '=', value: { kind: 'linear', at } };
    b.push({ kind: 'loop', v, from: [], to: [{ k: array.length }], step: 1, size: array.length, within: [],
      body: [{ kind: 'when', condition: isNaN(value), body: [found] }] });
  });
  b.push({ kind: 'when', condition: isNaN(total), body });
}

/** Makes a value known to those that read it, and stores it where some of them are elsewhere. */
function publish(b: Builder, { item }: Info, value: LoopExpr): void {
  b.frame(b.depth).values.set(keyOf(b, read(item.name, item.axes.map(axisIndex)), []), value);
  const stored = b.storage.get(item.name);
  if (!stored) return;
  b.push({ kind: 'store', buffer: stored.buffer.name, at: addressHere(b, stored.axes), lanes: 1, op: '=', value });
}
