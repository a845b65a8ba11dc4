/**
 * What has to be computed: a Program taken apart into items. A reduction, wherever it stood, is an item of its own;
 * so is every array that is stored. What lies between is pointwise and is put into the formulas that read it, so that an
 * item's body reads nothing but tensors and other items. Definitions that no store needs never become items.
 */
import { invariant } from '../../support/invariant.ts';
import { axisIndex, bareAxis, sizeOf, type Affine } from '../../ir/affine.ts';
import { staysInside } from '../../ir/bounds.ts';
import {
  affineExpr, add, binary, children, constant, div, mul, read, readsOf, reduce, select, size, substitute, withChildren,
} from '../../ir/expr.ts';
import { neededNames } from '../../ir/needed.ts';
import { contextOf, printExpr } from '../../ir/print.ts';
import type { Definition, Expr, ExprOf, Program, ReduceOp, Tensor } from '../../ir/tensor.ts';
import { axesOf, costOf } from './dag.ts';
import type { Place } from './scatter.ts';

export interface Item {
  /** A definition's name, or one of the scheduler's own, which no spec can write. */
  readonly name: string;
  /** The axes that its value has. */
  readonly axes: readonly string[];
  /**
   * each: the body at every point. reduce: folded over `reduced`. arg: the offset of the first extreme element in it.
   * scatter: the body at every point of `reduced` and of the axes without a place, added where `places` say.
   */
  readonly kind: 'each' | 'reduce' | 'arg' | 'scatter';
  /** scatter: where a point belongs along the other axes. */
  readonly places?: readonly Place[];
  /** scatter: no two points belong to one element. */
  readonly apart?: true;
  readonly op?: ReduceOp;
  readonly reduced: readonly string[];
  readonly body: Expr;
  /** Where the value goes beside its readers. */
  readonly store?: Tensor;
  /** The formula as it was written. */
  readonly label?: string;
  /** What an array of it may be called, where the name is one of the scheduler's own. */
  readonly wish?: string;
  /** A float will do: of a reduction also for its terms. */
  readonly float?: true;
}

/** What a read can name. */
export interface Source {
  readonly name: string;
  readonly axes: readonly string[];
  readonly tensor?: Tensor;
  readonly item?: Item;
  readonly outside: number | undefined;
}

export interface Items {
  readonly program: Program;
  /** Each stands after those that it reads. */
  readonly items: readonly Item[];
  readonly sources: ReadonlyMap<string, Source>;
  /** Pointwise definitions by what they became, to name locals after them. */
  readonly names: ReadonlyMap<Expr, string>;
}

const identity = (axes: readonly string[]): Affine[] => axes.map(axisIndex);

/** Takes a program apart. */
export function makeItems(program: Program): Items {
  return new Lowering(program).run();
}

/** A formula deeper than this becomes an item of its own, so that no later walk is deep. */
const DEEPEST = 100;

/** Holds the tables while one program is taken apart. */
class Lowering {
  readonly program: Program;
  readonly items: Item[] = [];
  readonly sources = new Map<string, Source>();
  readonly names = new Map<Expr, string>();
  /** Pointwise definitions and reductions by name: what an identity read of them stands for. */
  readonly values = new Map<string, { readonly axes: readonly string[]; readonly value: Expr }>();
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly reductions = new Map<Expr, Item>();
  readonly lifted = new Map<Expr, Expr>();
  readonly kept = new Set<string>();
  /** The axes of the definition at hand: those of what is taken out of it follow their order. */
  order: readonly string[] = [];

  constructor(program: Program) {
    this.program = program;
    this.definitions = new Map(program.definitions.map((d) => [d.name, d]));
    for (const t of program.tensors) this.addTensor(t);
  }

  addTensor(t: Tensor): void {
    const zero = t.role === 'upstream' || t.role === 'gradient' || (t.role === 'cache' && !t.held);
    if (t.hit?.form === 'offset') {
      // Offsets have the axes of y alone; outside stands an offset that no element has.
      this.sources.set(t.name, { name: t.name, axes: t.hit.of, tensor: t, outside: -1 });
    } else this.sources.set(t.name, { name: t.name, axes: t.axes, tensor: t, outside: t.outside ?? (zero ? 0 : undefined) });
  }

  run(): Items {
    const needed = neededNames(this.program);
    const shifted = this.shiftedReads(needed);
    for (const d of this.program.definitions) {
      if (needed.has(d.name) && d.formula.kind !== 'hit') this.define(d, shifted.get(d.name) ?? []);
    }
    for (const s of this.program.stores) this.store(s.tensor, s.definition);
    return { program: this.program, items: this.items, sources: this.sources, names: this.names };
  }

