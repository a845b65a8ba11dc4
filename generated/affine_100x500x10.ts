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
  bytes: { cache: 0, scratch: 456080, forward: 224040, backward: 244040 },
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

const b64Memory = /*@__PURE__*/ new Float64Array(13);
const w64Memory = /*@__PURE__*/ new Float64Array(6506);
const x64Memory = /*@__PURE__*/ new Float64Array(52003);
const dout64Memory = /*@__PURE__*/ new Float64Array(1033);
const dout64_Memory = /*@__PURE__*/ new Float64Array(1306);

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
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(w, 'w', D * M, '[500, 10]');
  checkArray(b, 'b', M, '[10]');
  checkArray(out, 'out', N * M, '[100, 10]');
  cache.x = x;
  const b64 = b64Memory;
  for (let m = 0; m < M; m++) {
    b64[m] = b[m];
  }
  forwardPackW(w);
  forwardPackX(x);
  forwardOut(out);
}

/** A part of `forward`. */
function forwardPackW(w: Float32Array): void {
  const w64 = w64Memory;
  // w64: a copy in blocks of w
  for (let d = 0; d < 500; d++) {
    const row = d * M;
    const row_ = d * 2;
    for (let m = 0; m < 10; m += 2) {
      w64[row_ + m * 500] = w[row + m];
      w64[row_ + m * 500 + 1] = w[row + m + 1];
    }
  }
}

/** A part of `forward`. */
function forwardPackX(x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy of x
  for (let i = 0; i < 50000; i += 4) {
    x64[i] = x[i];
    x64[i + 1] = x[i + 1];
    x64[i + 2] = x[i + 2];
    x64[i + 3] = x[i + 3];
  }
}

