/**
 * One pass: a nest of loops in which every item of the pass is computed. The innermost loop is unrolled with accumulators
 * side by side; rows that share what they read are taken several at a time; loops of a few points are written out; the
 * tests for the edges of arrays are bounds of loops, or conditions around the innermost loop that they allow.
 */
import { invariant } from '../../support/invariant.ts';
import { axisIndex } from '../../ir/affine.ts';
import { children, read } from '../../ir/expr.ts';
import type { LoopExpr, Stmt } from '../../ir/loop.ts';
import type { Expr } from '../../ir/tensor.ts';
import type { Builder } from './builder.ts';
import { coalesce } from './coalesce.ts';
import { axesOf, nodesOf, readsIn } from './dag.ts';
import { infosIn, type Tree } from './group.ts';
import { atLane, laneLoop, steppedLoop } from './lanes.ts';
import { narrow, type Narrowed } from './narrow.ts';
import { addToPlace, startScatter } from './places.ts';
import { addressHere, asFloat, finishArray, fullLoop, Reductions, startArray } from './reductions.ts';
import type { Info } from './space.ts';
import { bufferKey } from './storage.ts';
import { constantOf, keyOf, localOf, valueOf } from './values.ts';
import { buildWindow, isWindow } from './window.ts';
import { areWindows, buildWindows } from './windows.ts';
import { accumulatorsOf, columnsOf, jamOf, lanesOf, TINY, MOST_WRITTEN_OUT } from './width.ts';

type Pass = Extract<Tree, { kind: 'pass' }>;
type Group = Extract<Tree, { kind: 'group' }>;

/** Writes the statements of some groups and passes where the builder stands. */
export function buildTree(b: Builder, trees: readonly Tree[]): void {
  for (const t of trees) {
    if (t.kind === 'group') buildGroup(b, t);
    else if (t.kind === 'contraction') invariant(false, 'a contraction stands inside a loop');
    else if (isWindow(b, t)) buildWindow(b, t);
    else new PassBuilder(b, t).run();
  }
}

function buildGroup(b: Builder, t: Group): void {
  for (const info of t.riders) {
    startArray(b, info);
    b.riders.add(info);
  }
  openAll(b, t, coalesce(t.axes, infosIn([t]), b.context, b.storage), () => buildTree(b, t.children));
  for (const info of t.riders) finishArray(b, info);
}

function openAll(b: Builder, t: Group, runs: readonly (readonly string[])[], fill: () => void): void {
  const [first, ...rest] = runs;
  if (first === undefined) return fill();
  if (rest.length === 0 && areWindows(b, t)) return buildWindows(b, t, first, fill);
  const tile = rest.length === 0 && t.tile !== undefined ? columnsOf(b, infosIn([t])) : 1;
  if (tile === 1) return fullLoop(b, first, () => openAll(b, t, rest, fill));
  const before = b.tile;
  b.tile = { axes: first, count: tile };
  const end = steppedLoop(b, first, tile, fill);
  b.tile = before;
  if (end) b.loop(first, end, fill);
}

interface Loop {
  readonly axes: readonly string[];
  readonly axis: string;
  readonly size: number;
}

class PassBuilder {
  readonly b: Builder;
  readonly pass: Pass;
  readonly narrowed: Narrowed;
  readonly loops: readonly Loop[];
  readonly written: readonly Loop[];
  /** Points of the innermost loop, and rows of the one around it, that one round computes. */
  readonly lanes: number;
  readonly jam: number;
  readonly reductions: Reductions;
  /** The rows that stand in the round at hand: fewer at the end. */
  rows = 1;
  laneIndex = 0;

