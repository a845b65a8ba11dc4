/**
 * The generator behind `random:` - Threefry4x32 with 13 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
 * easy as 1, 2, 3", 2011; from 12 rounds on it passes BigCrush). A block of four words is a function of (key, counter)
 * alone, so element 1000 needs no element 999 and every engine and backend draws the same bits. It adds, rotates and
 * xors words of 32 bits, and nothing else: what JavaScript and SIMD lanes do in one instruction each, where a generator
 * that multiplies needs the upper half of a product, which neither has.
 */
export const ROUNDS = 13;
/** By how much the two mixes of a round rotate; the ninth round starts over. */
export const ROTATIONS = [[10, 26], [11, 21], [13, 27], [23, 5], [6, 20], [17, 11], [25, 10], [18, 20]] as const;
/** Xored with the words of the key, it gives the fifth word of the key schedule. */
export const PARITY = 0x1bd11bda;
const TWO_32 = 0x1_0000_0000;

export type Words = readonly [number, number, number, number];

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** One block of four unsigned 32-bit words. */
export function threefry(counter: Words, key: Words): Words {
  const schedule = [...key, key.reduce((parity, word) => parity ^ word, PARITY)];
  const x: [number, number, number, number] = [...counter];
  const inject = (group: number): void => {
    for (let n = 0; n < 4; n++) x[n] = (x[n]! + schedule[(group + n) % 5]!) | 0;
    x[3] = (x[3] + group) | 0;
  };
  const mix = (into: 0 | 2, from: 1 | 3, by: number): void => {
    x[into] = (x[into] + x[from]) | 0;
    x[from] = rotate(x[from], by) ^ x[into];
  };
  inject(0);
  for (let round = 0; round < ROUNDS; round++) {
    const [left, right] = ROTATIONS[round % 8]!;
    mix(0, round % 2 === 0 ? 1 : 3, left);
    mix(2, round % 2 === 0 ? 3 : 1, right);
    if (round % 4 === 3) inject((round + 1) / 4);
  }
  return [x[0] >>> 0, x[1] >>> 0, x[2] >>> 0, x[3] >>> 0];
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
  const key: Words = [seed >>> 0, Math.floor(seed / TWO_32) >>> 0, step >>> 0, stream >>> 0];
  for (let element = 0; element < count; element += 4) {
    const block = element / 4;
    const words = threefry([block >>> 0, Math.floor(block / TWO_32) >>> 0, 0, 0], key);
    const rest = Math.min(4, count - element);
    for (let word = 0; word < rest; word++) {
      out[element + word] = low + (high - low) * ((words[word] ?? 0) >>> 8) * 2 ** -24;
    }
  }
  return out;
}
