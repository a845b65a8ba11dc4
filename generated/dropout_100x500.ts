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

const u = /*@__PURE__*/ new Float32Array(50000);

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
  x: Float32Array, seed: number, step: number, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(out, 'Float32Array', N * D, 'out', '[N, D] = [100, 500]');
  checkDraw(seed, step);
  const mask = cache.mask;
  checkArray(mask, 'Float32Array', N * D, 'cache.mask', '[N, D] = [100, 500]');
  fillUniform(u, seed, step, 0, 0, 1);

  // out = x * mask
  // mask = where(u < p, 1 / p, 0)
  const term = 1 / P;
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const mask0 = u[row + d] < P ? term : 0;
      out[row + d] = x[row + d] * mask0;
      mask[row + d] = mask0;
      const mask1 = u[row + d + 1] < P ? term : 0;
      out[row + d + 1] = x[row + d + 1] * mask1;
      mask[row + d + 1] = mask1;
      const mask2 = u[row + d + 2] < P ? term : 0;
      out[row + d + 2] = x[row + d + 2] * mask2;
      mask[row + d + 2] = mask2;
      const mask3 = u[row + d + 3] < P ? term : 0;
      out[row + d + 3] = x[row + d + 3] * mask3;
      mask[row + d + 3] = mask3;
    }
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
  x: Float32Array, seed: number, step: number, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(out, 'Float32Array', N * D, 'out', '[N, D] = [100, 500]');
  checkDraw(seed, step);
  const mask = cache.mask;
  checkArray(mask, 'Float32Array', N * D, 'cache.mask', '[N, D] = [100, 500]');
  // out = x * mask
  // mask = 1
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      out[row + d] = x[row + d] * 1;
      mask[row + d] = 1;
      out[row + d + 1] = x[row + d + 1] * 1;
      mask[row + d + 1] = 1;
      out[row + d + 2] = x[row + d + 2] * 1;
      mask[row + d + 2] = 1;
      out[row + d + 3] = x[row + d + 3] * 1;
      mask[row + d + 3] = 1;
    }
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
export function backwardTrain(dout: Float32Array, cache: Cache, dx: Float32Array): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  const mask = cache.mask;
  checkArray(mask, 'Float32Array', N * D, 'cache.mask', '[N, D] = [100, 500]');
  // dx = mask * dout
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = mask[row + d] * dout[row + d];
      dx[row + d + 1] = mask[row + d + 1] * dout[row + d + 1];
      dx[row + d + 2] = mask[row + d + 2] * dout[row + d + 2];
      dx[row + d + 3] = mask[row + d + 3] * dout[row + d + 3];
    }
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
export function backwardTest(dout: Float32Array, cache: Cache, dx: Float32Array): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  const mask = cache.mask;
  checkArray(mask, 'Float32Array', N * D, 'cache.mask', '[N, D] = [100, 500]');
  // dx = mask * dout
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = mask[row + d] * dout[row + d];
      dx[row + d + 1] = mask[row + d + 1] * dout[row + d + 1];
      dx[row + d + 2] = mask[row + d + 2] * dout[row + d + 2];
      dx[row + d + 3] = mask[row + d + 3] * dout[row + d + 3];
    }
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

/** Binds arrays once: the functions it returns take only what changes from call to call. */
export function bind(buffers: Buffers): Bound {
  const x = buffers.x;
  const out = buffers.out;
  const dout = buffers.dout;
  const dx = buffers.dx;
  const cache = buffers.cache;
  return {
    forwardTrain: (seed: number, step: number) => forwardTrain(x, seed, step, out, cache),
    forwardTest: (seed: number, step: number) => forwardTest(x, seed, step, out, cache),
    backwardTrain: () => backwardTrain(dout, cache, dx),
    backwardTest: () => backwardTest(dout, cache, dx),
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, type: string, length: number, name: string, shape: string): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected a ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got ${array.length}`);
}


/** Refuses what the generator cannot take apart into words. */
function checkDraw(seed: number, step: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`step: expected an integer from 0 to 2^53 - 1, got ${step}`);
}


/** Fills `out` with numbers of [low, high): Philox4x32-10, a function of seed, step, stream and place alone. */
function fillUniform(out: Float32Array | Float64Array, seed: number, step: number, stream: number, low: number, high: number): void {
  const scale = (high - low) * 2 ** -24;
  const key0 = seed >>> 0, key1 = Math.floor(seed / 2 ** 32) >>> 0;
  for (let i = 0; i < out.length; i += 4) {
    const block = i / 4;
    let c0 = block >>> 0, c1 = Math.floor(block / 2 ** 32) >>> 0, c2 = stream, c3 = step >>> 0;
    let k0 = key0, k1 = key1;
    for (let round = 0; round < 10; round++) {
      const high0 = highProduct(0xd2511f53, c0), low0 = Math.imul(0xd2511f53, c0);
      const high1 = highProduct(0xcd9e8d57, c2), low1 = Math.imul(0xcd9e8d57, c2);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = k0 + 0x9e3779b9 | 0;
      k1 = k1 + 0xbb67ae85 | 0;
    }
    out[i] = low + (c0 >>> 8) * scale;
    if (i + 1 < out.length) out[i + 1] = low + (c1 >>> 8) * scale;
    if (i + 2 < out.length) out[i + 2] = low + (c2 >>> 8) * scale;
    if (i + 3 < out.length) out[i + 3] = low + (c3 >>> 8) * scale;
  }
}


/** The upper 32 bits of the product of two words. */
function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + (a0 * b0 >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return a1 * b1 + (middle / 0x10000 | 0) + (other / 0x10000 | 0) | 0;
}
