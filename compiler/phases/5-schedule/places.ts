/** Where the points of a scatter belong, as indices: integers are read, checked, taken apart, and added up. */
import { invariant } from '../../support/invariant.ts';
import { sizeOf } from '../../ir/affine.ts';
import { collect, type Address, type Linear, type LoopExpr, type Range, type Term } from '../../ir/loop.ts';
import type { Builder } from './builder.ts';
import { axesOf } from './dag.ts';
import { startArray } from './reductions.ts';
import type { Pick, Place } from './scatter.ts';
import type { Info } from './space.ts';
import { bufferKey } from './storage.ts';
import { addressOf, elementIndex, keyOf, localOf } from './values.ts';

type Local = LoopExpr & { readonly kind: 'local' };

/** The array of a scatter and its axes: the tensor it is stored in, or scratch. */
function arrayOf(b: Builder, { item }: Info): { readonly name: string; readonly axes: readonly string[] } {
  const stored = b.storage.get(item.name);
  const buffer = item.store ? b.buffers.get(bufferKey(item.store)) : stored?.buffer;
  invariant(buffer, `${item.name} has no array`);
  return { name: buffer.name, axes: item.store?.axes ?? stored!.axes };
}

const addsToGradient = (b: Builder, { item }: Info): boolean => b.accumulates && item.store?.role === 'gradient';

/** Clears what a scatter adds to. */
export function startScatter(b: Builder, info: Info): void {
  if (!info.item.store) startArray(b, info);
  else if (!addsToGradient(b, info)) b.push({ kind: 'fill', buffer: arrayOf(b, info).name, value: 0 });
}

/** Adds a value where the point of the loops belongs. */
export function addToPlace(b: Builder, info: Info, value: LoopExpr): void {
  const { name, axes } = arrayOf(b, info);
  const op = info.item.apart && !addsToGradient(b, info) ? '=' : '+=';
  b.push({ kind: 'store', buffer: name, at: scatterAddress(b, axes, info.item.places ?? []), lanes: 1, op, value });
}

/** The axes that a place hangs on. */
export const axesOfPlace = (p: Place): string[] => [...p.terms.map((t) => t.axis), ...p.picks.flatMap((x) => [...axesOf(x.of)])];

/** That a place lies in its array. */
export function rangeOf(b: Builder, p: Place): Range {
  const size = b.context.names.size(p.axis);
  return { at: placeOf(b, p), divisor: 1, size: size.value, sizeName: size.name, low: p.low, high: p.high };
}

/** The element of an array with these axes at which the point of the loops belongs. */
function scatterAddress(b: Builder, axes: readonly string[], places: readonly Place[]): Address {
  return addressOf(b, axes.map((axis) => {
    const place = places.find((p) => p.axis === axis);
    return { axis, over: place ? undefined : axis, at: place ? placeOf(b, place) : collect(b.axisTerms(axis, 1, [])), size: sizeOf(b.context.env, axis) };
  }));
}

function placeOf(b: Builder, p: Place): Linear {
  return collect([...p.terms.flatMap((t) => b.axisTerms(t.axis, t.k, t.factors)), ...p.picks.map((x): Term => ({ v: pickOf(b, x).name, k: x.k })), ...p.constants]);
}

function pickOf(b: Builder, x: Pick): Local {
  const whole = localOf(b, x.of);
  if (!x.digit) return whole;
  const key = `digit ${x.digit.n}:${keyOf(b, x.of, [])}`;
  const old = b.known(key, b.depth);
  if (old?.kind === 'local') return old;
  const level = b.varFrame.get(whole.name) ?? b.depth;
  const made = digitOf(b, x, whole, level);
  b.frame(level).values.set(key, made);
  return made;
}

/** One index of a row-major offset. */
function digitOf(b: Builder, x: Pick, whole: Local, level: number): Local {
  const { window, n } = x.digit!;
  const sizes = window.map((axis) => sizeOf(b.context.env, axis));
  const times = (from: number, to: number): number => sizes.slice(from, to).reduce((product, s) => product * s, 1);
  checkOffset(b, x, whole, times(0, sizes.length), level);
  const below = times(n + 1, sizes.length);
  const isFirst = times(0, n) === 1;
  if (below === 1 && isFirst) return whole;
  const wish = b.wish(window[n]!.toLowerCase(), axesOf(x.of));
  const make = (value: LoopExpr): Local => b.local(wish, 'i32', value, level);
  const rest = below === 1 ? whole : make({ kind: 'quotient', at: [{ v: whole.name, k: 1 }], divisor: below });
  return isFirst ? rest : make({ kind: 'binary', op: '%', a: rest, b: { kind: 'const', value: sizes[n]! } });
}

/** An offset is data: one that its window does not have is refused before it addresses anything. */
function checkOffset(b: Builder, x: Pick, whole: Local, size: number, level: number): void {
  const key = `checked:${keyOf(b, x.of, [])}`;
  if (b.known(key, b.depth)) return;
  b.frame(level).values.set(key, whole);
  b.frame(level).stmts.push({ kind: 'check', local: whole.name, size, element: {
    tensor: x.of.tensor, index: elementIndex(b, x.of.index), value: whole, of: `the window [${x.digit!.window.join(', ')}]`, factor: 1 } });
}
