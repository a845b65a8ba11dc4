/**
 * Finds contractions: sums over a product of two operands, each of which is used many times over. A read through a divisor
 * (the gradient of a strided window) is taken apart by residues, so that every phase is a plain sum again: with H = s*i + r
 * and T = s*j + t, (H - T + c)/s is i - j + (r - t + c)/s wherever it divides, and nowhere else.
 */
import { sizeOf } from '../../../ir/affine.ts';
import { constant, div, mul } from '../../../ir/expr.ts';
import type { Expr } from '../../../ir/tensor.ts';
import type { Slot } from '../access.ts';
import { axesOf, readsIn } from '../dag.ts';
import type { Item, Source } from '../items.ts';
import { slotsOf, type Context } from '../space.ts';

/** An axis of one phase: axis = k * v + c for v from 0 to below `size`. */
export interface NestAxis {
  readonly size: number;
  readonly k: number;
  readonly c: number;
}

/** The axes of more than one value, as one phase runs through them. An axis of size 0: nothing to sum. */
export type Phase = ReadonlyMap<string, NestAxis>;

/** One side of the product. */
export interface Operand {
  /** What to call its array. */
  readonly name: string;
  readonly value: Expr;
  /** The axes of more than one value that it runs over. */
  readonly axes: ReadonlySet<string>;
  /** It is one read: where it goes. Absent: a formula, evaluated point by point. */
  readonly read?: OperandRead;
}

export interface OperandRead {
  readonly source: Source;
  readonly slots: readonly Slot[];
  /** By slot: the axis that runs through exactly that axis of the source; none where there is only one element. */
  readonly along: readonly (string | undefined)[];
  /** Every slot is such a one: the array is read as it lies. */
  readonly isBare: boolean;
}

export interface Contraction {
  readonly item: Item;
  readonly operands: readonly [Operand, Operand];
  /** What the sum is multiplied by: nothing that changes along what is summed over. */
  readonly scale: readonly Expr[];
  /** The item's axes of more than one value, and those summed over. */
  readonly out: readonly string[];
  readonly reduced: readonly string[];
  readonly phases: readonly Phase[];
  /** Whether there is work enough for the packing. */
  readonly pays: boolean;
}

/** Fewer multiplications than this are left to an ordinary pass. */
const LEAST_WORK = 4096;
/** How often an element must be used for its packing to pay. */
const LEAST_USES = 4;
const MOST_PHASES = 16;
/** No scratch array is larger, in elements. */
const MOST_SCRATCH = 2 ** 25;

/** The contraction that an item is, if it is one. */
export function contractionOf(item: Item, c: Context): Contraction | undefined {
  if (item.kind !== 'reduce' || (item.op !== 'sum' && item.op !== 'mean')) return undefined;
  const big = (axis: string): boolean => sizeOf(c.env, axis) > 1;
  const [out, reduced] = [item.axes.filter(big), item.reduced.filter(big)];
  const points = (axes: Iterable<string>): number => [...axes].reduce((n, axis) => n * sizeOf(c.env, axis), 1);
  const work = points([...out, ...reduced]);
  if (reduced.length === 0) return undefined;
  const { inner, scale } = factorsOf(item, new Set(reduced));
  if (!scale.every((e) => [...axesOf(e)].every((axis) => !big(axis) || out.includes(axis)))) return undefined;
  const operands = pair(inner, big)?.map((value) => operandOf(value, c, big));
  const [a, b] = operands ?? [];
  if (!a || !b || ![...a.axes, ...b.axes].every((axis) => out.includes(axis) || reduced.includes(axis))) return undefined;
  if ([a, b].some((o) => elementsOf(o, points) > MOST_SCRATCH)) return undefined;
  const phases = phasesOf([a, b], out, reduced, c)?.map((p) => ascending([a, b], p, reduced));
  if (!phases || phases.every(isEmpty)) return undefined;
  const pays = work >= LEAST_WORK && [a, b].every((o) => work >= LEAST_USES * elementsOf(o, points));
  return { item, operands: [a, b], scale, out, reduced, phases, pays };
}

