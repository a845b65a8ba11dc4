/**
 * conv2d, N = 32, C = 1, H = 28, W = 28, F = 8, HH = 5, WW = 5, OH = 28, OW = 28, f32. Generated from specs/conv2d.layer.yaml - edit the spec, not this file.
 * Options: stride = 1, pad = 2.
 *
 * 2-D cross-correlation, NCHW, zero padding.
 *
 *   forward  out [N, F, OH, OW] = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
 *   backward dx  [N, C, H, W]   = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
 *            dw  [F, C, HH, WW] = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
 *            db  [F]            = sum[N, OH, OW](dout)
 */
const N = 32;
const C = 1;
const H = 28;
const W = 28;
const F = 8;
const HH = 5;
const WW = 5;
const OH = 28;
const OW = 28;
const HW = 784;   // H * W
const F_OH_OW = 6272;   // F * OH * OW
const OH_OW = 784;   // OH * OW
const HH_WW = 25;   // HH * WW

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'conv2d',
  sizes: { N: 32, C: 1, H: 28, W: 28, F: 8, HH: 5, WW: 5, OH: 28, OW: 28 },
  options: { stride: 1, pad: 2 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [32, 1, 28, 28], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    w: { role: 'param', shape: [8, 1, 5, 5], dtype: 'f32', axes: ['F', 'C', 'HH', 'WW'] },
    b: { role: 'param', shape: [8], dtype: 'f32', axes: ['F'] },
    out: { role: 'output', shape: [32, 8, 28, 28], dtype: 'f32', axes: ['N', 'F', 'OH', 'OW'] },
    dout: { role: 'upstream', shape: [32, 8, 28, 28], dtype: 'f32', axes: ['N', 'F', 'OH', 'OW'] },
    dx: { role: 'gradient', shape: [32, 1, 28, 28], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dw: { role: 'gradient', shape: [8, 1, 5, 5], dtype: 'f32', axes: ['F', 'C', 'HH', 'WW'] },
    db: { role: 'gradient', shape: [8], dtype: 'f32', axes: ['F'] },
  },
  random: {},
  cache: { x: { shape: [32, 1, 28, 28], dtype: 'f32', held: true } },
  arguments: { forward: ['x', 'w', 'b', 'out', 'cache'], backward: ['dout', 'w', 'cache', 'dx', 'dw', 'db'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 10235904, backward: 20271104 },
  bytes: { cache: 0, scratch: 127104, forward: 904000, backward: 904800 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C, H, W] = [32, 1, 28, 28], held by reference */
  x: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    x: new Float32Array(0),
  };
}

const w64Memory = /*@__PURE__*/ new Float64Array(246);
const x64Memory = /*@__PURE__*/ new Float64Array(1095);
const dw64Memory = /*@__PURE__*/ new Float64Array(230);
const dout64Memory = /*@__PURE__*/ new Float64Array(8487);
const dout64_Memory = /*@__PURE__*/ new Float64Array(7091);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, C, H, W] = [32, 1, 28, 28]
 * @param w     read    [F, C, HH, WW] = [8, 1, 5, 5]
 * @param b     read    [F] = [8]
 * @param out   written [N, F, OH, OW] = [32, 8, 28, 28]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, w: Float32Array, b: Float32Array, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'x', N * C * H * W, '[32, 1, 28, 28]');
  checkArray(w, 'w', F * C * HH * WW, '[8, 1, 5, 5]');
  checkArray(b, 'b', F, '[8]');
  checkArray(out, 'out', N * F * OH * OW, '[32, 8, 28, 28]');
  cache.x = x;
  forwardPackW(w);
  for (let n = 0; n < N; n++) {
    forwardPackX(n, x);
    forwardOut(n, b, out);
  }
}

/** A part of `forward`. */
function forwardPackW(w: Float32Array): void {
  const w64 = w64Memory;
  // w64: a copy of w
  for (let i = 0; i < 200; i += 4) {
    w64[i] = w[i];
    w64[i + 1] = w[i + 1];
    w64[i + 2] = w[i + 2];
    w64[i + 3] = w[i + 3];
  }
}

