/** No function of a kernel allocates: the heap is the same before and after ten thousand calls, plain and bound. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, MOST_BYTES } from '../../heap.ts';
import { importText, textsOf, type Subject } from './load-kernel.ts';

/** Sizes at which every layer that generated/ has is quick. */
const SIZES: Readonly<Record<string, Subject['sizes']>> = {
  affine: { N: 2, D: 5, M: 3 }, batchnorm: { N: 4, D: 5 }, conv2d: { N: 1, C: 2, H: 4, W: 5, F: 2, HH: 3, WW: 3 }, dropout: { N: 2, D: 5 },
  instancenorm: { N: 1, C: 2, H: 3, W: 3 }, layernorm: { N: 2, D: 5 }, maxpool2d: { N: 1, C: 2, H: 4, W: 4 }, relu: { N: 2, D: 5 },
  rmsnorm: { N: 2, D: 5 }, softmax_loss: { N: 2, C: 5 }, spatial_batchnorm: { N: 2, C: 2, H: 3, W: 3 },
  spatial_groupnorm: { N: 1, G: 2, K: 2, H: 3, W: 3 },
};

const manifest = JSON.parse(readFileSync(new URL('../../../generated/manifest.json', import.meta.url), 'utf8')) as { kernels: { layer: string }[] };

for (const target of ['ts', 'wasm'] as const) for (const spec of new Set(manifest.kernels.map((k) => k.layer))) {
  test(`${spec}, ${target}`, async () => {
    assert.ok(SIZES[spec], `sizes for ${spec}`);
    const kernel = await importText(textsOf({ spec, sizes: SIZES[spec]!, target }).module);
    const types = { f32: Float32Array, f64: Float64Array, i32: Int32Array } as const;
    const arrays = Object.fromEntries(Object.entries(kernel.spec.tensors).map(([name, t]) =>
      [name, new types[t.dtype as keyof typeof types](t.shape.reduce((x, y) => x * y, 1)).fill(1)]));
    const values: Record<string, unknown> = { ...arrays, cache: kernel['createCache']!() };
    const bound = kernel['bind']!(values) as Record<string, (...args: unknown[]) => void>;
    for (const [name, names] of Object.entries(kernel.spec.arguments)) {
      const plain = kernel[name]!;
      const args = names.map((a) => (a === 'seed' ? 1 : a === 'step' ? 2 : values[a]));
      const draws = names.includes('seed') ? [1, 2] : [];
      const own = bound[name]!;
      assert.ok(bytesOf(() => { plain(...args); }) <= MOST_BYTES, `${name} allocates`);
      assert.ok(bytesOf(() => { own(...draws); }) <= MOST_BYTES, `bound ${name} allocates`);
    }
  });
}

test('what allocates is found', () => {
  let last: unknown;
  assert.ok(bytesOf((n) => { last = [n]; }) > MOST_BYTES);
  assert.ok(last);
});

test.run();
