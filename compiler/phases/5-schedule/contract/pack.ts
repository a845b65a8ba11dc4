/** Writes the loops that bring an operand of a contraction into its scratch array. */
import { invariant } from '../../../support/invariant.ts';
import { sizeOf } from '../../../ir/affine.ts';
import { collect, type Buffer, type Linear, type LoopExpr, type Term } from '../../../ir/loop.ts';
import type { Builder } from '../builder.ts';
import { bufferKey } from '../storage.ts';
import { addressOf, valueOf } from '../values.ts';
import { addressIn, slotsAt, type Blocks, type Layout, type Position } from './layout.ts';
import type { Operand } from './recognise.ts';

/** Copies are unrolled by this, unless they go into lanes. */
const LANES = 4;
const lanesOf = (b: Builder): number => (b.inVectors ? 1 : LANES);
const constant = (k: number): Linear => (k === 0 ? [] : [{ k }]);

/** Writes the packing of an operand where the builder stands; `batch` is bound around it. */
export function pack(b: Builder, o: Operand, l: Layout, into: Buffer, batch: string | undefined): void {
  b.push({ kind: 'label', text: `${into.name}: ${TITLES[l.kind]} of ${o.name}` });
  switch (l.kind) {
    case 'copy': return packCopy(b, o, l, into, batch);
    case 'image': return packImage(b, o, l, into, batch);
    case 'blocks': return packBlocks(b, o, l, into, batch);
    case 'points': return packPoints(b, o, l, into);
    default: return l satisfies never;
  }
}

const TITLES: Readonly<Record<Layout['kind'], string>> = {
  copy: 'a copy', image: 'a copy with a border of zeros', blocks: 'a copy in blocks', points: 'the values',
};

/** A loop with numbers for bounds; what does not fill a step follows on its own. */
function counted(b: Builder, wish: string, from: number, to: number, step: number, fill: (at: Term[]) => void): void {
  const whole = from + Math.floor((to - from) / step) * step;
  const open = (start: number, end: number, by: number, inside: (v: string) => void): void => {
    let v = '';
    const body = b.nested(() => {
      v = b.scope.fresh(wish.toLowerCase());
      b.varFrame.set(v, b.depth);
      inside(v);
    });
    b.push({ kind: 'loop', v, from: constant(start), to: constant(end), step: by, size: to, within: [], body });
  };
  if (to - from === 1) return fill(constant(from) as Term[]);
  if (whole > from) open(from, whole, step, (v) => { for (let lane = 0; lane < step; lane++) fill([{ v, k: 1 }, ...constant(lane)]); });
  if (whole < to) open(whole, to, 1, (v) => fill([{ v, k: 1 }]));
}

/** An element of what is packed: its array, and the index in each of its slots. */
function element(b: Builder, o: Operand, at: (slot: number) => readonly Term[]): LoopExpr {
  const { buffer, axes } = arrayOf(b, o);
  const slots = axes.map((axis) => ({ axis, at: collect(at(o.read!.source.axes.indexOf(axis))), size: sizeOf(b.context.env, axis) }));
  return { kind: 'load', ty: buffer.elem === 'i32' || buffer.elem === 'u8' ? 'i32' : 'f64', buffer: buffer.name, lanes: 1, at: addressOf(b, slots) };
}

function arrayOf(b: Builder, o: Operand): { buffer: Buffer; axes: readonly string[] } {
  const { source } = o.read!;
  const stored = b.storage.get(source.name);
  const buffer = stored?.buffer ?? (source.tensor && b.buffers.get(bufferKey(source.tensor)));
  invariant(buffer, `${source.name} is packed, but has no array`);
  return { buffer, axes: stored?.axes ?? source.axes };
}

const batchTerms = (b: Builder, batch: string): Term[] => b.axisTerms(batch, 1, []);

function packCopy(b: Builder, o: Operand, l: Layout & { kind: 'copy' }, into: Buffer, batch: string | undefined): void {
  const { buffer } = arrayOf(b, o);
  const own = batch !== undefined && o.axes.has(batch) ? [{ at: batchTerms(b, batch), size: sizeOf(b.context.env, batch) }] : [];
  counted(b, 'i', 0, l.length, lanesOf(b), (i) => {
    const from = addressIn([...own, { at: i, size: l.length }]);
    const value: LoopExpr = { kind: 'load', ty: buffer.elem === 'f32' || buffer.elem === 'f64' ? 'f64' : 'i32', buffer: buffer.name, lanes: 1,
      at: { slots: from.slots, flat: b.withBase(from.flat) } };
    b.push({ kind: 'store', buffer: into.name, at: addressIn([{ at: i, size: l.length }]), lanes: 1, op: '=', value });
  });
}

