/**
 * The edges of arrays as bounds of loops. A sum whose body is 0 where some index is outside visits only the points where
 * it is inside: for the innermost loop that the index runs over, a first and a last value follow from it. Where the index
 * is no such simple function of that loop, and for conditions of the formula itself, an `if` stands in its place.
 */
import { collect, type Linear, type LoopExpr, type Range, type Term } from '../../ir/loop.ts';
import type { Expr } from '../../ir/tensor.ts';
import type { Slot } from './access.ts';
import type { Builder } from './builder.ts';
import { axesOf } from './dag.ts';
import { axesOfPlace, rangeOf } from './places.ts';
import type { Info } from './space.ts';
import { valueOf } from './values.ts';

export interface Condition {
  condition(b: Builder): LoopExpr;
  readonly axes: readonly string[];
  /** Keys of the slots that it proves inside. */
  readonly facts: readonly string[];
}

export interface Narrowing {
  readonly facts: readonly string[];
  /** Writes what the bounds need before the loop. */
  bounds(b: Builder): { from: Linear; to: Linear; step: number; within(): readonly Range[] };
}

export interface Narrowed {
  readonly loops: ReadonlyMap<string, Narrowing>;
  /** Conditions outside all loops of the pass. */
  readonly before: readonly Condition[];
  /** Conditions right inside a loop. */
  readonly after: ReadonlyMap<string, readonly Condition[]>;
  /** Conditions that change with the innermost loop: they stay part of the formula. */
  readonly late: readonly Expr[];
}

/** Decides for each guard and condition of `info` where it is tested. */
export function narrow(loops: readonly string[], info: Info | undefined): Narrowed {
  const before: Condition[] = [];
  const after = new Map<string, Condition[]>();
  const slots = new Map<string, Slot[]>();
  const late: Expr[] = [];
  const at = (axis: string | undefined): Condition[] => {
    if (axis === undefined) return before;
    const list = after.get(axis) ?? [];
    after.set(axis, list);
    return list;
  };
  const deepest = (axes: ReadonlySet<string>): string | undefined => [...loops].reverse().find((a) => axes.has(a));

  for (const slot of info?.guards ?? []) {
    const axis = deepest(new Set(slot.terms.map((t) => t.axis)));
    const others = axis === undefined ? [] : slots.get(axis) ?? [];
    if (axis !== undefined && canNarrow(slot, axis, others)) slots.set(axis, [...others, slot]);
    else at(axis).push({ condition: (x) => ({ kind: 'inside', range: x.range(slot) }), axes: slot.terms.map((t) => t.axis), facts: [slot.key] });
  }
  for (const e of info?.conditions ?? []) {
    const axis = deepest(axesOf(e));
    if (axis !== undefined && axis === loops.at(-1) && !slots.has(axis)) late.push(e);
    else at(axis).push({ condition: (x) => valueOf(x, e), axes: [...axesOf(e)], facts: [] });
  }
  for (const place of info?.item.places ?? []) {
    if (!place.low && !place.high) continue;
    const axes = axesOfPlace(place);
    at(deepest(new Set(axes))).push({ condition: (x) => ({ kind: 'inside', range: rangeOf(x, place) }), axes, facts: [] });
  }
  // A loop with an `if` in it is not unrolled, so it counts as narrowed even with plain bounds.
  const narrowed = new Map<string, Narrowing>([...slots].map(([axis, own]) => [axis, { facts: own.map((s) => s.key), bounds: (x) => boundsOf(x, axis, own) }]));
  for (const axis of after.keys()) if (!narrowed.has(axis)) narrowed.set(axis, { facts: [], bounds: (x) => boundsOf(x, axis, []) });
  return { loops: narrowed, before, after, late };
}

/** One index with a divisor sets the step of a loop; it must move by one. */
function canNarrow(slot: Slot, axis: string, others: readonly Slot[]): boolean {
  const k = coefficient(slot, axis);
  if (slot.divisor === 1) return k !== 0;
  return Math.abs(k) === 1 && others.every((s) => s.divisor === 1);
}

