/**
 * One loop, its body rewritten for several vectors at a time: what differs between lanes once for each vector, what does not
 * once. Loops inside it stay loops, over vectors. Where the size leaves points over, the last vector overlaps the one before
 * it if that changes nothing; else they follow one by one.
 */
import { bodyOf, collect, exprsOf, operands, type Address, type Buffer, type Linear, type LoopExpr, type Stmt, type Ty } from '../../../ir/loop.ts';
import { localsIn } from '../../../ir/loop-walk.ts';
import { double, integers, NotInLanes, single, sumIn, valueIn, type Value, type View } from './values.ts';

export interface VectorOptions {
  readonly buffers: readonly Buffer[];
  readonly constants: ReadonlyMap<string, number>;
  /** What sums over many values are kept in. Long sums of floats lose what short ones do not. */
  readonly sums: 'f32' | 'f64';
  /** Vectors that a loop takes at a time. */
  readonly copies: number;
  /** A name that nothing has yet. */
  fresh(wish: string): string;
}

type Loop = Stmt & { kind: 'loop' };
type Let = Stmt & { kind: 'let' };
type Assign = Stmt & { kind: 'set' };

/** A sum over the lanes, on its way out to where its local is declared. */
export interface Pending {
  readonly name: string;
  readonly op: '+' | 'max' | 'min';
  readonly lets: readonly Stmt[];
  readonly whole: LoopExpr;
}

const WIDTH = 4;
/** Terms of a sum of floats: its error is of the size of theirs. */
const SHORT = 256;
/** Lanes that lie further apart in memory are left to another loop, unless this one was asked for. */
const NEAR = 4;
const count = (at: Linear): number | undefined => (at.every((t) => t.v === undefined) ? at.reduce((n, t) => n + t.k, 0) : undefined);

const keyOfSplat = (ty: string, x: LoopExpr): string => `${ty} ${x.kind === 'local' ? x.name : JSON.stringify(x)}`;

/** Whether a scalar is a float as it stands. */
export const isFloat = (e: LoopExpr, o: VectorOptions): boolean =>
  (e.kind === 'load' ? o.buffers.find((b) => b.name === e.buffer)?.elem === 'f32' : e.kind === 'unary' && e.op === 'float');

/** Whether conditions inside a statement may be what keeps an index in its array. */
export const guards = (s: Stmt): boolean => s.kind === 'when' || (s.kind === 'loop' && s.within.length > 0) || bodyOf(s).some(guards);

/** Whether an expression reads a local. */
export const uses = (e: LoopExpr, name: string): boolean => (e.kind === 'local' && e.name === name) || operands(e).some((x) => uses(x, name));

/** One loop on its way into lanes. */
export class LaneLoop {
  readonly loop: Loop;
  readonly o: VectorOptions;
  /** What integer locals stand for. */
  readonly meaning: Map<string, Linear>;
  /** Scalars that hold a float, whatever their type says. */
  readonly floats: Set<string>;
  readonly rounded = new Set<string>();
  /** Locals that differ between lanes, for each vector that is taken at a time. */
  locals: Map<string, Value>[] = [];
  isExact = false;
  isGuarded: boolean;
  /** How often the loop turns. */
  turns = 0;
  readonly varying = new Set<string>();
  readonly declared = new Set<string>();
  readonly sums = new Map<string, { readonly op: '+' | 'max' | 'min'; readonly isShort: boolean; readonly isSquare: boolean; readonly lets: Stmt[]; readonly parts: Value[] }>();
  /** Scalars in all lanes, made once in front of the loop. */
  readonly before: Stmt[] = [];
  /** The same of a scalar that the loop itself declares, right behind it. */
  readonly behind = new Map<Stmt, Stmt[]>();
  readonly scalars = new Map<string, Let>();
  #splats = new Map<string, LoopExpr>();

  constructor(loop: Loop, o: VectorOptions, around: { readonly meaning: ReadonlyMap<string, Linear>; readonly floats: ReadonlySet<string>; readonly isGuarded: boolean }) {
    this.loop = loop;
    this.o = o;
    this.meaning = new Map(around.meaning);
    this.floats = new Set(around.floats);
    this.isGuarded = around.isGuarded || loop.body.some(guards);
    const visit = (body: readonly Stmt[]): void => {
      for (const s of body) {
        if (s.kind === 'let') {
          this.declared.add(s.name);
          if (s.value.kind === 'linear') this.meaning.set(s.name, s.value.at);
          if (!s.mutable && isFloat(s.value, o)) this.floats.add(s.name);
        }
        if (s.kind === 'loop') this.declared.add(s.v);
        visit(bodyOf(s));
      }
    };
    visit(loop.body);
  }

