/** What lies between lanes and scalars, wide and narrow: splat, fold, widen, narrow, and arrays of every kind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoopExpr, Stmt } from '../../../../compiler/ir/loop.ts';
import { access, address, bin, local, loop, num, run } from './nests.ts';

const COUNT = 8;
const numbers = Array.from({ length: COUNT }, (_, n) => (n % 3 === 0 ? -1 : 1) * (1 + n / 7));
const single = (values: Iterable<number>): number[] => [...Float32Array.from(values)];

test('a scalar stands in every lane, floats rounded', () => {
  const arrays = { x: Float32Array.of(0.1, 7), d: Float64Array.of(0.1, 7), i: Int32Array.of(-3, 5), f: new Float32Array(12), p: new Float64Array(6), n: new Int32Array(12) };
  const { load, store } = access(arrays);
  const splat = (ty: 'f32x4' | 'f64x2' | 'i32x4', x: LoopExpr): LoopExpr => ({ kind: 'splat', ty, x });
  run(arrays, [loop(1, 1, [
    store('f', splat('f32x4', load('x', 'f64')), 4), store('f', splat('f32x4', load('d', 'f64')), 4, 4), store('f', splat('f32x4', num(0.3)), 4, 8),
    store('p', splat('f64x2', load('x', 'f64')), 2), store('p', splat('f64x2', load('d', 'f64')), 2, 2), store('p', splat('f64x2', num(0.3)), 2, 4),
    store('n', splat('i32x4', load('i', 'i32')), 4), store('n', splat('i32x4', num(-9)), 4, 4), store('n', splat('i32x4', bin('%', load('i', 'i32', 1, 1), num(3))), 4, 8),
  ])]);
  const [tenth, three] = single([0.1, 0.3]);
  assert.equal([...arrays.f], [tenth, tenth, tenth, tenth, tenth, tenth, tenth, tenth, three, three, three, three]);
  assert.equal([...arrays.p], [tenth, tenth, 0.1, 0.1, 0.3, 0.3]);
  assert.equal([...arrays.n], [-3, -3, -3, -3, -9, -9, -9, -9, 2, 2, 2, 2]);
});

for (const op of ['+', 'max', 'min'] as const) {
  test(`${op} of all lanes`, () => {
    const arrays = { x: Float32Array.from(numbers), d: Float64Array.from(numbers), out: new Float64Array(4) };
    const { load, store } = access(arrays);
    run(arrays, [loop(1, 1, [
      store('out', { kind: 'fold', op, x: load('x', 'f32x4', 4) }), store('out', { kind: 'fold', op, x: load('x', 'f32x4', 4, 4) }, 1, 1),
      store('out', { kind: 'fold', op, x: load('d', 'f64x2', 2) }, 1, 2), store('out', { kind: 'fold', op, x: bin('*', load('d', 'f64x2', 2, 2), load('d', 'f64x2', 2, 2)) }, 1, 3),
    ])]);
    const both = (a: number, b: number): number => (op === '+' ? a + b : Math[op](a, b));
    const four = ([a, b, c, d]: readonly number[]): number => both(both(a!, c!), both(b!, d!));
    const x = single(numbers);
    assert.equal([...arrays.out], [four(x), four(x.slice(4)), both(numbers[0]!, numbers[1]!), both(numbers[2]! ** 2, numbers[3]! ** 2)]);
  });
}

test('a sum of four floats is one of doubles', () => {
  const arrays = { x: Float32Array.of(2 ** 24, 1, 1, 2 ** -20), out: new Float64Array(1) };
  const { load, store } = access(arrays);
  run(arrays, [loop(1, 1, [store('out', { kind: 'fold', op: '+', x: load('x', 'f32x4', 4) })])]);
  assert.is(arrays.out[0], 2 ** 24 + 2 + 2 ** -20);
});

test('floats become doubles and back', () => {
  const arrays = { x: Float32Array.from(numbers), d: new Float64Array(COUNT), out: new Float32Array(COUNT) };
  const { load, store } = access(arrays);
  const x: LoopExpr = local('x4', 'f32x4');
  const declared: Stmt = { kind: 'let', name: 'x4', ty: 'f32x4', mutable: false, value: load('x', 'f32x4', 4) };
  run(arrays, [loop(COUNT, 4, [declared,
    store('d', { kind: 'widen', half: 'low', x }, 2), store('d', { kind: 'widen', half: 'high', x }, 2, 2),
    store('out', { kind: 'narrow', low: bin('/', load('d', 'f64x2', 2), { kind: 'splat', ty: 'f64x2', x: num(3) }), high: load('d', 'f64x2', 2, 2) }, 4),
  ])]);
  const x8 = single(numbers);
  assert.equal([...arrays.d], x8);
  assert.equal([...arrays.out], x8.map((v, n) => (n % 4 < 2 ? Math.fround(v / 3) : v)));
});

test('bytes and integers in lanes', () => {
  const arrays = { u: Uint8Array.of(0, 1, 2, 255, 7, 8, 9, 200), i: Int32Array.of(1, -2, 3, -4, 5, -6, 7, 100), sum: new Int32Array(COUNT), back: new Uint8Array(COUNT) };
  const { load, store } = access(arrays);
  run(arrays, [loop(COUNT, 4, [store('sum', bin('+', load('u', 'i32x4', 4), load('i', 'i32x4', 4)), 4), store('back', load('u', 'i32x4', 4), 4)])]);
  assert.equal([...arrays.sum], [...arrays.u].map((v, n) => v + arrays.i[n]!));
  assert.equal([...arrays.back], [...arrays.u]);
});

test('lanes are added to and multiplied in their places', () => {
  const arrays = { x: Float32Array.from(numbers), d: Float64Array.from(numbers), sum: Float32Array.from(numbers), pairs: Float64Array.from(numbers) };
  const { load, store } = access(arrays);
  run(arrays, [loop(COUNT, 4, [{ ...store('sum', bin('*', load('x', 'f32x4', 4), load('x', 'f32x4', 4)), 4), op: '+=' } as Stmt]),
    loop(COUNT, 2, [{ ...store('pairs', load('d', 'f64x2', 2), 2), op: '*=' } as Stmt])]);
  assert.equal([...arrays.sum], single(numbers).map((v) => Math.fround(v + Math.fround(v * v))));
  assert.equal([...arrays.pairs], numbers.map((v) => v * v));
});

test('sums over lanes, kept in a local', () => {
  const arrays = { x: Float32Array.from(numbers), out: new Float64Array(1) };
  const { load } = access(arrays);
  const zero: LoopExpr = { kind: 'splat', ty: 'f32x4', x: num(0) };
  run(arrays, [{ kind: 'let', name: 's', ty: 'f32x4', mutable: true, value: zero },
    loop(COUNT, 4, [{ kind: 'set', name: 's', op: '+=', value: load('x', 'f32x4', 4) }]),
    { kind: 'store', buffer: 'out', at: address([], 1), lanes: 1, op: '=', value: { kind: 'fold', op: '+', x: local('s', 'f32x4') } }]);
  const x = single(numbers);
  const lanes = [0, 1, 2, 3].map((n) => Math.fround(x[n]! + x[n + 4]!));
  assert.is(arrays.out[0], lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!));
});

test.run();
