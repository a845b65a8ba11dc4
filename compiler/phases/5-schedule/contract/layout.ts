/**
 * How an operand of a contraction lies in scratch, in double precision: converted once, read many times. A windowed read
 * becomes an image whose border stays 0, so that no index has to be tested; anything else lies as in memory, or in
 * blocks of the tile's width, so that the innermost loop reads it from one end to the other.
 */
import { invariant } from '../../../support/invariant.ts';
import { sizeOf } from '../../../ir/affine.ts';
import { collect, type Address, type Linear, type Term } from '../../../ir/loop.ts';
import type { Env } from '../../../ir/tensor.ts';
import { formOf, isEmpty, type Operand, type OperandRead, type Phase } from './recognise.ts';

/** Where a nest stands along an axis: a loop variable, if a loop is open, and what is added to it. */
export interface Position {
  readonly v?: string;
  readonly start: number;
}

/**
 * Two summed axes that lie so in both operands that one loop runs through both: `outer` times the size of `inner`, plus
 * `inner`. In an image the outer one moves a window, and the inner one lies between that dimension and the last.
 */
export interface Merge {
  readonly outer: string;
  readonly inner: string;
  /** What the loop is called. */
  readonly axis: string;
}

/** One dimension of an image: the interval of source indices that it holds, and the part of it that is inside the source. */
export interface Extent {
  readonly slot: number;
  readonly low: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

interface Plain {
  readonly axes: readonly string[];
  readonly sizes: readonly number[];
  readonly length: number;
  readonly key: string;
}

export type Layout =
  /** `extents` in the order of the source's axes; the batch axis is left out. */
  | { readonly kind: 'image'; readonly extents: readonly Extent[]; readonly length: number; readonly key: string }
  /** As in memory, over these axes. */
  | (Plain & { readonly kind: 'copy' })
  | (Plain & { readonly kind: 'points' })
  | Blocks;

/** [outer axes][blocks of `axis`][summed axes][lanes], of one phase; the last block may be narrower. */
export interface Blocks {
  readonly kind: 'blocks';
  readonly outer: readonly string[];
  /** Absent: no lanes. */
  readonly axis?: string;
  readonly width: number;
  readonly summed: readonly string[];
  readonly phase: Phase;
  readonly length: number;
  readonly key: string;
}

const product = (numbers: readonly number[]): number => numbers.reduce((n, size) => n * size, 1);

/** As it lies in memory, or as the image that all phases read from. */
export function plainLayout(o: Operand, phases: readonly Phase[], batch: string | undefined, env: Env, merge?: Merge): Layout {
  if (o.read && !(o.read.isBare && isLeading(o, batch))) return imageOf(o, o.read, phases, batch, merge);
  const axes = axesInOrder(o).filter((axis) => axis !== batch);
  const sizes = axes.map((axis) => sizeOf(env, axis));
  return { kind: o.read ? 'copy' : 'points', axes, sizes, length: product(sizes), key: axes.join() };
}

/** Whether what a batch leaves of an array lies in one piece. */
const isLeading = (o: Operand, batch: string | undefined): boolean =>
  batch === undefined || !o.axes.has(batch) || axesInOrder(o)[0] === batch;

/** The axes of an operand that is read as it lies, or of a formula, outermost first. */
export const axesInOrder = (o: Operand): string[] => (o.read ? o.read.along.filter((axis) => axis !== undefined) : [...o.axes]);

/** Blocks along an axis of a plain array, or none, for an operand that is read along `summed`. */
export function blockLayout(
  o: Operand, axis: string | undefined, width: number, summed: readonly string[], batch: string | undefined, phase: Phase,
): Layout {
  const own = axesInOrder(o).filter((a) => a !== batch);
  const outer = own.filter((a) => a !== axis && !summed.includes(a));
  const length = product(own.map((a) => phase.get(a)!.size));
  return { kind: 'blocks', outer, ...(axis === undefined ? {} : { axis }), width, summed, phase, length, key: '' };
}

function imageOf(o: Operand, read: OperandRead, phases: readonly Phase[], batch: string | undefined, merge: Merge | undefined): Layout {
  const extents: Extent[] = [];
  read.slots.forEach((s, slot) => {
    if (batch !== undefined && s.terms.length === 1 && s.terms[0]!.axis === batch) return;
    let [low, high] = [Infinity, -Infinity];
    for (const p of phases) {
      if (isEmpty(p)) continue;
      const form = formOf(s, p);
      const reach = form.terms.map((t) => t.k * (p.get(t.axis)!.size - 1));
      low = Math.min(low, form.c + reach.reduce((sum, k) => sum + Math.min(0, k), 0));
      high = Math.max(high, form.c + reach.reduce((sum, k) => sum + Math.max(0, k), 0));
    }
    extents.push({ slot, low, size: high - low + 1, from: Math.max(0, low), to: Math.min(s.size - 1, high) + 1 });
  });
  if (merge) {
    // The inner axis goes right behind the dimension that the outer one moves in.
    const inner = extents.findIndex((e) => read.along[e.slot] === merge.inner);
    const [moved] = extents.splice(inner, 1);
    extents.splice(extents.findIndex((e) => moves(read, e, merge.outer)) + 1, 0, moved!);
  }
  const key = `${o.name};${extents.map((e) => `${e.slot}:${e.low}:${e.size}:${e.from}:${e.to}`).join()}`;
  return { kind: 'image', extents, length: product(extents.map((e) => e.size)), key };
}

const moves = (read: OperandRead, e: Extent, axis: string): boolean => read.slots[e.slot]!.terms.some((t) => t.axis === axis);

/** Two summed axes that could be merged: one that moves a window of `a`, one that is a dimension of its own in both. */
export function mergeOf(a: Operand, b: Operand, p: Phase, summed: readonly string[]): Merge | undefined {
  if (!a.read || a.read.isBare || b.read?.isBare !== true) return undefined;
  const { slots, along } = a.read;
  const windows = slots.filter((s) => s.terms.length > 1);
  const isPlain = (axis: string): boolean => p.get(axis)!.size > 1 && b.axes.has(axis);
  const outer = summed.find((axis) => isPlain(axis) && windows.slice(0, -1).some((s) => formOf(s, p).terms.some((t) => t.axis === axis && t.k === 1)));
  const inner = summed.filter((axis) => isPlain(axis) && along.includes(axis) && p.get(axis)!.k === 1);
  const [longest] = [...inner].sort((x, y) => p.get(y)!.size - p.get(x)!.size);
  return outer !== undefined && longest !== undefined ? { outer, inner: longest, axis: `${outer}${longest}` } : undefined;
}

/** The slots of an element: where the nest stands, moved by `offsets`. `width`: of the block that is read. */
export function slotsAt(
  l: Layout, o: Operand, p: Phase, at: ReadonlyMap<string, Position>, offsets: ReadonlyMap<string, number>, width: number, merge?: Merge,
): { at: Term[]; size: number }[] {
  const along = (axis: string, k: number): Term[] => {
    const place = at.get(axis);
    const c = ((place?.start ?? 0) + (offsets.get(axis) ?? 0)) * k;
    return [...(place?.v !== undefined ? [{ v: place.v, k }] : []), ...(c === 0 ? [] : [{ k: c }])];
  };
  const plain = (axis: string, by = 1): Term[] => {
    const nest = p.get(axis);
    invariant(nest, `${axis} is no axis of the nest`);
    return [...along(axis, nest.k * by), ...(nest.c === 0 ? [] : [{ k: nest.c * by }])];
  };
  switch (l.kind) {
    case 'image': {
      const read = o.read!;
      const merged = merge ? l.extents.findIndex((e) => moves(read, e, merge.outer)) : -1;
      return l.extents.flatMap((e, n) => {
        if (merge && n === merged + 1 && merged >= 0) return [];
        const by = n === merged ? l.extents[n + 1]!.size : 1;
        const form = formOf(read.slots[e.slot]!, p);
        const own = form.terms.flatMap((t) => (n === merged && t.axis === merge!.outer ? along(merge!.axis, 1) : along(t.axis, t.k * by)));
        return [{ at: [...own, { k: (form.c - e.low) * by }], size: e.size * by }];
      });
    }
    case 'copy': case 'points': return l.axes.map((axis, n) => ({ at: plain(axis), size: l.sizes[n]! }));
    case 'blocks': {
      // A phase is packed by itself: its numbers count from 0.
      const size = (axis: string): number => l.phase.get(axis)!.size;
      const depth = product(l.summed.map(size));
      const terms: Term[] = [];
      let stride = depth * (l.axis === undefined ? 1 : size(l.axis));
      for (const axis of [...l.outer].reverse()) {
        terms.unshift(...along(axis, stride));
        stride *= size(axis);
      }
      if (l.axis !== undefined) {
        const place = at.get(l.axis);
        if (place?.v !== undefined) terms.push({ v: place.v, k: depth });
        terms.push({ k: (place?.start ?? 0) * depth + (offsets.get(l.axis) ?? 0) });
      }
      let by = l.axis === undefined ? 1 : width;
      const inner: Term[][] = [];
      for (const axis of [...l.summed].reverse()) {
        if (axis !== merge?.outer) inner.unshift(along(axis === merge?.inner ? merge.axis : axis, by));
        by *= size(axis);
      }
      return [{ at: [...terms, ...inner.flat()], size: l.length }];
    }
    default: return l satisfies never;
  }
}

/** Slots with their strides. */
export function addressIn(slots: readonly { readonly at: readonly Term[]; readonly size: number }[]): Address {
  let stride = 1;
  const flat: Term[] = [...slots].reverse().map((s) => {
    const terms = s.at.map((t) => ({ ...t, k: t.k * stride }));
    stride *= s.size;
    return terms;
  }).reverse().flat();
  return { slots: slots.map((s) => ({ at: collect(s.at), size: s.size })), flat: collect(flat) };
}

/** Elements passed when an axis of the nest grows by one. */
export function stepIn(l: Layout, o: Operand, p: Phase, axis: string, merge?: Merge): number {
  const v = new Map<string, Position>([[axis, { v: axis, start: 0 }]]);
  const flat: Linear = addressIn(slotsAt(l, o, p, v, new Map(), l.kind === 'blocks' ? l.width : 1, merge)).flat;
  return flat.reduce((sum, t) => (t.v === axis ? sum + t.k : sum), 0);
}