/** Elements of what is read, or points of a formula. */
const elementsOf = (o: Operand, points: (axes: Iterable<string>) => number): number =>
  (o.read ? points(o.read.source.axes) : points(o.axes));

// -------------------------------------------------------------------------------------------------------- factors

/** The factors of a product: those that change along what is summed over, and those that do not. */
function factorsOf(item: Item, reduced: ReadonlySet<string>): { inner: Expr[]; scale: Expr[] } {
  const inner: Expr[] = [];
  const scale: Expr[] = [];
  const isInner = (e: Expr): boolean => [...axesOf(e)].some((axis) => reduced.has(axis));
  const visit = (e: Expr): void => {
    if (e.kind === 'binary' && e.op === '*') [e.a, e.b].forEach(visit);
    else if (e.kind === 'binary' && e.op === '/') {
      visit(e.a);
      (isInner(e.b) ? inner : scale).push(div(constant(1), e.b));
    } else if (e.kind === 'unary' && e.op === 'neg') {
      scale.push(constant(-1));
      visit(e.x);
    } else (isInner(e) ? inner : scale).push(e);
  };
  visit(item.body);
  return { inner, scale };
}

/** Two groups of factors, each over as few axes as can be; undefined where there is only one. */
function pair(factors: readonly Expr[], big: (axis: string) => boolean): [Expr, Expr] | undefined {
  const axes = (e: Expr): string[] => [...axesOf(e)].filter(big);
  const groups = [...factors].sort((x, y) => axes(y).length - axes(x).length);
  const merge = (into: number, from: number): void => {
    groups[into] = mul(groups[into]!, groups[from]!);
    groups.splice(from, 1);
  };
  const contains = (x: Expr, y: Expr): boolean => axes(y).every((axis) => axes(x).includes(axis));
  for (let n = groups.length - 1; n > 0; n--) {
    const into = groups.findIndex((g, m) => m < n && contains(g, groups[n]!));
    if (into >= 0 && groups.length > 2) merge(into, n);
  }
  while (groups.length > 2) merge(groups.length - 2, groups.length - 1);
  return groups.length === 2 ? [groups[0]!, groups[1]!] : undefined;
}

function operandOf(value: Expr, c: Context, big: (axis: string) => boolean): Operand | undefined {
  const axes = new Set([...axesOf(value)].filter(big));
  const source = value.kind === 'read' ? c.items.sources.get(value.tensor) : undefined;
  const slots = value.kind === 'read' && source ? slotsOf(source, value.index, c) : undefined;
  const gathers = slots?.some((s) => s.elements.length > 0) ?? false;
  if (value.kind === 'read' && source && slots && !gathers && !source.tensor?.hit) {
    const along = slots.map((s) => axisThrough(s, c));
    const isBare = slots.every((s, n) => s.size === 1 || along[n] !== undefined) && new Set(along.filter((x) => x !== undefined)).size === axes.size;
    // What stands outside has to be 0: the border of an image is never written.
    if (!isBare && slots.some((s) => s.low || s.high || s.divisor > 1) && source.outside !== 0) return undefined;
    return { name: nameOf(value.tensor), value, axes, read: { source, slots, along, isBare } };
  }
  // A formula that reads windows would be stored once for each place in them.
  const wide = readsIn(value).some((r) => {
    const of = c.items.sources.get(r.tensor);
    return of ? slotsOf(of, r.index, c).some((s) => s.terms.length > 1) : false;
  });
  const named = c.items.names.get(value);
  return wide ? undefined : { name: named ?? nameOf(readsIn(value)[0]?.tensor ?? 'factor'), value, axes };
}

/** The axis whose values are the index itself, from the first element to the last. */
function axisThrough(s: Slot, c: Context): string | undefined {
  const [t] = s.terms;
  const isPlain = s.terms.length === 1 && t!.k === 1 && s.constants.reduce((sum, x) => sum + x.k, 0) === 0 && s.divisor === 1;
  return isPlain && sizeOf(c.env, t!.axis) === s.size ? t!.axis : undefined;
}

