/** Addresses, loops, fills, checks of data, and the numbers of random tensors. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Buffer, Linear, LoopExpr, Stmt } from '../../../../compiler/ir/loop.ts';
import { uniform } from '../../../../compiler/ir/threefry.ts';
import { assemble } from '../../../../compiler/phases/6-emit/wasm/assemble.ts';
import { access, address, at, bin, local, loop, nestOf, num, run } from './nests.ts';
import { Runner } from './run-wasm.ts';

const iota = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
const copy = (to: Linear, from: Linear, size: number): Stmt => ({ kind: 'store', buffer: 'out', at: address(to, size), lanes: 1, op: '=',
  value: { kind: 'load', ty: 'f64', buffer: 'x', at: address(from, size), lanes: 1 } });
const range = (v: string, to: Linear, body: readonly Stmt[], from: Linear = [], step = 1): Stmt =>
  ({ kind: 'loop', v, from, to, step, size: 100, within: [], body });

test('an index may fall as its loop rises, and begin anywhere', () => {
  const arrays = { x: Float64Array.from(iota(24)), out: new Float64Array(24) };
  run(arrays, [range('a', [{ k: 4 }], [range('b', [{ k: 6 }], [copy([{ v: 'a', k: 6 }, { v: 'b', k: 1 }], [{ v: 'a', k: -6 }, { v: 'b', k: -1 }, { k: 23 }], 24)])])]);
  assert.equal([...arrays.out], iota(24).reverse());
});

test('a negative constant is added before the access', () => {
  const arrays = { x: Float64Array.from(iota(8)), out: new Float64Array(8) };
  run(arrays, [range('a', [{ k: 8 }], [copy([{ v: 'a', k: 1 }, { k: -2 }], [{ v: 'a', k: 1 }, { k: -1 }], 8)], [{ k: 2 }], 2)]);
  assert.equal([...arrays.out], [2, 0, 4, 0, 6, 0, 0, 0]);
});

test('what is read only inside a condition is read only there', () => {
  const arrays = { x: Float64Array.from(iota(4)), out: new Float64Array(6) };
  const { store } = access(arrays);
  const from: Linear = [{ v: 'n', k: 1 }, { k: -1 }];
  const value: LoopExpr = { kind: 'select', c: { kind: 'inside', range: { at: from, divisor: 1, size: 4, low: true, high: true } },
    a: { kind: 'load', ty: 'f64', buffer: 'x', at: address(from, 4), lanes: 1 }, b: num(-5) };
  run(arrays, [loop(6, 1, [store('out', value)])]);
  assert.equal([...arrays.out], [-5, 1, 2, 3, 4, -5]);
});

test('an index that does not divide is outside', () => {
  const arrays = { out: new Float64Array(6) };
  const { store } = access(arrays);
  const c: LoopExpr = { kind: 'inside', range: { at: [{ v: 'n', k: 2 }, { k: -3 }], divisor: 3, size: 2, low: true, high: true } };
  run(arrays, [loop(6, 1, [store('out', { kind: 'unary', op: 'flag', x: c })])]);
  // 2n - 3 = -3, -1, 1, 3, 5, 7: only 3 is 3 times one of 0 and 1.
  assert.equal([...arrays.out], [0, 0, 0, 1, 0, 0]);
});

test('loops whose bounds are found as they run, and may be empty', () => {
  const arrays = { x: Float64Array.from(iota(16)), out: new Float64Array(16) };
  run(arrays, [range('a', [{ k: 4 }], [range('b', [{ v: 'a', k: 1 }], [copy([{ v: 'a', k: 4 }, { v: 'b', k: 1 }], [{ v: 'a', k: 4 }, { v: 'b', k: 1 }], 16)])])]);
  assert.equal([...arrays.out], iota(16).map((v, n) => (n % 4 < Math.floor(n / 4) ? v : 0)));
});

test('a local that changes indexes by its value of the moment', () => {
  const arrays = { x: Float64Array.from(iota(4)), out: new Float64Array(4) };
  const { store } = access(arrays);
  const place: LoopExpr = { kind: 'load', ty: 'f64', buffer: 'x', at: address([{ v: 'i', k: 1 }], 4), lanes: 1 };
  run(arrays, [{ kind: 'let', name: 'i', ty: 'i32', mutable: true, value: num(3) }, loop(4, 1, [
    store('out', place), { kind: 'set', name: 'i', op: '=', value: { kind: 'choose', c: bin('==', local('i', 'i32'), num(3)), a: num(1), b: { kind: 'linear', at: [{ v: 'n', k: 1 }] } } }])]);
  assert.equal([...arrays.out], [4, 2, 2, 3]);
});

for (const length of [1, 3, 16, 37, 300]) {
  for (const value of [0, -0, -Infinity, 2.5]) {
    test(`${length} elements are filled with ${Object.is(value, -0) ? '-0' : value}, and nothing beyond`, () => {
      const [x, d] = [Float32Array.from(iota(length)), Float64Array.from(iota(length))];
      const code = assemble([nestOf({ x, d }, [{ kind: 'fill', buffer: 'x', value }, { kind: 'fill', buffer: 'd', value }])], [], { relaxed: false });
      const runner = new Runner(code, 16 * length + 100);
      const arrays = { x: runner.place(x), d: runner.place(d) };
      const behind = [new Float32Array(runner.memory.buffer, arrays.x.byteOffset + 4 * length, 1), new Float64Array(runner.memory.buffer, arrays.d.byteOffset + 8 * length, 1)];
      // The second array begins at the next multiple of 16.
      const isFree = length % 4 !== 0;
      if (isFree) behind[0]![0] = 77;
      behind[1]![0] = 77;
      runner.bind('run', arrays)();
      assert.ok([...arrays.x, ...arrays.d].every((v) => Object.is(v, value)));
      assert.ok((!isFree || behind[0]![0] === 77) && behind[1]![0] === 77);
    });
  }
}

const CHECKED = { tensor: 'ids', index: [at(0)], value: local('id', 'i32'), of: 'table', factor: 4 };
const picks = (when?: LoopExpr): Stmt[] => [loop(3, 1, [
  { kind: 'let', name: 'id', ty: 'i32', mutable: false, value: { kind: 'load', ty: 'i32', buffer: 'ids', at: address(at(0), 3), lanes: 1 } },
  { kind: 'let', name: 'slot', ty: 'i32', mutable: when !== undefined, value: { kind: 'linear', at: [{ v: 'id', k: 4 }, { k: 1 }] } },
  { kind: 'check', local: 'slot', size: 12, element: CHECKED, ...(when ? { when } : {}) },
  { kind: 'store', buffer: 'out', at: address(at(0), 3), lanes: 1, op: '=', value: { kind: 'load', ty: 'f64', buffer: 'table', at: address([{ v: 'slot', k: 1 }], 12), lanes: 1 } },
])];

/** What a check says of three integers, or what is picked by them. */
function picked(ids: readonly number[], when?: LoopExpr): { said?: readonly number[]; out: readonly number[] } {
  const arrays = { ids: Int32Array.from(ids), table: Float64Array.from(iota(12)), out: new Float64Array(3) };
  const code = assemble([nestOf(arrays, picks(when))], [], { relaxed: false });
  assert.equal(code.sites, [{ tensor: 'ids', of: 'table', factor: 4, size: 12, rank: 1 }]);
  let said: readonly number[] | undefined;
  const runner = new Runner(code, 1000, (...all) => { said = all; throw new RangeError('outside'); });
  const inside = Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, runner.place(a)]));
  try {
    runner.bind('run', inside)();
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
  }
  return { ...(said ? { said } : {}), out: [...inside['out']!] };
}

