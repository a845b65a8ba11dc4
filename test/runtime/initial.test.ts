/** What parameters start at: known bits, within their bounds, with the variance that the papers ask for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deriveSeed, fanOf, he, initial, ones, sequential, uniform, xavier, zeros, type Kernel } from '../../runtime/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import { scale } from './modules.ts';
import { kernelsOf, netOf } from './nets.ts';

const affine = await kernelOf({ layer: 'affine', sizes: { N: 5, D: 64, M: 50 } }) as Kernel;
const conv = await kernelOf({ layer: 'conv2d', sizes: { N: 2, C: 3, H: 8, W: 7, F: 4, HH: 3, WW: 2 }, options: { stride: 1 } }) as Kernel;
const norm = await kernelOf({ layer: 'batchnorm', sizes: { N: 5, D: 7 } }) as Kernel;

test('the fan is read off the axes', () => {
  assert.equal(fanOf(affine.spec, 'w'), { in: 64, out: 50 });
  assert.equal(fanOf(affine.spec, 'b').in, 1);
  assert.equal(fanOf(conv.spec, 'w'), { in: 3 * 3 * 2, out: 4 * 3 * 2 });
  assert.equal(fanOf(conv.spec, 'b').in, 1);
  assert.equal(fanOf(norm.spec, 'gamma').in, 1);
  const gates = { N: ['x', ['N', 'D'], [2, 3]], w: ['w', ['D', 'G M'], [3, 16]] } as const;
  const tensor = (role: string, axes: readonly string[], shape: readonly number[]) => ({ role, axes, shape, dtype: 'f32' });
  assert.equal(fanOf({
    ...affine.spec, tensors: {
      x: tensor('input', gates.N[1], gates.N[2]), c: tensor('input', ['N', 'M'], [2, 4]), w: tensor('param', gates.w[1], gates.w[2]),
      out: tensor('output', ['N', 'M'], [2, 4]),
    },
  }, 'w'), { in: 3, out: 16 }, 'an axis made of two; another input that has one of them');
  assert.throws(() => fanOf(scale.spec, 'w'), /w: its axes have no names/);
});

test('he and xavier: the bounds, the variance, 24 bits of the generator that kernels use', () => {
  for (const [how, bound] of [[he, Math.sqrt(6 / 64)], [xavier, Math.sqrt(6 / 114)]] as const) {
    const { w, b } = initial(affine, how, 7) as { w: Float32Array; b: Float32Array };
    assert.equal([...b], new Array(50).fill(0), 'no weight');
    const expected = Float32Array.from(w, (_, element) => uniform({ seed: 7, step: 0, tensor: 2 ** 31, element }, -1, 1) * bound);
    w.forEach((v, i) => assert.ok(Math.abs(v - expected[i]!) <= 1e-7 * bound && Math.abs(v) <= bound));
    const variance = w.reduce((sum, v) => sum + v * v, 0) / w.length;
    assert.ok(Math.abs(variance / (bound * bound / 3) - 1) < 0.05, String(variance));
  }
});

test('these bits, on every engine', () => {
  const bits = (array: Float32Array): string[] => [...new Uint32Array(array.slice(0, 3).buffer)].map((n) => n.toString(16));
  assert.equal(bits(initial(affine, he, 1).w as Float32Array), PINNED.he);
  assert.equal(bits(initial(affine, xavier, 2 ** 40 + 3).w as Float32Array), PINNED.xavier);
  assert.is(deriveSeed(1, 0), PINNED.seed);
});

test('a parameter of another place or seed has other numbers', () => {
  const w = (seed: number): number => initial(affine, he, seed).w![0]!;
  assert.is(new Set([w(0), w(1), w(2), w(2 ** 32), w(2 ** 53 - 1)]).size, 5);
  assert.is(new Set([0, 1, 2].flatMap((seed) => [0, 1, 2].map((i) => deriveSeed(seed, i)))).size, 9);
  const { w: one, b: other } = initial(affine, { w: he, b: (to, _, source) => he(to, { in: 64, out: 1 }, source) }, 3);
  assert.not.equal([...one!.subarray(0, 4)], [...other!.subarray(0, 4)]);
});

test('by name; `init` of the spec stays where nothing is said', () => {
  assert.equal([...initial(norm, he).gamma!], [1, 1, 1, 1, 1, 1, 1]);
  const { w, b } = initial(affine, { w: zeros, b: ones });
  assert.equal([w!.every((v) => v === 0), b!.every((v) => v === 1)], [true, true]);
  assert.equal([...initial(norm, { gamma: zeros }).gamma!, ...initial(norm, {}).gamma!], [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  assert.equal([...initial(scale, { w: ones }).w, ...initial(scale, { w: ones }).b], [1, 1, 1, 2]);
});

test('mistakes are named', async () => {
  assert.throws(() => initial(affine, { v: he } as never), /^TypeError|v: expected only w,b/);
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assert.throws(() => initial(affine, he, seed), new RegExp(`seed: expected an integer from 0 to 2\\^53 - 1, got ${seed}`));
    const kernels = await kernelsOf() as readonly Kernel[];
    assert.throws(() => sequential(kernels, { seed }), /seed: expected an integer/);
  }
});

test('a net: each layer its own numbers, the same for the same seed', async () => {
  const weights = async (seed: number): Promise<number[][]> => (await netOf({}, { seed })).layers.flatMap((l) => (l.params.w ? [[...l.params.w].slice(0, 3)] : []));
  const [a, again, b] = [await weights(1), await weights(1), await weights(2)];
  assert.equal(a, again);
  assert.not.equal(a, b);
  assert.not.equal(a[0], a[1]);
  const seeds = (await netOf()).layers.map((l) => l.seed);
  assert.is(new Set(seeds).size, seeds.length);
});

/** What Node 20 gave; computed with nothing but integers, square roots, products and differences. */
const PINNED = { he: ['bc8a12e7', '3e811143', 'bce54c1c'], xavier: ['3e46657d', '3e4b55c9', '3e586311'], seed: 321698039401186 };

test.run();