  run(): { body: Stmt[]; pending: Pending[] } {
    const { loop, o } = this;
    const [from, to] = [count(loop.from), count(loop.to)];
    if (from === undefined || to === undefined || loop.step !== 1 || loop.within.length > 0 || to - from < WIDTH) throw new NotInLanes('bounds');
    this.findVarying(loop.body);
    if (!this.movesMemory(loop.body)) throw new NotInLanes('nothing to gain');
    const out: Stmt[] = [];
    this.turns = (to - from) / WIDTH / (loop.vectors ?? o.copies);
    let at = from;
    const copies = new Set([loop.vectors ?? o.copies, 1]);
    for (const n of copies) {
      const wide = n * WIDTH;
      const end = at + Math.floor((to - at) / wide) * wide;
      if (end === at) continue;
      out.push(this.piece(at, end, wide, this.lanes(loop.body, n)));
      at = end;
    }
    if (at < to && this.mayRepeat()) out.push(this.piece(to - WIDTH, to, WIDTH, this.lanes(loop.body, 1)));
    else if (at < to) out.push({ ...loop, from: [{ k: at }], body: loop.body });
    const long = [...this.sums].filter(([, x]) => !x.isShort).map(([name, { op, lets, parts }]): Pending => ({ name, op, lets, whole: joined(parts, op) }));
    const short = this.shortSums(from, to);
    out.push(...short.behind);
    const pending = [...long, ...short.pending];
    return { body: [...this.before, ...out], pending };
  }

  /** Short sums of floats: added to doubles behind the loop, or where squares left the floats, summed up again in doubles. */
  shortSums(from: number, to: number): { readonly behind: readonly Stmt[]; readonly pending: readonly Pending[] } {
    const sums = [...this.sums].filter(([, x]) => x.isShort);
    const behind: Stmt[] = [];
    const added: Stmt[] = [];
    const totals = new Map<string, Value & { form: 'f64' }>();
    const pending: Pending[] = [];
    const squares: LoopExpr[] = [];
    for (const [name, { op, lets, parts, isSquare }] of sums) {
      const part = this.shared({ form: 'f32', e: joined(parts, op) }, `${name}Part`);
      const doubles = this.keep(this.view(0), `${name}Lanes`, 'f64', { form: 'uniform', e: { kind: 'const', value: 0 } }, true);
      const kept = doubles.value as Value & { form: 'f64' };
      this.before.push(...lets);
      behind.push(...part.lets);
      added.push(...addTo(kept, double(this.view(0), part.value)));
      if (isSquare && part.value.form === 'f32') squares.push(part.value.e);
      totals.set(name, kept);
      pending.push({ name, op, lets: doubles.lets, whole: joined([kept], op) });
    }
    if (squares.length === 0) return { behind: [...behind, ...added], pending };
    const folded: LoopExpr = { kind: 'fold', op: 'max', x: squares.reduce((a, b) => ({ kind: 'binary', op: 'max', a, b })) };
    const name = this.o.fresh('largest');
    const largest: LoopExpr = { kind: 'local', ty: 'f64', name };
    const isFinite: LoopExpr = { kind: 'binary', op: '<', a: largest, b: { kind: 'const', value: Infinity } };
    return { pending, behind: [
      ...behind, { kind: 'let', name, ty: 'f64', mutable: false, value: folded },
      { kind: 'when', condition: isFinite, body: added },
      { kind: 'when', condition: { kind: 'unary', op: 'not', x: isFinite }, body: this.again(from, to, totals) },
    ] };
  }

  /** The loop once more, for its sums alone, in doubles. */
  again(from: number, to: number, totals: ReadonlyMap<string, Value>): Stmt[] {
    this.isExact = true;
    const end = from + Math.floor((to - from) / WIDTH) * WIDTH;
    this.locals = [new Map(totals)];
    const own = this.loop.body.filter((s) => s.kind === 'let' || (s.kind === 'set' && (this.declared.has(s.name) || totals.has(s.name))));
    const body = this.withSplats(() => this.statements(own));
    this.isExact = false;
    return [this.piece(from, end, WIDTH, body)];
  }

