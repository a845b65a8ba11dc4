/**
 * The loops of one phase of a contraction: tiles of the result in registers, the summed axes inside, and at the end of each
 * tile whatever is made of the sums, stored at once. Sizes that a tile does not divide get a narrower tile at the end.
 */
import { invariant } from '../../../support/invariant.ts';
import { axisIndex, sizeOf } from '../../../ir/affine.ts';
import { read } from '../../../ir/expr.ts';
import { collect, type Address, type Buffer, type LoopExpr } from '../../../ir/loop.ts';
import type { Expr } from '../../../ir/tensor.ts';
import type { Builder } from '../builder.ts';
import type { Info } from '../space.ts';
import { bufferKey, type Storage } from '../storage.ts';
import { addressOf, keyOf, strided, valueOf } from '../values.ts';
import { addressIn, slotsAt, type Position } from './layout.ts';
import { orderOf, type PhasePlan, type Plan } from './plan.ts';
import { isEmpty, type Operand, type Phase } from './recognise.ts';

export interface NestTarget {
  readonly buffers: readonly [Buffer, Buffer];
  /** What is made of each finished sum. Empty where the sums go to an array. */
  readonly epilogue: readonly Info[];
  /** Where sums are kept that the batch cuts into pieces, or that other passes read. */
  readonly sums?: Storage;
  /** The batch adds to what is in `sums`. */
  readonly adds: boolean;
}

const local = (name: string): LoopExpr => ({ kind: 'local', ty: 'f64', name });
const times = (a: LoopExpr, b: LoopExpr): LoopExpr => ({ kind: 'binary', op: '*', a, b });
const plus = (a: LoopExpr, b: LoopExpr): LoopExpr => ({ kind: 'binary', op: '+', a, b });

/** Writes one phase where the builder stands, inside the batch. */
export function buildPhase(b: Builder, plan: Plan, own: PhasePlan, target: NestTarget): void {
  for (const [axis, { k, c }] of own.phase) if (k !== 1 || c !== 0) b.forms.set(axis, { k, c });
  new PhaseBuilder(b, plan, own, target).run();
  b.forms.clear();
}

class PhaseBuilder {
  readonly b: Builder;
  readonly plan: Plan;
  readonly own: PhasePlan;
  readonly phase: Phase;
  readonly tile: { readonly a?: string; readonly b?: string; readonly u?: string; readonly ta: number; readonly tb: number; readonly tu: number };
  readonly target: NestTarget;
  readonly at = new Map<string, Position>();
  /** The summed axes of this phase, last the unrolled one, the one in lanes, or the longest. */
  readonly summed: readonly string[];

  constructor(b: Builder, plan: Plan, own: PhasePlan, target: NestTarget) {
    this.b = b;
    this.plan = plan;
    this.own = own;
    this.phase = own.phase;
    this.tile = own.tile ?? { ta: 1, tb: 1, tu: 1 };
    this.target = target;
    const { merge, phase } = own;
    const all = plan.contraction.reduced.filter((axis) => axis !== plan.batch && phase.get(axis)!.size > 1);
    const inner = merge ? [merge.axis, ...all.filter((axis) => axis !== merge.outer && axis !== merge.inner)] : all;
    const { u } = this.tile;
    this.summed = own.lanes ? orderOf(inner, own.lanes, phase) : [...inner.filter((axis) => axis !== u), ...inner.filter((axis) => axis === u)];
    if (plan.batch !== undefined) this.at.set(plan.batch, this.batchPosition(plan.batch));
  }

  batchPosition(batch: string): Position {
    const v = this.b.axisVar.get(batch);
    return v === undefined ? { start: 0 } : { v, start: 0 };
  }

