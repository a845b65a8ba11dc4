/** The generator against the known answers that its authors publish (Random123, kat_vectors, threefry4x32 of 13 rounds). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { threefry, uniform, type Words } from '../../runtime/index.ts';

const ONES: Words = [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];

const ANSWERS: readonly (readonly [counter: Words, key: Words, words: Words])[] = [
  [[0, 0, 0, 0], [0, 0, 0, 0], [0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a]],
  [ONES, ONES, [0xc4189358, 0x1c9cc83a, 0xd5881c67, 0x6a0a89e0]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
    [0x4aa71d8f, 0x734738c2, 0x431fc6a8, 0xae6debf1]],
];

test('known answers', () => {
  for (const [counter, key, words] of ANSWERS) assert.equal(threefry(counter, key), words);
});

test('a draw is a word of a block, its seed and block number split into words', () => {
  const seed = 0x299f31d0 * 2 ** 20 + 5;
  const element = 4 * 1000 + 2;
  const words = threefry([1000, 0, 0, 0], [seed % 2 ** 32, Math.floor(seed / 2 ** 32), 17, 3]);
  const u = (words[2] >>> 8) / 2 ** 24;
  assert.is(uniform({ seed, step: 17, tensor: 3, element }), u);
  assert.is(uniform({ seed, step: 17 + 2 ** 32, tensor: 3, element }, -1, 3), -1 + 4 * u);
});

test('uniform numbers are uniform', () => {
  const bins = new Int32Array(16);
  let sum = 0;
  const count = 20000;
  for (let element = 0; element < count; element++) {
    const u = uniform({ seed: 7, step: 0, tensor: 0, element });
    assert.ok(u >= 0 && u < 1);
    bins[Math.floor(u * 16)]!++;
    sum += u;
  }
  assert.ok(Math.abs(sum / count - 0.5) < 5 * Math.sqrt(1 / 12 / count));
  const expected = count / 16;
  const chi2 = bins.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
  assert.ok(chi2 < 45, `chi2 ${chi2}`); // 15 degrees of freedom: once in 10,000 seeds
});

test.run();