/** A part of `forward`. */
function forwardPackX(n: number, x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy with a border of zeros of x
  for (let h = 0; h < 28; h++) {
    const row = n * HW + h * W;
    const row_ = h * 32;
    for (let w_ = 0; w_ < 28; w_ += 4) {
      x64[row_ + w_ + 66] = x[row + w_];
      x64[row_ + w_ + 67] = x[row + w_ + 1];
      x64[row_ + w_ + 68] = x[row + w_ + 2];
      x64[row_ + w_ + 69] = x[row + w_ + 3];
    }
  }
}

/** A part of `forward`. */
function forwardOut(n: number, b: Float32Array, out: Float32Array): void {
  const x64 = x64Memory, w64 = w64Memory;
  // out = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
  for (let f = 0; f < F; f++) {
    const b0 = b[f];
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow += 4) {
        let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        for (let hh = 0; hh < HH; hh++) {
          const xRow = oh * 32 + ow + hh * 32;
          const x0 = x64[xRow];
          const wRow = f * 25 + hh * 5;
          const w0 = w64[wRow];
          const x1 = x64[xRow + 1];
          const w1 = w64[wRow + 1];
          const x2 = x64[xRow + 2];
          const w2 = w64[wRow + 2];
          const x3 = x64[xRow + 3];
          const w3 = w64[wRow + 3];
          const x4 = x64[xRow + 4];
          const w4 = w64[wRow + 4];
          sum0 += x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3 + x4 * w4;
          const x5 = x64[xRow + 5];
          sum1 += x1 * w0 + x2 * w1 + x3 * w2 + x4 * w3 + x5 * w4;
          const x6 = x64[xRow + 6];
          sum2 += x2 * w0 + x3 * w1 + x4 * w2 + x5 * w3 + x6 * w4;
          const x7 = x64[xRow + 7];
          sum3 += x3 * w0 + x4 * w1 + x5 * w2 + x6 * w3 + x7 * w4;
        }
        const outRow = n * F_OH_OW + f * OH_OW + oh * OW + ow;
        out[outRow] = b0 + sum0;
        out[outRow + 1] = b0 + sum1;
        out[outRow + 2] = b0 + sum2;
        out[outRow + 3] = b0 + sum3;
      }
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, F, OH, OW] = [32, 8, 28, 28]
 * @param w     read    [F, C, HH, WW] = [8, 1, 5, 5]
 * @param cache read
 * @param dx    written [N, C, H, W] = [32, 1, 28, 28]
 * @param dw    written [F, C, HH, WW] = [8, 1, 5, 5]
 * @param db    written [F] = [8]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, w: Float32Array, { x }: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'dout', N * F * OH * OW, '[32, 8, 28, 28]');
  checkArray(w, 'w', F * C * HH * WW, '[8, 1, 5, 5]');
  checkArray(dx, 'dx', N * C * H * W, '[32, 1, 28, 28]');
  checkArray(dw, 'dw', F * C * HH * WW, '[8, 1, 5, 5]');
  checkArray(db, 'db', F, '[8]');
  checkHeld(x, 'cache.x', N * C * H * W, '[32, 1, 28, 28]');
  const dw64 = dw64Memory;
  backwardPackW(w);
  for (let n = 0; n < N; n++) {
    backwardPackDout(n, dout);
    backwardDx(n, dx);
  }
  dw64.fill(0);
  for (let n = 0; n < N; n++) {
    backwardPackX(n, x);
    backwardPackDout_(n, dout);
    backwardDw(n);
  }
  for (let f = 0; f < F; f++) {
    const row = f * HH_WW;
    for (let hh_ww = 0; hh_ww < HH_WW; hh_ww++) {
      dw[row + hh_ww] = dw64[row + hh_ww];
    }
  }
  for (let f = 0; f < F; f++) {
    // db = sum[N, OH, OW](dout)
    let dbSum0 = 0, dbSum1 = 0, dbSum2 = 0, dbSum3 = 0;
    for (let n = 0; n < N; n++) {
      const row = n * F_OH_OW + f * OH_OW;
      for (let oh_ow = 0; oh_ow < OH_OW; oh_ow += 4) {
        dbSum0 += dout[row + oh_ow];
        dbSum1 += dout[row + oh_ow + 1];
        dbSum2 += dout[row + oh_ow + 2];
        dbSum3 += dout[row + oh_ow + 3];
      }
    }
    const dbAt = dbSum0 + dbSum1 + (dbSum2 + dbSum3);
    db[f] = dbAt;
  }
}