  /** Reads of definitions at other points than their own. */
  shiftedReads(needed: ReadonlySet<string>): Map<string, (readonly Affine[])[]> {
    const out = new Map<string, (readonly Affine[])[]>();
    for (const d of this.program.definitions) {
      if (!needed.has(d.name)) continue;
      for (const { tensor, index } of readsOf(d.formula)) {
        const of = this.definitions.get(tensor);
        if (!of || of.axes.every((axis, n) => bareAxis(index[n]!) === axis)) continue;
        out.set(tensor, [...(out.get(tensor) ?? []), index]);
      }
    }
    return out;
  }

  define(d: Definition, shifted: readonly (readonly Affine[])[]): void {
    this.order = d.axes;
    const label = `${d.name} = ${this.text(d.formula)}`;
    if (d.formula.kind === 'reduce') {
      const { op, axes, body } = d.formula;
      // A definition may have axes along which it is the same, even those that its formula binds.
      const own = d.axes.filter((a) => !axes.includes(a));
      this.values.set(d.name, { axes: d.axes, value: this.reduction(op, axes, this.lift(body), { name: d.name, axes: own, label }) });
      return;
    }
    const value = this.lift(d.formula);
    if (costOf(value).depth > DEEPEST || !shifted.every((index) => this.canInline(d, value, index))) {
      const item = this.addItem({ name: d.name, axes: d.axes, kind: 'each', reduced: [], body: value, label });
      this.kept.add(d.name);
      this.values.set(d.name, { axes: d.axes, value: read(item.name, identity(d.axes)) });
      return;
    }
    if (children(value).length > 0 && !this.names.has(value)) this.names.set(value, d.name);
    this.values.set(d.name, { axes: d.axes, value });
  }

  /** A light formula may be written again where another point of it is read, if that point surely exists. */
  canInline(d: Definition, value: Expr, index: readonly Affine[]): boolean {
    return costOf(value).nodes <= 6 && !costOf(value).heavy && index.every((a, n) =>
      a.terms.every((t) => t.variable.kind === 'axis') && staysInside(a, this.sizeOf(d.axes[n]!), this.program.env));
  }

  sizeOf(axis: string): number {
    return sizeOf(this.program.env, axis);
  }

  addItem(item: Item): Item {
    invariant(!this.sources.has(item.name), `two items are named ${item.name}`);
    this.items.push(item);
    this.sources.set(item.name, { name: item.name, axes: item.axes, item, outside: 0 });
    return item;
  }

  /** The value of a reduction: a read of an item, one for all equal reductions. */
  reduction(op: ReduceOp, reduced: readonly string[], body: Expr, as?: { name: string; axes: readonly string[]; label: string }): Expr {
    const key = reduce(op, reduced, body);
    const old = this.reductions.get(key);
    if (old) return read(old.name, identity(old.axes));
    const axes = as?.axes ?? this.inOrder([...axesOf(body)].filter((a) => !reduced.includes(a)));
    const item = this.addItem({ name: as?.name ?? `%${this.items.length}`, axes, kind: 'reduce', op, reduced, body,
      ...(as ? { label: as.label } : {}) });
    this.reductions.set(key, item);
    return read(item.name, identity(axes));
  }

  inOrder(axes: readonly string[]): string[] {
    return [...this.order.filter((a) => axes.includes(a)), ...axes.filter((a) => !this.order.includes(a))];
  }

  lift(e: Expr): Expr {
    const old = this.lifted.get(e);
    if (old) return old;
    const made = this.liftNode(e);
    this.lifted.set(e, made);
    return made;
  }

  liftNode(e: Expr): Expr {
    if (e.kind === 'read') return this.liftRead(e);
    if (e.kind === 'reduce') {
      const body = this.lift(e.body);
      const axes = this.inOrder([...axesOf(body)].filter((a) => !e.axes.includes(a)));
      return this.reduction(e.op, e.axes, body, { name: `%${this.items.length}`, axes, label: this.text(e) });
    }
    return withChildren(e, children(e).map((c) => this.lift(c)));
  }

  liftRead(e: ExprOf<'read'>): Expr {
    const hit = /^hit\((.*)\)$/.exec(e.tensor)?.[1];
    if (hit !== undefined) return this.liftHit(e, hit);
    const known = this.values.get(e.tensor);
    if (!known) return e;
    if (known.axes.every((axis, n) => bareAxis(e.index[n]!) === axis)) return known.value;
    if (known.value.kind === 'read' && known.value.index.every((a) => bareAxis(a) !== undefined)) {
      // An item or a tensor, whose own axes may stand in another order than those of the definition.
      const at = new Map(known.axes.map((axis, n) => [axis, e.index[n]!]));
      return read(known.value.tensor, known.value.index.map((a) => at.get(bareAxis(a)!) ?? a));
    }
    return substitute(known.value, new Map(known.axes.map((axis, n) => [axis, e.index[n]!])));
  }

  // ------------------------------------------------------------------------------------------------------- hits

