/**
 * Threefry4x32 with 13 rounds (Salmon et al. 2011), the counter-based generator behind `random:`. A number is a function of
 * (seed, step, tensor, element) and of nothing else, so that every engine and every backend draws the same bits, in any
 * order, and a backward can draw again what its forward drew. Generated kernels carry a copy of their own; this one is
 * for programs that want the same numbers outside a kernel.
 */
const ROUNDS = 13;
/** By how much each round rotates; the ninth starts over. */
const ROTATE_B = [10, 21, 13, 5, 6, 11, 25, 20];
const ROTATE_D = [26, 11, 27, 23, 20, 17, 10, 18];
const PARITY = 0x1bd11bda;

/** Four words of 32 bits. */
export type Words = readonly [number, number, number, number];

/** The block of four random words that belongs to a counter and a key; all words are taken modulo 2^32. */
export function threefry(counter: Words, key: Words): Words {
  const keys = [...key, PARITY ^ key[0] ^ key[1] ^ key[2] ^ key[3]];
  let [a, b, c, d] = counter;
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 4 === 0) {
      const s = round / 4;
      a += keys[s]!;
      b += keys[(s + 1) % 5]!;
      c += keys[(s + 2) % 5]!;
      d += keys[(s + 3) % 5]! + s;
    }
    const even = round % 2 === 0;
    a = a + (even ? b : d) | 0;
    c = c + (even ? d : b) | 0;
    const left = ROTATE_B[round % 8]!, right = ROTATE_D[round % 8]!;
    b = (b << left | b >>> 32 - left) ^ (even ? a : c);
    d = (d << right | d >>> 32 - right) ^ (even ? c : a);
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
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
  const words = threefry(
    [block >>> 0, Math.floor(block / 0x100000000), 0, 0],
    [draw.seed >>> 0, Math.floor(draw.seed / 0x100000000), draw.step >>> 0, draw.tensor],
  );
  return low + (high - low) * (words[(draw.element % 4) as 0 | 1 | 2 | 3] >>> 8) * 2 ** -24;
}

/** Of a number `index`, another seed: what draws with it has nothing in common with what draws with `seed` or another index. */
export function deriveSeed(seed: number, index: number): number {
  checkSeed(seed);
  // No kernel gets to step 2^32 - 1 of tensor 2^32 - 1.
  const [low, high] = threefry([index, 0, 0, 0], [seed >>> 0, Math.floor(seed / 0x100000000), 0xffffffff, 0xffffffff]);
  return low + (high & 0x1fffff) * 0x100000000;
}

/** @throws RangeError for what is not an integer from 0 to 2^53 - 1 */
export function checkSeed(seed: number): void {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(`seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }
}
