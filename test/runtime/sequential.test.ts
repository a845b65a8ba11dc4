/** Layers in a row: what fits is joined without copies, what does not is named, and gradients are those of the whole net. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createArena, flatten, layer, layoutOf, ones, sequential, sgd, unflatten, xavier, type Kernel, type Layer } from '../../runtime/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import { noise, scale } from './modules.ts';
import { batch, BATCH, CLASSES, kernelsOf, netOf, numbersOf, type Net } from './nets.ts';

const affine = async (N: number, D: number, M: number, more: object = {}): Promise<Kernel> => await kernelOf({ layer: 'affine', sizes: { N, D, M }, ...more }) as Kernel;
const relu = async (N: number, D: number, more: object = {}): Promise<Kernel> => await kernelOf({ layer: 'relu', sizes: { N, D }, ...more }) as Kernel;
const net = (...members: (Kernel | Layer<Kernel>)[]): Net => sequential(members as readonly Kernel[]);

const fails = (run: () => unknown, type: new () => Error, message: string): void => {
  assert.throws(run, (error: unknown) => {
    assert.instance(error, type);
    assert.is((error as Error).message, message);
    return true;
  });
};

test('neighbours that do not fit: the error names both and their shapes', async () => {
  const [a, b, c, across] = [await affine(32, 5, 10), await relu(32, 16), await relu(10, 32), await relu(6, 12)];
  fails(() => net(a, b), RangeError, 'layer 0 (affine) gives f32 [32, 10], layer 1 (relu) takes f32 [32, 16]');
  fails(() => net(a, c), RangeError, 'layer 0 (affine) gives f32 [32, 10], layer 1 (relu) takes f32 [10, 32]');
  fails(() => net(layer(a), layer(b)), RangeError, 'layer 0 (affine) gives f32 [32, 10], layer 1 (relu) takes f32 [32, 16]');
  const wide = await relu(32, 10, { dtype: 'f64' });
  fails(() => net(a, wide), TypeError, 'layer 0 (affine) gives f32 [32, 10], layer 1 (relu) takes f64 [32, 10]');
  const pool = await kernelOf({ layer: 'maxpool2d', sizes: { N: 4, C: 2, H: 6, W: 6 } }) as Kernel;
  fails(() => net(pool, across), RangeError, 'layer 0 (maxpool2d) gives f32 [4, 2, 3, 3], layer 1 (relu) takes f32 [6, 12]');
  fails(() => net(noise, noise), TypeError, 'layer 0 (noise) gives out,twice; only the last layer may give more than one');
  fails(() => net(), TypeError, 'expected at least one layer');
  const one = layer(await relu(32, 10));
  fails(() => net(one, one), TypeError, 'layers 0 and 1 (relu) have the same arrays');
  const owner = await relu(32, 10, { buffers: 'module' });
  fails(() => net(owner, owner), TypeError, 'layers 0 and 1 (relu) have the same arrays');
  fails(() => sequential([a], { init: { v: ones } }), TypeError, 'init.v: no layer has such a parameter');
});

test('axes that stand side by side may be one', async () => {
  const pool = await kernelOf({ layer: 'maxpool2d', sizes: { N: 4, C: 2, H: 6, W: 6 } }) as Kernel;
  for (const [N, D] of [[4, 18], [8, 9], [24, 3]] as const) assert.is(net(pool, await relu(N, D)).layers.length, 2);
  for (const [N, D] of [[2, 36], [18, 4], [9, 8]] as const) {
    const other = await relu(N, D);
    assert.throws(() => net(pool, other), /gives .* takes/, `[${N}, ${D}]`);
  }
});

test('neighbours share arrays; layers made by hand are copied between, with the same result', async () => {
  const kernels = await kernelsOf();
  const joined = net(...kernels);
  joined.layers.forEach((l, i) => {
    const before = joined.layers[i - 1];
    if (!before) return;
    assert.is(l.inputs.x, before.outputs.out);
    assert.is(l.grads.x, before.upstream.dout);
  });
  const apart = net(...kernels.map((k, i) => layer(k, { seed: joined.layers[i]!.seed, params: joined.layers[i]!.params })));
  assert.is.not(apart.layers[1]!.inputs.x, apart.layers[0]!.outputs.out);
  for (let step = 0; step < 3; step++) {
    for (const n of [joined, apart]) {
      n.forward(...batch(step));
      n.backward();
    }
    joined.layers.forEach((l, i) => assert.equal([l.outputs, l.grads, l.state], [apart.layers[i]!.outputs, apart.layers[i]!.grads, apart.layers[i]!.state]));
  }
});

test('in modules that own their arrays, and in an arena of WebAssembly', async () => {
  const plain = await netOf();
  const owned = await netOf({ buffers: 'module' });
  const kernels = await kernelsOf({ target: 'wasm' });
  const placed = sequential(kernels as readonly Kernel[], { seed: 1, buffers: createArena(...kernels).buffers as never });
  assert.is(new Set(placed.layers.flatMap((l) => Object.values({ ...l.inputs, ...l.params, ...l.outputs }).map((a) => a.buffer))).size, 1);
  for (const n of [plain, owned, placed]) {
    for (let step = 0; step < 3; step++) {
      n.forward(...batch(step));
      n.backward();
    }
  }
  plain.layers.forEach((l, i) => {
    for (const other of [owned, placed]) {
      for (const [name, array] of Object.entries(l.grads)) {
        array.forEach((v, k) => assert.ok(Math.abs(v - other.layers[i]!.grads[name]![k]!) < 1e-5, `${i}.${name}`));
      }
    }
  });
});

test('gradients of the whole net against central differences', async () => {
  const n = await netOf({ dtype: 'f64' }, { seed: 3, init: { w: xavier, b: (to) => { to.fill(0.1); } } });
  /** The same masks each time. */
  const loss = (): number => {
    for (const l of n.layers) l.step = 5;
    return (n.forward() as Float64Array)[0]!;
  };
  n.inputs[0]!.set(batch(0)[0]);
  n.inputs[1]!.set(batch(0)[1]);
  loss();
  n.backward();
  const all = n.layers.flatMap((l, i) => Object.entries({ ...l.params, ...(i === 0 ? l.inputs : {}) })
    .map(([name, array]) => [`${i}.${name}`, array, l.grads[name]!.slice()] as const));
  assert.is(all.length, 7);
  const h = 1e-6;
  let moved = 0;
  for (const [name, array, grad] of all) {
    for (let i = 0; i < array.length; i++) {
      const at = array[i]!;
      array[i] = at + h;
      const above = loss();
      array[i] = at - h;
      const below = loss();
      array[i] = at;
      const want = (above - below) / (2 * h);
      assert.ok(Math.abs(grad[i]! - want) < 1e-8 + 1e-5 * Math.abs(want), `${name}[${i}]: ${grad[i]}, not ${want}`);
      if (Math.abs(want) > 1e-4) moved++;
    }
  }
  assert.ok(moved > 100, `${moved} gradients that are not 0`);
});

