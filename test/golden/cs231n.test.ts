/**
 * What the notebooks of CS231n's second assignment print, from the same inputs: kernels in f64, as there. `properties`
 * are statements of the notebooks about inputs that they do not give.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layer, uniform, type Kernel, type Layer } from '../../runtime/index.ts';
import { relativeError } from './compare.ts';
import { kernelOf } from './kernels.ts';
import { count, readReference, tensor, type Case, type ReferenceTensor } from './reference.ts';
import { kernelOfCase, layerOfCase, mappingOf, resultsOf, runAny, runSequence } from './run.ts';

const { cases, properties } = readReference('cs231n');

/** The mean or the standard deviation over some axes, as numpy has it. */
function statistic(values: ArrayLike<number>, shape: readonly number[], axes: readonly number[], what: 'mean' | 'std'): number[] {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < values.length; i++) {
    let rest = i, key = 0, unit = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (!axes.includes(axis)) {
        key += (rest % shape[axis]!) * unit;
        unit *= shape[axis]!;
      }
      rest = Math.floor(rest / shape[axis]!);
    }
    groups.set(key, [...groups.get(key) ?? [], values[i]!]);
  }
  const mean = (v: readonly number[]): number => v.reduce((sum, x) => sum + x, 0) / v.length;
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, v]) => {
    const mu = mean(v);
    return what === 'mean' ? mu : Math.sqrt(mean(v.map((x) => (x - mu) ** 2)));
  });
}

/** Printed numbers against what the kernels compute. */
function checkPrinted(c: Case, results: ReadonlyMap<string, ArrayLike<number>>): void {
  const shapes: Readonly<Record<string, string>> = { out: 'dout', x: 'x', out_test: 'x_test', loss: 'loss' };
  for (const [name, printed] of c.tensors) {
    if (printed.role !== 'expected_printed') continue;
    const of = results.get(printed.of!)!;
    const shape = printed.stat_reshape ?? tensor(c, shapes[printed.of!]!).shape;
    const got = printed.stat ? statistic(of, shape, printed.stat_axis!, printed.stat) : [...Array.from(of)];
    assert.is(got.length, printed.values.length);
    printed.values.forEach((want, i) => {
      const allowed = printed.tol_abs ?? printed.tol_rel! * Math.max(1e-8, Math.abs(want) + Math.abs(got[i]!));
      assert.ok(Math.abs(got[i]! - want) <= allowed, `${name}: element ${i} is ${got[i]}, printed ${want}`);
    });
  }
}

/** The numbers that a case's notebook prints statistics of. */
async function printedResults(c: Case): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  if (c.layer.endsWith('_sequence')) {
    return new Map([['out_test', (await runSequence(c, { make: kernelOf, dtype: 'f64', rtol: 1e-12 })).out]]);
  }
  const m = mappingOf(c);
  const l = layerOfCase(c, await kernelOfCase(c, m, { make: kernelOf, dtype: 'f64', rtol: 0 }), m);
  l.forward(...m.inputs.map((name) => tensor(c, name).values));
  return new Map([...resultsOf(l), ['x', tensor(c, 'x').values], ['loss', l.outputs.out!]]);
}

for (const c of cases) {
  test(c.id, async () => {
    assert.equal(await runAny(c, { make: kernelOf, dtype: 'f64', rtol: 1e-12 }), []);
    if ([...c.tensors.values()].some((t: ReferenceTensor) => t.role === 'expected_printed')) {
      checkPrinted(c, await printedResults(c));
    }
  });
}

/** Reproducible numbers near a normal distribution: the sum of twelve uniform ones. */
function normal(length: number, scale: number, mean: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniform({ seed, step: 0, tensor: k, element: i });
    return mean + scale * sum;
  });
}

