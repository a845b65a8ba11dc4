/**
 * One pass: a nest of loops in which every item of the pass is computed. The innermost loop is unrolled by four with
 * accumulators side by side; loops of a few points are written out; the tests for the edges of arrays are bounds of
 * loops, or conditions around the innermost loop that they allow.
 */
import { invariant } from '../../support/invariant.ts';
import { axisIndex, sizeOf } from '../../ir/affine.ts';
import { children, read } from '../../ir/expr.ts';
import { collect, type Address, type LoopExpr, type Stmt } from '../../ir/loop.ts';
import type { Expr, ReduceOp } from '../../ir/tensor.ts';
import type { Builder } from './builder.ts';
import { axesOf, nodesOf, readsIn } from './dag.ts';
import type { Tree } from './group.ts';
import { atLane, laneLoop } from './lanes.ts';
import { narrow, type Narrowed } from './narrow.ts';
import type { Info } from './space.ts';
import { bufferKey, type Storage } from './storage.ts';
import { addressOf, constantOf, keyOf, localOf, valueOf } from './values.ts';
import { buildWindow, isWindow, lanesOfWindows } from './window.ts';

type Pass = Extract<Tree, { kind: 'pass' }>;

/** What decides how far loops are unrolled. */
const LANES = 4;
const TINY = 8;
const MOST_WRITTEN_OUT = 96;
const MOST_UNROLLED = 320;

/** Writes the statements of some groups and passes where the builder stands. */
export function buildTree(b: Builder, trees: readonly Tree[]): void {
  for (const t of trees) {
    if (t.kind === 'pass') buildPass(b, t);
    else if (t.kind === 'contraction') invariant(false, 'a contraction stands inside a loop');
    else openGroup(b, t);
  }
}

function openGroup(b: Builder, t: Extract<Tree, { kind: 'group' }>): void {
  const inner = t.axes.at(-1);
  const lanes = lanesOfWindows(b, t);
  if (inner === undefined || lanes === 1) return openAll(b, t.axes, () => buildTree(b, t.children));
  openAll(b, t.axes.slice(0, -1), () => laneLoop(b, inner, lanes, (lane) => b.labelled(lane === 0, () => buildTree(b, t.children))));
}

function openAll(b: Builder, axes: readonly string[], fill: () => void): void {
  const [first, ...rest] = axes;
  if (first === undefined) return fill();
  fullLoop(b, first, () => openAll(b, rest, fill));
}

function fullLoop(b: Builder, axis: string, fill: () => void): void {
  const size = b.context.names.size(axis);
  b.loop(axis, { from: [], to: [{ k: size.value, factors: [size.name] }], step: 1 }, fill);
}

// ------------------------------------------------------------------------------------------------------ accumulators

interface Accumulator {
  readonly info: Info;
  /** Locals, one for each lane up to a limit; for arg the value, then the offset. */
  readonly names: readonly string[];
}

const START: Readonly<Record<ReduceOp, number>> = { sum: 0, mean: 0, prod: 1, max: -Infinity, min: Infinity };

const constant = (value: number): LoopExpr => ({ kind: 'const', value });
const local = (name: string, ty: 'f64' | 'i32' = 'f64'): LoopExpr => ({ kind: 'local', ty, name });
const binary = (op: '+' | '-' | '*' | '/' | 'max' | 'min' | 'and' | 'or' | '<' | '>' | '==' | '!=', a: LoopExpr, b: LoopExpr): LoopExpr =>
  ({ kind: 'binary', op, a, b });

const FOLD: Readonly<Record<ReduceOp, '+' | '*' | 'max' | 'min'>> = { sum: '+', mean: '+', prod: '*', max: 'max', min: 'min' };

/** What a part of a reduction is called, behind the reduction's name. */
const PART: Readonly<Record<ReduceOp, string>> = { sum: 'Sum', mean: 'Sum', prod: 'Product', max: 'Max', min: 'Min' };

class PassBuilder {
  readonly b: Builder;
  readonly pass: Pass;
  readonly narrowed: Narrowed;
  readonly written: readonly string[];
  readonly lanes: number;
  readonly accumulators = new Map<Info, Accumulator>();
  laneIndex = 0;

  constructor(b: Builder, pass: Pass) {
    this.b = b;
    this.pass = pass;
    const bearer = pass.infos.find((i) => i.guards.length > 0 || i.conditions.length > 0);
    this.narrowed = narrow(pass.loops, bearer);
    const cost = pass.infos.reduce((n, i) => n + i.cost + 1, 0);
    this.written = this.writtenOut(cost);
    const inner = pass.loops.at(-1);
    const unrolls = inner !== undefined && this.written.length === 0 && !this.narrowed.loops.has(inner)
      && sizeOf(b.context.env, inner) >= LANES && cost * LANES <= MOST_UNROLLED;
    this.lanes = unrolls ? LANES : 1;
  }

