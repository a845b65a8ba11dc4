/**
 * What this machine's JavaScript can do at most, measured in the same run as everything else: multiply-adds of doubles that
 * stay in registers, and a float copy that stays in the cache.
 */

export interface Roofline {
  readonly gflops: number;
  readonly gbytes: number;
}

const ROUNDS = 5;

/** The best of several rounds: noise only ever slows down. */
export function measureRoofline(): Roofline {
  multiplyAdd(1e6);
  const from = new Float32Array(4096).fill(1);
  const to = new Float32Array(4096);
  copy(from, to, 1000);
  let gflops = 0;
  let gbytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    gflops = Math.max(gflops, (multiplyAdd(2e7) * 12) / 1e9);
    gbytes = Math.max(gbytes, copy(from, to, 20000) / 1e9);
  }
  return { gflops, gbytes };
}

let sink = 0;

/** Turns a second of a loop of six independent multiply-adds. @returns rounds a second */
function multiplyAdd(rounds: number): number {
  const start = performance.now();
  let a = 1, b = 1, c = 1, d = 1, e = 1, f = 1;
  const k = 1 - 1e-9;
  for (let n = 0; n < rounds; n++) {
    a = a * k + 1e-9;
    b = b * k + 1e-9;
    c = c * k + 1e-9;
    d = d * k + 1e-9;
    e = e * k + 1e-9;
    f = f * k + 1e-9;
  }
  sink += a + b + c + d + e + f;
  return rounds / ((performance.now() - start) / 1000);
}

/** @returns bytes read and written a second */
function copy(from: Float32Array, to: Float32Array, rounds: number): number {
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
