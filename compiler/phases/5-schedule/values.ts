/** Formulas as statements: each node where it belongs, reads with their tests, gathers with their checks. */
import { invariant } from '../../support/invariant.ts';
import { bareAxis, intValue, sizeOf } from '../../ir/affine.ts';
import { children, isConst, read } from '../../ir/expr.ts';
import { collect, type Address, type Linear, type LoopExpr, type Range, type Term } from '../../ir/loop.ts';
import type { Expr, ExprOf } from '../../ir/tensor.ts';
import { isSafe, type Slot } from './access.ts';
import type { Builder } from './builder.ts';
import { axesOf, readsIn } from './dag.ts';
import type { Source } from './items.ts';
import { slotsOf } from './space.ts';
import { bufferKey } from './storage.ts';

/** The branches taken on the way to a node: gathers behind them are checked only where they are read. */
export type Path = readonly { readonly c: Expr; readonly taken: boolean }[];

const TRUTH: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', 'and', 'or', 'not']);
const isTruth = (e: Expr): boolean => (e.kind === 'unary' || e.kind === 'binary') && TRUTH.has(e.op);

/** The value of a formula at the point where the builder stands, used in frame `at`. */
export function valueOf(b: Builder, e: Expr, at = b.depth, path: Path = []): LoopExpr {
  const leaf = leafOf(b, e);
  if (leaf) return leaf;
  const key = keyOf(b, e, path);
  const old = b.known(key, at);
  if (old) return old;
  const level = levelOf(b, e, path);
  const made = make(b, e, Math.min(level, at), path);
  if (made.kind === 'const' || made.kind === 'named' || made.kind === 'local') return made;
  return level < at || b.shared.has(e) ? keep(b, e, made, level, path) : made;
}

/** The same, and surely a local. */
export function localOf(b: Builder, e: Expr, at = b.depth, path: Path = []): LoopExpr & { kind: 'local' } {
  const value = valueOf(b, e, at, path);
  return value.kind === 'local' ? value : keep(b, e, value, Math.max(levelOf(b, e, path), 0), path);
}

function keep(b: Builder, e: Expr, value: LoopExpr, level: number, path: Path): LoopExpr & { kind: 'local' } {
  const named = b.context.items.names.get(e);
  const base = named ?? (e.kind === 'read' ? plainName(e.tensor) : e.kind === 'select' || isTruth(e) ? 'pick' : e.kind === 'unary' ? e.op : 'term');
  const kept = b.local(b.wish(base, axesOf(e)), isTruth(e) ? 'bool' : tyOf(b, e), value, level);
  b.frame(level).values.set(keyOf(b, e, path), kept);
  return kept;
}

const plainName = (name: string): string => (name.startsWith('%') ? 'value' : name.replace(/^hit\((.*)\)$/, '$1_hit'));
const tyOf = (b: Builder, e: Expr): 'i32' | 'f64' =>
  e.kind === 'read' && b.context.items.sources.get(e.tensor)?.tensor?.dtype === 'i32' ? 'i32' : 'f64';

/** What a value is known by in the frames of a builder: its formula, the lanes it is for, and the branches its gathers stand behind. */
export function keyOf(b: Builder, e: Expr, path: Path): string {
  const way = path.length > 0 && hasGather(e) ? path.map((p) => `?${p.taken ? '' : '!'}${p.c.id}`).join('') : '';
  return `${e.id}${b.laneKey(axesOf(e))}${way}`;
}

/** Constants and indices: nothing to compute. */
function leafOf(b: Builder, e: Expr): LoopExpr | undefined {
  switch (e.kind) {
    case 'const': return e;
    case 'option': return { kind: 'named', name: b.context.names.option(e.name).name };
    case 'size': return { kind: 'named', name: b.context.names.size(e.axis).name };
    default: break;
  }
  if (e.kind === 'read' || axesOf(e).size === 0 || !isIndexFormula(e)) return undefined;
  const terms = asLinear(b, e);
  return terms && { kind: 'linear', at: collect(terms) };
}

/** Made of indices and numbers alone; found once for every shared subformula. */
function isIndexFormula(e: Expr): boolean {
  const old = indexFormulas.get(e);
  if (old !== undefined) return old;
  const leaf = e.kind === 'index' || e.kind === 'const' || e.kind === 'size' || e.kind === 'option';
  const made = leaf || ((e.kind === 'unary' || e.kind === 'binary') && children(e).every(isIndexFormula));
  indexFormulas.set(e, made);
  return made;
}