  /** The innermost loops that are short enough to be written out in full. */
  writtenOut(cost: number): string[] {
    const out: string[] = [];
    let points = 1;
    for (const axis of [...this.pass.loops].reverse()) {
      const size = sizeOf(this.b.context.env, axis);
      if (size > TINY || points * size * cost > MOST_WRITTEN_OUT || this.narrowed.loops.has(axis)) break;
      points *= size;
      out.unshift(axis);
    }
    return out;
  }

  run(): void {
    const { b, pass } = this;
    const labels = new Set(pass.infos.flatMap((i) => (i.item.label !== undefined ? [i.item.label] : [])));
    for (const text of labels) b.push({ kind: 'label', text });
    this.findShared();
    for (const info of pass.infos) this.start(info);
    const before = b.laneName;
    this.guarded(this.narrowed.before, () => this.nest(0));
    b.laneName = before;
    b.shared.clear();
    for (const info of pass.infos) this.finish(info);
  }

  findShared(): void {
    const { b, pass } = this;
    const uses = new Map<Expr, number>();
    const count = (e: Expr): void => { uses.set(e, (uses.get(e) ?? 0) + 1); };
    const bodies = pass.infos.flatMap((i) => [i.body, ...i.conditions]);
    for (const e of nodesOf(bodies)) children(e).forEach(count);
    bodies.forEach(count);
    b.shared.clear();
    for (const [e, n] of uses) if (n > 1 && e.kind !== 'const') b.shared.add(e);
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
    const { b, pass, lanes } = this;
    const axis = pass.loops[n];
    if (axis === undefined || pass.loops.length - n === this.written.length) return this.writeOut(0, '');
    const narrowing = this.narrowed.loops.get(axis);
    const inside = (): void => {
      for (const key of narrowing?.facts ?? []) b.facts.set(key, b.depth);
      this.guarded(this.narrowed.after.get(axis) ?? [], () => this.nest(n + 1));
      for (const key of narrowing?.facts ?? []) b.facts.delete(key);
    };
    if (narrowing) return b.loop(axis, narrowing.bounds(b), inside);
    if (lanes === 1 || n < pass.loops.length - 1) return fullLoop(b, axis, inside);
    laneLoop(b, axis, lanes, (lane) => this.body(lane));
  }

  writeOut(n: number, key: string): void {
    const axis = this.written[n];
    if (axis === undefined) return this.body(this.laneIndex++);
    const size = sizeOf(this.b.context.env, axis);
    for (let at = 0; at < size; at++) atLane(this.b, axis, { offset: at, whole: true }, String(at), () => this.writeOut(n + 1, key));
  }