test('train and test mode reach every layer; running statistics are saved', async () => {
  const n = await netOf();
  const [images, labels] = batch(1);
  for (let step = 0; step < 4; step++) n.forward(...batch(step));
  const statistics = n.layers[1]!.state.running_mean!.slice();
  assert.ok(statistics.some((v) => v !== 0));
  assert.is(n.test(), n);
  assert.equal([n.mode, ...n.layers.map((l) => l.mode)], new Array(8).fill('test'));
  const [a] = [(n.forward(images, labels) as Float32Array)[0]];
  assert.is((n.forward(images, labels) as Float32Array)[0], a, 'no mask, no statistics of the batch');
  assert.equal(n.layers[1]!.state.running_mean, statistics);
  assert.equal(n.layers.map((l) => l.step), new Array(7).fill(4));
  const other = (await netOf({}, { seed: 8 })).test();
  assert.is.not((other.forward(images, labels) as Float32Array)[0], a);
  assert.is((other.load(n.save()).forward(images, labels) as Float32Array)[0], a);
  assert.equal(numbersOf(other), numbersOf(n));
  n.train().forward(images, labels);
  assert.is(n.mode, 'train');
  assert.not.equal(n.layers[1]!.state.running_mean, statistics);
});

test('part of a net is a net over the same layers', async () => {
  const whole = await netOf();
  const scores = sequential(whole.layers.slice(0, -1));
  whole.test().forward(...batch(0));
  const wanted = whole.layers[5]!.outputs.out!.slice();
  whole.layers[5]!.outputs.out!.fill(0);
  assert.equal(scores.forward(batch(0)[0]), wanted);
  assert.is(scores.forward(), whole.layers[6]!.inputs.x);
  assert.is(wanted.length, BATCH * CLASSES);
});

