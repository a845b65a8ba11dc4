/**
 * Expressions as closures over the running values of the axes: what interpret.ts evaluates definitions with. Every
 * axis has one place in `at`; a reduction sets the places of the axes that it binds and restores them afterwards, which
 * is all that hygienic binding takes. Indices, strides and options are numbers before the first evaluation.
 */
import { invariant, unreachable } from '../support/invariant.ts';
import { intValue, sizeOf, type Affine } from './affine.ts';
import { staysInside } from './bounds.ts';
import { erf } from './erf.ts';
import { freeAxes } from './expr.ts';
import type { BinaryOp, Env, Expr, ExprOf, ReduceOp, UnaryOp } from './tensor.ts';

/** One scalar; truth values are 0 and 1. */
export type Evaluate = () => number;

/** What can be read: an array, row-major over `sizes`. */
export interface Readable {
  readonly values: ArrayLike<number>;
  readonly sizes: readonly number[];
  /** What a read outside gives; undefined where there must be none. */
  readonly outside: number | undefined;
  /** A hit kept as offsets: the sizes of the window, which are the last of `sizes` and not in `values`. */
  readonly window?: readonly number[];
}

export interface Scope {
  readonly env: Env;
  readonly at: Int32Array;
  /** The place of an axis in `at`. */
  place(axis: string): number;
  readable(name: string): Readable;
  /** Reductions that are computed once for many points, by formula; shared by all definitions. */
  readonly memo: Map<Expr, { values: Float64Array; done: Uint8Array }>;
}

/** Compiles `e`, which is evaluated at every point of `axes`. */
export function compile(e: Expr, axes: ReadonlySet<string>, scope: Scope): Evaluate {
  const sub = (x: Expr): Evaluate => compile(x, axes, scope);
  switch (e.kind) {
    case 'const': return always(e.value);
    case 'option': return always(Number(scope.env.options.get(e.name)));
    case 'size': return always(sizeOf(scope.env, e.axis));
    case 'index': {
      const { at } = scope;
      const place = scope.place(e.axis);
      return () => at[place]!;
    }
    case 'read': return compileRead(e.tensor, e.index, scope);
    case 'unary': return unaryEvaluators[e.op](sub(e.x));
    case 'binary': {
      if (e.op === '^' && e.b.kind === 'const' && e.b.value === 2) {
        const x = sub(e.a);
        return () => { const v = x(); return v * v; };
      }
      return binaryEvaluators[e.op](sub(e.a), sub(e.b));
    }
    case 'select': {
      const [c, a, b] = [sub(e.c), sub(e.a), sub(e.b)];
      return () => (c() !== 0 ? a() : b());
    }
    case 'reduce': return compileReduce(e, axes, scope);
    case 'hit': invariant(false, `hit(${e.of}) stands inside a formula`); break;
    default: return unreachable(e);
  }
}

const always = (value: number): Evaluate => () => value;

const unaryEvaluators: Readonly<Record<UnaryOp, (x: Evaluate) => Evaluate>> = {
  neg: (x) => () => -x(),
  sqrt: (x) => () => Math.sqrt(x()),
  rsqrt: (x) => () => 1 / Math.sqrt(x()),
  exp: (x) => () => Math.exp(x()),
  log: (x) => () => Math.log(x()),
  abs: (x) => () => Math.abs(x()),
  sign: (x) => () => Math.sign(x()),
  tanh: (x) => () => Math.tanh(x()),
  erf: (x) => () => erf(x()),
  sigmoid: (x) => () => sigmoid(x()),
  floor: (x) => () => Math.floor(x()),
  not: (x) => () => (x() !== 0 ? 0 : 1),
};

