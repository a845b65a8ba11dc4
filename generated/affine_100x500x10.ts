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

const b64Memory = /*@__PURE__*/ new Float64Array(19);
const w64Memory = /*@__PURE__*/ new Float64Array(9505);
const x64Memory = /*@__PURE__*/ new Float64Array(51501);
const dout64Memory = /*@__PURE__*/ new Float64Array(1031);
const dout64_Memory = /*@__PURE__*/ new Float64Array(1905);

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
  checkArray(x, 'x', N * D, '[N, D] = [100, 500]');
  checkArray(w, 'w', D * M, '[D, M] = [500, 10]');
  checkArray(b, 'b', M, '[M] = [10]');
  checkArray(out, 'out', N * M, '[N, M] = [100, 10]');
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
    const row_ = d * 5;
    for (let m = 0; m < 10; m += 5) {
      w64[row_ + m * 500] = w[row + m];
      w64[row_ + m * 500 + 1] = w[row + m + 1];
      w64[row_ + m * 500 + 2] = w[row + m + 2];
      w64[row_ + m * 500 + 3] = w[row + m + 3];
      w64[row_ + m * 500 + 4] = w[row + m + 4];
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
  for (let n = 0; n < N; n += 2) {
    for (let m = 0; m < M; m += 5) {
      let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0, sum5 = 0, sum6 = 0, sum7 = 0, sum8 = 0, sum9 = 0;
      for (let d = 0; d < D; d++) {
        const wRow = m * 500 + d * 5;
        const w0 = w64[wRow];
        const xRow = n * 500 + d;
        const x0 = x64[xRow];
        sum0 += w0 * x0;
        const x1 = x64[xRow + 500];
        sum5 += w0 * x1;
        const w1 = w64[wRow + 1];
        sum1 += w1 * x0;
        sum6 += w1 * x1;
        const w2 = w64[wRow + 2];
        sum2 += w2 * x0;
        sum7 += w2 * x1;
        const w3 = w64[wRow + 3];
        sum3 += w3 * x0;
        sum8 += w3 * x1;
        const w4 = w64[wRow + 4];
        sum4 += w4 * x0;
        sum9 += w4 * x1;
      }
      const outRow = n * M + m;
      out[outRow] = b64[m] + sum0;
      out[outRow + 1] = b64[m + 1] + sum1;
      out[outRow + 2] = b64[m + 2] + sum2;
      out[outRow + 3] = b64[m + 3] + sum3;
      out[outRow + 4] = b64[m + 4] + sum4;
      out[outRow + M] = b64[m] + sum5;
      out[outRow + M + 1] = b64[m + 1] + sum6;
      out[outRow + M + 2] = b64[m + 2] + sum7;
      out[outRow + M + 3] = b64[m + 3] + sum8;
      out[outRow + M + 4] = b64[m + 4] + sum9;
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
  checkArray(dout, 'dout', N * M, '[N, M] = [100, 10]');
  checkArray(w, 'w', D * M, '[D, M] = [500, 10]');
  checkArray(dx, 'dx', N * D, '[N, D] = [100, 500]');
  checkArray(dw, 'dw', D * M, '[D, M] = [500, 10]');
  checkArray(db, 'db', M, '[M] = [10]');
  const x = cache.x;
  checkHeld(x, 'cache.x', N * D, '[N, D] = [100, 500]');
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
    for (let d = 0; d < D; d += 5) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0, dxSum6 = 0, dxSum7 = 0, dxSum8 = 0, dxSum9 = 0;
      for (let m = 0; m < M; m++) {
        const wRow = d * 10 + m;
        const w0 = w64[wRow];
        const doutRow = n * 10 + m;
        const dout0 = dout64[doutRow];
        dxSum0 += w0 * dout0;
        const dout1 = dout64[doutRow + 10];
        dxSum5 += w0 * dout1;
        const w1 = w64[wRow + 10];
        dxSum1 += w1 * dout0;
        dxSum6 += w1 * dout1;
        const w2 = w64[wRow + 20];
        dxSum2 += w2 * dout0;
        dxSum7 += w2 * dout1;
        const w3 = w64[wRow + 30];
        dxSum3 += w3 * dout0;
        dxSum8 += w3 * dout1;
        const w4 = w64[wRow + 40];
        dxSum4 += w4 * dout0;
        dxSum9 += w4 * dout1;
      }
      const dxRow = n * D + d;
      dx[dxRow] = dxSum0;
      dx[dxRow + 1] = dxSum1;
      dx[dxRow + 2] = dxSum2;
      dx[dxRow + 3] = dxSum3;
      dx[dxRow + 4] = dxSum4;
      dx[dxRow + D] = dxSum5;
      dx[dxRow + D + 1] = dxSum6;
      dx[dxRow + D + 2] = dxSum7;
      dx[dxRow + D + 3] = dxSum8;
      dx[dxRow + D + 4] = dxSum9;
    }
  }
}