  /** A loop of vectors, or its body alone where it runs once. */
  piece(from: number, to: number, step: number, body: readonly Stmt[]): Stmt {
    const { from: first, to: last, vectors: _, ...rest } = this.loop;
    const keep = (old: Linear, k: number): Linear => (count(old) === k ? old : k === 0 ? [] : [{ k }]);
    return { ...rest, from: keep(first, from), to: keep(last, to), step, body };
  }

  /** Whether points may be computed twice: nothing is read that is written, and nothing is summed up. */
  mayRepeat(): boolean {
    const [read, written] = [new Set<string>(), new Set<string>()];
    let adds = this.sums.size > 0;
    const visit = (body: readonly Stmt[]): void => {
      for (const s of body) {
        const loads = (e: LoopExpr): void => { if (e.kind === 'load') read.add(e.buffer); operands(e).forEach(loads); };
        exprsOf(s).forEach(loads);
        if (s.kind === 'store') { written.add(s.buffer); adds ||= s.op !== '='; }
        if (s.kind === 'set' && !this.declared.has(s.name)) adds = true;
        visit(bodyOf(s));
      }
    };
    visit(this.loop.body);
    return !adds && [...written].every((b) => !read.has(b));
  }

  // --------------------------------------------------------------------------------------------------- what varies

  step(at: Linear): number {
    return at.reduce((n, t) => {
      if (t.v === undefined) return n;
      if (t.v === this.loop.v) return n + t.k;
      // Data that addresses memory goes anywhere.
      if (this.varying.has(t.v)) return NaN;
      const of = this.meaning.get(t.v);
      return of ? n + t.k * this.step(of) : n;
    }, 0);
  }

  varies(e: LoopExpr): boolean {
    switch (e.kind) {
      case 'local': return this.varying.has(e.name) || this.step([{ v: e.name, k: 1 }]) !== 0;
      case 'load': return this.step(e.at.flat) !== 0;
      case 'linear': case 'quotient': return this.step(e.at) !== 0;
      case 'inside': return this.step(e.range.at) !== 0;
      default: return operands(e).some((x) => this.varies(x));
    }
  }

  findVarying(body: readonly Stmt[]): void {
    for (let size = -1; size !== this.varying.size;) {
      size = this.varying.size;
      const visit = (all: readonly Stmt[]): void => {
        for (const s of all) {
          if ((s.kind === 'let' && s.value.kind !== 'linear') || s.kind === 'set') if (this.varies(s.value)) this.varying.add(s.name);
          visit(bodyOf(s));
        }
      };
      visit(body);
    }
  }

  movesMemory(body: readonly Stmt[]): boolean {
    return body.some((s) => (s.kind === 'store' && this.step(s.at.flat) !== 0) || (s.kind === 'set' && this.varying.has(s.name)) || this.movesMemory(bodyOf(s)));
  }

  // ---------------------------------------------------------------------------------------------------- statements

  /** The body for `copies` vectors side by side. */
  lanes(body: readonly Stmt[], copies: number): Stmt[] {
    this.locals = Array.from({ length: copies }, () => new Map<string, Value>());
    return this.withSplats(() => this.statements(body));
  }