/** A part of `backward`. */
function backwardPackW(w: Float32Array): void {
  const w64 = w64Memory;
  // w64: a copy in blocks of w
  for (let hh = 0; hh < 5; hh++) {
    for (let f = 0; f < 8; f++) {
      const row = f * HH_WW - hh * WW + 4 * WW;
      const row_ = hh * 40 + f * 5;
      for (let ww = 0; ww < 5; ww++) {
        w64[row_ + ww] = w[row - ww + 4];
      }
    }
  }
}

/** A part of `backward`. */
function backwardPackDout(n: number, dout: Float32Array): void {
  const dout64 = dout64Memory;
  // dout64: a copy with a border of zeros of dout
  for (let oh = 0; oh < 28; oh++) {
    for (let f = 0; f < 8; f++) {
      const row = n * F_OH_OW + f * OH_OW + oh * OW;
      const row_ = oh * 256 + f * 32;
      for (let ow = 0; ow < 28; ow += 4) {
        dout64[row_ + ow + 514] = dout[row + ow];
        dout64[row_ + ow + 515] = dout[row + ow + 1];
        dout64[row_ + ow + 516] = dout[row + ow + 2];
        dout64[row_ + ow + 517] = dout[row + ow + 3];
      }
    }
  }
}

/** A part of `backward`. */
function backwardDx(n: number, dx: Float32Array): void {
  const dout64 = dout64Memory, w64 = w64Memory;
  // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
  for (let h = 0; h < H; h++) {
    for (let w_ = 0; w_ < W; w_ += 4) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0;
      for (let hhf = 0; hhf < 40; hhf++) {
        const doutRow = h * 256 + w_ + hhf * 32;
        const dout0 = dout64[doutRow];
        const wRow = hhf * 5;
        const w0 = w64[wRow];
        const dout1 = dout64[doutRow + 1];
        const w1 = w64[wRow + 1];
        const dout2 = dout64[doutRow + 2];
        const w2 = w64[wRow + 2];
        const dout3 = dout64[doutRow + 3];
        const w3 = w64[wRow + 3];
        const dout4 = dout64[doutRow + 4];
        const w4 = w64[wRow + 4];
        dxSum0 += dout0 * w0 + dout1 * w1 + dout2 * w2 + dout3 * w3 + dout4 * w4;
        const dout5 = dout64[doutRow + 5];
        dxSum1 += dout1 * w0 + dout2 * w1 + dout3 * w2 + dout4 * w3 + dout5 * w4;
        const dout6 = dout64[doutRow + 6];
        dxSum2 += dout2 * w0 + dout3 * w1 + dout4 * w2 + dout5 * w3 + dout6 * w4;
        const dout7 = dout64[doutRow + 7];
        dxSum3 += dout3 * w0 + dout4 * w1 + dout5 * w2 + dout6 * w3 + dout7 * w4;
      }
      const dxRow = n * HW + h * W + w_;
      dx[dxRow] = dxSum0;
      dx[dxRow + 1] = dxSum1;
      dx[dxRow + 2] = dxSum2;
      dx[dxRow + 3] = dxSum3;
    }
  }
}