/** A part of `backward`. */
function backwardPackDout_(dout: Float32Array): void {
  const dout64_ = dout64_Memory;
  // dout64_: a copy in blocks of dout
  for (let n = 0; n < 100; n++) {
    const row = n * M;
    const row_ = n * 5;
    for (let m = 0; m < 10; m += 5) {
      dout64_[row_ + m * 100] = dout[row + m];
      dout64_[row_ + m * 100 + 1] = dout[row + m + 1];
      dout64_[row_ + m * 100 + 2] = dout[row + m + 2];
      dout64_[row_ + m * 100 + 3] = dout[row + m + 3];
      dout64_[row_ + m * 100 + 4] = dout[row + m + 4];
    }
  }
}

/** A part of `backward`. */
function backwardPackX(x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy in blocks of x
  for (let n = 0; n < 100; n++) {
    const row = n * D;
    const row_ = n * 2;
    for (let d = 0; d < 500; d += 2) {
      x64[row_ + d * 100] = x[row + d];
      x64[row_ + d * 100 + 1] = x[row + d + 1];
    }
  }
}

/** A part of `backward`. */
function backwardDw(dw: Float32Array): void {
  const dout64_ = dout64_Memory, x64 = x64Memory;
  // dw = sum[N](x * dout)
  for (let d = 0; d < D; d += 2) {
    for (let m = 0; m < M; m += 5) {
      let dwSum0 = 0, dwSum1 = 0, dwSum2 = 0, dwSum3 = 0, dwSum4 = 0, dwSum5 = 0, dwSum6 = 0, dwSum7 = 0, dwSum8 = 0, dwSum9 = 0;
      for (let n = 0; n < N; n++) {
        const doutRow = m * 100 + n * 5;
        const dout0 = dout64_[doutRow];
        const xRow = d * 100 + n * 2;
        const x0 = x64[xRow];
        dwSum0 += dout0 * x0;
        const x1 = x64[xRow + 1];
        dwSum5 += dout0 * x1;
        const dout1 = dout64_[doutRow + 1];
        dwSum1 += dout1 * x0;
        dwSum6 += dout1 * x1;
        const dout2 = dout64_[doutRow + 2];
        dwSum2 += dout2 * x0;
        dwSum7 += dout2 * x1;
        const dout3 = dout64_[doutRow + 3];
        dwSum3 += dout3 * x0;
        dwSum8 += dout3 * x1;
        const dout4 = dout64_[doutRow + 4];
        dwSum4 += dout4 * x0;
        dwSum9 += dout4 * x1;
      }
      const dwRow = d * M + m;
      dw[dwRow] = dwSum0;
      dw[dwRow + 1] = dwSum1;
      dw[dwRow + 2] = dwSum2;
      dw[dwRow + 3] = dwSum3;
      dw[dwRow + 4] = dwSum4;
      dw[dwRow + M] = dwSum5;
      dw[dwRow + M + 1] = dwSum6;
      dw[dwRow + M + 2] = dwSum7;
      dw[dwRow + M + 3] = dwSum8;
      dw[dwRow + M + 4] = dwSum9;
    }
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
export function bind(buffers: Buffers): Bound {
  checkArray(buffers.x, 'x', N * D, '[N, D] = [100, 500]');
  checkArray(buffers.w, 'w', D * M, '[D, M] = [500, 10]');
  checkArray(buffers.b, 'b', M, '[M] = [10]');
  checkArray(buffers.out, 'out', N * M, '[N, M] = [100, 10]');
  checkArray(buffers.dout, 'dout', N * M, '[N, M] = [100, 10]');
  checkArray(buffers.dx, 'dx', N * D, '[N, D] = [100, 500]');
  checkArray(buffers.dw, 'dw', D * M, '[D, M] = [500, 10]');
  checkArray(buffers.db, 'db', M, '[M] = [10]');
  const bound: Buffers = {
    x: buffers.x,
    w: buffers.w,
    b: buffers.b,
    out: buffers.out,
    dout: buffers.dout,
    dx: buffers.dx,
    dw: buffers.dw,
    db: buffers.db,
    cache: buffers.cache,
  };
  return {
    forward: () => forward(bound.x, bound.w, bound.b, bound.out, bound.cache),
    backward: boundBackward.call(bound),
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  const backwardPackW = boundBackwardPackW.call(this);
  const backwardPackDout = boundBackwardPackDout.call(this);
  const backwardDx = boundBackwardDx.call(this);
  const backwardPackDout_ = boundBackwardPackDout_.call(this);
  const backwardPackX = boundBackwardPackX.call(this);
  const backwardDw = boundBackwardDw.call(this);
  return () => {
    const { dout, db } = this;
    backwardPackW();
    backwardPackDout();
    backwardDx();
    backwardPackDout_();
    backwardPackX();
    backwardDw();
    for (let m = 0; m < 10; m++) {
      // db = sum[N](dout)
      let dbSum0 = 0, dbSum1 = 0, dbSum2 = 0, dbSum3 = 0;
      for (let n = 0; n < 100; n += 4) {
        const row = m + n * 10;
        dbSum0 += dout[row];
        dbSum1 += dout[row + 10];
        dbSum2 += dout[row + 2 * 10];
        dbSum3 += dout[row + 3 * 10];
      }
      const dbAt = dbSum0 + dbSum1 + (dbSum2 + dbSum3);
      db[m] = dbAt;
    }
  };
}

/** `backwardPackW` over bound arrays. */
function boundBackwardPackW(this: Buffers): () => void {
  return () => {
    const { w } = this;
    const w64 = w64Memory;
    // w64: a copy of w
    for (let i = 0; i < 5000; i += 4) {
      w64[i] = w[i];
      w64[i + 1] = w[i + 1];
      w64[i + 2] = w[i + 2];
      w64[i + 3] = w[i + 3];
    }
  };
}

/** `backwardPackDout` over bound arrays. */
function boundBackwardPackDout(this: Buffers): () => void {
  return () => {
    const { dout } = this;
    const dout64 = dout64Memory;
    // dout64: a copy of dout
    for (let i = 0; i < 1000; i += 4) {
      dout64[i] = dout[i];
      dout64[i + 1] = dout[i + 1];
      dout64[i + 2] = dout[i + 2];
      dout64[i + 3] = dout[i + 3];
    }
  };
}

/** `backwardDx` over bound arrays. */
function boundBackwardDx(this: Buffers): () => void {
  return () => {
    const { dx } = this;
    const w64 = w64Memory, dout64 = dout64Memory;
    // dx = sum[M](w * dout)
    for (let n = 0; n < 100; n += 2) {
      for (let d = 0; d < 500; d += 5) {
        let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0, dxSum6 = 0, dxSum7 = 0, dxSum8 = 0, dxSum9 = 0;
        for (let m = 0; m < 10; m++) {
          const wRow = d * 10 + m;
          const w0 = w64[wRow];
          const doutRow = n * 10 + m;
          const dout0 = dout64[doutRow];
          dxSum0 += w0 * dout0;
          const dout1 = dout64[doutRow + 10];
          dxSum5 += w0 * dout1;
          const w1 = w64[wRow + 10];
          dxSum1 += w1 * dout0;
          dxSum6 += w1 * dout1;
          const w2 = w64[wRow + 20];
          dxSum2 += w2 * dout0;
          dxSum7 += w2 * dout1;
          const w3 = w64[wRow + 30];
          dxSum3 += w3 * dout0;
          dxSum8 += w3 * dout1;
          const w4 = w64[wRow + 40];
          dxSum4 += w4 * dout0;
          dxSum9 += w4 * dout1;
        }
        const dxRow = n * 500 + d;
        dx[dxRow] = dxSum0;
        dx[dxRow + 1] = dxSum1;
        dx[dxRow + 2] = dxSum2;
        dx[dxRow + 3] = dxSum3;
        dx[dxRow + 4] = dxSum4;
        dx[dxRow + 500] = dxSum5;
        dx[dxRow + 500 + 1] = dxSum6;
        dx[dxRow + 500 + 2] = dxSum7;
        dx[dxRow + 500 + 3] = dxSum8;
        dx[dxRow + 500 + 4] = dxSum9;
      }
    }
  };
}

/** `backwardPackDout_` over bound arrays. */
function boundBackwardPackDout_(this: Buffers): () => void {
  return () => {
    const { dout } = this;
    const dout64_ = dout64_Memory;
    // dout64_: a copy in blocks of dout
    for (let n = 0; n < 100; n++) {
      const row = n * 10;
      const row_ = n * 5;
      for (let m = 0; m < 10; m += 5) {
        dout64_[row_ + m * 100] = dout[row + m];
        dout64_[row_ + m * 100 + 1] = dout[row + m + 1];
        dout64_[row_ + m * 100 + 2] = dout[row + m + 2];
        dout64_[row_ + m * 100 + 3] = dout[row + m + 3];
        dout64_[row_ + m * 100 + 4] = dout[row + m + 4];
      }
    }
  };
}

/** `backwardPackX` over bound arrays. */
function boundBackwardPackX(this: Buffers): () => void {
  return () => {
    const { cache, x } = this;
    checkBound(cache.x, x, 'cache.x');
    const x64 = x64Memory;
    // x64: a copy in blocks of x
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      const row_ = n * 2;
      for (let d = 0; d < 500; d += 2) {
        x64[row_ + d * 100] = x[row + d];
        x64[row_ + d * 100 + 1] = x[row + d + 1];
      }
    }
  };
}

/** `backwardDw` over bound arrays. */
function boundBackwardDw(this: Buffers): () => void {
  return () => {
    const { dw } = this;
    const dout64_ = dout64_Memory, x64 = x64Memory;
    // dw = sum[N](x * dout)
    for (let d = 0; d < 500; d += 2) {
      for (let m = 0; m < 10; m += 5) {
        let dwSum0 = 0, dwSum1 = 0, dwSum2 = 0, dwSum3 = 0, dwSum4 = 0, dwSum5 = 0, dwSum6 = 0, dwSum7 = 0, dwSum8 = 0, dwSum9 = 0;
        for (let n = 0; n < 100; n++) {
          const doutRow = m * 100 + n * 5;
          const dout0 = dout64_[doutRow];
          const xRow = d * 100 + n * 2;
          const x0 = x64[xRow];
          dwSum0 += dout0 * x0;
          const x1 = x64[xRow + 1];
          dwSum5 += dout0 * x1;
          const dout1 = dout64_[doutRow + 1];
          dwSum1 += dout1 * x0;
          dwSum6 += dout1 * x1;
          const dout2 = dout64_[doutRow + 2];
          dwSum2 += dout2 * x0;
          dwSum7 += dout2 * x1;
          const dout3 = dout64_[doutRow + 3];
          dwSum3 += dout3 * x0;
          dwSum8 += dout3 * x1;
          const dout4 = dout64_[doutRow + 4];
          dwSum4 += dout4 * x0;
          dwSum9 += dout4 * x1;
        }
        const dwRow = d * 10 + m;
        dw[dwRow] = dwSum0;
        dw[dwRow + 1] = dwSum1;
        dw[dwRow + 2] = dwSum2;
        dw[dwRow + 3] = dwSum3;
        dw[dwRow + 4] = dwSum4;
        dw[dwRow + 10] = dwSum5;
        dw[dwRow + 10 + 1] = dwSum6;
        dw[dwRow + 10 + 2] = dwSum7;
        dw[dwRow + 10 + 3] = dwSum8;
        dw[dwRow + 10 + 4] = dwSum9;
      }
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected a ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got ${array.length}`);
}


/** Refuses a cache that no forward pass has filled. */
function checkHeld(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.length === 0) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got 0: forward has not run`);
  checkArray(array, name, length, shape, type);
}


/** Refuses a cache that holds another array than the bound one. */
function checkBound(held: unknown, bound: unknown, name: string): void {
  if (held !== bound) throw new RangeError(`${name}: forward has not run over the bound array`);
}
