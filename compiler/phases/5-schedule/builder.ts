/**
 * Writes statements. A stack of frames stands for the loops and conditions that are open; a value goes into the frame of
 * its deepest axis, so whatever does not change in a loop is computed outside it, once. Formulas are shared objects, so
 * the frames' tables of values are all that common subexpressions take.
 */
import { invariant } from '../../support/invariant.ts';
import { sizeOf } from '../../ir/affine.ts';
import { collect, linearKey, type Buffer, type Linear, type LoopExpr, type Range, type Stmt, type Term, type Ty } from '../../ir/loop.ts';
import { Scope } from '../../ir/names.ts';
import type { Expr } from '../../ir/tensor.ts';
import type { Slot } from './access.ts';
import type { Candidate, Choices } from './choices.ts';
import { axesOf } from './dag.ts';
import type { Context, Info } from './space.ts';
import type { Storage } from './storage.ts';

export interface Frame {
  readonly scope: Scope;
  readonly stmts: Stmt[];
  readonly values: Map<string, LoopExpr>;
}

/** An axis that is unrolled: its variable plus `offset`, or just `offset` where no loop is left. */
export interface Lane {
  readonly offset: number;
  readonly whole: boolean;
  /** Stands behind the names of what differs between lanes; absent: `laneName` does. */
  readonly name?: string;
}

export class Builder {
  readonly frames: Frame[];
  readonly axisFrame = new Map<string, number>();
  readonly axisVar = new Map<string, string>();
  readonly lanes = new Map<string, Lane>();
  /** Axes that run in the loop of their inner neighbour: `h`, where one loop runs over h and w. */
  readonly merged = new Set<string>();
  /** The frame in which a loop variable or an integer local is known. */
  readonly varFrame = new Map<string, number>();
  /** Axes of which a loop visits every k-th value from c on. */
  readonly forms = new Map<string, { readonly k: number; readonly c: number }>();
  /** Indices known to be inside, by the key of their slot, and the frame from which on they are. */
  readonly facts = new Map<string, number>();
  readonly levels = new Map<Expr, number>();
  /** Subformulas that the pass at hand needs more than once. */
  readonly shared = new Set<Expr>();
  laneName = '';
  /** The columns that are computed side by side: lanes of the innermost loop of the group at hand. */
  tile: { readonly axes: readonly string[]; readonly count: number } | undefined;
  readonly context: Context;
  readonly storage: ReadonlyMap<string, Storage>;
  readonly buffers: ReadonlyMap<string, Buffer>;

  readonly accumulates: boolean;
  /** Loops are put into lanes afterwards (vector/): nothing is written out side by side. */
  readonly inVectors: boolean;
  /** A scratch array for what is dead before the next thing asks for one. */
  readonly scratch: (wish: string, elem: Buffer['elem'], length: number) => Buffer;
  /** What is NaN where an element of the windows at hand is; absent where each of them looks for itself. */
  doubts: LoopExpr[] | undefined;
  /** Rare work is at hand: no text is spent on its speed. */
  rare = false;
  /** Sums whose arrays are filled and finished outside the group at hand. */
  readonly riders = new Set<Info>();
  readonly #choices: Choices;
  #isLabelled = true;

  constructor(
    context: Context, scope: Scope, storage: ReadonlyMap<string, Storage>, buffers: ReadonlyMap<string, Buffer>,
    options: { readonly accumulate: boolean; readonly choices: Choices; readonly target?: 'ts' | 'wasm' }, scratch: Builder['scratch'],
  ) {
    this.accumulates = options.accumulate;
    this.inVectors = options.target === 'wasm';
    this.#choices = options.choices;
    this.scratch = scratch;
    this.context = context;
    this.frames = [{ scope, stmts: [], values: new Map() }];
    this.storage = storage;
    this.buffers = buffers;
  }

  /** The names in use where statements are written now. */
  get scope(): Scope {
    return this.frame(this.depth).scope;
  }

  get depth(): number {
    return this.frames.length - 1;
  }

  frame(depth: number): Frame {
    const f = this.frames[depth];
    invariant(f, `no frame ${depth}`);
    return f;
  }

