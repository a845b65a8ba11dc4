/** The generator against the known answers that its authors publish (Random123, kat_vectors, philox4x32-10). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { philox, uniform, type Words } from '../../runtime/index.ts';

const ONES = 0xffffffff;

const ANSWERS: readonly (readonly [Words, readonly [number, number], Words])[] = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[ONES, ONES, ONES, ONES], [ONES, ONES], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
];

test('known answers', () => {
  for (const [counter, key, words] of ANSWERS) assert.equal(philox(counter, key), words);
});

test('a draw is a word of a block, its seed and block number split into words', () => {
  const seed = 0x299f31d0 * 2 ** 20 + 5;
  const element = 4 * 1000 + 2;
  const words = philox([1000, 0, 3, 17], [seed % 2 ** 32, Math.floor(seed / 2 ** 32)]);
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