test('data in range picks', () => assert.equal(picked([0, 2, 1]), { out: [2, 10, 6] }));

for (const bad of [3, -1, 2 ** 30, -(2 ** 30), 2 ** 31 - 1, -(2 ** 31), 2 ** 29]) {
  test(`${bad} is out of range, whatever 32 bits make of it`, () => {
    const { said, out } = picked([1, bad, 0]);
    assert.ok(said);
    const [site, slot, value, index] = said as [number, number, number, number];
    assert.equal([site, value, index], [0, bad, 1]);
    assert.is((slot - Math.imul(CHECKED.factor, value)) | 0, 1);
    assert.equal(out, [6, 0, 0]);
  });
  test(`${bad} is taken for 0 where it does not count`, () => assert.equal(picked([1, bad, 0], bin('==', num(1), num(2))), { out: [6, 1, 2] }));
}

for (const [elem, count, low, high] of [['f32', 16, 0, 1], ['f32', 37, 0, 1], ['f64', 50, 0, 1], ['f64', 5, -2.5, 3], ['f32', 21, -1, 1]] as const) {
  for (const [seed, step] of [[0, 0], [2 ** 53 - 1, 2 ** 53 - 1], [12345678901, 7]] as const) {
    test(`${count} numbers of [${low}, ${high}) as ${elem}, seed ${seed}, step ${step}: the bits of every other backend`, () => {
      const arrays = { out: elem === 'f32' ? new Float32Array(count) : new Float64Array(count), other: new Float64Array(count) };
      const scratch: Buffer[] = ['u', 'v'].map((name) => ({ name, elem, length: count, slack: 0, role: 'scratch', access: 'both' }));
      const { store } = access(arrays);
      const load = (buffer: string): LoopExpr => ({ kind: 'load', ty: 'f64', buffer, at: address(at(0), count), lanes: 1 });
      const draw = (buffer: string, stream: number): Stmt => ({ kind: 'draw', buffer, stream, low, high });
      run(arrays, [draw('u', 0), draw('v', 3), loop(count, 1, [store('out', load('u')), store('other', load('v'))])], { scratch, seed, step });
      const want = (stream: number): number[] => [...uniform(count, low, high, { seed, step, stream })].map((v) => (elem === 'f32' ? Math.fround(v) : v));
      assert.equal([...arrays.out], want(0));
      assert.equal([...arrays.other], want(3));
    });
  }
}

test.run();