  /** One of several right ways; `place` names it within the function. */
  choose<T>(place: string, candidates: readonly [Candidate<T>, ...Candidate<T>[]]): T {
    return this.#choices.pick(`${this.context.items.program.name}/${place}`, candidates);
  }

  push(s: Stmt): void {
    if (s.kind === 'label' && !this.#isLabelled) return;
    this.frame(this.depth).stmts.push(s);
  }

  /** Lets `fill` write, with labels or without: lanes need only one. */
  labelled(isLabelled: boolean, fill: () => void): void {
    const before = this.#isLabelled;
    this.#isLabelled = before && isLabelled;
    fill();
    this.#isLabelled = before;
  }

  /** Opens a frame, lets `fill` write into it, and hands its statements over. */
  nested(fill: () => void): readonly Stmt[] {
    this.frames.push({ scope: new Scope(this.scope), stmts: [], values: new Map() });
    this.levels.clear();
    fill();
    this.levels.clear();
    const stmts = this.frames.pop()!.stmts;
    for (const [v, depth] of this.varFrame) if (depth > this.depth) this.varFrame.delete(v);
    return stmts;
  }

  /** A loop over an axis, or over several as one; `fill` writes its body. */
  loop(over: string | readonly string[], bounds: { from: Linear; to: Linear; step: number; size?: number; vectors?: number; within?(): readonly Range[] }, fill: () => void): void {
    const axes = typeof over === 'string' ? [over] : over;
    let v = '';
    let within: readonly Range[] = [];
    const inner = axes.at(-1)!;
    const body = this.nested(() => {
      v = this.scope.fresh(axes.map((a) => a.toLowerCase()).join(axes.every((a) => a.length === 1) ? '' : '_'));
      this.axisVar.set(inner, v);
      this.varFrame.set(v, this.depth);
      this.merge(axes, () => {
        for (const a of axes) this.axisFrame.set(a, this.depth);
        within = bounds.within?.() ?? [];
        fill();
        for (const a of axes) this.axisFrame.delete(a);
      });
      this.axisVar.delete(inner);
    });
    this.push({ kind: 'loop', v, from: bounds.from, to: bounds.to, step: bounds.step, size: bounds.size ?? this.size(axes).value, within, body, ...(bounds.vectors === undefined ? {} : { vectors: bounds.vectors }) });
  }

  /** While `fill` runs, the last of `axes` counts for all of them. */
  merge(axes: readonly string[], fill: () => void): void {
    const outer = axes.slice(0, -1).filter((a) => !this.merged.has(a));
    for (const a of outer) this.merged.add(a);
    fill();
    for (const a of outer) this.merged.delete(a);
  }

  /** How often a loop over some axes as one runs. */
  size(axes: readonly string[]): { readonly name: string; readonly value: number } {
    const { names, env } = this.context;
    return names.product(axes.length > 1 ? axes.filter((a) => sizeOf(env, a) > 1) : axes)!;
  }

  /** Statements under a condition. What runs over `axes` belongs inside. */
  when(condition: LoopExpr, axes: readonly string[], fill: () => void): void {
    const before = axes.map((a) => [a, this.axisFrame.get(a)] as const);
    const body = this.nested(() => {
      for (const [a, f] of before) if (f !== undefined) this.axisFrame.set(a, this.depth);
      fill();
      for (const [a, f] of before) if (f !== undefined) this.axisFrame.set(a, f);
    });
    this.push({ kind: 'when', condition, body });
  }

  // ------------------------------------------------------------------------------------------------------- indices

  /** k * axis as it stands now: a loop variable, a lane of it, or a number. */
  axisTerms(axis: string, k: number, factors: readonly string[]): Term[] {
    const v = this.axisVar.get(axis);
    const lane = this.lanes.get(axis);
    const form = this.forms.get(axis) ?? { k: 1, c: 0 };
    const offset = (lane?.offset ?? 0) * form.k + form.c;
    const out: Term[] = [];
    if (v !== undefined && !lane?.whole) out.push({ v, k: k * form.k, factors });
    if (offset !== 0) out.push({ k: k * offset, factors });
    return out;
  }

  /** The axes and constants of a slot, before its divisor; elements not included. */
  slotTerms(s: Slot): Term[] {
    return [...s.terms.flatMap((t) => this.axisTerms(t.axis, t.k, t.factors)), ...s.constants];
  }

  range(s: Slot): Range {
    const size = this.context.names.size(s.axis);
    return { at: collect(this.slotTerms(s)), divisor: s.divisor, size: s.size, sizeName: size.name, low: s.low, high: s.high };
  }

  /** Tells apart what stands on different lanes. */
  laneKey(axes: Iterable<string>): string {
    let key = '';
    for (const a of axes) {
      const lane = this.lanes.get(a);
      if (this.merged.has(a)) key += `@${a}`;
      if (lane) key += `@${a}${lane.whole ? '=' : '+'}${lane.offset}`;
    }
    return key;
  }

  frameOfAxes(axes: Iterable<string>): number {
    let depth = 0;
    for (const a of axes) depth = Math.max(depth, this.axisFrame.get(a) ?? 0);
    return depth;
  }

  frameOfLinear(at: Linear): number {
    return at.reduce((depth, t) => Math.max(depth, t.v === undefined ? 0 : this.varFrame.get(t.v) ?? 0), 0);
  }

  // -------------------------------------------------------------------------------------------------------- locals

  known(key: string, from: number): LoopExpr | undefined {
    for (let d = from; d >= 0; d--) {
      const value = this.frame(d).values.get(key);
      if (value) return value;
    }
    return undefined;
  }

  /** A new local in a frame. */
  local(wish: string, ty: Ty, value: LoopExpr, depth: number, mutable = false): LoopExpr & { kind: 'local' } {
    const name = this.scope.fresh(wish, this.frame(depth).scope);
    this.frame(depth).stmts.push({ kind: 'let', name, ty, mutable, value });
    this.varFrame.set(name, depth);
    return { kind: 'local', ty, name };
  }

  /** The name of a local for a formula: a definition's name and the lane, where it has one. */
  wish(base: string, axes: Iterable<string>): string {
    const own = new Set(axes);
    const lanes = [...this.lanes].filter(([a]) => own.has(a)).map(([, l]) => l.name);
    const lane = [...lanes.filter((name) => name !== undefined && name !== ''), ...(lanes.includes(undefined) ? [this.laneName] : [])].join('_');
    const plain = this.scope.has(base) && lane === '' ? `${base}At` : base;
    return `${plain}${/[0-9]$/.test(plain) && lane !== '' ? '_' : ''}${lane}`;
  }

  /** Inside lanes that have a name. */
  get inLane(): boolean {
    return this.laneName !== '' || [...this.lanes.values()].some((l) => (l.name ?? '') !== '');
  }

  /** Splits an index: what is known outside the innermost loop it runs over becomes a local there. */
  withBase(flat: Linear): Linear {
    const innermost = this.frameOfLinear(flat);
    const depthOf = (t: Term): number => (t.v === undefined ? 0 : this.varFrame.get(t.v) ?? 0);
    const inner = flat.filter((t) => t.v !== undefined && depthOf(t) === innermost);
    const outer = flat.filter((t) => t.v !== undefined && depthOf(t) < innermost);
    const constants = flat.filter((t) => t.v === undefined);
    // Lanes that are written out share their index but for a constant.
    if (this.inLane && inner.some((t) => t.k !== 1)) outer.push(...inner.splice(0));
    const plain = outer.length === 1 && outer[0]!.k === 1;
    if (outer.length === 0 || plain) return flat;
    const isFixed = (t: Term): boolean => !this.inLane && (t.factors ?? []).length > 0;
    const fixed = constants.filter(isFixed);
    const rest = constants.filter((t) => !isFixed(t));
    const base = collect([...outer, ...fixed]);
    const key = `row:${linearKey(base)}`;
    const depth = this.frameOfLinear(base);
    const row = this.known(key, this.depth) ?? this.local('row', 'i32', { kind: 'linear', at: base }, depth);
    this.frame(depth).values.set(key, row);
    invariant(row.kind === 'local', 'a row is a local');
    return [{ v: row.name, k: 1 }, ...inner, ...rest];
  }

  axesOf(e: Expr): ReadonlySet<string> {
    return axesOf(e);
  }
}