test('what forward and backward take, and give', async () => {
  const n = net(await affine(2, 3, 4), await relu(2, 4));
  const x = [1, 2, 3, 4, 5, 6];
  const out = n.forward(x);
  assert.is(out, n.layers[1]!.outputs.out);
  n.layers[1]!.upstream.dout!.fill(9);
  assert.is(n.backward([0, 0, 0, 0, 0, 0, 0, 0]), n.layers[0]!.grads.x);
  assert.equal([...n.layers[0]!.grads.x!], [0, 0, 0, 0, 0, 0]);
  fails(() => n.forward(x, x), TypeError, 'forward: expected x, got 2 arguments');
  fails(() => n.forward([1]), RangeError, 'x: expected 6 numbers for [2, 3], got 1');
  fails(() => n.backward([1]), RangeError, 'dout: expected 8 numbers for [2, 4], got 1');
  const loss = await netOf();
  assert.throws(() => loss.backward(), /backward before forward/);
  fails(() => loss.forward(batch(0)[0]), TypeError, 'forward: expected x,y, got 1 arguments');
  assert.throws(() => loss.forward(batch(0)[0], [0, 1, 2, 7]), /y/);
});

test('a net learns', async () => {
  const n = await netOf();
  const o = sgd(n, { rate: 0.05, momentum: 0.9 });
  const losses = Array.from({ length: 300 }, (_, step) => {
    const [loss] = n.forward(...batch(step % 12)) as Float32Array;
    n.backward();
    o.step();
    return loss!;
  });
  const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
  assert.ok(mean(losses.slice(-30)) < 0.6 * mean(losses.slice(0, 30)), `${mean(losses.slice(0, 30))} -> ${mean(losses.slice(-30))}`);
});

test('a net as one vector', async () => {
  const n = await netOf(), other = await netOf({}, { seed: 4 });
  n.forward(...batch(0));
  n.backward();
  const places = layoutOf(n);
  assert.equal(places.map((p) => [p.name, p.offset, p.length]), [
    ['0.w', 0, 18], ['0.b', 18, 2], ['1.gamma', 20, 2], ['1.beta', 22, 2], ['5.w', 24, 54], ['5.b', 78, 3],
  ]);
  assert.equal(places[0]!.shape, [2, 1, 3, 3]);
  const vector = flatten(n);
  assert.instance(vector, Float32Array);
  assert.equal([...vector.subarray(24, 78)], [...n.layers[5]!.params.w!]);
  assert.equal([...flatten(n, 'grads').subarray(0, 18)], [...n.layers[0]!.grads.w!]);
  assert.is(flatten(n, 'state').length, 4);
  unflatten(other, vector);
  assert.equal(flatten(other), vector);
  // The mean of two models, in a vector that was there before.
  const mean = new Float64Array(81);
  assert.is(flatten(n, 'params', mean), mean);
  unflatten(n, mean.map((v) => v / 2));
  assert.is(n.layers[5]!.params.w![7], Math.fround(vector[31]! / 2));
  const before = flatten(n).slice();
  for (const length of [80, 82]) {
    fails(() => unflatten(n, new Float32Array(length)), RangeError, `expected a vector of 81 numbers, got ${length}`);
    fails(() => flatten(n, 'params', new Float32Array(length)), RangeError, `expected a vector of 81 numbers, got ${length}`);
  }
  assert.equal(flatten(n), before);
  assert.equal(flatten(layer(scale, { params: { w: [1, 2, 3] } })), Float32Array.of(1, 2, 3, 2));
  assert.instance(flatten(await netOf({ dtype: 'f64' })), Float64Array);
});

test.run();