  liftHit(e: ExprOf<'read'>, of: string): Expr {
    const cached = this.sources.get(e.tensor)?.tensor;
    if (cached?.hit?.form === 'offset') {
      const outer = cached.hit.of.length;
      return select(this.isAt(read(e.tensor, e.index.slice(0, outer)), cached.hit.reduced, e.index.slice(outer)), constant(1), constant(0));
    }
    if (cached?.hit) {
      const value = read(e.tensor, e.index);
      return cached.hit.ties === 'split' ? select(binary('>', value, constant(0)), div(constant(1), value), constant(0)) : value;
    }
    const d = this.definitions.get(e.tensor);
    invariant(d?.formula.kind === 'hit', `${e.tensor} is neither cached nor defined`);
    const y = this.reductionOf(of);
    const outer = d.axes.length - y.formula.axes.length;
    if (d.formula.ties === 'first') {
      const item = this.argItem(of);
      return select(this.isAt(read(item.name, e.index.slice(0, outer)), y.formula.axes, e.index.slice(outer)), constant(1), constant(0));
    }
    const { isHit, count } = this.mask(of);
    const value = d.formula.ties === 'all' ? select(isHit, constant(1), constant(0)) : select(isHit, div(constant(1), count), constant(0));
    if (d.axes.every((axis, n) => bareAxis(e.index[n]!) === axis)) return value;
    if (!this.kept.has(d.name)) {
      this.addItem({ name: d.name, axes: d.axes, kind: 'each', reduced: [], body: value });
      this.kept.add(d.name);
    }
    return read(d.name, e.index);
  }

  /** Whether an offset is that of a place in the window. */
  isAt(offset: Expr, window: readonly string[], place: readonly Affine[]): Expr {
    let at: Expr | undefined;
    const outside: Expr[] = [];
    place.forEach((a, n) => {
      const index = affineExpr(a);
      at = at ? add(mul(at, size(window[n]!)), index) : index;
      if (!staysInside(a, this.sizeOf(window[n]!), this.program.env)) {
        outside.push(binary('>=', index, constant(0)), binary('<', index, size(window[n]!)));
      }
    });
    return outside.reduce((all, c) => binary('and', all, c), binary('==', offset, at!));
  }

  reductionOf(name: string): { d: Definition; formula: ExprOf<'reduce'> } {
    const d = this.definitions.get(name);
    invariant(d?.formula.kind === 'reduce' && (d.formula.op === 'max' || d.formula.op === 'min'), `hit(${name}), but ${name} is no max or min`);
    return { d, formula: d.formula };
  }

  argItem(of: string): Item {
    const name = `%hit(${of})`;
    const old = this.sources.get(name)?.item;
    if (old) return old;
    const { d, formula } = this.reductionOf(of);
    return this.addItem({ name, axes: d.axes, kind: 'arg', op: formula.op, reduced: formula.axes, body: this.lift(formula.body),
      label: `hit(${of}): the first ${formula.op} of each window` });
  }

  /** Which elements are extreme, and how many of each window: NaN is extreme where there is one. */
  mask(of: string): { isHit: Expr; count: Expr } {
    const { d, formula } = this.reductionOf(of);
    const body = this.lift(formula.body);
    const y = this.lift(read(of, identity(d.axes)));
    const isHit = binary('or', binary('==', body, y), binary('!=', body, body));
    return { isHit, count: this.reduction('sum', formula.axes, select(isHit, constant(1), constant(0))) };
  }

  // ----------------------------------------------------------------------------------------------------- stores

  store(tensor: Tensor, definition: string): void {
    const d = this.definitions.get(definition);
    invariant(d, `${definition} is stored, but not defined`);
    const add = (axes: readonly string[], body: Expr, label?: string): void => {
      this.items.push({ name: `%store(${tensor.name})`, axes, kind: 'each', reduced: [], body, store: tensor, ...(label ? { label } : {}) });
    };
    if (d.formula.kind === 'hit') {
      const y = this.reductionOf(d.formula.of);
      if (tensor.hit?.form === 'offset') {
        const item = this.argItem(d.formula.of);
        return add(tensor.hit.of, read(item.name, identity(y.d.axes)));
      }
      const { isHit, count } = this.mask(d.formula.of);
      return add(tensor.axes, select(isHit, d.formula.ties === 'split' ? count : constant(1), constant(0)), `${d.name}: a mask`);
    }
    const value = this.liftRead(read(definition, identity(d.axes)) as ExprOf<'read'>);
    add(tensor.axes, value, value.kind === 'read' ? undefined : `${definition === tensor.name ? definition : tensor.name} = ${this.text(d.formula)}`);
  }

  text(e: Expr): string {
    return e.kind === 'hit' ? `hit(${e.of})` : printExpr(e, contextOf(this.program));
  }
}
