/**
 * affine, N = 100, D = 500, M = 10, f32. Generated from specs/affine.layer.yaml - edit the spec, not this file.
 *
 * Fully connected - every output is a weighted sum of the D features of its sample, plus a bias.
 *
 *   forward  out [N, M] = b + sum[D](x * w)
 *   backward dx  [N, D] = sum[M](w * dout)
 *            dw  [D, M] = sum[N](x * dout)
 *            db  [M]    = sum[N](dout)
 */
const N = 100;
const D = 500;
const M = 10;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'affine',
  sizes: { N: 100, D: 500, M: 10 },
  options: {},
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    w: { role: 'param', shape: [500, 10], dtype: 'f32', axes: ['D', 'M'] },
    b: { role: 'param', shape: [10], dtype: 'f32', axes: ['M'] },
    out: { role: 'output', shape: [100, 10], dtype: 'f32', axes: ['N', 'M'] },
    dout: { role: 'upstream', shape: [100, 10], dtype: 'f32', axes: ['N', 'M'] },
    dx: { role: 'gradient', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dw: { role: 'gradient', shape: [500, 10], dtype: 'f32', axes: ['D', 'M'] },
    db: { role: 'gradient', shape: [10], dtype: 'f32', axes: ['M'] },
  },
  random: {},
  cache: { x: { shape: [100, 500], dtype: 'f32', held: true } },
  arguments: { forward: ['x', 'w', 'b', 'out', 'cache'], backward: ['dout', 'w', 'cache', 'dx', 'dw', 'db'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 1001000, backward: 2001000 },
  bytes: { cache: 0, scratch: 40080, forward: 224040, backward: 244040 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [100, 500], held by reference */
  x: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    x: new Float32Array(0),
  };
}

