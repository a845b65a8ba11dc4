/**
 * The generator behind `random:` - Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
 * 1, 2, 3", 2011). A block of four words is a function of (key, counter) alone, so element 1000 needs no element 999
 * and every engine and backend draws the same bits.
 */
const MULTIPLY_0 = 0xd2511f53;
const MULTIPLY_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const TWO_32 = 0x1_0000_0000;

/** The upper 32 bits of the product of two unsigned words. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
}

export type Words = readonly [number, number, number, number];

/** One block of four unsigned 32-bit words. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(MULTIPLY_0, c0);
    const low0 = Math.imul(MULTIPLY_0, c0) >>> 0;
    const high1 = highProduct(MULTIPLY_1, c2);
    const low1 = Math.imul(MULTIPLY_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

export interface Draw {
  readonly seed: number;
  readonly step: number;
  /** Which of the layer's random tensors, from 0. */
  readonly stream: number;
}

/** `count` values, uniform in [low, high), on a grid of 2^-24 of the interval: a float holds each exactly for [0, 1). */
export function uniform(count: number, low: number, high: number, { seed, step, stream }: Draw): Float64Array {
  const out = new Float64Array(count);
  const key: [number, number] = [seed >>> 0, Math.floor(seed / TWO_32) >>> 0];
  for (let element = 0; element < count; element += 4) {
    const block = element / 4;
    const words = philox([block >>> 0, Math.floor(block / TWO_32) >>> 0, stream >>> 0, step >>> 0], key);
    const rest = Math.min(4, count - element);
    for (let word = 0; word < rest; word++) {
      out[element + word] = low + (high - low) * ((words[word] ?? 0) >>> 8) * 2 ** -24;
    }
  }
  return out;
}
