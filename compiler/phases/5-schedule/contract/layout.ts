/**
 * How an operand of a contraction lies in scratch, in double precision: converted once, read many times. A windowed read
 * becomes an image whose border stays 0, so that no index has to be tested; anything else lies as in memory, or in
 * blocks of the tile's width, so that the innermost loop reads it from one end to the other.
 */
import { invariant } from '../../../support/invariant.ts';
import { sizeOf } from '../../../ir/affine.ts';
import { collect, type Address, type Linear, type Term } from '../../../ir/loop.ts';
import type { Env } from '../../../ir/tensor.ts';
import { formOf, isEmpty, type Operand, type Phase } from './recognise.ts';

/** Where a nest stands along an axis: a loop variable, if a loop is open, and what is added to it. */
export interface Position {
  readonly v?: string;
  readonly start: number;
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
  /** [outer axes][blocks of `axis`][summed axes][lanes]; the last block may be narrower. */
  | { readonly kind: 'blocks'; readonly outer: readonly string[]; readonly axis: string; readonly width: number; readonly summed: readonly string[];
      readonly sizes: ReadonlyMap<string, number>; readonly length: number; readonly key: string };

const product = (numbers: readonly number[]): number => numbers.reduce((n, size) => n * size, 1);

/** As it lies in memory, or as the image that all phases read from. */
export function plainLayout(o: Operand, phases: readonly Phase[], batch: string | undefined, env: Env): Layout {
  if (o.read && !(o.read.isBare && isLeading(o, batch))) return imageOf(o, o.read, phases, batch);
  const axes = axesInOrder(o).filter((axis) => axis !== batch);
  const sizes = axes.map((axis) => sizeOf(env, axis));
  return { kind: o.read ? 'copy' : 'points', axes, sizes, length: product(sizes), key: axes.join() };
}

/** Whether what a batch leaves of an array lies in one piece. */
const isLeading = (o: Operand, batch: string | undefined): boolean =>
  batch === undefined || !o.axes.has(batch) || axesInOrder(o)[0] === batch;

/** The axes of an operand that is read as it lies, or of a formula, outermost first. */
export const axesInOrder = (o: Operand): string[] => (o.read ? o.read.along.filter((axis) => axis !== undefined) : [...o.axes]);

/** Blocks along the tiled axis of a plain array, for an operand that is read along `summed`. */
export function blockLayout(o: Operand, axis: string, width: number, summed: readonly string[], batch: string | undefined, env: Env): Layout {
  const outer = [...o.axes].filter((a) => a !== axis && a !== batch && !summed.includes(a));
  const sizes = new Map([...o.axes].map((a) => [a, sizeOf(env, a)]));
  const length = product([...o.axes].filter((a) => a !== batch).map((a) => sizes.get(a)!));
  return { kind: 'blocks', outer, axis, width, summed, sizes, length, key: `${outer.join()};${axis}${width};${summed.join()}` };
}

function imageOf(o: Operand, read: NonNullable<Operand['read']>, phases: readonly Phase[], batch: string | undefined): Layout {
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
  const key = `${o.name};${extents.map((e) => `${e.slot}:${e.low}:${e.size}:${e.from}:${e.to}`).join()}`;
  return { kind: 'image', extents, length: product(extents.map((e) => e.size)), key };
}

/** The slots of an element: where the nest stands, moved by `offsets`. `width`: of the block that is read. */
export function slotsAt(
  l: Layout, o: Operand, p: Phase, at: ReadonlyMap<string, Position>, offsets: ReadonlyMap<string, number>, width: number,
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
    case 'image':
      return l.extents.map((e) => {
        const form = formOf(o.read!.slots[e.slot]!, p);
        return { at: [...form.terms.flatMap((t) => along(t.axis, t.k)), { k: form.c - e.low }], size: e.size };
      });
    case 'copy': case 'points': return l.axes.map((axis, n) => ({ at: plain(axis), size: l.sizes[n]! }));
    case 'blocks': {
      const depth = product(l.summed.map((axis) => l.sizes.get(axis)!));
      const terms: Term[] = [];
      let stride = depth * l.sizes.get(l.axis)!;
      for (const axis of [...l.outer].reverse()) {
        terms.unshift(...plain(axis, stride));
        stride *= l.sizes.get(axis)!;
      }
      const place = at.get(l.axis);
      if (place?.v !== undefined) terms.push({ v: place.v, k: depth });
      terms.push({ k: (place?.start ?? 0) * depth + (offsets.get(l.axis) ?? 0) });
      let by = width;
      const inner: Term[][] = [];
      for (const axis of [...l.summed].reverse()) {
        inner.unshift(plain(axis, by));
        by *= l.sizes.get(axis)!;
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
export function stepIn(l: Layout, o: Operand, p: Phase, axis: string): number {
  const v = new Map<string, Position>([[axis, { v: axis, start: 0 }]]);
  const flat: Linear = addressIn(slotsAt(l, o, p, v, new Map(), l.kind === 'blocks' ? l.width : 1)).flat;
  return flat.reduce((sum, t) => (t.v === axis ? sum + t.k : sum), 0);
}
