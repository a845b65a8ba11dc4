/** Every operation against JavaScript, on the values where languages differ, as a scalar and in lanes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoopBinaryOp, LoopUnaryOp } from '../../../../compiler/ir/loop.ts';
import { erf } from '../../../../compiler/ir/erf.ts';
import { access, bin, loop, num, run, un } from './nests.ts';

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, 1e-45, -1e-45, 2 ** -126, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, 0.1, -0.1, 3,
  1e10, -1e10, 3.4e38, -3.4e38, 1.7e308, -1.7e308, 2 ** 31, -(2 ** 31), 2 ** 53, 87.3, -87.3, 5.5, -5.5, 0.62, 0.63, 1e-4, -1e-4, 1 + 2 ** -23, 0.7, -20];
/** As many as fill whole vectors. */
const VALUES = [...SPECIAL, ...Array.from({ length: (8 - SPECIAL.length % 8) % 8 }, (_, n) => n + 0.25)];
const PAIRS = VALUES.flatMap((a) => VALUES.map((b) => [a, b] as const));

const sigmoid = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
};

const unary: Readonly<Partial<Record<LoopUnaryOp, (x: number) => number>>> = {
  neg: (x) => -x, sqrt: Math.sqrt, abs: Math.abs, sign: Math.sign, floor: Math.floor, ceil: Math.ceil, rsqrt: (x) => 1 / Math.sqrt(x),
  exp: Math.exp, log: Math.log, tanh: Math.tanh, sigmoid, erf, float: Math.fround,
};
const binary: Readonly<Partial<Record<LoopBinaryOp, (a: number, b: number) => number>>> = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, min: Math.min, max: Math.max, '^': Math.pow,
};
const comparisons: Readonly<Partial<Record<LoopBinaryOp, (a: number, b: number) => boolean>>> = {
  '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b, '==': (a, b) => a === b, '!=': (a, b) => a !== b,
};

/** Places where two arrays hold different numbers, or numbers farther apart than `relative`. */
function wrong(inputs: readonly (readonly number[])[], got: ArrayLike<number>, want: readonly number[], relative: number): string[] {
  return want.flatMap((w, n) => {
    const g = got[n]!;
    const isClose = Object.is(g, w) || (relative > 0 && g === w) || Math.abs(g - w) <= relative * Math.abs(w) + (relative > 0 ? 1.5e-45 : 0);
    return isClose ? [] : [`${inputs.map((x) => x[n]).join(', ')}: ${g}, not ${w}`];
  });
}

/** Of what is computed in another way than the reference: erf in doubles. */
const LOOSE: Readonly<Record<string, number>> = { erf: 4e-16 };
/** Of functions of floats that no instruction computes: a few units in the last place. */
const FLOATS: Readonly<Record<string, number>> = { exp: 3e-7, log: 3e-7, tanh: 4e-7, sigmoid: 4e-7, erf: 6e-7, rsqrt: 1.2e-7 };

for (const [name, f] of Object.entries(unary)) {
  const op = name as LoopUnaryOp;
  test(`${name} of a double`, () => {
    const arrays = { x: Float64Array.from(VALUES), out: new Float64Array(VALUES.length) };
    const { load, store } = access(arrays);
    run(arrays, [loop(VALUES.length, 1, [store('out', un(op, load('x', 'f64')))])]);
    assert.equal(wrong([VALUES], arrays.out, VALUES.map(f), LOOSE[name] ?? 0), []);
  });
  test(`${name} of four floats`, () => {
    const x = Float32Array.from(VALUES);
    const arrays = { x, out: new Float32Array(x.length) };
    const { load, store } = access(arrays);
    run(arrays, [loop(x.length, 4, [store('out', un(op, load('x', 'f32x4', 4)), 4)])]);
    assert.equal(wrong([[...x]], arrays.out, [...x].map((v) => Math.fround(f(v))), FLOATS[name] ?? 0), []);
  });
  if (op === 'float') continue;
  test(`${name} of two doubles`, () => {
    const arrays = { x: Float64Array.from(VALUES), out: new Float64Array(VALUES.length) };
    const { load, store } = access(arrays);
    run(arrays, [loop(VALUES.length, 2, [store('out', un(op, load('x', 'f64x2', 2)), 2)])]);
    assert.equal(wrong([VALUES], arrays.out, VALUES.map(f), LOOSE[name] ?? 0), []);
  });
}

const [left, right] = [PAIRS.map((p) => p[0]), PAIRS.map((p) => p[1])];
const floats = (values: readonly number[]): number[] => [...Float32Array.from(values)];