  /** Statements with the splats that belong behind them, and without what nothing reads. */
  withSplats(make: () => Stmt[]): Stmt[] {
    const before = new Map([...this.#splats].filter(([, e]) => e.kind === 'local' && this.before.some((s) => s.kind === 'let' && s.name === e.name)));
    this.behind.clear();
    this.#splats = before;
    const made = make();
    const insert = (all: readonly Stmt[]): Stmt[] => all.flatMap((s): Stmt[] => {
      if (s.kind === 'loop' || s.kind === 'when') return [{ ...s, body: insert(s.body) }];
      return s.kind === 'let' ? [s, ...this.behind.get(s) ?? []] : [s];
    });
    return withoutDead(insert(made));
  }

  view(copy: number): View {
    const { o } = this;
    return {
      step: (at) => this.step(at), locals: this.locals[copy]!, offset: copy * WIDTH, isExact: this.isExact, isGuarded: this.isGuarded, reach: this.loop.vectors === undefined ? NEAR : Infinity,
      elemOf: (name) => o.buffers.find((b) => b.name === name)?.elem, constantOf: (name) => o.constants.get(name),
      isFloat: (name) => this.floats.has(name), isRounded: (e) => this.isRounded(e), shifted: (at, by) => this.shifted(at, by), splat: (ty, x) => this.splat(ty, x),
    };
  }

  /** A product, a difference, a function: its last digit is rounded, unlike that of a number that was only read. */
  isRounded(e: LoopExpr): boolean {
    switch (e.kind) {
      case 'local': return this.rounded.has(e.name);
      case 'unary': return e.op === 'float' || (e.op !== 'neg' && e.op !== 'abs') || this.isRounded(e.x);
      case 'binary': return e.op === '*' || e.op === '/' || e.op === '-' || (e.op === '+' && this.isRounded(e.a) && this.isRounded(e.b));
      default: return false;
    }
  }

  /** A scalar in all lanes: made in front of the loop, if it is known there. */
  splat(ty: 'f32x4' | 'f64x2' | 'i32x4', x: LoopExpr): LoopExpr {
    const value: LoopExpr = { kind: 'splat', ty, x };
    const source = x.kind === 'local' ? this.scalars.get(x.name) : undefined;
    if (x.kind === 'const' || (!source && !this.isOutside(x))) return value;
    const key = keyOfSplat(ty, x);
    const old = this.#splats.get(key);
    if (old) return old;
    const name = this.o.fresh(`${x.kind === 'local' || x.kind === 'named' ? x.name : 'all'}Lanes`);
    const own: Stmt = { kind: 'let', name, ty, mutable: false, value: source?.value.kind === 'load' ? { kind: 'splat', ty, x: source.value } : value };
    if (source) this.behind.set(source, [...this.behind.get(source) ?? [], own]);
    else this.before.push(own);
    const made: LoopExpr = { kind: 'local', ty, name };
    this.#splats.set(key, made);
    return made;
  }

  /** Known in front of the loop, and nothing that has to be loaded. */
  isOutside(e: LoopExpr): boolean {
    if (e.kind === 'load' || e.kind === 'linear' || e.kind === 'quotient' || e.kind === 'inside') return false;
    return !(e.kind === 'local' && this.declared.has(e.name)) && operands(e).every((x) => this.isOutside(x));
  }

  /** A value whose floats are read twice, once for each half, gets a local. */
  shared(value: Value, wish: string): { lets: Stmt[]; value: Value } {
    if (value.form !== 'f32' || value.e.kind === 'local' || value.e.kind === 'load') return { lets: [], value };
    const name = this.o.fresh(wish);
    return { lets: [{ kind: 'let', name, ty: 'f32x4', mutable: false, value: value.e }], value: { form: 'f32', e: { kind: 'local', ty: 'f32x4', name } } };
  }

  /** An address `by` points further along the loop. */
  shifted(at: Address, by: number): Address {
    if (by === 0) return at;
    const move = (l: Linear): Linear => collect([...l, { k: this.step(l) * by }]);
    return { slots: at.slots.map((s) => ({ ...s, at: move(s.at) })), flat: move(at.flat) };
  }

  statements(body: readonly Stmt[]): Stmt[] {
    return body.flatMap((s) => this.statement(s));
  }

  statement(s: Stmt): Stmt[] {
    switch (s.kind) {
      case 'label': return [s];
      case 'let': return this.declare(s);
      case 'set': return this.assign(s);
      case 'store': return this.locals.flatMap((_, copy) => this.store(s, copy));
      case 'loop':
        if (this.step(s.from) !== 0 || this.step(s.to) !== 0 || s.within.some((r) => this.step(r.at) !== 0)) throw new NotInLanes('bounds differ between lanes');
        return [{ ...s, body: this.statements(s.body) }];
      case 'when':
        if (this.varies(s.condition)) throw new NotInLanes('lanes go different ways');
        return [{ ...s, body: this.statements(s.body) }];
      case 'fill': case 'check': case 'draw': case 'call': throw new NotInLanes(s.kind);
      default: return s satisfies never;
    }
  }

  declare(s: Let): Stmt[] {
    if (!this.varying.has(s.name)) {
      if (!s.mutable && s.ty === 'f64') this.scalars.set(s.name, s);
      return [s];
    }
    return this.locals.flatMap((own, copy) => {
      const view = this.view(copy);
      const value = valueIn(view, s.value);
      const form = s.mutable ? this.formOfSum(s.name) : value.form === 'uniform' ? 'f32' : value.form;
      const { lets, value: kept } = this.keep(view, `${s.name}${this.locals.length > 1 ? `_${copy}` : ''}`, form, value, s.mutable);
      own.set(s.name, kept);
      if (!s.mutable && kept.form === 'f32' && this.isRounded(s.value)) this.rounded.add(s.name);
      return lets;
    });
  }

  /** Locals for a value. */
  keep(view: View, wish: string, form: Exclude<Value['form'], 'uniform'>, value: Value, mutable: boolean): { lets: Stmt[]; value: Value } {
    const make = (suffix: string, ty: Ty, e: LoopExpr): { s: Stmt; e: LoopExpr } => {
      const name = this.o.fresh(`${wish}${suffix}`);
      return { s: { kind: 'let', name, ty, mutable, value: e }, e: { kind: 'local', ty, name } };
    };
    if (form === 'f64') {
      const { low, high } = double(view, value);
      const [l, h] = [make('Low', 'f64x2', low), make('High', 'f64x2', high)];
      return { lets: [l.s, h.s], value: { form, low: l.e, high: h.e } };
    }
    if (form === 'i32') {
      const x = make('', 'i32x4', integers(view, value));
      return { lets: [x.s], value: { form, e: x.e } };
    }
    if (form === 'mask' && value.form !== 'mask') throw new NotInLanes('it is no mask');
    const x = form === 'mask' ? make('', 'mask', (value as Value & { form: 'mask' }).e) : make('', 'f32x4', single(view, value));
    return { lets: [x.s], value: { form, e: x.e } };
  }

  /** What a local that is assigned to is kept in: sums as asked, anything else in floats. */
  formOfSum(name: string): 'f32' | 'f64' {
    let adds = false;
    const visit = (body: readonly Stmt[]): void => {
      for (const s of body) {
        if (s.kind === 'set' && s.name === name) adds ||= s.op === '+=';
        visit(bodyOf(s));
      }
    };
    visit(this.loop.body);
    return adds ? this.o.sums : 'f32';
  }

  assign(s: Assign): Stmt[] {
    if (!this.varying.has(s.name)) {
      if (!this.declared.has(s.name)) throw new NotInLanes('something is counted');
      return [s];
    }
    if (takesExtreme(s, this)) throw new NotInLanes('who looks for the extreme element computes it in doubles');
    const isOwn = this.declared.has(s.name);
    const fold = isOwn ? undefined : foldOf(s);
    if (!isOwn && !fold) throw new NotInLanes(`${s.name} is not summed up`);
    return this.locals.flatMap((own, copy) => {
      if (fold) this.partOf(s.name, fold, copy);
      const target = own.get(s.name);
      const view = this.view(copy);
      const value = (target?.form === 'f64' && s.op === '+=' ? sumIn : valueIn)(view, fold ? fold.value : s.value);
      if (!target || target.form === 'uniform' || target.form === 'mask') throw new NotInLanes(`${s.name} is no number`);
      const combine = (x: LoopExpr, y: LoopExpr): LoopExpr => (fold && fold.op !== '+' ? { kind: 'binary', op: fold.op, a: x, b: y } : y);
      const set = (x: LoopExpr, y: LoopExpr): Stmt => ({ kind: 'set', name: (x as LoopExpr & { kind: 'local' }).name, op: s.op, value: combine(x, y) });
      if (target.form === 'f64') {
        const kept = this.shared(value, `${s.name}Term`);
        const { low, high } = double(view, kept.value);
        return [...kept.lets, set(target.low, low), set(target.high, high)];
      }
      return [set(target.e, target.form === 'i32' ? integers(view, value) : single(view, value))];
    });
  }

  /** The vector in which one copy keeps its share of a sum that is declared outside. */
  partOf(name: string, { op, value: term }: { readonly op: '+' | 'max' | 'min'; readonly value: LoopExpr }, copy: number): void {
    const own = this.locals[copy]!;
    if (own.has(name)) return;
    const isShort = op === '+' && this.o.sums === 'f64' && this.turns <= SHORT && this.isRounded(term) && this.loop.body.some((s) => s.kind === 'set' && s.name === name);
    const sum = this.sums.get(name) ?? { op, isShort, isSquare: term.kind === 'binary' && term.op === '*' && sameText(term.a, term.b), lets: [] as Stmt[], parts: [] as Value[] };
    if (sum.op !== op) throw new NotInLanes('two kinds of sums in one local');
    this.sums.set(name, sum);
    const known = sum.parts[copy];
    if (known) return void own.set(name, known);
    const start = op === '+' ? 0 : op === 'max' ? -Infinity : Infinity;
    const { lets, value } = this.keep(this.view(copy), `${name}Lanes${copy > 0 ? copy : ''}`, op === '+' && !sum.isShort ? this.o.sums : 'f32', { form: 'uniform', e: { kind: 'const', value: start } }, true);
    sum.lets.push(...lets);
    sum.parts.push(value);
    own.set(name, value);
  }

  /** A store whose lanes do not lie side by side: one by one. */
  spread(s: Stmt & { kind: 'store' }, copy: number, value: Value, step: number): Stmt[] {
    const view = this.view(copy);
    if (!(Math.abs(step) <= view.reach) || view.elemOf(s.buffer) === 'u8' || value.form === 'mask') throw new NotInLanes(`${s.buffer} is written every ${step} elements`);
    const name = this.o.fresh(`${s.buffer}Lanes`);
    const x: LoopExpr = value.form === 'i32' ? { kind: 'local', ty: 'i32x4', name } : { kind: 'local', ty: 'f32x4', name };
    return [
      { kind: 'let', name, ty: x.ty, mutable: false, value: value.form === 'i32' ? value.e : single(view, value) },
      ...[0, 1, 2, 3].map((n): Stmt => ({ ...s, at: this.shifted(s.at, view.offset + n), value: { kind: 'lane', x, n } })),
    ];
  }

  store(s: Stmt & { kind: 'store' }, copy: number): Stmt[] {
    const view = this.view(copy);
    const step = this.step(s.at.flat);
    if (step === 0) {
      if (s.op !== '=' || this.varies(s.value)) throw new NotInLanes('all lanes go to one place');
      return copy === 0 ? [s] : [];
    }
    const value = (s.op === '+=' && view.elemOf(s.buffer) === 'f64' ? sumIn : valueIn)(view, s.value);
    if (step !== 1) return this.spread(s, copy, value, step);
    const at = this.shifted(s.at, view.offset);
    switch (view.elemOf(s.buffer)) {
      case 'f32': return [{ ...s, at, lanes: 4, value: single(view, value) }];
      case 'i32': return [{ ...s, at, lanes: 4, value: integers(view, value) }];
      case 'f64': {
        const kept = this.shared(value, `${s.buffer}Term`);
        const { low, high } = double(view, kept.value);
        return [...kept.lets, { ...s, at, lanes: 2, value: low }, { ...s, at: this.shifted(s.at, view.offset + 2), lanes: 2, value: high }];
      }
      case 'u8': case undefined: throw new NotInLanes(`${s.buffer} holds bytes`);
    }
  }
}

/** Whether a statement keeps the extreme of values that were rounded on the way. */
const takesExtreme = ({ value }: Assign, loop: LaneLoop): boolean =>
  value.kind === 'binary' && (value.op === 'max' || value.op === 'min') && (loop.isRounded(value.a) || loop.isRounded(value.b));

const sameText = (a: LoopExpr, b: LoopExpr): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Adds two vectors of doubles to two. */
const addTo = (to: Value & { form: 'f64' }, of: { readonly low: LoopExpr; readonly high: LoopExpr }): Stmt[] =>
  ([[to.low, of.low], [to.high, of.high]] as const).map(([x, value]) => ({ kind: 'set', name: (x as LoopExpr & { kind: 'local' }).name, op: '+=', value }));

/** What a statement adds to a sum, or takes the extreme of. */
function foldOf(s: Assign): { readonly op: '+' | 'max' | 'min'; readonly value: LoopExpr } | undefined {
  if (s.op === '+=') return uses(s.value, s.name) ? undefined : { op: '+', value: s.value };
  const { value } = s;
  if (s.op !== '=' || value.kind !== 'binary' || (value.op !== 'max' && value.op !== 'min')) return undefined;
  return value.a.kind === 'local' && value.a.name === s.name && !uses(value.b, s.name) ? { op: value.op, value: value.b } : undefined;
}

/** The vectors of a sum as one. */
function joined(parts: readonly Value[], op: '+' | 'max' | 'min'): LoopExpr {
  const all = parts.flatMap((p): LoopExpr[] => (p.form === 'f64' ? [p.low, p.high] : p.form === 'f32' ? [p.e] : []));
  return all.reduce((a, b) => ({ kind: 'binary', op, a, b }));
}

/** Without the locals that nothing reads any more. */
function withoutDead(body: readonly Stmt[]): Stmt[] {
  const read = localsIn(body);
  let dropped = false;
  const sweep = (all: readonly Stmt[]): Stmt[] => all.flatMap((s): Stmt[] => {
    if (s.kind === 'let' && !s.mutable && !read.has(s.name)) { dropped = true; return []; }
    return [s.kind === 'loop' || s.kind === 'when' ? { ...s, body: sweep(s.body) } : s];
  });
  const swept = sweep(body);
  return dropped ? withoutDead(swept) : swept;
}
