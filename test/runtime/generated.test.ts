/** The runtime over real generated modules: every layer that ships, every way to build one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layer, uniform, type Kernel, type Layer } from '../../runtime/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import type { Module, Request } from '../golden/specs.ts';

const LAYERS: readonly Request[] = [
  { layer: 'batchnorm', sizes: { N: 5, D: 7 } },
  { layer: 'layernorm', sizes: { N: 5, D: 7 } },
  { layer: 'rmsnorm', sizes: { N: 5, D: 7 } },
  { layer: 'dropout', sizes: { N: 5, D: 7 } },
  { layer: 'relu', sizes: { N: 5, D: 7 } },
  { layer: 'conv2d', sizes: { N: 2, C: 3, H: 5, W: 4, F: 2, HH: 3, WW: 3 }, options: { pad: 1 } },
  { layer: 'maxpool2d', sizes: { N: 2, C: 3, H: 5, W: 4 } },
  { layer: 'spatial_batchnorm', sizes: { N: 2, C: 3, H: 5, W: 4 } },
  { layer: 'spatial_groupnorm', sizes: { N: 2, G: 3, K: 2, H: 5, W: 4 } },
  { layer: 'instancenorm', sizes: { N: 2, C: 3, H: 5, W: 4 } },
  { layer: 'affine', sizes: { N: 5, D: 7, M: 3 } },
  { layer: 'softmax_loss', sizes: { N: 5, C: 7 } },
];

type Numbers = Float32Array | Int32Array;

/** Numbers for every argument of a kernel: labels from 0 to 2, all else around 0. */
function numbersFor(kernel: Module): Record<string, Numbers> {
  return Object.fromEntries(Object.entries(kernel.spec.tensors).map(([name, { shape, dtype }], tensor) => {
    const length = shape.reduce((product, n) => product * n, 1);
    const draw = (element: number): number => uniform({ seed: 1, step: 0, tensor, element }, -1, 2);
    return [name, dtype === 'i32' ? Int32Array.from({ length }, (_, i) => Math.floor(Math.abs(draw(i))))
      : Float32Array.from({ length }, (_, i) => draw(i))];
  }));
}

const only = (all: Readonly<Record<string, Numbers>>, part: object): Record<string, Numbers> =>
  Object.fromEntries(Object.keys(part).map((name) => [name, all[name]!]));

/** A layer over such numbers. */
function fill(kernel: Module, all: Readonly<Record<string, Numbers>>): Layer<Kernel> {
  const bare = layer(kernel as Kernel);
  return layer(kernel as Kernel, { params: only(all, bare.params), state: only(all, bare.state), seed: 9 });
}

for (const request of LAYERS) {
  test(`${request.layer}: a layer does what the plain functions do, in both modes`, async () => {
    const kernel = await kernelOf(request);
    const { arguments: names } = kernel.spec;
    for (const mode of ['train', 'test'] as const) {
      const suffix = Object.hasOwn(names, 'forward') ? '' : mode === 'train' ? 'Train' : 'Test';
      const all = numbersFor(kernel);
      if (all.running_var) all.running_var = all.running_var.map(Math.abs) as Numbers;
      const l = fill(kernel, all)[mode]();
      l.forward(...Object.values(only(all, l.inputs)));
      l.backward(...Object.values(only(all, l.upstream)));

      const values: Record<string, unknown> = { ...all, seed: 9, step: 0, cache: (kernel.createCache as () => unknown)() };
      for (const pass of ['forward', 'backward']) {
        const f = kernel[pass + suffix] as (...args: unknown[]) => void;
        f(...names[pass + suffix]!.map((name) => values[name]));
      }
      for (const [name, array] of Object.entries({ ...l.outputs, ...l.state })) assert.equal(array, all[name], name);
      for (const [name, array] of Object.entries(l.grads)) assert.equal(array, all[`d${name}`], `d${name}`);
    }
  });

  test(`${request.layer}: in a module that owns its arrays`, async () => {
    const caller = await kernelOf(request), owner = await kernelOf({ ...request, buffers: 'module' });
    const all = numbersFor(caller);
    const [a, b] = [fill(caller, all), fill(owner, all)];
    for (const l of [a, b]) {
      l.forward(...Object.values(only(all, l.inputs)));
      l.backward(...Object.values(only(all, l.upstream)));
    }
    assert.equal(a.outputs, b.outputs);
    assert.equal(a.grads, b.grads);
    assert.is(b.outputs.out, owner.out, 'the array that the module exports');
  });

  test(`${request.layer}: gradients add up where the build says so`, async () => {
    const kernel = await kernelOf({ ...request, accumulate: true, dtype: 'f64' });
    const all = numbersFor(kernel);
    const l = fill(kernel, all);
    l.forward(...Object.values(only(all, l.inputs)));
    l.backward(...Object.values(only(all, l.upstream)));
    const once = Object.values(l.grads).map((g) => g.slice());
    l.backward();
    Object.values(l.grads).forEach((g, i) => g.forEach((v, k) => assert.ok(Math.abs(v - 2 * once[i]![k]!) < 1e-12)));
  });
}

test('dropout: a seed and a step are a mask; backward takes the mask of its forward', async () => {
  const kernel = await kernelOf({ layer: 'dropout', sizes: { N: 20, D: 30 }, options: { p: 0.3 } });
  const ones = new Float32Array(600).fill(1);
  const make = (seed: number): Layer<Kernel> => layer(kernel as Kernel, { seed });
  const mask = (l: Layer<Kernel>): Float32Array => (l.forward(ones) as Float32Array).slice();
  const a = make(1);
  const [first, second] = [mask(a), mask(a)];
  assert.equal(a.backward(ones), second);
  assert.not.equal(first, second);
  assert.equal(mask(make(1)), first);
  assert.not.equal(mask(make(2)), first);
  assert.not.equal(mask(make(1 + 2 ** 32)), first);
  const resumed = make(1).load(a.save());
  assert.equal(mask(resumed), mask(a), 'a layer that was saved goes on where it was');
});

test('running statistics survive save and load, and test mode reads them', async () => {
  const kernel = await kernelOf({ layer: 'batchnorm', sizes: { N: 5, D: 2 }, options: { momentum: 0.5 } });
  const a = layer(kernel as Kernel, { params: { gamma: [1, 2], beta: [3, 4] } });
  a.forward([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal([...a.state.running_mean!], [2.5, 3]);
  const b = layer(kernel as Kernel).load(a.save()).test();
  a.test();
  assert.equal(a.forward(), b.forward(Float32Array.from(a.inputs.x!)));
});

test('an index out of range is named', async () => {
  const l = layer(await kernelOf({ layer: 'softmax_loss', sizes: { N: 5, C: 7 } }) as Kernel);
  assert.throws(() => l.forward(new Float32Array(35), [0, 1, 7, 2, 3]), (error: Error) => error instanceof RangeError && /y/.test(error.message));
  assert.throws(() => l.backward(), /backward before forward/);
});

test.run();
