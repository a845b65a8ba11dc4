/** A training step allocates nothing: the heap is the same before and after ten thousand of them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  adam, adamw, clipNorm, clipValue, cosine, createArena, sequential, sgd, stepped, warmup, type Kernel, type Optimizer,
} from '../../runtime/index.ts';
import { bytesOf, MOST_BYTES } from '../heap.ts';
import { batch, kernelsOf, netOf, type Net } from './nets.ts';

const OPTIMIZERS: Readonly<Record<string, (net: Net) => Optimizer>> = {
  'sgd': (net) => sgd(net, { rate: 1e-4 }),
  'sgd with momentum, decay, a rate in steps and clipped numbers': (net) =>
    sgd(net, { rate: stepped(1e-4, { every: 5000 }), momentum: 0.9, nesterov: true, weightDecay: 1e-4, clip: clipValue(0.5) }),
  'adam': (net) => adam(net, { rate: 1e-5 }),
  'adamw with a warmed-up cosine and a clipped norm': (net) =>
    adamw(net, { rate: warmup(100, cosine(1e-5, { steps: 50_000 })), clip: clipNorm(1, new Float64Array(1)) }),
};

const [images, labels] = batch(0);
const pixels = Float32Array.from(images);

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  test(name, async () => {
    const net = await netOf();
    const optimizer = make(net);
    assert.ok(bytesOf(() => {
      net.inputs[0]!.set(pixels);
      net.inputs[1]!.set(labels);
      net.forward();
      net.backward();
      optimizer.step();
    }) <= MOST_BYTES);
    assert.ok(optimizer.steps >= 20_000);
    assert.ok(Number.isFinite(net.layers[6]!.outputs.out![0]));
  });
}

test('in WebAssembly, in an arena, fed in place, in both modes', async () => {
  const kernels = await kernelsOf({ target: 'wasm' });
  const { buffers } = createArena(...kernels);
  const net = sequential(kernels as readonly Kernel[], { seed: 1, buffers: buffers as never });
  const optimizer = sgd(net, { rate: 1e-4, momentum: 0.9 });
  assert.ok(bytesOf(() => {
    net.inputs[0]!.set(pixels);
    net.inputs[1]!.set(labels);
    net.train().forward();
    net.backward();
    optimizer.step();
    net.test().forward();
  }) <= MOST_BYTES);
});

test.run();
