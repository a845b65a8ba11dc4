/**
 * The accumulators of the reductions of one pass: locals side by side, or an array that is filled, added to, and divided
 * at the end. Where several rows are summed into one array at a time, their values meet in a local first.
 */
import { invariant } from '../../support/invariant.ts';
import { axisIndex, sizeOf } from '../../ir/affine.ts';
import { read } from '../../ir/expr.ts';
import { collect, type Address, type LoopExpr } from '../../ir/loop.ts';
import type { ReduceOp } from '../../ir/tensor.ts';
import type { Builder } from './builder.ts';
import type { Info } from './space.ts';
import type { Storage } from './storage.ts';
import { addressOf, keyOf } from './values.ts';

const START: Readonly<Record<ReduceOp, number>> = { sum: 0, mean: 0, prod: 1, max: -Infinity, min: Infinity };
const FOLD: Readonly<Record<ReduceOp, '+' | '*' | 'max' | 'min'>> = { sum: '+', mean: '+', prod: '*', max: 'max', min: 'min' };
/** What a part of a reduction is called, behind the reduction's name. */
const PART: Readonly<Record<ReduceOp, string>> = { sum: 'Sum', mean: 'Sum', prod: 'Product', max: 'Max', min: 'Min' };

const local = (name: string, ty: 'f64' | 'i32' = 'f64'): LoopExpr => ({ kind: 'local', ty, name });
const binary = (op: '+' | '-' | '*' | '/' | 'max' | 'min' | 'and' | 'or' | '<' | '>' | '==' | '!=', a: LoopExpr, b: LoopExpr): LoopExpr =>
  ({ kind: 'binary', op, a, b });

export const asFloat = (x: LoopExpr): LoopExpr => ({ kind: 'unary', op: 'float', x });

/** A loop over one axis from end to end. */
export function fullLoop(b: Builder, axes: readonly string[], fill: () => void): void {
  const size = b.size(axes);
  b.loop(axes, { from: [], to: [{ k: size.value, factors: [size.name] }], step: 1 }, fill);
}

/** The address of the point at which the loops stand. */
export const addressHere = (b: Builder, axes: readonly string[]): Address =>
  addressOf(b, axes.map((axis) => ({ axis, over: axis, at: collect(b.axisTerms(axis, 1, [])), size: sizeOf(b.context.env, axis) })));

export class Reductions {
  readonly b: Builder;
  /** Locals of each reduction, by the column they are for; for arg the value, then the offset. */
  readonly #locals = new Map<Info, Map<string, readonly string[]>>();
  readonly #stems = new Map<Info, string>();
  /** What is still to be added to arrays, by reduction and place. */
  readonly #waiting = new Map<Info, { readonly at: Address; readonly values: LoopExpr[] }[]>();
  /** How many locals a reduction gets. */
  readonly #count: number;

  constructor(b: Builder, count: number) {
    this.b = b;
    this.#count = count;
  }

  /** Declares the locals of one column, or fills the array. */
  start(info: Info): void {
    const { b } = this;
    const { item } = info;
    const from = START[item.op ?? 'sum'];
    if (info.form === 'array') return startArray(b, info, from);
    const count = item.kind === 'arg' ? 1 : this.#count;
    const column = b.wish('', item.axes);
    const anonymous = item.name.startsWith('%');
    const wish = anonymous ? (item.kind === 'arg' ? 'best' : FOLD[item.op!] === '+' ? 'sum' : item.op!) : item.name;
    const single = column === '' && count === 1;
    const stem = this.#stems.get(info) ?? this.stem(anonymous || single ? wish : `${wish}${PART[item.op ?? 'max']}`, count);
    this.#stems.set(info, stem);
    const names: string[] = [];
    for (let n = 0; n < count; n++) {
      const lane = [...(column === '' ? [] : [column.replace(/^_/, '')]), ...(count > 1 ? [n] : [])].join('_');
      const name = single ? (b.scope.has(wish) ? `${wish}At` : wish) : `${stem}${lane}`;
      names.push(b.local(name, 'f64', { kind: 'const', value: from }, b.depth, true).name);
    }
    if (item.kind === 'arg') names.push(b.local('offset', 'i32', { kind: 'const', value: 0 }, b.depth, true).name);
    const own = this.#locals.get(info) ?? new Map<string, readonly string[]>();
    this.#locals.set(info, own.set(b.laneKey(item.axes), names));
  }