const indexFormulas = new WeakMap<Expr, boolean>();

/** An integer formula of axes as an index. */
function asLinear(b: Builder, e: Expr): Term[] | undefined {
  switch (e.kind) {
    case 'index': return b.axisTerms(e.axis, 1, []);
    case 'const': return Number.isInteger(e.value) && Math.abs(e.value) < 2 ** 31 ? [{ k: e.value }] : undefined;
    case 'size': return [{ k: sizeOf(b.context.env, e.axis), factors: [b.context.names.size(e.axis).name] }];
    case 'option': {
      const { name, value } = b.context.names.option(e.name);
      return Number.isInteger(value) ? [{ k: value, factors: value === 0 ? [] : [name] }] : undefined;
    }
    case 'unary': return e.op === 'neg' ? asLinear(b, e.x)?.map((t) => ({ ...t, k: -t.k })) : undefined;
    case 'binary': {
      if (e.op !== '+' && e.op !== '-' && e.op !== '*') return undefined;
      const [x, y] = [asLinear(b, e.a), asLinear(b, e.b)];
      if (!x || !y) return undefined;
      if (e.op !== '*') return [...x, ...(e.op === '+' ? y : y.map((t) => ({ ...t, k: -t.k })))];
      const [by, of] = x.length === 1 && x[0]!.v === undefined ? [x[0]!, y] : y.length === 1 && y[0]!.v === undefined ? [y[0]!, x] : [];
      return by && of && of.map((t) => ({ ...t, k: t.k * by.k, factors: [...(t.factors ?? []), ...(by.factors ?? [])] }));
    }
    default: return undefined;
  }
}

// --------------------------------------------------------------------------------------------------------- levels

/** The outermost frame in which a formula can be computed. */
function levelOf(b: Builder, e: Expr, path: Path = []): number {
  const own = plainLevel(b, e);
  if (path.length === 0 || !hasGather(e)) return own;
  return Math.max(own, ...path.map((p) => plainLevel(b, p.c)));
}

function plainLevel(b: Builder, e: Expr): number {
  const old = b.levels.get(e);
  if (old !== undefined) return old;
  let level = 0;
  if (e.kind === 'read') level = Math.max(b.frameOfAxes(axesOf(e)), factLevel(b, e));
  else if (e.kind === 'index') level = b.frameOfAxes([e.axis]);
  for (const c of children(e)) level = Math.max(level, plainLevel(b, c));
  b.levels.set(e, level);
  return level;
}

/** A read that is inside only because of an open condition stays within it. */
function factLevel(b: Builder, e: ExprOf<'read'>): number {
  if (b.facts.size === 0) return 0;
  const source = b.context.items.sources.get(e.tensor);
  if (!source) return 0;
  return slotsOf(source, e.index, b.context).reduce((level, s) => Math.max(level, isSafe(s) ? 0 : b.facts.get(s.key) ?? 0), 0);
}

const gathers = new WeakMap<Expr, boolean>();
function hasGather(e: Expr): boolean {
  const old = gathers.get(e);
  if (old !== undefined) return old;
  const own = e.kind === 'read' && e.index.some((a) => a.terms.some((t) => t.variable.kind === 'element'));
  const has = own || children(e).some(hasGather);
  gathers.set(e, has);
  return has;
}

// ---------------------------------------------------------------------------------------------------------- nodes