function packImage(b: Builder, o: Operand, l: Layout & { kind: 'image' }, into: Buffer, batch: string | undefined): void {
  const { source } = o.read!;
  const places = new Map<number, Term[]>();
  const nest = (n: number): void => {
    const e = l.extents[n];
    if (!e) {
      const value = element(b, o, (slot) => places.get(slot) ?? batchTerms(b, batch!));
      const to = addressIn(l.extents.map((x) => ({ at: [...places.get(x.slot)!, ...constant(-x.low)], size: x.size })));
      return b.push({ kind: 'store', buffer: into.name, at: { slots: to.slots, flat: b.withBase(to.flat) }, lanes: 1, op: '=', value });
    }
    const isInner = n === l.extents.length - 1;
    counted(b, source.axes[e.slot]!, e.from, e.to, isInner && e.to - e.from >= LANES ? lanesOf(b) : 1, (at) => {
      places.set(e.slot, at);
      nest(n + 1);
    });
  };
  nest(0);
}

function packBlocks(b: Builder, o: Operand, l: Blocks, into: Buffer, batch: string | undefined): void {
  const at = new Map<string, Position>();
  /** Where an axis stands in the array: the phase may visit every k-th element only. */
  const place = (axis: string, lane: number): Term[] => {
    if (axis === batch) return batchTerms(b, axis);
    const { v, start } = at.get(axis) ?? { start: 0 };
    const { k, c } = l.phase.get(axis)!;
    return [...(v === undefined ? [] : [{ v, k }]), ...constant((start + lane) * k + c)];
  };
  const block = (width: number): void => {
    for (let lane = 0; lane < width; lane++) {
      const value = element(b, o, (slot) => {
        const axis = o.read!.along[slot];
        return axis === undefined ? [] : place(axis, axis === l.axis ? lane : 0);
      });
      const offsets = new Map(l.axis === undefined ? [] : [[l.axis, lane]]);
      const to = addressIn(slotsAt(l, o, l.phase, at, offsets, width));
      b.push({ kind: 'store', buffer: into.name, at: { slots: to.slots, flat: b.withBase(to.flat) }, lanes: 1, op: '=', value });
    }
  };
  const set = (axis: string, terms: readonly Term[]): void => {
    const v = terms.find((t) => t.v !== undefined)?.v;
    at.set(axis, { ...(v === undefined ? {} : { v }), start: terms.reduce((sum, t) => (t.v === undefined ? sum + t.k : sum), 0) });
  };
  const nest = (axes: readonly string[]): void => {
    const [axis, ...rest] = axes;
    if (axis !== undefined) return counted(b, axis, 0, l.phase.get(axis)!.size, 1, (terms) => { set(axis, terms); nest(rest); });
    if (l.axis === undefined) return block(1);
    const size = l.phase.get(l.axis)!.size;
    const whole = size - (size % l.width);
    if (whole > 0) loopBlocks(b, l.axis, l.width, whole, (v) => { at.set(l.axis!, { v, start: 0 }); block(l.width); });
    if (whole < size) {
      at.set(l.axis, { start: whole });
      block(size - whole);
    }
  };
  nest([...l.outer, ...l.summed]);
}

function loopBlocks(b: Builder, axis: string, width: number, to: number, fill: (v: string) => void): void {
  let v = '';
  const body = b.nested(() => {
    v = b.scope.fresh(axis.toLowerCase());
    b.varFrame.set(v, b.depth);
    fill(v);
  });
  b.push({ kind: 'loop', v, from: [], to: constant(to), step: width, size: to, within: [], body });
}

function packPoints(b: Builder, o: Operand, l: Layout & { kind: 'points' }, into: Buffer): void {
  const nest = (n: number): void => {
    const axis = l.axes[n];
    if (axis === undefined) {
      const slots = l.axes.map((a) => ({ axis: a, at: collect(b.axisTerms(a, 1, [])), size: sizeOf(b.context.env, a) }));
      const value = valueOf(b, o.value);
      return b.push({ kind: 'store', buffer: into.name, at: addressOf(b, slots), lanes: 1, op: '=', value });
    }
    const size = b.context.names.size(axis);
    b.loop(axis, { from: [], to: [{ k: size.value, factors: [size.name] }], step: 1 }, () => nest(n + 1));
  };
  nest(0);
}