/** A part of `backward`. */
function backwardPackX(n: number, x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy with a border of zeros of x
  for (let h = 0; h < 28; h++) {
    const row = n * HW + h * W;
    const row_ = h * 32;
    for (let w_ = 0; w_ < 28; w_ += 4) {
      x64[row_ + w_ + 66] = x[row + w_];
      x64[row_ + w_ + 67] = x[row + w_ + 1];
      x64[row_ + w_ + 68] = x[row + w_ + 2];
      x64[row_ + w_ + 69] = x[row + w_ + 3];
    }
  }
}

/** A part of `backward`. */
function backwardPackDout_(n: number, dout: Float32Array): void {
  const dout64_ = dout64_Memory;
  // dout64_: a copy of dout
  const row = n * 6272;
  for (let i = 0; i < 6272; i += 4) {
    dout64_[i] = dout[row + i];
    dout64_[i + 1] = dout[row + i + 1];
    dout64_[i + 2] = dout[row + i + 2];
    dout64_[i + 3] = dout[row + i + 3];
  }
}

/** A part of `backward`. */
function backwardDw(n: number): void {
  const dw64 = dw64Memory, x64 = x64Memory, dout64_ = dout64_Memory;
  // dw = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
  for (let f = 0; f < F; f++) {
    for (let hh = 0; hh < HH; hh++) {
      const dw64Row = f * HH_WW + hh * WW;
      let dwSum0 = dw64[dw64Row];
      let dwSum1 = dw64[dw64Row + 1];
      let dwSum2 = dw64[dw64Row + 2];
      let dwSum3 = dw64[dw64Row + 3];
      let dwSum4 = dw64[dw64Row + 4];
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow += 4) {
          const xRow = hh * 32 + oh * 32 + ow;
          const x0 = x64[xRow];
          const doutRow = f * 784 + oh * 28 + ow;
          const dout0 = dout64_[doutRow];
          const x1 = x64[xRow + 1];
          const dout1 = dout64_[doutRow + 1];
          const x2 = x64[xRow + 2];
          const dout2 = dout64_[doutRow + 2];
          const x3 = x64[xRow + 3];
          const dout3 = dout64_[doutRow + 3];
          dwSum0 += x0 * dout0 + x1 * dout1 + x2 * dout2 + x3 * dout3;
          const x4 = x64[xRow + 4];
          dwSum1 += x1 * dout0 + x2 * dout1 + x3 * dout2 + x4 * dout3;
          const x5 = x64[xRow + 5];
          dwSum2 += x2 * dout0 + x3 * dout1 + x4 * dout2 + x5 * dout3;
          const x6 = x64[xRow + 6];
          dwSum3 += x3 * dout0 + x4 * dout1 + x5 * dout2 + x6 * dout3;
          const x7 = x64[xRow + 7];
          dwSum4 += x4 * dout0 + x5 * dout1 + x6 * dout2 + x7 * dout3;
        }
      }
      dw64[dw64Row] = dwSum0;
      dw64[dw64Row + 1] = dwSum1;
      dw64[dw64Row + 2] = dwSum2;
      dw64[dw64Row + 3] = dwSum3;
      dw64[dw64Row + 4] = dwSum4;
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
export function bind({ x, w, b, out, dout, dx, dw, db, cache }: Buffers): Bound {
  checkArray(x, 'x', N * C * H * W, '[32, 1, 28, 28]');
  checkArray(w, 'w', F * C * HH * WW, '[8, 1, 5, 5]');
  checkArray(b, 'b', F, '[8]');
  checkArray(out, 'out', N * F * OH * OW, '[32, 8, 28, 28]');
  checkArray(dout, 'dout', N * F * OH * OW, '[32, 8, 28, 28]');
  checkArray(dx, 'dx', N * C * H * W, '[32, 1, 28, 28]');
  checkArray(dw, 'dw', F * C * HH * WW, '[8, 1, 5, 5]');
  checkArray(db, 'db', F, '[8]');
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