const nameOf = (tensor: string): string => (tensor.startsWith('%') ? 'kept' : tensor.replace(/\W+/g, '_'));

// --------------------------------------------------------------------------------------------------------- phases

/** One phase for each residue of the divided reads; undefined where a read cannot be taken apart so. */
function phasesOf(operands: readonly Operand[], out: readonly string[], reduced: readonly string[], c: Context): Phase[] | undefined {
  const whole: Phase = new Map([...out, ...reduced].map((axis) => [axis, { size: sizeOf(c.env, axis), k: 1, c: 0 }]));
  let phases: Phase[] = [whole];
  const split = new Set<string>();
  for (const slot of operands.flatMap((o) => o.read?.slots ?? [])) {
    if (slot.divisor === 1) continue;
    const axes = slot.terms.map((t) => t.axis);
    if (new Set(axes).size !== axes.length || axes.some((axis) => split.has(axis))) return undefined;
    const [target, ...others] = [...slot.terms].sort((s, t) => Number(out.includes(t.axis)) - Number(out.includes(s.axis)));
    if (!target || !out.includes(target.axis) || others.length > 1 || others.some((t) => Math.abs(t.k) !== 1 || out.includes(t.axis))) return undefined;
    axes.forEach((axis) => split.add(axis));
    phases = phases.flatMap((p) => residues(p, slot, target, others[0]));
    if (phases.length > MOST_PHASES) return undefined;
  }
  return phases;
}

/** The phases of one divided index: target.k*H + other.k*T + c has to divide. */
function residues(p: Phase, slot: Slot, target: Slot['terms'][number], other: Slot['terms'][number] | undefined): Phase[] {
  const d = slot.divisor;
  const c = slot.constants.reduce((sum, x) => sum + x.k, 0);
  const wholes = p.get(target.axis)!.size;
  return Array.from({ length: Math.min(d, wholes) }, (_, r): Phase => {
    const rest = target.k * r + c;
    const next = new Map(p).set(target.axis, { size: Math.ceil((wholes - r) / d), k: d, c: r });
    if (!other) return modulo(rest, d) === 0 ? next : empty(next, slot);
    const first = modulo(-rest * other.k, d);
    const length = p.get(other.axis)!.size;
    return next.set(other.axis, { size: Math.max(0, Math.ceil((length - first) / d)), k: d, c: first });
  });
}

/** Turns summed axes round along which a window runs backwards, so that addresses ascend. */
function ascending(operands: readonly Operand[], p: Phase, reduced: readonly string[]): Phase {
  const next = new Map(p);
  for (const slot of operands.flatMap((o) => o.read?.slots ?? [])) {
    if (slot.terms.length < 2) continue;
    for (const t of slot.terms) {
      const { size, k, c } = next.get(t.axis)!;
      if (reduced.includes(t.axis) && t.k * k < 0 && size > 0) next.set(t.axis, { size, k: -k, c: c + k * (size - 1) });
    }
  }
  return next;
}

const modulo = (n: number, d: number): number => ((n % d) + d) % d;

/** A phase in which the index never divides. */
const empty = (p: Phase, slot: Slot): Phase => new Map(p).set(`never ${slot.key}`, { size: 0, k: 1, c: 0 });

/** True where a phase sums over nothing. */
export const isEmpty = (p: Phase): boolean => [...p.values()].some((a) => a.size === 0);

/** What an index comes to in a phase, in terms of the phase's own numbers. */
export function formOf(slot: Slot, p: Phase): { readonly terms: readonly { axis: string; k: number }[]; readonly c: number } {
  const terms = slot.terms.map((t) => ({ axis: t.axis, k: (t.k * p.get(t.axis)!.k) / slot.divisor }));
  const c = slot.constants.reduce((sum, x) => sum + x.k, 0) + slot.terms.reduce((sum, t) => sum + t.k * p.get(t.axis)!.c, 0);
  return { terms, c: c / slot.divisor };
}