  run(): void {
    const { plan, tile } = this;
    const [a, c] = plan.operands;
    const free = plan.contraction.out.filter((axis) => axis !== plan.batch && axis !== tile.a && axis !== tile.b);
    const isIn = (o: Operand) => (axis: string): boolean => o.axes.has(axis);
    const shared = free.filter((axis) => isIn(a)(axis) === isIn(c)(axis));
    const ofB = free.filter((axis) => !isIn(a)(axis) && isIn(c)(axis));
    const ofA = free.filter((axis) => isIn(a)(axis) && !isIn(c)(axis));
    this.loops([...shared, ...ofB], () => this.tiled(tile.b, tile.tb, (tb) => this.loops(ofA, () => this.tiled(tile.a, tile.ta, (ta) => this.tileBody(ta, tb)))));
  }

  // ------------------------------------------------------------------------------------------------------- loops

  loops(axes: readonly string[], fill: () => void): void {
    const [axis, ...rest] = axes;
    if (axis === undefined) return fill();
    this.steps(axis, 1, () => this.loops(rest, fill));
  }

  tiled(axis: string | undefined, width: number, fill: (width: number) => void): void {
    if (axis === undefined) return fill(1);
    this.steps(axis, width, fill);
  }

  /** Full tiles in a loop, then the rest. */
  steps(axis: string, width: number, fill: (width: number) => void): void {
    const size = this.phase.get(axis)!.size;
    const whole = size - (size % width);
    if (whole > width) this.open(axis, whole, width, () => fill(width));
    else if (whole > 0) this.stand(axis, 0, () => fill(width));
    if (whole < size) this.stand(axis, whole, () => fill(size - whole));
  }

  open(axis: string, to: number, step: number, fill: () => void): void {
    const { b } = this;
    const named = axis !== this.own.merge?.axis && to === sizeOf(b.context.env, axis) ? b.context.names.size(axis) : undefined;
    b.loop(axis, { from: [], to: [{ k: to, ...(named ? { factors: [named.name] } : {}) }], step, size: to, ...this.vectors(axis) }, () => {
      this.at.set(axis, { v: b.axisVar.get(axis)!, start: 0 });
      fill();
      this.at.delete(axis);
    });
  }

  vectors(axis: string): { vectors?: number } {
    const { lanes } = this.own;
    return lanes?.axis === axis ? { vectors: lanes.vectors } : {};
  }

  /** True where lanes of the result are added to what is there: a float starts from 0, and the doubles are added to once. */
  get addsLanes(): boolean {
    return this.target.adds && this.own.lanes?.of === 'result';
  }

  /** A tile that needs no loop. */
  stand(axis: string, start: number, fill: () => void): void {
    this.at.set(axis, { start });
    this.lane(axis, start, true, fill);
    this.at.delete(axis);
  }

  lane(axis: string | undefined, offset: number, whole: boolean, fill: () => void): void {
    if (axis === undefined) return fill();
    const { b } = this;
    const frame = b.axisFrame.get(axis);
    const before = b.lanes.get(axis);
    if (frame === undefined) b.axisFrame.set(axis, b.depth);
    b.lanes.set(axis, { offset, whole });
    b.levels.clear();
    fill();
    if (before) b.lanes.set(axis, before);
    else b.lanes.delete(axis);
    if (frame === undefined) b.axisFrame.delete(axis);
    b.levels.clear();
  }

  // -------------------------------------------------------------------------------------------------------- tile

