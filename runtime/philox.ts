/**
 * Philox4x32-10 (Salmon et al. 2011), the counter-based generator behind `random:`. A number is a function of
 * (seed, step, tensor, element) and of nothing else, so that every engine and every backend draws the same bits, in any
 * order, and a backward can draw again what its forward drew. Generated kernels carry a copy of their own; this one is
 * for programs that want the same numbers outside a kernel.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Four words of 32 bits. */
export type Words = readonly [number, number, number, number];

/** The upper 32 bits of a product of two 32-bit words, by halves: the product itself does not fit a double. */
function upper(a: number, b: number): number {
  const a1 = a >>> 16, a0 = a & 0xffff, b1 = b >>> 16, b0 = b & 0xffff;
  const cross = a1 * b0 + ((a0 * b0) >>> 16);
  return (a1 * b1 + Math.floor((cross + a0 * b1) / 0x10000)) >>> 0;
}

/** The block of four random words that belongs to a counter and a key; all words are taken modulo 2^32. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = upper(MULTIPLIER_0, c0), low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = upper(MULTIPLIER_1, c2), low1 = Math.imul(MULTIPLIER_1, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** Which number to draw. */
export interface Draw {
  /** An integer from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly step: number;
  /** Place of the tensor among those the spec's `random:` declares. */
  readonly tensor: number;
  /** Row-major offset in it. */
  readonly element: number;
}

/** The number, uniform in [low, high), that a kernel draws for this element: 24 random bits. */
export function uniform(draw: Draw, low = 0, high = 1): number {
  const block = Math.floor(draw.element / 4);
  const words = philox(
    [block >>> 0, Math.floor(block / 0x100000000), draw.tensor, draw.step >>> 0],
    [draw.seed >>> 0, Math.floor(draw.seed / 0x100000000)],
  );
  return low + (high - low) * (words[(draw.element % 4) as 0 | 1 | 2 | 3] >>> 8) * 2 ** -24;
}