const coefficient = (slot: Slot, axis: string): number => slot.terms.reduce((k, t) => (t.axis === axis ? k + t.k : k), 0);

function boundsOf(b: Builder, axis: string, slots: readonly Slot[]): ReturnType<Narrowing['bounds']> {
  const size = b.context.names.size(axis);
  const whole: Linear = [{ k: size.value, factors: [size.name] }];
  let from: LoopExpr = { kind: 'const', value: 0 };
  let to: LoopExpr = { kind: 'linear', at: whole };
  for (const s of slots) {
    const rest = collect([...s.terms.filter((t) => t.axis !== axis).flatMap((t) => b.axisTerms(t.axis, t.k, t.factors)), ...s.constants]);
    const k = coefficient(s, axis);
    const last = lastOf(b, s);
    // 0 <= rest + k*v <= last
    const lowest = k > 0 ? divide(negate(rest), k, 'ceil') : divide([...rest, ...negate(last)], -k, 'ceil');
    const highest = k > 0 ? divide([...last, ...negate(rest)], k, 'floor') : divide(rest, -k, 'floor');
    const [needsFrom, needsTo] = k > 0 ? [s.low, s.high] : [s.high, s.low];
    if (needsFrom) from = { kind: 'binary', op: 'max', a: from, b: lowest };
    if (needsTo) to = { kind: 'binary', op: 'min', a: to, b: plusOne(highest) };
  }
  const stepper = slots.find((s) => s.divisor > 1);
  const v = axis.toLowerCase();
  const level = slots.reduce((depth, s) => Math.max(depth, b.frameOfAxes(s.terms.map((t) => t.axis))), 0);
  let start = from.kind === 'const' ? [] : localTerm(b, `${v}From`, from, level);
  if (stepper) start = aligned(b, v, start, stepper, axis, level);
  return { from: start, to: to.kind === 'linear' ? whole : localTerm(b, `${v}To`, to, level), step: stepper?.divisor ?? 1,
    within: () => slots.map((s) => b.range(s)) };
}

/** The greatest numerator that is still inside. */
function lastOf(b: Builder, s: Slot): Linear {
  const size = b.context.names.size(s.axis);
  return [{ k: s.size * s.divisor, factors: s.divisor === 1 ? [size.name] : [] }, { k: -s.divisor }];
}

const negate = (at: Linear): Term[] => at.map((t) => ({ ...t, k: -t.k }));

function divide(at: readonly Term[], k: number, round: 'ceil' | 'floor'): LoopExpr {
  const linear: LoopExpr = { kind: 'linear', at: collect(at) };
  return k === 1 ? linear : { kind: 'unary', op: round, x: { kind: 'binary', op: '/', a: linear, b: { kind: 'const', value: k } } };
}

const plusOne = (e: LoopExpr): LoopExpr =>
  e.kind === 'linear' ? { kind: 'linear', at: collect([...e.at, { k: 1 }]) } : { kind: 'binary', op: '+', a: e, b: { kind: 'const', value: 1 } };

function localTerm(b: Builder, wish: string, value: LoopExpr, level: number): Linear {
  return [{ v: b.local(wish, 'i32', value, level).name, k: 1 }];
}

/** The first value from `start` on at which the index divides. */
function aligned(b: Builder, v: string, start: Linear, s: Slot, axis: string, level: number): Linear {
  const rest = collect([...s.terms.filter((t) => t.axis !== axis).flatMap((t) => b.axisTerms(t.axis, t.k, t.factors)), ...s.constants]);
  const wanted = coefficient(s, axis) > 0 ? negate(rest) : [...rest];
  const divisor: LoopExpr = { kind: 'const', value: s.divisor };
  const modulo = (x: LoopExpr): LoopExpr => ({ kind: 'binary', op: '%', a: x, b: divisor });
  const gap = modulo({ kind: 'linear', at: collect([...wanted, ...negate(start)]) });
  const missing = modulo({ kind: 'binary', op: '+', a: gap, b: divisor });
  const value: LoopExpr = start.length === 0 ? missing : { kind: 'binary', op: '+', a: { kind: 'linear', at: start }, b: missing };
  return localTerm(b, `${v}First`, value, level);
}