  // -------------------------------------------------------------------------------------------------------- items

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
      return [{ kind: 'store', buffer: buffer.name, at: this.own(axes), lanes: 1, op, value }];
    }
    if (value.kind !== 'local' && value.kind !== 'const' && value.kind !== 'named') {
      const anonymous = item.name.startsWith('%') || b.context.items.names.has(info.body);
      value = anonymous ? localOf(b, info.body) : b.local(b.wish(item.name, axesOf(info.body)), 'f64', value, b.depth);
    }
    const identity = read(item.name, item.axes.map(axisIndex));
    b.frame(b.depth).values.set(keyOf(b, identity, []), value);
    return stored ? [{ kind: 'store', buffer: stored.buffer.name, at: this.own(stored.axes), lanes: 1, op: '=', value }] : [];
  }

  /** The address of the point at which the loops stand. */
  own(axes: readonly string[]): Address {
    const { b } = this;
    return addressOf(b, axes.map((axis) => ({ axis, at: collect(b.axisTerms(axis, 1, [])), size: sizeOf(b.context.env, axis) })));
  }

  start(info: Info): void {
    const { b } = this;
    const { item } = info;
    if (info.form === 'each') return;
    const from = START[item.op ?? 'sum'];
    if (info.form === 'array') return this.startArray(info, this.array(info), from);
    const wish = item.name.startsWith('%') ? (item.kind === 'arg' ? 'best' : FOLD[item.op!] === '+' ? 'sum' : item.op!) : item.name;
    const base = b.scope.has(wish) ? `${wish}At` : wish;
    const width = this.lanes > 1 ? LANES : this.written.reduce((n, a) => n * sizeOf(b.context.env, a), 1);
    const several = this.pass.infos.filter((i) => i.form !== 'each').length;
    const count = item.kind === 'arg' ? 1 : Math.min(width, several > 6 ? 1 : several > 3 ? 2 : 4);
    const names: string[] = [];
    const stem = this.stem(item.name.startsWith('%') ? wish : `${item.name}${PART[item.op!]}`, count);
    for (let n = 0; n < count; n++) {
      names.push(b.local(count > 1 ? `${stem}${n}` : base, 'f64', constant(from), b.depth, true).name);
    }
    if (item.kind === 'arg') names.push(b.local('offset', 'i32', constant(0), b.depth, true).name);
    this.accumulators.set(info, { info, names });
  }

  /** A name whose numbered lanes are all free. */
  stem(wish: string, count: number): string {
    const isFree = (stem: string): boolean => Array.from({ length: count }, (_, n) => `${stem}${n}`).every((name) => !this.b.scope.has(name));
    const candidates = [wish, ...(wish === 'sum' ? ['acc', 'part'] : []), ...[...'BCDEFGHIJKLMNOPQRSTUVWXYZ'].map((c) => `${wish}${c}`)];
    return candidates.find(isFree) ?? wish;
  }

  array(info: Info): Storage {
    const stored = this.b.storage.get(info.item.name);
    invariant(stored, `${info.item.name} has no array`);
    return stored;
  }

  startArray(info: Info, stored: Storage, from: number): void {
    const { b } = this;
    if (stored.axes.length === 1) return b.push({ kind: 'fill', buffer: stored.buffer.name, value: from });
    fullLoop(b, info.inner!, () =>
      b.push({ kind: 'store', buffer: stored.buffer.name, at: this.own(stored.axes), lanes: 1, op: '=', value: constant(from) }));
  }

  accumulate(info: Info, lane: number): void {
    const { b } = this;
    const { item } = info;
    const late = this.narrowed.late;
    const conditions = late.map((c) => valueOf(b, c)).filter((c) => constantOf(b, c) !== 1);
    // A lane that is written out may know that it adds nothing.
    if (conditions.some((c) => constantOf(b, c) === 0)) return;
    let value = valueOf(b, info.body);
    for (const c of conditions) value = { kind: 'select', c, a: value, b: constant(0) };
    const fold = FOLD[item.op!];
    const op = fold === '+' ? '+=' : fold === '*' ? '*=' : '=';
    if (info.form === 'array') {
      const { buffer, axes } = this.array(info);
      const at = this.own(axes);
      if (op === '=') value = binary(fold, { kind: 'load', ty: 'f64', buffer: buffer.name, at, lanes: 1 }, value);
      return b.push({ kind: 'store', buffer: buffer.name, at, lanes: 1, op, value });
    }
    const names = this.accumulators.get(info)!.names;
    if (item.kind === 'arg') return this.accumulateArg(info, names, value);
    const name = names[lane % names.length]!;
    b.push({ kind: 'set', name, op, value: op === '=' ? binary(fold, local(name), value) : value });
  }

  /** The first extreme element; a NaN is extreme, and the first one stays. */
  accumulateArg(info: Info, names: readonly string[], value: LoopExpr): void {
    const { b } = this;
    const [best, offset] = [names[0]!, names[1]!];
    const v = value.kind === 'local' ? value : b.local(b.wish('value', this.pass.loops), 'f64', value, b.depth);
    const better = binary(info.item.op === 'max' ? '>' : '<', v, local(best));
    const firstNaN = binary('and', binary('!=', v, v), binary('==', local(best), local(best)));
    const at = info.item.reduced.map((axis) => ({ axis, at: collect(b.axisTerms(axis, 1, [])), size: sizeOf(b.context.env, axis) }));
    const place: LoopExpr = { kind: 'linear', at: addressOf(b, at).flat };
    b.push({ kind: 'when', condition: binary('or', better, firstNaN), body: [
      { kind: 'set', name: best, op: '=', value: v }, { kind: 'set', name: offset, op: '=', value: place },
    ] });
  }

  finish(info: Info): void {
    const { b } = this;
    const { item } = info;
    if (info.form === 'each') return;
    const count = item.op === 'mean' ? b.context.names.product(item.reduced.filter((a) => sizeOf(b.context.env, a) > 1)) : undefined;
    const stored = b.storage.get(item.name);
    if (info.form === 'array') {
      if (!count) return;
      return fullLoop(b, info.inner!, () => {
        const at = this.own(this.array(info).axes);
        const load: LoopExpr = { kind: 'load', ty: 'f64', buffer: stored!.buffer.name, at, lanes: 1 };
        b.push({ kind: 'store', buffer: stored!.buffer.name, at, lanes: 1, op: '=', value: binary('/', load, { kind: 'named', name: count.name }) });
      });
    }
    const { names } = this.accumulators.get(info)!;
    let value: LoopExpr = item.kind === 'arg' ? local(names[1]!, 'i32') : tree(names, FOLD[item.op!]);
    if (count) value = binary('/', value, { kind: 'named', name: count.name });
    if (value.kind !== 'local') {
      const wish = item.name.startsWith('%') ? item.op! : item.name;
      value = b.local(b.scope.has(wish) ? `${wish}At` : wish, 'f64', value, b.depth);
    }
    const identity = read(item.name, item.axes.map(axisIndex));
    b.frame(b.depth).values.set(keyOf(b, identity, []), value);
    if (stored) b.push({ kind: 'store', buffer: stored.buffer.name, at: this.own(stored.axes), lanes: 1, op: '=', value });
  }
}

/** a + b + (c + d): pairs first, so that errors do not pile up. */
function tree(names: readonly string[], op: '+' | '*' | 'max' | 'min'): LoopExpr {
  const [a, b, c, d] = names.map((n) => local(n));
  if (!b) return a!;
  const left = binary(op, a!, b);
  return c ? binary(op, left, d ? binary(op, c, d) : c) : left;
}

function buildPass(b: Builder, pass: Pass): void {
  if (isWindow(b, pass)) buildWindow(b, pass);
  else new PassBuilder(b, pass).run();
}