/** 1 / (1 + exp(-x)), without the overflow of exp that would cost the last digits of a small result. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

const binaryEvaluators: Readonly<Record<BinaryOp, (a: Evaluate, b: Evaluate) => Evaluate>> = {
  '+': (a, b) => () => a() + b(),
  '-': (a, b) => () => a() - b(),
  '*': (a, b) => () => a() * b(),
  '/': (a, b) => () => a() / b(),
  '^': (a, b) => () => a() ** b(),
  min: (a, b) => () => Math.min(a(), b()),
  max: (a, b) => () => Math.max(a(), b()),
  '<': (a, b) => () => (a() < b() ? 1 : 0),
  '<=': (a, b) => () => (a() <= b() ? 1 : 0),
  '>': (a, b) => () => (a() > b() ? 1 : 0),
  '>=': (a, b) => () => (a() >= b() ? 1 : 0),
  '==': (a, b) => () => (a() === b() ? 1 : 0),
  '!=': (a, b) => () => (a() !== b() ? 1 : 0),
  and: (a, b) => () => (a() !== 0 && b() !== 0 ? 1 : 0),
  or: (a, b) => () => (a() !== 0 || b() !== 0 ? 1 : 0),
};

// ----------------------------------------------------------------------------------------------------- reductions

const reducers: Readonly<Record<ReduceOp, { readonly start: number; readonly step: (sum: number, v: number) => number }>> = {
  sum: { start: 0, step: (sum, v) => sum + v },
  mean: { start: 0, step: (sum, v) => sum + v },
  prod: { start: 1, step: (sum, v) => sum * v },
  max: { start: -Infinity, step: Math.max },
  min: { start: Infinity, step: Math.min },
};

function compileReduce(e: ExprOf<'reduce'>, axes: ReadonlySet<string>, scope: Scope): Evaluate {
  const { start, step } = reducers[e.op];
  const body = compile(e.body, new Set([...axes, ...e.axes]), scope);
  const visitAll = overAll(e.axes, scope);
  const count = e.op === 'mean' ? e.axes.reduce((n, axis) => n * sizeOf(scope.env, axis), 1) : 1;
  const run = (): number => {
    let sum = start;
    visitAll(() => { sum = step(sum, body()); });
    return sum / count;
  };
  const free = [...freeAxes(e)];
  return [...axes].every((axis) => free.includes(axis)) ? run : once(e, free, run, scope);
}

/** A reduction that does not run over every axis around it has few values and is asked for each often. */
function once(e: Expr, free: readonly string[], run: Evaluate, scope: Scope): Evaluate {
  const sizes = free.map((axis) => sizeOf(scope.env, axis));
  const count = sizes.reduce((n, s) => n * s, 1);
  const known = scope.memo.get(e) ?? { values: new Float64Array(count), done: new Uint8Array(count) };
  scope.memo.set(e, known);
  const { values, done } = known;
  const offset = linear(free.map((axis) => scope.place(axis)), stridesOf(sizes), 0, scope.at);
  return () => {
    const n = offset();
    if (!done[n]) {
      values[n] = run();
      done[n] = 1;
    }
    return values[n]!;
  };
}

/** Calls `visit` at every point of `axes`, row-major, and puts the axes back where they stood. */
export function overAll(axes: readonly string[], scope: Scope): (visit: () => void) => void {
  const { at } = scope;
  const places = axes.map((axis) => scope.place(axis));
  const sizes = axes.map((axis) => sizeOf(scope.env, axis));
  const loop = (n: number, visit: () => void): void => {
    const place = places[n];
    if (place === undefined) return visit();
    const size = sizes[n]!;
    const before = at[place]!;
    if (n === places.length - 1) {
      for (let i = 0; i < size; i++) { at[place] = i; visit(); }
    } else {
      for (let i = 0; i < size; i++) { at[place] = i; loop(n + 1, visit); }
    }
    at[place] = before;
  };
  return (visit) => loop(0, visit);
}

// ---------------------------------------------------------------------------------------------------------- reads

/** How many elements lie between neighbours along each axis of a row-major array of these sizes. */
export function stridesOf(sizes: readonly number[]): number[] {
  const strides = new Array<number>(sizes.length);
  let stride = 1;
  for (let n = sizes.length - 1; n >= 0; n--) {
    strides[n] = stride;
    stride *= sizes[n]!;
  }
  return strides;
}

/** constant + sum of at[place] * factor, with the short sums written out. */
function linear(places: readonly number[], factors: readonly number[], constant: number, at: Int32Array): Evaluate {
  const [p0 = 0, p1 = 0, p2 = 0, p3 = 0] = places;
  const [f0 = 0, f1 = 0, f2 = 0, f3 = 0] = factors;
  switch (places.length) {
    case 0: return () => constant;
    case 1: return () => constant + at[p0]! * f0;
    case 2: return () => constant + at[p0]! * f0 + at[p1]! * f1;
    case 3: return () => constant + at[p0]! * f0 + at[p1]! * f1 + at[p2]! * f2;
    case 4: return () => constant + at[p0]! * f0 + at[p1]! * f1 + at[p2]! * f2 + at[p3]! * f3;
    default: {
      const rest = linear(places.slice(4), factors.slice(4), constant, at);
      return () => at[p0]! * f0 + at[p1]! * f1 + at[p2]! * f2 + at[p3]! * f3 + rest();
    }
  }
}