  constructor(b: Builder, pass: Pass) {
    this.b = b;
    this.pass = pass;
    const bearer = pass.infos.find((i) => i.guards.length > 0 || i.conditions.length > 0 || i.form === 'scatter');
    this.narrowed = narrow(pass.loops, bearer);
    this.loops = coalesce(pass.loops, pass.infos, b.context, b.storage).map((axes) => ({ axes, axis: axes.at(-1)!, size: b.size(axes).value }));
    const cost = pass.infos.reduce((n, i) => n + i.cost + 1, 0);
    this.written = this.writtenOut(cost);
    const inner = this.loops.at(-1);
    const unrolls = inner !== undefined && !b.rare && this.written.length === 0 && !this.narrowed.loops.has(inner.axis);
    const columns = b.tile?.count ?? 1;
    const outer = this.loops.at(-2);
    const jams = unrolls && outer && !this.narrowed.loops.has(outer.axis) && columns === 1;
    this.jam = jams ? jamOf(b, pass.infos, outer, inner, cost) : 1;
    this.lanes = unrolls ? lanesOf(b, pass.infos, inner.size, cost * columns, this.jam) : 1;
    const points = this.lanes > 1 ? this.lanes : this.written.reduce((n, l) => n * l.size, 1);
    this.reductions = new Reductions(b, accumulatorsOf(b, pass.infos, points));
  }

  /** The innermost loops that are short enough to be written out in full. */
  writtenOut(cost: number): Loop[] {
    const out: Loop[] = [];
    if (this.b.rare) return out;
    let points = this.b.tile?.count ?? 1;
    for (const loop of [...this.loops].reverse()) {
      if (loop.size > TINY || points * loop.size * cost > MOST_WRITTEN_OUT || this.narrowed.loops.has(loop.axis)) break;
      points *= loop.size;
      out.unshift(loop);
    }
    return out;
  }

  run(): void {
    const { b, pass, reductions } = this;
    const labels = new Set(pass.infos.flatMap((i) => (i.item.label !== undefined ? [i.item.label] : [])));
    for (const text of labels) b.push({ kind: 'label', text });
    this.findShared();
    const folds = pass.infos.filter((i) => i.form !== 'each' && i.form !== 'scatter' && !b.riders.has(i));
    for (const info of pass.infos) if (info.form === 'scatter') startScatter(b, info);
    for (const info of folds) this.columns(() => reductions.start(info));
    this.guarded(this.narrowed.before, () => this.nest(0));
    b.shared.clear();
    for (const info of folds) this.columns(() => reductions.finish(info));
  }

  /** Once for each column of the group that is computed side by side. */
  columns(fill: () => void): void {
    const { tile } = this.b;
    if (!tile) return fill();
    for (let n = 0; n < tile.count; n++) atLane(this.b, tile.axes, { offset: n, whole: false }, String(n), fill);
  }

  /** What is computed once for several readers: what stands twice in the formulas, and what is the same in all rows. */
  findShared(): void {
    const { b, pass } = this;
    const uses = new Map<Expr, number>();
    const count = (e: Expr): void => { uses.set(e, (uses.get(e) ?? 0) + 1); };
    const bodies = pass.infos.flatMap((i) => [i.body, ...i.conditions]);
    const nodes = nodesOf(bodies);
    for (const e of nodes) children(e).forEach(count);
    bodies.forEach(count);
    b.shared.clear();
    for (const [e, n] of uses) if (n > 1 && e.kind !== 'const') b.shared.add(e);
    const side = [...(this.jam > 1 ? this.loops.at(-2)!.axes : []), ...(b.tile?.axes ?? [])];
    if (side.length > 0) for (const e of nodes) if (axesOf(e).size > 0 && side.some((a) => !axesOf(e).has(a))) b.shared.add(e);
    b.levels.clear();
  }

  // ------------------------------------------------------------------------------------------------------- loops

  guarded(conditions: Narrowed['before'], fill: () => void): void {
    const [first, ...rest] = conditions;
    if (!first) return fill();
    const condition = first.condition(this.b);
    const known = constantOf(this.b, condition);
    if (known !== undefined) return known === 0 ? undefined : this.guarded(rest, fill);
    this.b.when(condition, first.axes, () => {
      for (const key of first.facts) this.b.facts.set(key, this.b.depth);
      this.guarded(rest, fill);
      for (const key of first.facts) this.b.facts.delete(key);
    });
  }

  nest(n: number): void {
    const { b, lanes, jam } = this;
    const loop = this.loops[n];
    if (loop === undefined || this.loops.length - n === this.written.length) return this.writeOut(0);
    const narrowing = this.narrowed.loops.get(loop.axis);
    const inside = (): void => {
      for (const key of narrowing?.facts ?? []) b.facts.set(key, b.depth);
      this.guarded(this.narrowed.after.get(loop.axis) ?? [], () => this.nest(n + 1));
      for (const key of narrowing?.facts ?? []) b.facts.delete(key);
    };
    if (narrowing) return b.loop(loop.axes, narrowing.bounds(b), inside);
    if (n === this.loops.length - 2 && jam > 1) return this.jammed(loop, inside);
    if (lanes === 1 || n < this.loops.length - 1) return fullLoop(b, loop.axes, inside);
    laneLoop(b, loop.axes, lanes, (lane) => this.round(lane));
  }