function make(b: Builder, e: Expr, at: number, path: Path): LoopExpr {
  const sub = (x: Expr): LoopExpr => valueOf(b, x, at, path);
  switch (e.kind) {
    case 'read': return makeRead(b, e, at, path);
    case 'unary': {
      const x = sub(e.x);
      const known = e.op === 'not' ? constantOf(b, x) : undefined;
      return known === undefined ? { kind: 'unary', op: e.op, x } : truth(known === 0);
    }
    case 'binary': {
      const power = e.op === '^' ? numberOf(b, e.b) : undefined;
      if (power !== undefined) return makePower(b, e.a, power, at, path);
      const left = sub(e.a);
      const known = constantOf(b, left);
      if (e.op === 'and' || e.op === 'or') {
        const decides = known !== undefined && (known !== 0) === (e.op === 'or');
        if (decides) return truth(e.op === 'or');
        const right = valueOf(b, e.b, at, [...path, { c: e.a, taken: e.op === 'and' }]);
        return known === undefined ? { kind: 'binary', op: e.op, a: left, b: right } : right;
      }
      const right = sub(e.b);
      const other = constantOf(b, right);
      // Written-out lanes compare numbers; a type checker rightly asks why.
      if (isTruth(e) && known !== undefined && other !== undefined) return truth(compare[e.op]!(known, other));
      return { kind: 'binary', op: e.op, a: left, b: right };
    }
    case 'select': {
      const c = sub(e.c);
      const known = constantOf(b, c);
      if (known === undefined && isSwitch(b, e)) return makeSwitch(e, c, sub);
      const branch = (taken: boolean): LoopExpr => valueOf(b, taken ? e.a : e.b, at, known === undefined ? [...path, { c: e.c, taken }] : path);
      return known === undefined ? { kind: 'select', c, a: branch(true), b: branch(false) } : branch(known !== 0);
    }
    case 'const': case 'option': case 'size': case 'index': {
      const leaf = leafOf(b, e);
      invariant(leaf, `${e.kind} is no leaf`);
      return leaf;
    }
    case 'reduce': case 'hit': return invariant(false, `${e.kind} was not taken out of its formula`) as never;
  }
}

/**
 * Whether a `where` switches a positive number on or off by a comparison of data. As a product it needs no branch, which
 * random data would have the processor guess wrong every other time.
 */
function isSwitch(b: Builder, e: ExprOf<'select'>): boolean {
  const isPositive = (x: Expr): boolean => { const value = numberOf(b, x); return value !== undefined && value > 0 && value < Infinity; };
  const switches = (isConst(e.b, 0) && isPositive(e.a)) || (isConst(e.a, 0) && isPositive(e.b));
  return switches && e.c.kind === 'binary' && COMPARISONS.has(e.c.op) && readsIn(e.c).length > 0;
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);

function makeSwitch(e: ExprOf<'select'>, c: LoopExpr, sub: (x: Expr) => LoopExpr): LoopExpr {
  const isOn = isConst(e.b, 0);
  const flag: LoopExpr = { kind: 'unary', op: 'flag', x: isOn ? c : { kind: 'unary', op: 'not', x: c } };
  const size = isOn ? e.a : e.b;
  return isConst(size, 1) ? flag : { kind: 'binary', op: '*', a: flag, b: sub(size) };
}

const truth = (value: boolean): LoopExpr => ({ kind: 'const', value: value ? 1 : 0 });

const compare: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  '<': (x, y) => x < y, '<=': (x, y) => x <= y, '>': (x, y) => x > y, '>=': (x, y) => x >= y, '==': (x, y) => x === y, '!=': (x, y) => x !== y,
};

/** The value of an expression in which nothing varies. */
export function constantOf(b: Builder, e: LoopExpr): number | undefined {
  if (e.kind === 'const') return e.value;
  if (e.kind === 'named') return b.context.names.constants.get(e.name)?.value;
  if (e.kind !== 'linear' || e.at.some((t) => t.v !== undefined)) return undefined;
  return e.at.reduce((sum, t) => sum + t.k, 0);
}

/** The value of a formula of numbers and options alone. */
function numberOf(b: Builder, e: Expr): number | undefined {
  switch (e.kind) {
    case 'const': return e.value;
    case 'option': return b.context.names.option(e.name).value;
    case 'size': return b.context.names.size(e.axis).value;
    case 'unary': {
      const x = numberOf(b, e.x);
      return x === undefined || e.op !== 'neg' ? undefined : -x;
    }
    case 'binary': {
      const [x, y] = [numberOf(b, e.a), numberOf(b, e.b)];
      if (x === undefined || y === undefined) return undefined;
      return e.op === '+' ? x + y : e.op === '-' ? x - y : e.op === '*' ? x * y : e.op === '/' ? x / y : undefined;
    }
    default: return undefined;
  }
}