/** A part of `forward`. */
function forwardOut(out: Float32Array): void {
  const w64 = w64Memory, x64 = x64Memory, b64 = b64Memory;
  // out = b + sum[D](x * w)
  for (let n = 0; n < 99; n += 3) {
    for (let m = 0; m < M; m += 2) {
      let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0, sum5 = 0;
      for (let d = 0; d < D; d += 2) {
        const wRow = m * 500 + d * 2;
        const w0 = w64[wRow];
        const xRow = n * 500 + d;
        const x0 = x64[xRow];
        const w1 = w64[wRow + 2];
        const x1 = x64[xRow + 1];
        sum0 += w0 * x0 + w1 * x1;
        const x2 = x64[xRow + 500];
        const x3 = x64[xRow + 501];
        sum2 += w0 * x2 + w1 * x3;
        const x4 = x64[xRow + 1000];
        const x5 = x64[xRow + 1001];
        sum4 += w0 * x4 + w1 * x5;
        const w2 = w64[wRow + 1];
        const w3 = w64[wRow + 3];
        sum1 += w2 * x0 + w3 * x1;
        sum3 += w2 * x2 + w3 * x3;
        sum5 += w2 * x4 + w3 * x5;
      }
      const outRow = n * M + m;
      out[outRow] = b64[m] + sum0;
      out[outRow + 1] = b64[m + 1] + sum1;
      out[outRow + M] = b64[m] + sum2;
      out[outRow + M + 1] = b64[m + 1] + sum3;
      out[outRow + 2 * M] = b64[m] + sum4;
      out[outRow + 2 * M + 1] = b64[m + 1] + sum5;
    }
  }
  for (let m = 0; m < M; m += 2) {
    let sum0 = 0, sum1 = 0;
    for (let d = 0; d < D; d += 2) {
      const wRow = m * 500 + d * 2;
      const w0 = w64[wRow];
      const x0 = x64[d + 49500];
      const w1 = w64[wRow + 2];
      const x1 = x64[d + 49501];
      sum0 += w0 * x0 + w1 * x1;
      const w2 = w64[wRow + 1];
      const w3 = w64[wRow + 3];
      sum1 += w2 * x0 + w3 * x1;
    }
    out[m + 99 * M] = b64[m] + sum0;
    out[m + 99 * M + 1] = b64[m + 1] + sum1;
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
  dout: Float32Array, w: Float32Array, { x }: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'dout', N * M, '[100, 10]');
  checkArray(w, 'w', D * M, '[500, 10]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dw, 'dw', D * M, '[500, 10]');
  checkArray(db, 'db', M, '[10]');
  checkHeld(x, 'cache.x', N * D, '[100, 500]');
  backwardPackW(w);
  backwardPackDout(dout);
  backwardDx(dx);
  backwardPackDout_(dout);
  backwardPackX(x);
  backwardDw(dw);
  for (let m = 0; m < M; m++) {
    // db = sum[N](dout)
    let dbSum0 = 0, dbSum1 = 0, dbSum2 = 0, dbSum3 = 0;
    for (let n = 0; n < N; n += 4) {
      const row = m + n * M;
      dbSum0 += dout[row];
      dbSum1 += dout[row + M];
      dbSum2 += dout[row + 2 * M];
      dbSum3 += dout[row + 3 * M];
    }
    const dbAt = dbSum0 + dbSum1 + (dbSum2 + dbSum3);
    db[m] = dbAt;
  }
}

/** A part of `backward`. */
function backwardPackW(w: Float32Array): void {
  const w64 = w64Memory;
  // w64: a copy of w
  for (let i = 0; i < 5000; i += 4) {
    w64[i] = w[i];
    w64[i + 1] = w[i + 1];
    w64[i + 2] = w[i + 2];
    w64[i + 3] = w[i + 3];
  }
}

/** A part of `backward`. */
function backwardPackDout(dout: Float32Array): void {
  const dout64 = dout64Memory;
  // dout64: a copy of dout
  for (let i = 0; i < 1000; i += 4) {
    dout64[i] = dout[i];
    dout64[i + 1] = dout[i + 1];
    dout64[i + 2] = dout[i + 2];
    dout64[i + 3] = dout[i + 3];
  }
}

/** A part of `backward`. */
function backwardDx(dx: Float32Array): void {
  const w64 = w64Memory, dout64 = dout64Memory;
  // dx = sum[M](w * dout)
  for (let n = 0; n < N; n += 2) {
    for (let d = 0; d < 498; d += 3) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0;
      for (let m = 0; m < M; m += 2) {
        const wRow = d * 10 + m;
        const w0 = w64[wRow];
        const doutRow = n * 10 + m;
        const dout0 = dout64[doutRow];
        const w1 = w64[wRow + 1];
        const dout1 = dout64[doutRow + 1];
        dxSum0 += w0 * dout0 + w1 * dout1;
        const dout2 = dout64[doutRow + 10];
        const dout3 = dout64[doutRow + 11];
        dxSum3 += w0 * dout2 + w1 * dout3;
        const w2 = w64[wRow + 10];
        const w3 = w64[wRow + 11];
        dxSum1 += w2 * dout0 + w3 * dout1;
        dxSum4 += w2 * dout2 + w3 * dout3;
        const w4 = w64[wRow + 20];
        const w5 = w64[wRow + 21];
        dxSum2 += w4 * dout0 + w5 * dout1;
        dxSum5 += w4 * dout2 + w5 * dout3;
      }
      const dxRow = n * D + d;
      dx[dxRow] = dxSum0;
      dx[dxRow + 1] = dxSum1;
      dx[dxRow + 2] = dxSum2;
      dx[dxRow + D] = dxSum3;
      dx[dxRow + D + 1] = dxSum4;
      dx[dxRow + D + 2] = dxSum5;
    }
    let dxSum0_ = 0;
    let dxSum1_ = 0;
    let dxSum2_ = 0;
    let dxSum3_ = 0;
    for (let m = 0; m < M; m += 2) {
      const w0 = w64[m + 4980];
      const doutRow = n * 10 + m;
      const dout0 = dout64[doutRow];
      const w1 = w64[m + 4981];
      const dout1 = dout64[doutRow + 1];
      dxSum0_ += w0 * dout0 + w1 * dout1;
      const dout2 = dout64[doutRow + 10];
      const dout3 = dout64[doutRow + 11];
      dxSum2_ += w0 * dout2 + w1 * dout3;
      const w2 = w64[m + 4990];
      const w3 = w64[m + 4991];
      dxSum1_ += w2 * dout0 + w3 * dout1;
      dxSum3_ += w2 * dout2 + w3 * dout3;
    }
    const dxRow_ = n * D;
    dx[dxRow_ + 498] = dxSum0_;
    dx[dxRow_ + 499] = dxSum1_;
    dx[dxRow_ + D + 498] = dxSum2_;
    dx[dxRow_ + D + 499] = dxSum3_;
  }
}

/** A part of `backward`. */
function backwardPackDout_(dout: Float32Array): void {
  const dout64_ = dout64_Memory;
  // dout64_: a copy in blocks of dout
  for (let n = 0; n < 100; n++) {
    const row = n * M;
    const row_ = n * 2;
    for (let m = 0; m < 10; m += 2) {
      dout64_[row_ + m * 100] = dout[row + m];
      dout64_[row_ + m * 100 + 1] = dout[row + m + 1];
    }
  }
}