for (const [name, f] of Object.entries(binary)) {
  const op = name as LoopBinaryOp;
  test(`${name} of doubles, alone and two at a time`, () => {
    const arrays = { a: Float64Array.from(left), b: Float64Array.from(right), one: new Float64Array(left.length), two: new Float64Array(left.length) };
    const { load, store } = access(arrays);
    run(arrays, [loop(left.length, 1, [store('one', bin(op, load('a', 'f64'), load('b', 'f64')))]),
      loop(left.length, 2, [store('two', bin(op, load('a', 'f64x2', 2), load('b', 'f64x2', 2)), 2)])]);
    const want = PAIRS.map(([a, b]) => f(a, b));
    assert.equal(wrong([left, right], arrays.one, want, 0), []);
    assert.equal(wrong([left, right], arrays.two, want, 0), []);
  });
  test(`${name} of four floats`, () => {
    const arrays = { a: Float32Array.from(left), b: Float32Array.from(right), out: new Float32Array(left.length) };
    const { load, store } = access(arrays);
    run(arrays, [loop(left.length, 4, [store('out', bin(op, load('a', 'f32x4', 4), load('b', 'f32x4', 4)), 4)])]);
    const [a, b] = [floats(left), floats(right)];
    assert.equal(wrong([a, b], arrays.out, a.map((v, n) => Math.fround(f(v, b[n]!))), 0), []);
  });
  if (name !== 'max' && name !== 'min') continue;
  for (const limit of [0, -0, 1.5, -Infinity]) {
    test(`${name} of lanes and ${Object.is(limit, -0) ? '-0' : limit}`, () => {
      const arrays = { x: Float32Array.from(VALUES), d: Float64Array.from(VALUES), out: new Float32Array(VALUES.length), pairs: new Float64Array(VALUES.length) };
      const { load, store } = access(arrays);
      run(arrays, [loop(VALUES.length, 4, [store('out', bin(op, load('x', 'f32x4', 4), { kind: 'splat', ty: 'f32x4', x: num(limit) }), 4)]),
        loop(VALUES.length, 2, [store('pairs', bin(op, { kind: 'splat', ty: 'f64x2', x: num(limit) }, load('d', 'f64x2', 2)), 2)])]);
      assert.equal(wrong([[...arrays.x]], arrays.out, [...arrays.x].map((v) => f(v, limit)), 0), []);
      assert.equal(wrong([VALUES], arrays.pairs, VALUES.map((v) => f(limit, v)), 0), []);
    });
  }
}

for (const [name, f] of Object.entries(comparisons)) {
  test(`${name}, its flag, what it selects and its opposite`, () => {
    const [a, b] = [floats(left), floats(right)];
    const count = left.length;
    const arrays = {
      a: Float32Array.from(left), b: Float32Array.from(right), one: new Float64Array(count), flags: new Float32Array(count),
      chosen: new Float32Array(count), alone: new Float64Array(count), not: new Float32Array(count), places: new Int32Array(count), place: new Int32Array(count),
    };
    const { load, store } = access(arrays);
    const scalar = bin(name as LoopBinaryOp, load('a', 'f64'), load('b', 'f64'));
    const lanes = bin(name as LoopBinaryOp, load('a', 'f32x4', 4), load('b', 'f32x4', 4));
    run(arrays, [
      loop(count, 1, [store('one', un('flag', scalar)), store('alone', { kind: 'select', c: scalar, a: load('a', 'f64'), b: num(7) }),
        store('place', { kind: 'choose', c: scalar, a: num(3), b: num(-4) })]),
      loop(count, 4, [store('flags', un('flag', lanes), 4), store('not', un('flag', un('not', lanes)), 4),
        store('chosen', { kind: 'select', c: lanes, a: load('a', 'f32x4', 4), b: { kind: 'splat', ty: 'f32x4', x: num(7) } }, 4),
        store('places', { kind: 'choose', c: lanes, a: { kind: 'splat', ty: 'i32x4', x: num(3) }, b: { kind: 'splat', ty: 'i32x4', x: num(-4) } }, 4)]),
    ]);
    const truths = a.map((v, n) => f(v, b[n]!));
    const expect = (got: ArrayLike<number>, want: (t: boolean, n: number) => number): void => assert.equal(wrong([a, b], got, truths.map(want), 0), []);
    expect(arrays.one, Number);
    expect(arrays.flags, Number);
    expect(arrays.not, (t) => Number(!t));
    expect(arrays.alone, (t, n) => (t ? a[n]! : 7));
    expect(arrays.chosen, (t, n) => (t ? a[n]! : 7));
    expect(arrays.place, (t) => (t ? 3 : -4));
    expect(arrays.places, (t) => (t ? 3 : -4));
  });
}

test('and, or, not of truth values and of masks', () => {
  const values = [0, 0, 1, 1, 0, 1, 0, 1];
  const others = [0, 1, 0, 1, 1, 1, 0, 0];
  const arrays = { a: Float32Array.from(values), b: Float32Array.from(others), and: new Float32Array(8), or: new Float32Array(8), one: new Float32Array(8) };
  const { load, store } = access(arrays);
  const masks = (['a', 'b'] as const).map((x) => bin('>', load(x, 'f32x4', 4), { kind: 'splat', ty: 'f32x4', x: num(0.5) }));
  const truths = (['a', 'b'] as const).map((x) => bin('>', load(x, 'f64'), num(0.5)));
  run(arrays, [
    loop(8, 4, [store('and', un('flag', bin('and', masks[0]!, masks[1]!)), 4), store('or', un('flag', bin('or', masks[0]!, un('not', masks[1]!))), 4)]),
    loop(8, 1, [store('one', un('flag', bin('or', bin('and', truths[0]!, truths[1]!), un('not', truths[0]!))))]),
  ]);
  assert.equal([...arrays.and], values.map((v, n) => v * others[n]!));
  assert.equal([...arrays.or], values.map((v, n) => Math.max(v, 1 - others[n]!)));
  assert.equal([...arrays.one], values.map((v, n) => (v ? v * others[n]! : 1)));
});

test.run();