const sums = /*@__PURE__*/ new Float64Array(10);
const dw64 = /*@__PURE__*/ new Float64Array(5000);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [100, 500]
 * @param w     read    [D, M] = [500, 10]
 * @param b     read    [M] = [10]
 * @param out   written [N, M] = [100, 10]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, w: Float32Array, b: Float32Array, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(w, 'Float32Array', D * M, 'w', '[D, M] = [500, 10]');
  checkArray(b, 'Float32Array', M, 'b', '[M] = [10]');
  checkArray(out, 'Float32Array', N * M, 'out', '[N, M] = [100, 10]');
  cache.x = x;
  for (let n = 0; n < N; n++) {
    // sum[D](x * w)
    sums.fill(0);
    const row = n * D;
    for (let d = 0; d < D; d++) {
      const xAt = x[row + d];
      const row_ = d * M;
      for (let m = 0; m < M - 2; m += 4) {
        sums[m] += xAt * w[row_ + m];
        sums[m + 1] += xAt * w[row_ + m + 1];
        sums[m + 2] += xAt * w[row_ + m + 2];
        sums[m + 3] += xAt * w[row_ + m + 3];
      }
      for (let m = M - 2; m < M; m++) {
        sums[m] += xAt * w[row_ + m];
      }
    }

    // out = b + sum[D](x * w)
    const row_2 = n * M;
    for (let m = 0; m < M - 2; m += 4) {
      out[row_2 + m] = b[m] + sums[m];
      out[row_2 + m + 1] = b[m + 1] + sums[m + 1];
      out[row_2 + m + 2] = b[m + 2] + sums[m + 2];
      out[row_2 + m + 3] = b[m + 3] + sums[m + 3];
    }
    for (let m = M - 2; m < M; m++) {
      out[row_2 + m] = b[m] + sums[m];
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, M] = [100, 10]
 * @param w     read    [D, M] = [500, 10]
 * @param cache read
 * @param dx    written [N, D] = [100, 500]
 * @param dw    written [D, M] = [500, 10]
 * @param db    written [M] = [10]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, w: Float32Array, cache: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * M, 'dout', '[N, M] = [100, 10]');
  checkArray(w, 'Float32Array', D * M, 'w', '[D, M] = [500, 10]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(dw, 'Float32Array', D * M, 'dw', '[D, M] = [500, 10]');
  checkArray(db, 'Float32Array', M, 'db', '[M] = [10]');
  const x = cache.x;
  checkHeld(x, 'Float32Array', N * D, 'cache.x', '[N, D] = [100, 500]');
  for (let n = 0; n < N; n++) {
    const row_ = n * M;
    const row_2 = n * D;
    for (let d = 0; d < D; d++) {
      // dx = sum[M](w * dout)
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0;
      const row = d * M;
      for (let m = 0; m < M - 2; m += 4) {
        dxSum0 += w[row + m] * dout[row_ + m];
        dxSum1 += w[row + m + 1] * dout[row_ + m + 1];
        dxSum2 += w[row + m + 2] * dout[row_ + m + 2];
        dxSum3 += w[row + m + 3] * dout[row_ + m + 3];
      }
      for (let m = M - 2; m < M; m++) {
        dxSum0 += w[row + m] * dout[row_ + m];
      }
      const dxAt = dxSum0 + dxSum1 + (dxSum2 + dxSum3);
      dx[row_2 + d] = dxAt;
    }
  }
  for (let m = 0; m < M; m++) {
    // dw = sum[N](x * dout)
    for (let d = 0; d < D; d++) {
      dw64[d * M + m] = 0;
    }
    for (let n = 0; n < N; n++) {
      const row = n * D;
      const doutAt = dout[n * M + m];
      for (let d = 0; d < D; d += 4) {
        dw64[d * M + m] += x[row + d] * doutAt;
        const row_ = m + d * M;
        dw64[row_ + M] += x[row + d + 1] * doutAt;
        dw64[row_ + 2 * M] += x[row + d + 2] * doutAt;
        dw64[row_ + 3 * M] += x[row + d + 3] * doutAt;
      }
    }
  }
  for (let d = 0; d < D; d++) {
    const row = d * M;
    for (let m = 0; m < M - 2; m += 4) {
      dw[row + m] = dw64[row + m];
      dw[row + m + 1] = dw64[row + m + 1];
      dw[row + m + 2] = dw64[row + m + 2];
      dw[row + m + 3] = dw64[row + m + 3];
    }
    for (let m = M - 2; m < M; m++) {
      dw[row + m] = dw64[row + m];
    }
  }
  for (let m = 0; m < M; m++) {
    // db = sum[N](dout)
    let dbSum0 = 0, dbSum1 = 0, dbSum2 = 0, dbSum3 = 0;
    for (let n = 0; n < N; n += 4) {
      dbSum0 += dout[n * M + m];
      const row = m + n * M;
      dbSum1 += dout[row + M];
      dbSum2 += dout[row + 2 * M];
      dbSum3 += dout[row + 3 * M];
    }
    const dbAt = dbSum0 + dbSum1 + (dbSum2 + dbSum3);
    db[m] = dbAt;
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly b: Float32Array;
  readonly out: Float32Array;
  readonly dout: Float32Array;
  readonly dx: Float32Array;
  readonly dw: Float32Array;
  readonly db: Float32Array;
  readonly cache: Cache;
}

/** The functions over arrays that were bound once. */
export interface Bound {
  readonly forward: () => void;
  readonly backward: () => void;
}

/** Binds arrays once: the functions it returns take only what changes from call to call. */
export function bind(buffers: Buffers): Bound {
  const x = buffers.x;
  const w = buffers.w;
  const b = buffers.b;
  const out = buffers.out;
  const dout = buffers.dout;
  const dx = buffers.dx;
  const dw = buffers.dw;
  const db = buffers.db;
  const cache = buffers.cache;
  return {
    forward: () => forward(x, w, b, out, cache),
    backward: () => backward(dout, w, cache, dx, dw, db),
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, type: string, length: number, name: string, shape: string): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected a ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got ${array.length}`);
}


/** Refuses a cache that no forward pass has filled. */
function checkHeld(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, type: string, length: number, name: string, shape: string): void {
  if (array?.length === 0) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got 0: forward has not run`);
  checkArray(array, type, length, name, shape);
}