/** Small powers are products and roots. */
function makePower(b: Builder, base: Expr, power: number, at: number, path: Path): LoopExpr {
  const size = Math.abs(power);
  const isSmall = size <= 4 && Number.isInteger(size * 2);
  if (!isSmall || size === 0) {
    return { kind: 'binary', op: '^', a: valueOf(b, base, at, path), b: { kind: 'const', value: power } };
  }
  const once = size === 1 || size === 0.5;
  let x = valueOf(b, base, at, path);
  if (!once && x.kind !== 'local' && x.kind !== 'named') x = localOf(b, base, at, path);
  let product: LoopExpr | undefined;
  for (let n = 1; n <= Math.floor(size); n++) product = product ? { kind: 'binary', op: '*', a: product, b: x } : x;
  if (!Number.isInteger(size)) {
    const root: LoopExpr = { kind: 'unary', op: 'sqrt', x };
    product = product ? { kind: 'binary', op: '*', a: product, b: root } : root;
  }
  return power < 0 ? { kind: 'binary', op: '/', a: { kind: 'const', value: 1 }, b: product! } : product!;
}

// ---------------------------------------------------------------------------------------------------------- reads

function makeRead(b: Builder, e: ExprOf<'read'>, at: number, path: Path): LoopExpr {
  const source = b.context.items.sources.get(e.tensor);
  invariant(source, `nothing is named ${e.tensor}`);
  const stored = b.storage.get(e.tensor);
  const buffer = stored?.buffer ?? (source.tensor && b.buffers.get(bufferKey(source.tensor)));
  invariant(buffer, `${e.tensor} is read where it is not known`);
  const slots = slotsOf(source, e.index, b.context);
  const tests: LoopExpr[] = [];
  const indices = slots.map((s, n) => slotIndex(b, s, { e, n, source, at, path, tests }));
  const axes = stored ? stored.axes : source.axes;
  const kept = source.axes.map((axis, n) => ({ axis, over: bareAxis(e.index[n]!), at: indices[n]!, size: slots[n]!.size })).filter((s) => axes.includes(s.axis));
  const load: LoopExpr = {
    kind: 'load', ty: buffer.elem === 'f32' || buffer.elem === 'f64' ? 'f64' : 'i32', buffer: buffer.name, lanes: 1,
    at: addressOf(b, axes.map((axis) => kept.find((k) => k.axis === axis)!)),
  };
  if (tests.length === 0) return load;
  const c = tests.reduce((all, t) => ({ kind: 'binary', op: 'and', a: all, b: t }));
  return { kind: 'select', c, a: load, b: { kind: 'const', value: source.outside ?? 0 } };
}

interface IndexedSlot {
  /** Of the array. */
  readonly axis: string;
  /** The axis that runs there by itself. */
  readonly over?: string | undefined;
  readonly at: Linear;
  readonly size: number;
}

/** Strides, bases and all. `slots` in the order of the array. */
export function addressOf(b: Builder, slots: readonly IndexedSlot[]): Address {
  const at = strided(b, slots);
  return { ...at, flat: b.withBase(at.flat) };
}

/** The same, in one piece. */
export function strided(b: Builder, slots: readonly IndexedSlot[]): Address {
  const flat = slots.flatMap((s, n) => {
    const by = b.context.names.product(slots.slice(n + 1).map((t) => t.axis).filter((axis) => sizeOf(b.context.env, axis) > 1));
    const stride = slots.slice(n + 1).reduce((k, t) => k * t.size, 1);
    return s.at.map((t) => ({ ...t, k: t.k * stride, factors: [...(t.factors ?? []), ...(by ? [by.name] : [])] }));
  });
  return { slots: mergedSlots(b, slots), flat: collect(flat) };
}

/** Where one loop runs over several axes, their slots are one: the index of the last leaves its own. */
function mergedSlots(b: Builder, slots: readonly IndexedSlot[]): Address['slots'] {
  const out: { at: Linear; size: number }[] = [];
  let outer: { at: Linear; size: number } | undefined;
  for (const { over, at, size } of slots) {
    const own = outer ? { at: collect([...outer.at.map((t) => ({ ...t, k: t.k * size })), ...at]), size: outer.size * size } : { at, size };
    outer = over !== undefined && b.merged.has(over) ? own : undefined;
    if (!outer) out.push(own);
  }
  return out;
}

interface SlotContext {
  readonly e: ExprOf<'read'>;
  readonly n: number;
  readonly source: Source;
  readonly at: number;
  readonly path: Path;
  readonly tests: LoopExpr[];
}