  tileBody(ta: number, tb: number): void {
    const { b, plan } = this;
    // A frame of its own: remainders that need no loop may use the names again.
    const wish = plan.contraction.item.name.startsWith('%') ? 'sum' : `${plan.contraction.item.name}Sum`;
    const stem = ['', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map((c) => `${wish}${c}`)
      .find((s) => Array.from({ length: ta * tb }, (_, n) => `${s}${n}`).every((name) => !b.scope.has(name))) ?? wish;
    const sums: string[] = [];
    for (let j = 0; j < tb; j++) for (let i = 0; i < ta; i++) {
      const from: LoopExpr = this.target.adds && !this.addsLanes ? this.loadSum(i, j) : { kind: 'const', value: 0 };
      sums.push(b.local(ta * tb > 1 ? `${stem}${sums.length}` : stem, 'f64', from, b.depth, true).name);
    }
    if (!isEmpty(this.phase)) this.sumLoops(0, (width) => this.products(ta, tb, width, sums));
    for (let j = 0; j < tb; j++) for (let i = 0; i < ta; i++) this.atPoint(i, j, () => this.finish(sums[j * ta + i]!));
  }

  atPoint(i: number, j: number, fill: () => void): void {
    const { tile } = this;
    const stand = (axis: string | undefined, lane: number, inside: () => void): void => {
      const place = axis === undefined ? undefined : this.at.get(axis);
      this.lane(axis, (place?.start ?? 0) + lane, place !== undefined && place.v === undefined, inside);
    };
    const before = this.b.laneName;
    stand(tile.b, j, () => stand(tile.a, i, () => {
      this.b.laneName = `${i}${tile.tb > 1 ? `_${j}` : ''}`;
      fill();
    }));
    this.b.laneName = before;
  }

  sumLoops(n: number, fill: (width: number) => void): void {
    const axis = this.summed[n];
    if (axis === undefined) return fill(1);
    const size = this.phase.get(axis)!.size;
    const step = axis === this.tile.u ? this.tile.tu : 1;
    if (axis !== this.tile.u) return this.open(axis, size, 1, () => this.sumLoops(n + 1, fill));
    if (step === size) return this.stand(axis, 0, () => fill(size));
    invariant(size % step === 0, `${axis} is unrolled by ${step}, which does not divide it`);
    this.open(axis, size, step, () => fill(step));
  }

  /** Every multiply-add of a body: each element is loaded once. */
  products(ta: number, tb: number, tu: number, sums: readonly string[]): void {
    const { tile } = this;
    const load = [this.loader(0, ta), this.loader(1, tb)] as const;
    const x = (i: number, u: number): LoopExpr => load[0](new Map([...this.offset(tile.a, i), ...this.offset(tile.u, u)]));
    const w = (j: number, u: number): LoopExpr => load[1](new Map([...this.offset(tile.b, j), ...this.offset(tile.u, u)]));
    // Loads stand where they are first needed: fewer values are alive at once.
    for (let i = 0; i < ta; i++) for (let j = 0; j < tb; j++) {
      let value: LoopExpr | undefined;
      for (let u = 0; u < tu; u++) value = value ? plus(value, times(x(i, u), w(j, u))) : times(x(i, u), w(j, u));
      this.b.push({ kind: 'set', name: sums[j * ta + i]!, op: '+=', value: value! });
    }
  }

  offset(axis: string | undefined, n: number): [string, number][] {
    return axis === undefined ? [] : [[axis, n]];
  }

  /** Loads elements of one operand at constant distances from where the body stands. */
  loader(n: 0 | 1, width: number): (offsets: ReadonlyMap<string, number>) => LoopExpr {
    const { b } = this;
    const [o, layout, buffer] = [this.plan.operands[n], this.own.layouts[n], this.target.buffers[n]];
    const known = new Map<string, LoopExpr>();
    return (offsets) => {
      const slots = slotsAt(layout, o, this.phase, this.at, offsets, width, this.own.merge);
      const at = this.withRow(addressIn(slots), o.name);
      const key = JSON.stringify(at.flat);
      const old = known.get(key);
      if (old) return old;
      const value = b.local(`${o.name}${known.size}`, 'f64', { kind: 'load', ty: 'f64', buffer: buffer.name, at, lanes: 1 }, b.depth);
      known.set(key, value);
      return value;
    };
  }

  /** The part of an index that all loads of a body share, as a local. Terms stand in the order of the loops. */
  withRow(address: Address, name: string): Address {
    const { b } = this;
    const depth = (v: string): number => b.varFrame.get(v) ?? 0;
    const moving = collect(address.flat).filter((t) => t.v !== undefined).sort((s, t) => depth(s.v!) - depth(t.v!));
    const rest = collect(address.flat).filter((t) => t.v === undefined);
    if (moving.length === 0 || (moving.length === 1 && moving[0]!.k === 1)) return { ...address, flat: [...moving, ...rest] };
    const key = `row ${name} ${JSON.stringify(moving)}`;
    const level = depth(moving.at(-1)!.v!);
    const row = b.known(key, b.depth) ?? b.local(`${name}Row`, 'i32', { kind: 'linear', at: moving }, level);
    b.frame(level).values.set(key, row);
    invariant(row.kind === 'local', 'a row is a local');
    return { ...address, flat: [{ v: row.name, k: 1 }, ...rest] };
  }

  // ----------------------------------------------------------------------------------------------------- results

  /** The address of the point at which the loops stand. */
  stored(axes: readonly string[], name: string): Address {
    const { b } = this;
    const slots = axes.map((axis) => ({ axis, at: collect(b.axisTerms(axis, 1, [])), size: sizeOf(b.context.env, axis) }));
    return this.withRow(strided(b, slots), name);
  }

  loadSum(i: number, j: number): LoopExpr {
    const { buffer, axes } = this.target.sums!;
    let at: Address | undefined;
    this.atPoint(i, j, () => { at = this.stored(axes, buffer.name); });
    return { kind: 'load', ty: 'f64', buffer: buffer.name, at: at!, lanes: 1 };
  }

  finish(sum: string): void {
    const { b, target, plan } = this;
    const { item, scale } = plan.contraction;
    if (target.sums && target.adds) return this.store(target.sums.buffer.name, target.sums.axes, this.addsLanes ? '+=' : '=', local(sum));
    const value = this.scaled(local(sum), scale);
    if (target.sums) this.store(target.sums.buffer.name, target.sums.axes, '=', value);
    const identity = read(item.name, item.axes.map(axisIndex));
    b.frame(b.depth).values.set(keyOf(b, identity, []), value);
    for (const info of target.epilogue) {
      const tensor = info.item.store;
      const buffer = tensor && b.buffers.get(bufferKey(tensor));
      invariant(tensor && buffer, `${info.item.name} is no store`);
      this.store(buffer.name, tensor.axes, b.accumulates && tensor.role === 'gradient' ? '+=' : '=', valueOf(b, info.body));
    }
  }

  store(buffer: string, axes: readonly string[], op: '=' | '+=', value: LoopExpr): void {
    this.b.push({ kind: 'store', buffer, at: this.stored(axes, buffer), lanes: 1, op, value });
  }

  /** A finished sum, times what was taken out of it. */
  scaled(sum: LoopExpr, scale: readonly Expr[]): LoopExpr {
    const { b, plan } = this;
    const { item, reduced } = plan.contraction;
    let value = scale.reduce((x, e) => times(x, valueOf(b, e)), sum);
    const count = item.op === 'mean' ? b.context.names.product(reduced) : undefined;
    if (count) value = { kind: 'binary', op: '/', a: value, b: { kind: 'named', name: count.name } };
    return value.kind === 'local' ? value : b.local(b.wish('scaled', []), 'f64', value, b.depth);
  }
}

/** Multiplies sums that the batch left in an array by what was taken out of them. */
export function scaleSums(b: Builder, plan: Plan, sums: Storage): void {
  const { item, scale, reduced } = plan.contraction;
  const count = item.op === 'mean' ? b.context.names.product(reduced) : undefined;
  if (scale.length === 0 && !count) return;
  const nest = (n: number): void => {
    const axis = sums.axes[n];
    if (axis !== undefined) {
      const size = b.context.names.size(axis);
      return b.loop(axis, { from: [], to: [{ k: size.value, factors: [size.name] }], step: 1 }, () => nest(n + 1));
    }
    const at = addressOf(b, sums.axes.map((x) => ({ axis: x, at: collect(b.axisTerms(x, 1, [])), size: sizeOf(b.context.env, x) })));
    let value = scale.reduce((x, e) => times(x, valueOf(b, e)), { kind: 'load', ty: 'f64', buffer: sums.buffer.name, at, lanes: 1 } as LoopExpr);
    if (count) value = { kind: 'binary', op: '/', a: value, b: { kind: 'named', name: count.name } };
    b.push({ kind: 'store', buffer: sums.buffer.name, at, lanes: 1, op: '=', value });
  };
  nest(0);
}
