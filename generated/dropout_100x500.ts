/**
 * dropout, N = 100, D = 500, f32. Generated from specs/dropout.layer.yaml - edit the spec, not this file.
 * Options: p = 0.5.
 *
 * Inverted dropout (Srivastava et al. 2014); p is the probability of KEEPING a value.
 *
 *   forward (train)  mask [N, D] = where(u < p, 1 / p, 0)
 *                    out  [N, D] = x * mask
 *   backward (train) dx   [N, D] = mask * dout
 *   forward (test)   mask [N, D] = 1
 *                    out  [N, D] = x * mask
 *   backward (test)  dx   [N, D] = mask * dout
 */
const N = 100;
const D = 500;
const P = 0.5;
const ND = 50000;   // N * D

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'dropout',
  sizes: { N: 100, D: 500 },
  options: { p: 0.5 },
  target: 'ts',
  dtype: 'f32',
  modes: ['train', 'test'],
  tensors: {
    x: { role: 'input', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    out: { role: 'output', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
  },
  random: { u: { shape: [100, 500], uniform: [0, 1] } },
  cache: { mask: { shape: [100, 500], dtype: 'f32' } },
  arguments: {
    forwardTrain: ['x', 'seed', 'step', 'out', 'cache'],
    forwardTest: ['x', 'seed', 'step', 'out', 'cache'],
    backwardTrain: ['dout', 'cache', 'dx'],
    backwardTest: ['dout', 'cache', 'dx'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forwardTrain: 350000, forwardTest: 50000, backwardTrain: 50000, backwardTest: 50000 },
  bytes: {
    cache: 200000,
    scratch: 200000,
    forwardTrain: 400000,
    forwardTest: 400000,
    backwardTrain: 400000,
    backwardTest: 400000,
  },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [100, 500] */
  readonly mask: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    mask: new Float32Array(50000),
  };
}

const uMemory = /*@__PURE__*/ new Float32Array(50007);

/**
 * Writes the outputs and fills the cache, train mode. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [100, 500]
 * @param seed  read    an integer from 0 to 2^53 - 1
 * @param step  read    an integer from 0 to 2^53 - 1
 * @param out   written [N, D] = [100, 500]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTrain(
  x: Float32Array, seed: number, step: number, out: Float32Array, { mask }: Cache,
): void {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkDraw(seed, step);
  checkArray(mask, 'cache.mask', N * D, '[100, 500]');
  const u = uMemory;
  fillUniform(u, seed, step, 0, 0, 1);
  for (let first = 0; first < ND; first += 2000) {
    forwardTrainPiece(first, x, out, mask);
  }
}

/** A part of `forwardTrain`. */
function forwardTrainPiece(first: number, x: Float32Array, out: Float32Array, mask: Float32Array): void {
  const u = uMemory;
  // out = x * mask
  // mask = where(u < p, 1 / p, 0)
  const term = 1 / P;
  const end = first + 2000;
  for (let nd = first; nd < end; nd += 4) {
    let maskAt = Number(u[nd] < P) * term;
    out[nd] = x[nd] * maskAt;
    mask[nd] = maskAt;
    maskAt = Number(u[nd + 1] < P) * term;
    out[nd + 1] = x[nd + 1] * maskAt;
    mask[nd + 1] = maskAt;
    maskAt = Number(u[nd + 2] < P) * term;
    out[nd + 2] = x[nd + 2] * maskAt;
    mask[nd + 2] = maskAt;
    maskAt = Number(u[nd + 3] < P) * term;
    out[nd + 3] = x[nd + 3] * maskAt;
    mask[nd + 3] = maskAt;
  }
}


/**
 * Writes the outputs and fills the cache, test mode. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [100, 500]
 * @param seed  read    an integer from 0 to 2^53 - 1
 * @param step  read    an integer from 0 to 2^53 - 1
 * @param out   written [N, D] = [100, 500]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTest(
  x: Float32Array, seed: number, step: number, out: Float32Array, { mask }: Cache,
): void {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkDraw(seed, step);
  checkArray(mask, 'cache.mask', N * D, '[100, 500]');
  // out = x * mask
  // mask = 1
  for (let nd = 0; nd < ND; nd += 4) {
    out[nd] = x[nd] * 1;
    mask[nd] = 1;
    out[nd + 1] = x[nd + 1] * 1;
    mask[nd + 1] = 1;
    out[nd + 2] = x[nd + 2] * 1;
    mask[nd + 2] = 1;
    out[nd + 3] = x[nd + 3] * 1;
    mask[nd + 3] = 1;
  }
}


/**
 * Writes the gradients, train mode. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, D] = [100, 500]
 * @param cache read
 * @param dx    written [N, D] = [100, 500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTrain(dout: Float32Array, { mask }: Cache, dx: Float32Array): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(mask, 'cache.mask', N * D, '[100, 500]');
  // dx = mask * dout
  for (let nd = 0; nd < ND; nd += 4) {
    dx[nd] = mask[nd] * dout[nd];
    dx[nd + 1] = mask[nd + 1] * dout[nd + 1];
    dx[nd + 2] = mask[nd + 2] * dout[nd + 2];
    dx[nd + 3] = mask[nd + 3] * dout[nd + 3];
  }
}


/**
 * Writes the gradients, test mode. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, D] = [100, 500]
 * @param cache read
 * @param dx    written [N, D] = [100, 500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTest(dout: Float32Array, { mask }: Cache, dx: Float32Array): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(mask, 'cache.mask', N * D, '[100, 500]');
  // dx = mask * dout
  for (let nd = 0; nd < ND; nd += 4) {
    dx[nd] = mask[nd] * dout[nd];
    dx[nd + 1] = mask[nd + 1] * dout[nd + 1];
    dx[nd + 2] = mask[nd + 2] * dout[nd + 2];
    dx[nd + 3] = mask[nd + 3] * dout[nd + 3];
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly out: Float32Array;
  readonly dout: Float32Array;
  readonly dx: Float32Array;
  readonly cache: Cache;
}

/** The functions over arrays that were bound once. */
export interface Bound {
  readonly forwardTrain: (seed: number, step: number) => void;
  readonly forwardTest: (seed: number, step: number) => void;
  readonly backwardTrain: () => void;
  readonly backwardTest: () => void;
}


/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind({ x, out, dout, dx, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(cache.mask, 'cache.mask', N * D, '[100, 500]');
  const bound: Buffers = { x, out, dout, dx, cache };
  return {
    forwardTrain: boundForwardTrain.call(bound),
    forwardTest: boundForwardTest.call(bound),
    backwardTrain: boundBackwardTrain.call(bound),
    backwardTest: boundBackwardTest.call(bound),
  };
}


/** `forwardTrain` over bound arrays. */
function boundForwardTrain(this: Buffers): (seed: number, step: number) => void {
  const forwardTrainPiece = boundForwardTrainPiece.call(this);
  return (seed: number, step: number) => {
    checkDraw(seed, step);
    const u = uMemory;
    fillUniform(u, seed, step, 0, 0, 1);
    for (let first = 0; first < 50000; first += 2000) {
      forwardTrainPiece(first);
    }
  };
}

/** `forwardTrainPiece` over bound arrays. */
function boundForwardTrainPiece(this: Buffers): (first: number) => void {
  return (first: number) => {
    const { x, out, cache: { mask } } = this;
    const u = uMemory;
    // out = x * mask
    // mask = where(u < p, 1 / p, 0)
    const term = 1 / 0.5;
    const end = first + 2000;
    for (let nd = first; nd < end; nd += 4) {
      let maskAt = Number(u[nd] < 0.5) * term;
      out[nd] = x[nd] * maskAt;
      mask[nd] = maskAt;
      maskAt = Number(u[nd + 1] < 0.5) * term;
      out[nd + 1] = x[nd + 1] * maskAt;
      mask[nd + 1] = maskAt;
      maskAt = Number(u[nd + 2] < 0.5) * term;
      out[nd + 2] = x[nd + 2] * maskAt;
      mask[nd + 2] = maskAt;
      maskAt = Number(u[nd + 3] < 0.5) * term;
      out[nd + 3] = x[nd + 3] * maskAt;
      mask[nd + 3] = maskAt;
    }
  };
}


/** `forwardTest` over bound arrays. */
function boundForwardTest(this: Buffers): (seed: number, step: number) => void {
  return (seed: number, step: number) => {
    const { x, out, cache: { mask } } = this;
    checkDraw(seed, step);
    // out = x * mask
    // mask = 1
    for (let nd = 0; nd < 50000; nd += 4) {
      out[nd] = x[nd] * 1;
      mask[nd] = 1;
      out[nd + 1] = x[nd + 1] * 1;
      mask[nd + 1] = 1;
      out[nd + 2] = x[nd + 2] * 1;
      mask[nd + 2] = 1;
      out[nd + 3] = x[nd + 3] * 1;
      mask[nd + 3] = 1;
    }
  };
}


/** `backwardTrain` over bound arrays. */
function boundBackwardTrain(this: Buffers): () => void {
  return () => {
    const { dout, cache: { mask }, dx } = this;
    // dx = mask * dout
    for (let nd = 0; nd < 50000; nd += 4) {
      dx[nd] = mask[nd] * dout[nd];
      dx[nd + 1] = mask[nd + 1] * dout[nd + 1];
      dx[nd + 2] = mask[nd + 2] * dout[nd + 2];
      dx[nd + 3] = mask[nd + 3] * dout[nd + 3];
    }
  };
}


/** `backwardTest` over bound arrays. */
function boundBackwardTest(this: Buffers): () => void {
  return () => {
    const { dout, cache: { mask }, dx } = this;
    // dx = mask * dout
    for (let nd = 0; nd < 50000; nd += 4) {
      dx[nd] = mask[nd] * dout[nd];
      dx[nd + 1] = mask[nd + 1] * dout[nd + 1];
      dx[nd + 2] = mask[nd + 2] * dout[nd + 2];
      dx[nd + 3] = mask[nd + 3] * dout[nd + 3];
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}


/** Refuses what the generator cannot take apart into words. */
function checkDraw(seed: number, step: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`step: expected an integer from 0 to 2^53 - 1, got ${step}`);
}


/** Fills `out`, four at a time, with numbers of [low, high): Threefry4x32-13, a function of seed, step, stream and place alone. */
function fillUniform(out: Float32Array | Float64Array, seed: number, step: number, stream: number, low: number, high: number): void {
  const scale = (high - low) * 2 ** -24, end = out.length - 3;
  // In pieces: V8 optimises what is called often, and would give up on one long loop behind this line.
  for (let i = 0; i < end; i += 1024) fillPiece(out, i, Math.min(i + 1024, end), seed | 0, Math.floor(seed / 2 ** 32) | 0, step | 0, stream, low, scale);
}


/** Fills `out` from `from` to `to` with the blocks of a key of four words. */
function fillPiece(out: Float32Array | Float64Array, from: number, to: number, k0: number, k1: number, k2: number, k3: number, low: number, scale: number): void {
  const k4 = k0 ^ k1 ^ k2 ^ k3 ^ 0x1bd11bda;
  for (let i = from; i < to; i += 4) {
    let a = (i >>> 2) + k0 | 0, b = k1, c = k2, d = k3;
    a = a + b | 0, b = (b << 10 | b >>> 22) ^ a, c = c + d | 0, d = (d << 26 | d >>> 6) ^ c;
    a = a + d | 0, d = (d << 11 | d >>> 21) ^ a, c = c + b | 0, b = (b << 21 | b >>> 11) ^ c;
    a = a + b | 0, b = (b << 13 | b >>> 19) ^ a, c = c + d | 0, d = (d << 27 | d >>> 5) ^ c;
    a = a + d | 0, d = (d << 23 | d >>> 9) ^ a, c = c + b | 0, b = (b << 5 | b >>> 27) ^ c;
    a = a + k1 | 0, b = b + k2 | 0, c = c + k3 | 0, d = d + k4 + 1 | 0;
    a = a + b | 0, b = (b << 6 | b >>> 26) ^ a, c = c + d | 0, d = (d << 20 | d >>> 12) ^ c;
    a = a + d | 0, d = (d << 17 | d >>> 15) ^ a, c = c + b | 0, b = (b << 11 | b >>> 21) ^ c;
    a = a + b | 0, b = (b << 25 | b >>> 7) ^ a, c = c + d | 0, d = (d << 10 | d >>> 22) ^ c;
    a = a + d | 0, d = (d << 18 | d >>> 14) ^ a, c = c + b | 0, b = (b << 20 | b >>> 12) ^ c;
    a = a + k2 | 0, b = b + k3 | 0, c = c + k4 | 0, d = d + k0 + 2 | 0;
    a = a + b | 0, b = (b << 10 | b >>> 22) ^ a, c = c + d | 0, d = (d << 26 | d >>> 6) ^ c;
    a = a + d | 0, d = (d << 11 | d >>> 21) ^ a, c = c + b | 0, b = (b << 21 | b >>> 11) ^ c;
    a = a + b | 0, b = (b << 13 | b >>> 19) ^ a, c = c + d | 0, d = (d << 27 | d >>> 5) ^ c;
    a = a + d | 0, d = (d << 23 | d >>> 9) ^ a, c = c + b | 0, b = (b << 5 | b >>> 27) ^ c;
    a = a + k3 | 0, b = b + k4 | 0, c = c + k0 | 0, d = d + k1 + 3 | 0;
    a = a + b | 0, b = (b << 6 | b >>> 26) ^ a, c = c + d | 0, d = (d << 20 | d >>> 12) ^ c;
    out[i] = low + (a >>> 8) * scale;
    out[i + 1] = low + (b >>> 8) * scale;
    out[i + 2] = low + (c >>> 8) * scale;
    out[i + 3] = low + (d >>> 8) * scale;
  }
}