/** A part of `backward`. */
function backwardPackX(x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy in blocks of x
  for (let n = 0; n < 100; n++) {
    const row = n * D;
    const row_ = n * 3;
    for (let d = 0; d < 498; d += 3) {
      x64[row_ + d * 100] = x[row + d];
      x64[row_ + d * 100 + 1] = x[row + d + 1];
      x64[row_ + d * 100 + 2] = x[row + d + 2];
    }
    x64[n * 2 + 49800] = x[n * D + 498];
    x64[n * 2 + 49801] = x[n * D + 499];
  }
}

/** A part of `backward`. */
function backwardDw(dw: Float32Array): void {
  const dout64_ = dout64_Memory, x64 = x64Memory;
  // dw = sum[N](x * dout)
  for (let d = 0; d < 498; d += 3) {
    for (let m = 0; m < M; m += 2) {
      let dwSum0 = 0, dwSum1 = 0, dwSum2 = 0, dwSum3 = 0, dwSum4 = 0, dwSum5 = 0;
      for (let n = 0; n < N; n += 2) {
        const doutRow = m * 100 + n * 2;
        const dout0 = dout64_[doutRow];
        const xRow = d * 100 + n * 3;
        const x0 = x64[xRow];
        const dout1 = dout64_[doutRow + 2];
        const x1 = x64[xRow + 3];
        dwSum0 += dout0 * x0 + dout1 * x1;
        const x2 = x64[xRow + 1];
        const x3 = x64[xRow + 4];
        dwSum2 += dout0 * x2 + dout1 * x3;
        const x4 = x64[xRow + 2];
        const x5 = x64[xRow + 5];
        dwSum4 += dout0 * x4 + dout1 * x5;
        const dout2 = dout64_[doutRow + 1];
        const dout3 = dout64_[doutRow + 3];
        dwSum1 += dout2 * x0 + dout3 * x1;
        dwSum3 += dout2 * x2 + dout3 * x3;
        dwSum5 += dout2 * x4 + dout3 * x5;
      }
      const dwRow = d * M + m;
      dw[dwRow] = dwSum0;
      dw[dwRow + 1] = dwSum1;
      dw[dwRow + M] = dwSum2;
      dw[dwRow + M + 1] = dwSum3;
      dw[dwRow + 2 * M] = dwSum4;
      dw[dwRow + 2 * M + 1] = dwSum5;
    }
  }
  for (let m = 0; m < M; m += 2) {
    let dwSum0 = 0, dwSum1 = 0, dwSum2 = 0, dwSum3 = 0;
    for (let n = 0; n < N; n += 2) {
      const doutRow = m * 100 + n * 2;
      const dout0 = dout64_[doutRow];
      const xRow = n * 2;
      const x0 = x64[xRow + 49800];
      const dout1 = dout64_[doutRow + 2];
      const x1 = x64[xRow + 49802];
      dwSum0 += dout0 * x0 + dout1 * x1;
      const x2 = x64[xRow + 49801];
      const x3 = x64[xRow + 49803];
      dwSum2 += dout0 * x2 + dout1 * x3;
      const dout2 = dout64_[doutRow + 1];
      const dout3 = dout64_[doutRow + 3];
      dwSum1 += dout2 * x0 + dout3 * x1;
      dwSum3 += dout2 * x2 + dout3 * x3;
    }
    dw[m + 498 * M] = dwSum0;
    dw[m + 498 * M + 1] = dwSum1;
    dw[m + 499 * M] = dwSum2;
    dw[m + 499 * M + 1] = dwSum3;
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


/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind({ x, w, b, out, dout, dx, dw, db, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(w, 'w', D * M, '[500, 10]');
  checkArray(b, 'b', M, '[10]');
  checkArray(out, 'out', N * M, '[100, 10]');
  checkArray(dout, 'dout', N * M, '[100, 10]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dw, 'dw', D * M, '[500, 10]');
  checkArray(db, 'db', M, '[10]');
  return {
    forward: () => forward(x, w, b, out, cache),
    backward: () => backward(dout, w, cache, dx, dw, db),
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}


/** Refuses a cache that no forward pass has filled. */
function checkHeld(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.length === 0) throw new RangeError(`${name}: expected ${shape}, got length 0: forward has not run`);
  checkArray(array, name, length, shape, type);
}