function compileRead(name: string, index: readonly Affine[], scope: Scope): Evaluate {
  const source = scope.readable(name);
  invariant(index.length === source.sizes.length, `${name} is read with ${index.length} indices, has ${source.sizes.length} axes`);
  const { values } = source;
  const inside = index.every((a, n) => staysInside(a, source.sizes[n]!, scope.env));
  if (inside && !source.window) {
    const offset = insideOffset(index, source.sizes, scope);
    return () => values[offset()]!;
  }
  const slots = index.map((a, n) => compileSlot(name, n, a, source, scope));
  const { outside, window } = source;
  const leading = slots.length - (window?.length ?? 0);
  return () => {
    let offset = 0;
    let inWindow = 0;
    for (let n = 0; n < slots.length; n++) {
      const i = slots[n]!();
      if (Number.isNaN(i)) return outside!;
      if (n < leading) offset = offset * source.sizes[n]! + i;
      else inWindow = inWindow * source.sizes[n]! + i;
    }
    return window ? (values[offset] === inWindow ? 1 : 0) : values[offset]!;
  };
}

function insideOffset(index: readonly Affine[], sizes: readonly number[], scope: Scope): Evaluate {
  const strides = stridesOf(sizes);
  const factors = new Map<number, number>();
  let constant = 0;
  index.forEach((a, n) => {
    constant += intValue(a.constant, scope.env) * strides[n]!;
    for (const t of a.terms) {
      if (t.variable.kind !== 'axis') continue;
      const place = scope.place(t.variable.axis);
      factors.set(place, (factors.get(place) ?? 0) + intValue(t.k, scope.env) * strides[n]!);
    }
  });
  return linear([...factors.keys()], [...factors.values()], constant, scope.at);
}

/** The value of one slot; NaN where it is outside. */
function compileSlot(name: string, slot: number, a: Affine, source: Readable, scope: Scope): Evaluate {
  const size = source.sizes[slot]!;
  const divisor = intValue(a.divisor, scope.env);
  const numerator = compileNumerator(a, scope);
  return () => {
    const i = numerator() / divisor;
    if (Number.isInteger(i) && i >= 0 && i < size) return i;
    if (source.outside !== undefined) return NaN;
    return leftInside(name, slot, a, i, size, scope);
  };
}

function compileNumerator(a: Affine, scope: Scope): Evaluate {
  const { at } = scope;
  let sum = always(intValue(a.constant, scope.env));
  for (const t of a.terms) {
    const k = intValue(t.k, scope.env);
    const before = sum;
    if (t.variable.kind === 'axis') {
      const place = scope.place(t.variable.axis);
      sum = () => before() + k * at[place]!;
    } else {
      const element = compileRead(t.variable.tensor, t.variable.index, scope);
      sum = () => before() + k * element();
    }
  }
  return sum;
}

/**
 * A slot left its array although nothing says what stands outside: an integer tensor holds a value out of range.
 * @throws RangeError such as `y[3] is 12: must be 0 to 9, it indexes x`
 */
function leftInside(name: string, slot: number, a: Affine, i: number, size: number, scope: Scope): never {
  const gather = a.terms.find((t) => t.variable.kind === 'element');
  invariant(gather?.variable.kind === 'element', `slot ${slot} of ${name} is read at ${i} of ${size}`);
  const { tensor, index } = gather.variable;
  const value = compileRead(tensor, index, scope)();
  const k = intValue(gather.k, scope.env);
  const rest = compileNumerator(a, scope)() - k * value;
  const [low = 0, high = 0] = [-rest / k, (size - 1 - rest) / k].sort((x, y) => x - y);
  const element = index.map((inner) => compileNumerator(inner, scope)() / intValue(inner.divisor, scope.env));
  throw new RangeError(
    `${tensor}[${element.join(', ')}] is ${value}: must be ${Math.ceil(low)} to ${Math.floor(high)}, it indexes ${name}`);
}
