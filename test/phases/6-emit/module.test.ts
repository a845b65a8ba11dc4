/** What a generated module promises beside its numbers: names, messages, checks, text that cannot break out. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { uniform } from '../../../compiler/ir/threefry.ts';
import { erf } from '../../../compiler/ir/erf.ts';
import { findings, importText, textsOf, type Subject } from './load-kernel.ts';

const thrown = (run: () => unknown): Error => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

test('names that the emitter uses itself', async () => {
  const spec = `layer: names
summary: "*/ alert(1) /* \\u2028 ends here"
options: { eps: 0.5, d: 2 }
inputs:
  row: [ROW, D]
  sum0: [D]
  checkArray: [ROW]
  n: { shape: [ROW], dtype: i32 }
params: { acc: [D], buffers: [D], badIndex: [], xAt: [ROW, D] }
outputs: { out: [ROW, D], term: [ROW] }
forward:
  mean64: mean[D](row * sum0)
  var: max[D](row) * badIndex
  value: exp(row - mean64) * acc[n] * xAt * acc
  out: value + buffers * eps
  term: sum[D](value) * checkArray + var + d
cache: [out, value, row, sum0, checkArray]
`;
  const subject: Subject = { spec, sizes: { ROW: 3, D: 7 }, staged: true };
  assert.equal(await findings(subject), []);
  assert.equal(await findings({ ...subject, buffers: 'module' }), []);
  assert.equal(await findings({ ...subject, accumulate: true }), []);
  const { module } = textsOf(subject);
  assert.not.match(module, /\u2028/);
  assert.equal(module.split('*/').length, module.split('/*').length);
});

test('axes called like globals', async () => {
  const spec = `layer: globals
inputs: { x: [NAN, EPS] }
options: { eps: 0.5 }
outputs: { out: [NAN] }
forward:
  out: sum[EPS](x * eps + NAN)
`;
  assert.equal(await findings({ spec, sizes: { NAN: 3, EPS: 5 } }), []);
});

test('twice the same text', () => {
  const subject: Subject = { spec: 'batchnorm', sizes: { N: 5, D: 6 }, staged: true };
  assert.equal(textsOf(subject), textsOf(subject));
});

test('wrong lengths and types name the tensor, its shape and what came', async () => {
  const k = await importText(textsOf({ spec: 'layernorm', sizes: { N: 8, D: 64 } }).module);
  const f = (n: number): Float32Array => new Float32Array(n);
  const cache = k['createCache']!();
  const error = thrown(() => k['forward']!(f(511), f(64), f(64), f(512), cache));
  assert.instance(error, RangeError);
  assert.is(error.message, 'x: expected [8, 64], got length 511');
  const type = thrown(() => k['forward']!(new Float64Array(512), f(64), f(64), f(512), cache));
  assert.instance(type, TypeError);
  assert.is(type.message, 'x: expected Float32Array');
  assert.is(thrown(() => k['forward']!(undefined, f(64), f(64), f(512), cache)).message, 'x: expected Float32Array');
});

test('a cache that was never filled', async () => {
  const k = await importText(textsOf({ spec: 'conv2d', sizes: { N: 1, C: 1, H: 3, W: 3, F: 1, HH: 2, WW: 2 } }).module);
  const f = (n: number): Float32Array => new Float32Array(n);
  const names = (k.spec.arguments['backward'] ?? []).map((a) => (a === 'cache' ? k['createCache']!() : f(k.spec.tensors[a]!.shape.reduce((x, y) => x * y, 1))));
  assert.match(thrown(() => k['backward']!(...names)).message, /^cache\.x: expected \[1, 1, 3, 3\], got length 0: forward has not run$/);
});

test('an integer out of range, before anything is read with it', async () => {
  const k = await importText(textsOf({ spec: 'softmax_loss', sizes: { N: 3, C: 5 } }).module);
  for (const [y, text] of [[5, 'y[1] is 5: must be 0 to 4, it indexes x'], [-1, 'y[1] is -1: must be 0 to 4, it indexes x']] as const) {
    const error = thrown(() => k['forward']!(new Float32Array(15), Int32Array.of(0, y, 2), new Float32Array(1), k['createCache']!()));
    assert.instance(error, RangeError);
    assert.is(error.message, text);
  }
});

test('an index that `where` guards may be out of range', async () => {
  const spec = `layer: padded
inputs:
  table: [V, E]
  ids: { shape: [T], dtype: i32 }
outputs: { out: [T, E] }
forward:
  out: where(ids >= 0, table[ids, E], 0)
`;
  const k = await importText(textsOf({ spec, sizes: { V: 3, E: 2, T: 4 } }).module);
  const out = new Float32Array(8).fill(NaN);
  k['forward']!(Float32Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(2, -1, 0, -7), out, k['createCache']!());
  assert.equal([...out], [5, 6, 0, 0, 1, 2, 0, 0]);
  const error = thrown(() => k['forward']!(new Float32Array(6), Int32Array.of(2, 3, 0, 0), out, k['createCache']!()));
  assert.is(error.message, 'ids[1] is 3: must be 0 to 2, it indexes table');
});

test('random numbers are those of the generator', async () => {
  const spec = `layer: noise
random: { u: { shape: [A], uniform: [0, 1] }, v: { shape: [A, B], uniform: [-2, 3] } }
inputs: { x: [A] }
outputs: { out: [A, B] }
forward:
  out: x * (u + v)
`;
  const k = await importText(textsOf({ spec, sizes: { A: 5, B: 3 }, dtype: 'f64' }).module);
  const out = new Float64Array(15);
  const draw = { seed: 2 ** 40 + 12345, step: 9 };
  k['forward']!(new Float64Array(5).fill(1), draw.seed, draw.step, out, k['createCache']!());
  const u = uniform(5, 0, 1, { ...draw, stream: 0 });
  const v = uniform(15, -2, 3, { ...draw, stream: 1 });
  assert.equal([...out], [...v].map((value, n) => u[Math.floor(n / 3)]! + value));
  assert.match(thrown(() => k['forward']!(new Float64Array(5), -1, 0, out, k['createCache']!())).message, /^seed: expected an integer/);
});

test('erf and sigmoid to the last places', async () => {
  const spec = `layer: tails
inputs: { x: [A] }
outputs: { out: [A], gate: [A] }
forward:
  out: erf(x)
  gate: sigmoid(x)
`;
  const points = Float64Array.from({ length: 4001 }, (_, n) => (n - 2000) / 250).fill(-800, 0, 1).fill(800, 1, 2).fill(NaN, 2, 3);
  const k = await importText(textsOf({ spec, sizes: { A: 4001 }, dtype: 'f64' }).module);
  const [out, gate] = [new Float64Array(4001), new Float64Array(4001)];
  k['forward']!(points, out, gate, k['createCache']!());
  points.forEach((x, n) => {
    if (Number.isNaN(x)) return void assert.ok(Number.isNaN(out[n]!) && Number.isNaN(gate[n]!));
    assert.ok(Math.abs(out[n]! - erf(x)) <= 1e-15 * Math.max(1e-3, Math.abs(erf(x))), `erf(${x})`);
    assert.ok(Math.abs(gate[n]! - (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))) <= 1e-15);
  });
});

test('an array of the cache may have the name of an output', async () => {
  const spec = `layer: kept
inputs: { x: [A] }
outputs: { out: [A] }
forward:
  out: exp(x)
cache: [out]
`;
  assert.equal(await findings({ spec, sizes: { A: 9 } }), []);
});

test('bound functions take only what changes', async () => {
  const k = await importText(textsOf({ spec: 'dropout', sizes: { N: 2, D: 3 } }).module);
  const f = (): Float32Array => new Float32Array(6).fill(1);
  const buffers = { x: f(), out: f(), dout: f(), dx: f(), cache: k['createCache']!() };
  const bound = k['bind']!(buffers) as Record<string, (...args: number[]) => void>;
  bound['forwardTrain']!(1, 2);
  bound['backwardTrain']!();
  assert.equal([...buffers.dx], [...buffers.out]);
});

test.run();
