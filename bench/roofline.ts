/**
 * What this machine's JavaScript can do at most, measured in the same run as everything else: multiply-adds of doubles that
 * stay in registers, and a float copy that stays in the cache, between arrays that V8 knows as constants.
 */

export interface Roofline {
  readonly gflops: number;
  readonly gbytes: number;
}

const ROUNDS = 12;
/** Of a round: twelve multiply-adds. */
const FLOPS = 24;

/** The best of several rounds: noise only ever slows down. */
export function measureRoofline(): Roofline {
  multiplyAdd(1e6);
  copy(1000);
  let gflops = 0;
  let gbytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    gflops = Math.max(gflops, (multiplyAdd(2e6) * FLOPS) / 1e9);
    gbytes = Math.max(gbytes, copy(4000) / 1e9);
  }
  return { gflops, gbytes };
}

let sink = 0;

/** A little longer than is copied, so that an index needs no test. */
const source = new Float32Array(4096 + 4).fill(1);
const target = new Float32Array(4096 + 4);

/**
 * Turns a second of a loop of twelve independent multiply-adds: fewer wait for one another (6: half of it, 8: two thirds), more
 * do not fit the sixteen registers with the two constants.
 * @returns rounds a second
 */
function multiplyAdd(rounds: number): number {
  const start = performance.now();
  let a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1, j = 1, k = 1, l = 1;
  const factor = 1 - 1e-9;
  const addend = 1e-9;
  for (let n = 0; n < rounds; n++) {
    a = a * factor + addend;
    b = b * factor + addend;
    c = c * factor + addend;
    d = d * factor + addend;
    e = e * factor + addend;
    f = f * factor + addend;
    g = g * factor + addend;
    h = h * factor + addend;
    i = i * factor + addend;
    j = j * factor + addend;
    k = k * factor + addend;
    l = l * factor + addend;
  }
  sink += a + b + c + d + e + f + g + h + i + j + k + l;
  return rounds / ((performance.now() - start) / 1000);
}

/** @returns bytes read and written a second */
function copy(rounds: number): number {
  const from = source, to = target;
  const start = performance.now();
  for (let n = 0; n < rounds; n++) {
    for (let i = 0; i < 4096; i += 4) {
      to[i] = from[i]!;
      to[i + 1] = from[i + 1]!;
      to[i + 2] = from[i + 2]!;
      to[i + 3] = from[i + 3]!;
    }
  }
  sink += to[17]!;
  return (rounds * 4096 * 8) / ((performance.now() - start) / 1000);
}

/** Reads the sink, so that no engine may drop the loops. */
export const used = (): number => sink;