const PROPERTIES: Readonly<Record<string, () => Promise<void>>> = {
  async bn_backward_alt() {
    const kernel = await kernelOf({ layer: 'batchnorm', sizes: { N: 100, D: 500 }, dtype: 'f64', staged: true });
    const run = (staged: boolean): Layer<Kernel> => {
      const own = staged ? { ...kernel, backwardTrain: kernel.backwardTrainStaged, bind: undefined } : kernel;
      const l = layer(own as Kernel, { params: { gamma: normal(500, 1, 0, 1), beta: normal(500, 1, 0, 2) } });
      l.forward(normal(50000, 5, 12, 3));
      l.backward(normal(50000, 1, 0, 4));
      return l;
    };
    const alt = run(false), staged = run(true);
    assert.ok(relativeError(alt.grads.x!, staged.grads.x!) < 1e-9);
    assert.ok(relativeError(alt.grads.gamma!, staged.grads.gamma!) < 1e-12);
    assert.ok(relativeError(alt.grads.beta!, staged.grads.beta!) < 1e-12);
  },

  async dropout_forward_means() {
    const n = 250000;
    const x = normal(n, 1, 10, 7);
    const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, a) => sum + a, 0) / n;
    for (const p of [0.25, 0.4, 0.7]) {
      const l = layer(await kernelOf({ layer: 'dropout', sizes: { N: 500, D: 500 }, options: { p } }) as Kernel, { seed: 231 });
      const out = l.forward(x) as Float32Array;
      const zeros = (): number => out.filter((v) => v === 0).length / n;
      assert.ok(Math.abs(zeros() - (1 - p)) < 5 * Math.sqrt(p * (1 - p) / n), `${p}: ${zeros()} are zero`);
      assert.ok(Math.abs(mean(out) - mean(x)) < 5 * 10.05 * Math.sqrt((1 - p) / p / n), `${p}: mean ${mean(out)}`);
      const first = out.slice();
      l.forward(x);
      assert.not.equal(first, out, 'another step, another mask');
      l.step = 0;
      l.forward(x);
      assert.equal(first, out, 'the same step, the same mask');
      out.forEach((v, i) => {
        const kept = uniform({ seed: 231, step: 0, tensor: 0, element: i }) < p;
        if ((v !== 0) !== kept) assert.unreachable(`element ${i} is ${v}`);
      });
      l.test().forward(x);
      assert.is(zeros(), 0);
      assert.equal(out, Float32Array.from(x), 'test mode passes everything on');
    }
  },

  async rel_error() {
    assert.is(relativeError([1, 0], [1, 1e-9]), 0.1);
  },

  /** The derived gradient of a small layer against h = 1e-5, as every notebook does. */
  async numeric_gradient() {
    const kernel = await kernelOf({ layer: 'layernorm', sizes: { N: 3, D: 4 }, dtype: 'f64' });
    const l = layer(kernel as Kernel, { params: { gamma: normal(4, 1, 1, 1), beta: normal(4, 1, 0, 2) } });
    const x = normal(12, 2, 1, 3), dout = normal(12, 1, 0, 4);
    const value = (): number => (l.forward(x) as Float64Array).reduce((sum, v, i) => sum + v * dout[i]!, 0);
    const numeric = x.map((v, i) => {
      x[i] = v + 1e-5;
      const up = value();
      x[i] = v - 1e-5;
      const down = value();
      x[i] = v;
      return (up - down) / 2e-5;
    });
    l.forward(x);
    assert.ok(relativeError(l.backward(dout) as Float64Array, numeric) < 1e-7);
  },

  async conv_fast_vs_naive() {
    const sizes = { N: 100, C: 3, H: 31, W: 31, F: 25, HH: 3, WW: 3 };
    const options = { stride: 2, pad: 1 };
    const x = normal(100 * 3 * 31 * 31, 1, 0, 1), w = normal(25 * 27, 1, 0, 2), b = normal(25, 1, 0, 3);
    const conv = layer(await kernelOf({ layer: 'conv2d', sizes, options, dtype: 'f64' }) as Kernel, { params: { w, b } });
    assert.ok(relativeError(conv.forward(x) as Float64Array, naiveConv(x, w, b)) < 1e-9);
    const pool = layer(await kernelOf({ layer: 'maxpool2d', sizes: { N: 100, C: 3, H: 32, W: 32 }, dtype: 'f64' }) as Kernel);
    const images = normal(100 * 3 * 32 * 32, 1, 0, 5);
    const naive = Float64Array.from({ length: count([100, 3, 16, 16]) }, (_, i) => {
      const at = Math.floor(i / 256) * 1024 + Math.floor(i / 16) % 16 * 64 + i % 16 * 2;
      return Math.max(images[at]!, images[at + 1]!, images[at + 32]!, images[at + 33]!);
    });
    assert.equal(pool.forward(images), naive);
  },
};

/** 100 images of 3 x 31 x 31, 25 filters of 3 x 3, stride 2, pad 1, in the plainest way there is. */
function naiveConv(x: Float64Array, w: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(100 * 25 * 16 * 16);
  let at = 0;
  for (let n = 0; n < 100; n++) for (let f = 0; f < 25; f++) for (let i = 0; i < 16; i++) for (let j = 0; j < 16; j++) {
    let sum = b[f]!;
    for (let c = 0; c < 3; c++) for (let k = 0; k < 3; k++) for (let l = 0; l < 3; l++) {
      const row = 2 * i + k - 1, column = 2 * j + l - 1;
      if (row < 0 || row > 30 || column < 0 || column > 30) continue;
      sum += x[((n * 3 + c) * 31 + row) * 31 + column]! * w[((f * 3 + c) * 3 + k) * 3 + l]!;
    }
    out[at++] = sum;
  }
  return out;
}

for (const { id } of properties) test(`property: ${id}`, async () => PROPERTIES[id]!());

test('running statistics are of the biased variance, and momentum weighs the old value', async () => {
  const kernel = await kernelOf({ layer: 'batchnorm', sizes: { N: 4, D: 1 }, options: { momentum: 0.75 }, dtype: 'f64' });
  const l = layer(kernel as Kernel, { params: { gamma: [1], beta: [0] }, state: { running_mean: [8], running_var: [16] } });
  l.forward([1, 3, 5, 7]);
  assert.is(l.state.running_mean![0], 0.75 * 8 + 0.25 * 4);
  assert.is(l.state.running_var![0], 0.75 * 16 + 0.25 * 5);
});

test.run();
