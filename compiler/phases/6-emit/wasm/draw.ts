/**
 * The generator behind random tensors, Threefry4x32-13 (ir/threefry.ts), for four counters at a time: lane n of a word
 * belongs to block n. The four words of a block are neighbours in the array, so they are turned at the end.
 */
import type { Buffer } from '../../../ir/loop.ts';
import { PARITY, ROTATIONS, ROUNDS } from '../../../ir/threefry.ts';
import type { Shared } from './body.ts';
import { double, get, int, laneBytes, op, set, tee, type Code, type Func, type Op } from './code.ts';
import type { ValType } from './instructions.ts';

/** How many numbers a turn makes: an array has room for whole turns. */
export const DRAWN = 16;

/**
 * The function that draws numbers of [low, high) into arrays of this kind: (array, count, three words of the key, stream).
 */
export function drawFunction(elem: Buffer['elem'], low: number, high: number, shared: Shared): string {
  const known = [...shared.helpers.keys()].filter((name) => name.startsWith('uniform'));
  const wish = `uniform ${elem} ${low} ${high}`;
  const old = shared.draws.get(wish);
  if (old !== undefined) return old;
  const name = `uniform${known.length === 0 ? '' : known.length + 1}`;
  shared.draws.set(wish, name);
  shared.helpers.set(name, uniform(name, elem === 'f32' ? 4 : 8, low, high));
  return name;
}

const LOCALS: readonly (readonly [string, ValType])[] = [
  ['end', 'i32'], ...['block', 'a', 'b', 'c', 'd', 'e', 'f', 'k0', 'k1', 'k2', 'k3', 'k4'].map((n) => [n, 'v128'] as const),
];
const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map((n) => get(n, 'v128')) as [Op, Op, Op, Op, Op, Op];
const key = (n: number): Op => get(`k${n % 5}`, 'v128');
const words = (...quarters: readonly number[]): number[] => quarters.flatMap((q) => [0, 1, 2, 3].map((n) => 4 * q + n));
const integers = (...values: readonly number[]): Op => op('v128.const', [], [...new Uint8Array(Int32Array.from(values).buffer)]);
const add = (x: Op, y: Op): Op => op('i32x4.add', [x, y]);
const same = (n: number): Op => integers(n, n, n, n);

function uniform(name: string, bytes: 4 | 8, low: number, high: number): Func {
  const word = (n: string): Op => get(n, 'i32');
  const parity = ['seed.low', 'seed.high', 'step', 'stream'].map(word).reduce((x, y) => op('i32.xor', [x, y]));
  const to = word('to');
  const whole = op('i32.and', [op('i32.add', [word('count'), int(DRAWN - 1)]), int(-DRAWN)]);
  const start: Code[] = [
    set('end', op('i32.add', [to, op('i32.mul', [whole, int(bytes)])])),
    ...['seed.low', 'seed.high', 'step', 'stream'].map((n, k) => set(`k${k}`, op('i32x4.splat', [word(n)]))),
    set('k4', op('i32x4.splat', [op('i32.xor', [parity, int(PARITY)])])),
    set('block', add(key(0), integers(0, 1, 2, 3))),
  ];
  const turn: Code[] = [
    set('a', get('block', 'v128')), set('b', key(1)), set('c', key(2)), set('d', key(3)), ...mixing(),
    ...['a', 'b', 'c', 'd'].map((n) => set(n, op('i32x4.shr_u', [get(n, 'v128'), int(8)]))),
    ...turned(),
    ...[a, e, b, f].flatMap((x, n) => stores(x, to, n * 4 * bytes, bytes, low, high)),
    set('block', add(get('block', 'v128'), same(4))),
    op('br_if', [op('i32.lt_u', [tee('to', op('i32.add', [to, int(DRAWN * bytes)])), word('end')])], 'turn'),
  ];
  const params = ['to', 'count', 'seed.low', 'seed.high', 'step', 'stream'].map((n) => ({ name: n, type: 'i32' as const }));
  const locals = LOCALS.map(([n, type]) => ({ name: n, type }));
  return { name, exported: false, params, locals, body: [...start, { kind: 'loop', label: 'turn', body: turn }] };
}

/** The rounds: two mixes each, the key added after every fourth. */
function mixing(): Code[] {
  const code: Code[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [left, right] = ROTATIONS[round % 8]!;
    const [x, y] = round % 2 === 0 ? ['b', 'd'] as const : ['d', 'b'] as const;
    code.push(...mix('a', x, left), ...mix('c', y, right));
    const group = (round + 1) / 4;
    if (!Number.isInteger(group)) continue;
    code.push(...[a, b, c].map((w, n) => set(String(w.at), add(w, key(group + n)))), set('d', add(add(d, key(group + 3)), same(group))));
  }
  return code;
}

function mix(into: string, from: string, by: number): Code[] {
  const [x, y] = [get(into, 'v128'), get(from, 'v128')];
  const rotated = op('v128.or', [op('i32x4.shl', [y, int(by)]), op('i32x4.shr_u', [y, int(32 - by)])]);
  return [set(into, add(x, y)), set(from, op('v128.xor', [rotated, x]))];
}

/** From words a, b, c, d of four blocks to blocks a, e, b, f of four words. */
function turned(): Code[] {
  const shuffle = (x: Op, y: Op, ...lanes: readonly number[]): Op => op('i8x16.shuffle', [x, y], words(...lanes));
  return [
    set('e', shuffle(a, b, 2, 6, 3, 7)), set('a', shuffle(a, b, 0, 4, 1, 5)),
    set('f', shuffle(c, d, 2, 6, 3, 7)), set('c', shuffle(c, d, 0, 4, 1, 5)),
    set('b', shuffle(e, f, 0, 1, 4, 5)), set('f', shuffle(e, f, 2, 3, 6, 7)),
    set('e', shuffle(a, c, 2, 3, 6, 7)), set('a', shuffle(a, c, 0, 1, 4, 5)),
  ];
}

/** Stores four integers below 2^24 as numbers of [low, high). */
function stores(x: Op, to: Op, offset: number, bytes: 4 | 8, low: number, high: number): Code[] {
  if (bytes === 4 && low === 0 && high === 1) {
    const scaled = op('f32x4.mul', [op('f32x4.convert_i32x4_s', [x]), op('v128.const', [], laneBytes(Array<number>(4).fill(2 ** -24)))]);
    return [op('v128.store', [to, scaled], offset)];
  }
  const both = (value: number): Op => op('f64x2.splat', [double(value)]);
  const scaled = (y: Op): Op => op('f64x2.mul', [op('f64x2.convert_low_i32x4_s', [y]), both((high - low) * 2 ** -24)]);
  const value = (y: Op): Op => op('f64x2.add', [both(low), scaled(y)]);
  const [first, last] = [value(x), value(op('i8x16.shuffle', [x, x], words(2, 3, 2, 3)))];
  if (bytes === 8) return [op('v128.store', [to, first], offset), op('v128.store', [to, last], offset + 16)];
  const floats = op('i8x16.shuffle', [op('f32x4.demote_f64x2_zero', [first]), op('f32x4.demote_f64x2_zero', [last])], words(0, 1, 4, 5));
  return [op('v128.store', [to, floats], offset)];
}