  /** A name whose numbered lanes are all free. */
  stem(wish: string, count: number): string {
    const lanes = Math.max(count, this.b.tile?.count ?? 1);
    const isFree = (stem: string): boolean => Array.from({ length: lanes }, (_, n) => `${stem}${n}`).every((name) => !this.b.scope.has(name))
      && ![...this.#stems.values()].includes(stem);
    const candidates = [wish, ...(wish === 'sum' ? ['acc', 'part'] : []), ...[...'BCDEFGHIJKLMNOPQRSTUVWXYZ'].map((c) => `${wish}${c}`)];
    return candidates.find(isFree) ?? wish;
  }

  /** Takes one more value, at the point where the loops stand. */
  add(info: Info, lane: number, term: LoopExpr): void {
    const { b } = this;
    const { item } = info;
    const value = item.float ? asFloat(term) : term;
    if (info.form === 'array') {
      const at = addressHere(b, storageOf(b, info).axes);
      const waiting = this.#waiting.get(info) ?? [];
      const same = waiting.find((w) => JSON.stringify(w.at.flat) === JSON.stringify(at.flat));
      if (same) same.values.push(value);
      else this.#waiting.set(info, [...waiting, { at, values: [value] }]);
      return;
    }
    const names = this.#locals.get(info)!.get(b.laneKey(item.axes))!;
    if (item.kind === 'arg') return this.addArg(info, names, value);
    const fold = FOLD[item.op!];
    const name = names[lane % names.length]!;
    const op = fold === '+' ? '+=' : fold === '*' ? '*=' : '=';
    b.push({ kind: 'set', name, op, value: op === '=' ? binary(fold, local(name), value) : value });
  }

  /** The first extreme element; a NaN is extreme, and the first one stays. */
  addArg(info: Info, names: readonly string[], value: LoopExpr): void {
    const { b } = this;
    const [best, offset] = [names[0]!, names[1]!];
    const v = value.kind === 'local' ? value : b.local(b.wish('value', info.space), 'f64', value, b.depth);
    const better = binary(info.item.op === 'max' ? '>' : '<', v, local(best));
    const firstNaN = binary('and', binary('!=', v, v), binary('==', local(best), local(best)));
    const place: LoopExpr = { kind: 'linear', at: addressHere(b, info.item.reduced).flat };
    b.push({ kind: 'when', condition: binary('or', better, firstNaN), body: [
      { kind: 'set', name: best, op: '=', value: v }, { kind: 'set', name: offset, op: '=', value: place },
    ] });
  }

  /** Brings what waits into the arrays. */
  flush(): void {
    for (const [info, waiting] of this.#waiting) {
      const { buffer } = storageOf(this.b, info);
      const fold = FOLD[info.item.op!];
      for (const { at, values } of waiting) {
        const value = pairwise(values, fold);
        const op = fold === '+' ? '+=' : fold === '*' ? '*=' : '=';
        const old: LoopExpr = { kind: 'load', ty: 'f64', buffer: buffer.name, at, lanes: 1 };
        this.b.push({ kind: 'store', buffer: buffer.name, at, lanes: 1, op, value: op === '=' ? binary(fold, old, value) : value });
      }
    }
    this.#waiting.clear();
  }

  /** The result, where the loops of the pass are closed. */
  finish(info: Info): void {
    const { b } = this;
    const { item } = info;
    if (info.form === 'array') return finishArray(b, info);
    const names = this.#locals.get(info)!.get(b.laneKey(item.axes))!;
    let value: LoopExpr = item.kind === 'arg' ? local(names[1]!, 'i32') : pairwise(names.map((n) => local(n)), FOLD[item.op!]);
    const count = countOf(b, info);
    if (count !== undefined) value = binary('/', value, { kind: 'named', name: count });
    if (item.float) value = asFloat(value);
    if (value.kind !== 'local') value = b.local(b.wish(item.name.startsWith('%') ? item.op! : item.name, item.axes), 'f64', value, b.depth);
    const identity = read(item.name, item.axes.map(axisIndex));
    b.frame(b.depth).values.set(keyOf(b, identity, []), value);
    const stored = b.storage.get(item.name);
    if (stored) b.push({ kind: 'store', buffer: stored.buffer.name, at: addressHere(b, stored.axes), lanes: 1, op: '=', value });
  }
}

/** The constant that a mean is divided by. */
function countOf(b: Builder, info: Info): string | undefined {
  const { item } = info;
  return item.op === 'mean' ? b.context.names.product(item.reduced.filter((a) => sizeOf(b.context.env, a) > 1))?.name : undefined;
}

function storageOf(b: Builder, info: Info): Storage {
  const stored = b.storage.get(info.item.name);
  invariant(stored, `${info.item.name} has no array`);
  return stored;
}

/** Loops over those axes of an array that are not open. */
function overRest(b: Builder, axes: readonly string[], fill: () => void): void {
  const [first, ...rest] = axes.filter((a) => !b.axisFrame.has(a));
  if (first === undefined) return fill();
  fullLoop(b, [first], () => overRest(b, rest, fill));
}

/** What an array of accumulators starts from. */
export function startArray(b: Builder, info: Info, from = START[info.item.op ?? 'sum']): void {
  const { buffer, axes } = storageOf(b, info);
  if (axes.every((a) => !b.axisFrame.has(a))) return b.push({ kind: 'fill', buffer: buffer.name, value: from });
  overRest(b, axes, () => b.push({ kind: 'store', buffer: buffer.name, at: addressHere(b, axes), lanes: 1, op: '=', value: { kind: 'const', value: from } }));
}

/** Divides the sums of a mean. */
export function finishArray(b: Builder, info: Info): void {
  const count = countOf(b, info);
  if (count === undefined) return;
  const { buffer, axes } = storageOf(b, info);
  overRest(b, axes, () => {
    const at = addressHere(b, axes);
    const sum: LoopExpr = { kind: 'load', ty: 'f64', buffer: buffer.name, at, lanes: 1 };
    b.push({ kind: 'store', buffer: buffer.name, at, lanes: 1, op: '=', value: binary('/', sum, { kind: 'named', name: count }) });
  });
}

/** a + b + (c + d): pairs first, so that errors do not pile up. */
export function pairwise(values: readonly LoopExpr[], op: '+' | '*' | 'max' | 'min'): LoopExpr {
  if (values.length <= 2) return values.length === 1 ? values[0]! : binary(op, values[0]!, values[1]!);
  const half = 2 * Math.ceil(values.length / 4);
  return binary(op, pairwise(values.slice(0, half), op), pairwise(values.slice(half), op));
}
