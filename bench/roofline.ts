/**
 * What this machine's JavaScript can do at most, measured in the same run as everything else: multiply-adds of doubles that
 * stay in registers, and a float copy that stays in the cache, between arrays that V8 knows as constants.
 */

/** Of one way to compute. */
export interface Limit {
  readonly gflops: number;
  readonly gbytes: number;
}

/** Two loops to time, by their turns, and what they do in so many. */
interface Loops {
  readonly multiplyAdd: (turns: number) => void;
  readonly flops: (turns: number) => number;
  readonly copy: (turns: number) => void;
  readonly bytes: (turns: number) => number;
}

const ROUNDS = 12;
/** Of a turn: twelve multiply-adds. */
const FLOPS = 24;
/** Floats that are copied in a turn. */
const COPIED = 4096;

export const measureRoofline = (): Limit =>
  best({ multiplyAdd, flops: (turns) => turns * FLOPS, copy, bytes: (turns) => turns * COPIED * 8 });

/** The best of several rounds: noise only ever slows down. */
export function best({ multiplyAdd, flops, copy, bytes }: Loops): Limit {
  multiplyAdd(1e6);
  copy(1000);
  let [gflops, gbytes] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    gflops = Math.max(gflops, flops(2e6) / nanoseconds(multiplyAdd, 2e6));
    gbytes = Math.max(gbytes, bytes(4000) / nanoseconds(copy, 4000));
  }
  return { gflops, gbytes };
}

function nanoseconds(loop: (turns: number) => void, turns: number): number {
  const start = performance.now();
  loop(turns);
  return (performance.now() - start) * 1e6;
}

let sink = 0;

/** A little longer than is copied, so that an index needs no test. */
const source = new Float32Array(COPIED + 4).fill(1);
const target = new Float32Array(COPIED + 4);

/**
 * Twelve independent multiply-adds a turn: fewer wait for one another (6: half of it, 8: two thirds), more do not fit the sixteen
 * registers with the two constants.
 */
function multiplyAdd(turns: number): void {
  let a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1, j = 1, k = 1, l = 1;
  const factor = 1 - 1e-9;
  const addend = 1e-9;
  for (let n = 0; n < turns; n++) {
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
}

function copy(turns: number): void {
  const from = source, to = target;
  for (let n = 0; n < turns; n++) {
    for (let i = 0; i < COPIED; i += 4) {
      to[i] = from[i]!;
      to[i + 1] = from[i + 1]!;
      to[i + 2] = from[i + 2]!;
      to[i + 3] = from[i + 3]!;
    }
  }
  sink += to[17]!;
}

/** Reads the sink, so that no engine may drop the loops. */
export const used = (): number => sink;