function slotIndex(b: Builder, s: Slot, c: SlotContext): Linear {
  if (s.elements.length > 0) return gatherIndex(b, s, c);
  const range = b.range(s);
  const known = isSafe(s) || (b.facts.get(s.key) ?? Infinity) <= c.at;
  if (!known) c.tests.push({ kind: 'inside', range });
  if (s.divisor === 1) return range.at;
  const key = `quotient:${s.key}${b.laneKey(s.terms.map((t) => t.axis))}`;
  const level = Math.max(b.frameOfAxes(s.terms.map((t) => t.axis)), known ? b.facts.get(s.key) ?? 0 : 0);
  const quotient = b.known(key, b.depth) ?? b.local(b.wish(s.axis.toLowerCase(), s.terms.map((t) => t.axis)), 'i32',
    { kind: 'quotient', at: range.at, divisor: s.divisor }, level);
  b.frame(level).values.set(key, quotient);
  invariant(quotient.kind === 'local', 'a quotient is a local');
  return [{ v: quotient.name, k: 1 }];
}

/** An index with elements of integer tensors in it: read once, checked, then used. */
function gatherIndex(b: Builder, s: Slot, c: SlotContext): Linear {
  invariant(s.divisor === 1, 'a gather is divided');
  const locals = s.elements.map((el) => localOf(b, read(el.tensor, el.index), c.at, c.path));
  const terms: Term[] = [...b.slotTerms(s), ...s.elements.map((el, n) => ({ v: locals[n]!.name, k: el.k }))];
  const at = collect(terms);
  const size = b.context.names.size(s.axis);
  const level = Math.max(b.frameOfLinear(at), b.frameOfAxes(s.terms.map((t) => t.axis)), ...c.path.map((p) => plainLevel(b, p.c)));
  if (mayLeave(b, c.source)) {
    const range: Range = { at, divisor: 1, size: s.size, sizeName: size.name, low: true, high: true };
    c.tests.push({ kind: 'inside', range });
    return at;
  }
  const key = `slot:${s.elements.map((el) => read(el.tensor, el.index).id).join()}:${s.key}:${JSON.stringify(at)}:${c.path.map((p) => `${p.taken}${p.c.id}`).join()}`;
  const old = b.known(key, b.depth);
  if (old?.kind === 'local') return [{ v: old.name, k: 1 }];
  const element = s.elements[0]!;
  const simple = at.length === 1 && at[0]!.k === 1 && c.path.length === 0;
  const slot = simple ? locals[0]! : b.local('slot', 'i32', { kind: 'linear', at }, level, c.path.length > 0);
  const when = c.path.map((p): LoopExpr => {
    const truth = valueOf(b, p.c, level, []);
    return p.taken ? truth : { kind: 'unary', op: 'not', x: truth };
  }).reduce<LoopExpr | undefined>((all, t) => (all ? { kind: 'binary', op: 'and', a: all, b: t } : t), undefined);
  b.frame(level).stmts.push({
    kind: 'check', local: slot.name, size: s.size, sizeName: size.name, ...(when ? { when } : {}),
    element: { tensor: element.tensor, index: elementIndex(b, element.index), value: locals[0]!, of: c.e.tensor, factor: element.k },
  });
  b.frame(level).values.set(key, slot);
  return [{ v: slot.name, k: 1 }];
}

/** Whether an element out of range reads what stands outside, and is no error. */
function mayLeave(b: Builder, source: Source): boolean {
  if (!source.tensor) return !b.context.items.program.name.startsWith('forward');
  return source.tensor.role === 'upstream' || source.tensor.role === 'gradient' || (source.tensor.outside !== undefined && !source.tensor.hit);
}

/** Where in its tensor an element stands, for the message. */
export function elementIndex(b: Builder, index: ExprOf<'read'>['index']): Linear[] {
  return index.map((a) => {
    const axis = bareAxis(a);
    if (axis !== undefined) return collect(b.axisTerms(axis, 1, []));
    const terms: Term[] = [];
    for (const t of a.terms) if (t.variable.kind === 'axis') terms.push(...b.axisTerms(t.variable.axis, intValue(t.k, b.context.env), []));
    return collect(terms);
  });
}
