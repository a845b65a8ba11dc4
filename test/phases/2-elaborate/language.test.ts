/** Every construct of the language, elaborated and run through the oracle against numbers worked out by hand. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../../compiler/ir/interpret.ts';
import type { Layer } from '../../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../../compiler/ir/verify.ts';
import { axesOf } from '../../../compiler/phases/2-elaborate/index.ts';
import { layerOf, programOf, specOf, type Values } from './layers.ts';
import { assertRoundTrip } from './round-trip.ts';

function make(sections: string, sizes?: Values, options: Readonly<Record<string, number | string>> = {}): Layer {
  const layer = layerOf(specOf(sections), sizes, options);
  for (const mode of layer.modes) verifyProgram(programOf(layer, mode));
  assertRoundTrip(layer);
  return layer;
}

function run(layer: Layer, inputs: Readonly<Record<string, readonly number[]>>, name = 'out', mode = 0): number[] {
  const program = programOf(layer, layer.modes[mode]!);
  return [...interpret(program, new Map(Object.entries(inputs))).get(name)!];
}

const count = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

test('composite axes: a pixel shuffle is one line', () => {
  const layer = make('inputs: { x: [N, (C A B), H, W] }\noutputs: { out: [N, C, (H A), (W B)] }\nforward: { out: x }\n',
    { N: 1, C: 1, A: 2, B: 2, H: 1, W: 2 });
  assert.equal(run(layer, { x: count(8) }), [0, 2, 1, 3, 4, 6, 5, 7]);
});

test('a composite slot is read as a list', () => {
  const layer = make('inputs: { x: [(G K)] }\noutputs: { out: [(K G)] }\nforward: { out: "x[(G K)] - x[(0, K)]" }\n', { G: 2, K: 3 });
  assert.equal(run(layer, { x: [1, 2, 3, 10, 20, 30] }), [0, 9, 0, 18, 0, 27]);
});

test('a table is gathered by ids, and ids may be read under other axes', () => {
  const layer = make('inputs: { ids: { shape: [N, T], dtype: i32, outside: 0 } }\nparams: { table: [V, E] }\noutputs: { out: [N, T, E] }\n'
    + 'forward:\n  out: table[ids, E] - table[ids[N, T - 1], E]\n', { N: 1, T: 3, V: 3, E: 1 });
  assert.equal(run(layer, { ids: [2, 1, 0], table: [5, 7, 11] }), [6, -4, -2]);
});

test('causal attention: two positions meet by reading the keys under another axis', () => {
  const layer = make('axes: { S: T }\ninputs: { q: [T, E], k: [T, E], v: [T, E] }\noutputs: { out: [T, E] }\nforward:\n'
    + '  s: where(index(S) <= index(T), sum[E](q * k[S, E]), -1e30)\n  p: exp(s - max[S](s))\n  out: sum[S](p / sum[S](p) * v[S, E])\n',
  { T: 2, E: 1 });
  const [a, b] = run(layer, { q: [1, 1], k: [0, 1], v: [3, 5] });
  const e = Math.exp(-1);
  assert.ok(Math.abs(a! - 3) < 1e-15 && Math.abs(b! - (e * 3 + 5) / (1 + e)) < 1e-15);
});

test('a window over channels, its offset an integer quotient of an option', () => {
  const layer = make('options: { width: 3 }\naxes: { J: width }\ninputs: { x: { shape: [C], outside: 0 } }\noutputs: { out: [C] }\n'
    + 'forward:\n  out: sum[J](x[C + J - width//2])\n', { C: 4 });
  assert.equal(run(layer, { x: [1, 2, 3, 4] }), [3, 6, 9, 7]);
});

test('a read may run backwards, to its size, and by a scaled integer tensor', () => {
  const layer = make('inputs: { x: [D], y: { shape: [N], dtype: i32 } }\noutputs: { out: [D], far: [N] }\n'
    + 'forward:\n  out: x[size(D) - 1 - D]\n  far: x[2*y + 1] + y\n', { D: 4, N: 2 });
  assert.equal(run(layer, { x: [1, 2, 3, 4], y: [0, 1] }), [4, 3, 2, 1]);
  assert.equal(run(layer, { x: [1, 2, 3, 4], y: [0, 1] }, 'far'), [2, 5]);
  assert.throws(() => run(layer, { x: [1, 2, 3, 4], y: [0, 2] }), /^y\[1\] is 2: must be 0 to 1, it indexes x$/);
});

test('options decide conditions: a branch that is never taken need not stay inside', () => {
  const text = 'options: { ties: first, causal: 0 }\ninputs: { x: [D] }\noutputs: { out: [D] }\n'
    + 'forward:\n  out: where(ties == all or causal == 1, 2*x, where(not causal != 0, x, x[D + 1]))\n';
  assert.equal(run(make(text, { D: 2 }), { x: [1, 2] }), [1, 2]);
  assert.is(make(text, { D: 2 }, { ties: 'all' }).ties, 'all');
});

test('min and max of several operands nest, of one they reduce', () => {
  const layer = make('inputs: { x: [D] }\noutputs: { out: [D], top: [] }\nforward:\n  out: min(max(x, 0, -1), 2, 5)\n  top: max[D](x)\n', { D: 3 });
  assert.equal(run(layer, { x: [-3, 1, 9] }), [0, 1, 2]);
  assert.equal(run(layer, { x: [-3, 1, 9] }, 'top'), [9]);
});

test('operators: precedence, whole division, powers and sizes', () => {
  const layer = make('options: { p: 3 }\ninputs: { x: [D] }\noutputs: { out: [D] }\nforward:\n'
    + '  a: -x^2 + 2^p^0 * D\n  b: x // 2 - (x - 1 - 2)\n  out: a - b * (x / 2 / 2) + x^-1 - x^(1/D)\n', { D: 2 });
  const f = (x: number): number => -(x ** 2) + 2 * 2 - (Math.floor(x / 2) - (x - 3)) * (x / 4) + 1 / x - Math.sqrt(x);
  assert.equal(run(layer, { x: [4, 9] }).map((v) => v.toFixed(12)), [f(4), f(9)].map((v) => v.toFixed(12)));
});

test('scalars, several outputs, and an output that another definition reads', () => {
  const layer = make('inputs: { x: [N, D] }\noutputs: { total: [], share: [D, N] }\nforward:\n  total: sum[N, D](x)\n  share: x / total\n', { N: 1, D: 2 });
  assert.equal(run(layer, { x: [1, 3] }, 'share'), [0.25, 0.75]);
});

test('an output keeps the order of its shape, a definition that of the layer', () => {
  const [mode] = make('inputs: { x: [N, D] }\nparams: { w: [D, M] }\noutputs: { out: [M, N] }\nforward:\n  y: w * x\n  out: sum[D](y)\n').modes;
  assert.equal(mode!.definitions.map((d) => d.axes.join()), ['N,D,M', 'M,N']);
});

test('a definition of one mode is dropped from the other, with what depends on it', () => {
  const layer = make('inputs: { x: [N] }\nstate: { seen: { shape: [N], init: 0 } }\noutputs: { out: [N] }\nforward:\n'
    + '  noisy: { train: x * 2 }\n  twice: noisy * 2\n  out: { train: twice, test: x - seen }\nupdate: { seen: seen + out }\n');
  assert.equal(layer.modes.map((m) => m.definitions.map((d) => d.name)), [['noisy', 'twice', 'out', 'next_seen'], ['out']]);
  assert.equal(layer.modes[0]!.updates, [{ definition: 'next_seen', state: 'seen' }]);
});

test('the name of a new state gives way to names of the spec', () => {
  const layer = make('inputs: { x: [N] }\nstate: { s: [N] }\noutputs: { next_s: [N] }\nforward: { next_s: x + s }\nupdate: { s: x }\n');
  assert.is(layer.modes[0]!.updates[0]!.definition, 'next_s_2');
});

test('random tensors have their streams, in the order of the spec', () => {
  const layer = make('inputs: { x: [N] }\nrandom: { u: { shape: [N], uniform: [0, 1] }, v: { shape: [N], uniform: [-1, 1] } }\noutputs: { out: [N] }\n'
    + 'forward: { out: x + u * v }\n');
  assert.equal(layer.random.map((t) => t.stream), [0, 1]);
});

test('claims: helpers in any order, copies of axes, indices that divide, hits, gradients of others', () => {
  const layer = make('options: { stride: 2 }\naxes: { O: (T - J) // stride + 1 }\ninputs: { x: [N, T] }\nparams: { w: [J] }\noutputs: { out: [N, O] }\n'
    + 'forward:\n  top: max[T](x)\n  out: sum[J](x[N, O*stride + J] * w) + top\nbackward:\n'
    + "  dx: g + hit(top) * sum[O](dout) + 0 * sum[T'](x[N, T'])\n  g: sum[J](w * dout[N, (T - J)/stride])\n  dw: sum[N, O](x[N, O*stride + J] * dout)\n");
  assert.equal(layer.modes[0]!.claims.map((c) => `${c.name} ${c.axes.join()}`), ['g N,T', 'dx N,T', 'dw J']);
});

test('the cache: inputs, definitions and hits; what backward has anyway is left out', () => {
  const layer = make('inputs: { x: [N, D], y: { shape: [N], dtype: i32 } }\nparams: { w: [D] }\noutputs: { out: [N] }\n'
    + 'forward:\n  top: max[D](x * w)\n  out: top * x[N, y]\ncache: [x, w, y, hit(top), top]\n');
  assert.equal(layer.cache === 'auto' ? [] : layer.cache.map((e) => (e.kind === 'hit' ? `hit(${e.of})` : `${e.kind} ${e.name}`)),
    ['input x', 'hit(top)', 'definition top']);
});

test('sizes are asked for in the order in which axes appear; derived ones are not', () => {
  const spec = specOf('axes: { O: W // 2, J: 2 }\ninputs: { x: [N, W] }\nparams: { w: [F, J] }\noutputs: { out: [N, F, O] }\n'
    + 'forward:\n  out: sum[J](x[N, O*2 + J] * w)\n');
  assert.equal(axesOf(spec), { given: ['N', 'W', 'F'], derived: ['O', 'J'] });
});

test('sizes that divide are found where the layer needs them', () => {
  const layer = make('options: { heads: 4 }\naxes: { K: E / heads, G: heads }\ninputs: { x: [N, E] }\nparams: { w: [G, K] }\noutputs: { out: [N, G, K] }\n'
    + 'forward:\n  out: x[N, G*2] * w\n');
  assert.is(layer.env.sizes.get('E')! % 4, 0);
});

test.run();