  /** Several rows at a time, then those that are left one by one. */
  jammed(loop: Loop, inside: () => void): void {
    this.rows = this.jam;
    const rest = steppedLoop(this.b, loop.axes, this.jam, inside);
    this.rows = 1;
    if (rest) this.b.loop(loop.axes, rest, inside);
  }

  writeOut(n: number): void {
    const loop = this.written[n];
    if (loop === undefined) return this.round(this.laneIndex++);
    for (let at = 0; at < loop.size; at++) atLane(this.b, loop.axes, { offset: at, whole: true }, String(at), () => this.writeOut(n + 1));
  }

  // -------------------------------------------------------------------------------------------------------- items

  /** One point of the innermost loop, in all rows and columns that stand side by side. */
  round(lane: number): void {
    const outer = this.loops.at(-2);
    for (let row = 0; row < this.rows; row++) {
      if (outer && this.rows > 1) atLane(this.b, outer.axes, { offset: row, whole: false }, String(row), () => this.body(lane));
      else this.columns(() => this.body(lane));
    }
    this.reductions.flush();
  }

  body(lane: number): void {
    const { b, pass } = this;
    const stores: Stmt[] = [];
    const old = this.overwrites();
    for (const info of pass.infos) {
      if (info.form === 'each') stores.push(...this.each(info, old));
      else this.accumulate(info, lane);
    }
    for (const s of stores) b.push(s);
  }

  /** True where a store of this pass changes what one of its formulas reads. */
  overwrites(): boolean {
    const written = new Set(this.pass.infos.flatMap((i) => (i.item.store?.role === 'state' ? [i.item.store.name] : [])));
    return written.size > 0 && this.pass.infos.some((i) => readsIn(i.body).some((r) => written.has(r.tensor)));
  }

  each(info: Info, early: boolean): Stmt[] {
    const { b } = this;
    const { item } = info;
    const stored = b.storage.get(item.name);
    let value = valueOf(b, info.body);
    if (item.store) {
      if (early) value = localOf(b, info.body);
      const buffer = b.buffers.get(bufferKey(item.store));
      invariant(buffer, `${item.store.name} has no array`);
      const op = b.accumulates && item.store.role === 'gradient' ? '+=' : '=';
      const axes = item.store.hit?.form === 'offset' ? item.store.hit.of : item.store.axes;
      return [{ kind: 'store', buffer: buffer.name, at: addressHere(b, axes), lanes: 1, op, value }];
    }
    if (item.float) value = b.local(b.wish(item.wish ?? item.name, axesOf(info.body)), 'f64', asFloat(value), b.depth);
    // A copy of an array needs no local.
    if (value.kind !== 'local' && value.kind !== 'const' && value.kind !== 'named' && !(stored && value.kind === 'load')) {
      const anonymous = item.name.startsWith('%') || b.context.items.names.has(info.body);
      value = anonymous ? localOf(b, info.body) : b.local(b.wish(item.name, axesOf(info.body)), 'f64', value, b.depth);
    }
    const identity = read(item.name, item.axes.map(axisIndex));
    b.frame(b.depth).values.set(keyOf(b, identity, []), value);
    return stored ? [{ kind: 'store', buffer: stored.buffer.name, at: addressHere(b, stored.axes), lanes: 1, op: '=', value }] : [];
  }

  accumulate(info: Info, lane: number): void {
    const { b } = this;
    const conditions = this.narrowed.late.map((c) => valueOf(b, c)).filter((c) => constantOf(b, c) !== 1);
    // A lane that is written out may know that it adds nothing.
    if (conditions.some((c) => constantOf(b, c) === 0)) return;
    let value = valueOf(b, info.body);
    for (const c of conditions) value = { kind: 'select', c, a: value, b: { kind: 'const', value: 0 } } satisfies LoopExpr;
    if (info.form === 'scatter') addToPlace(b, info, value);
    else this.reductions.add(info, lane, value);
  }
}
