/**
 * conv2d, N = 100, C = 3, H = 31, W = 31, F = 25, HH = 3, WW = 3, OH = 16, OW = 16, f32. Generated from specs/conv2d.layer.yaml - edit the spec, not this file.
 * Options: stride = 2, pad = 1.
 *
 * 2-D cross-correlation, NCHW, zero padding.
 *
 *   forward  out [N, F, OH, OW] = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
 *   backward dx  [N, C, H, W]   = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
 *            dw  [F, C, HH, WW] = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
 *            db  [F]            = sum[N, OH, OW](dout)
 */
const N = 100;
const C = 3;
const H = 31;
const W = 31;
const F = 25;
const HH = 3;
const WW = 3;
const OH = 16;
const OW = 16;
const C_HH_WW = 27;   // C * HH * WW
const HH_WW = 9;   // HH * WW
const CHW = 2883;   // C * H * W
const HW = 961;   // H * W
const F_OH_OW = 6400;   // F * OH * OW
const OH_OW = 256;   // OH * OW
const F_C_HH_WW = 675;   // F * C * HH * WW

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'conv2d',
  sizes: { N: 100, C: 3, H: 31, W: 31, F: 25, HH: 3, WW: 3, OH: 16, OW: 16 },
  options: { stride: 2, pad: 1 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [100, 3, 31, 31], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    w: { role: 'param', shape: [25, 3, 3, 3], dtype: 'f32', axes: ['F', 'C', 'HH', 'WW'] },
    b: { role: 'param', shape: [25], dtype: 'f32', axes: ['F'] },
    out: { role: 'output', shape: [100, 25, 16, 16], dtype: 'f32', axes: ['N', 'F', 'OH', 'OW'] },
    dout: { role: 'upstream', shape: [100, 25, 16, 16], dtype: 'f32', axes: ['N', 'F', 'OH', 'OW'] },
    dx: { role: 'gradient', shape: [100, 3, 31, 31], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dw: { role: 'gradient', shape: [25, 3, 3, 3], dtype: 'f32', axes: ['F', 'C', 'HH', 'WW'] },
    db: { role: 'gradient', shape: [25], dtype: 'f32', axes: ['F'] },
  },
  random: {},
  cache: { x: { shape: [100, 3, 31, 31], dtype: 'f32', held: true } },
  arguments: { forward: ['x', 'w', 'b', 'out', 'cache'], backward: ['dout', 'w', 'cache', 'dx', 'dw', 'db'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 35200000, backward: 66940000 },
  bytes: { cache: 0, scratch: 169072, forward: 3716000, backward: 3718700 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C, H, W] = [100, 3, 31, 31], held by reference */
  x: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    x: new Float32Array(0),
  };
}

const w64Memory = /*@__PURE__*/ new Float64Array(732);
const x64Memory = /*@__PURE__*/ new Float64Array(3504);
const dw64Memory = /*@__PURE__*/ new Float64Array(741);
const w64_Memory = /*@__PURE__*/ new Float64Array(226);
const w64_2Memory = /*@__PURE__*/ new Float64Array(453);
const dout64Memory = /*@__PURE__*/ new Float64Array(6851);
const x64_Memory = /*@__PURE__*/ new Float64Array(4461);
const dout64_Memory = /*@__PURE__*/ new Float64Array(6931);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, C, H, W] = [100, 3, 31, 31]
 * @param w     read    [F, C, HH, WW] = [25, 3, 3, 3]
 * @param b     read    [F] = [25]
 * @param out   written [N, F, OH, OW] = [100, 25, 16, 16]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, w: Float32Array, b: Float32Array, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'x', N * C * H * W, '[100, 3, 31, 31]');
  checkArray(w, 'w', F * C * HH * WW, '[25, 3, 3, 3]');
  checkArray(b, 'b', F, '[25]');
  checkArray(out, 'out', N * F * OH * OW, '[100, 25, 16, 16]');
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
  // w64: a copy in blocks of w
  for (let f = 0; f < 25; f++) {
    for (let hh = 0; hh < 3; hh++) {
      for (let c = 0; c < 3; c++) {
        const row = f * C_HH_WW + c * HH_WW + hh * WW;
        const row_ = f * 27 + hh * 9 + c * 3;
        for (let ww = 0; ww < 3; ww++) {
          w64[row_ + ww] = w[row + ww];
        }
      }
    }
  }
}

/** A part of `forward`. */
function forwardPackX(n: number, x: Float32Array): void {
  const x64 = x64Memory;
  // x64: a copy with a border of zeros of x
  for (let h = 0; h < 31; h++) {
    for (let c = 0; c < 3; c++) {
      const row = n * CHW + c * HW + h * W;
      const row_ = h * 99 + c * 33;
      for (let w_ = 0; w_ < 28; w_ += 4) {
        x64[row_ + w_ + 100] = x[row + w_];
        x64[row_ + w_ + 101] = x[row + w_ + 1];
        x64[row_ + w_ + 102] = x[row + w_ + 2];
        x64[row_ + w_ + 103] = x[row + w_ + 3];
      }
      for (let w_ = 28; w_ < 31; w_++) {
        x64[row_ + w_ + 100] = x[row + w_];
      }
    }
  }
}

/** A part of `forward`. */
function forwardOut(n: number, b: Float32Array, out: Float32Array): void {
  const x64 = x64Memory, w64 = w64Memory;
  // out = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
  for (let f = 0; f < 24; f += 2) {
    const b0_0 = b[f];
    const b0_1 = b[f + 1];
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow += 2) {
        let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        for (let hhc = 0; hhc < 9; hhc++) {
          const xRow = oh * 198 + ow * 2 + hhc * 33;
          const x0 = x64[xRow];
          const wRow = f * 27 + hhc * 3;
          const w0 = w64[wRow];
          const x1 = x64[xRow + 1];
          const w1 = w64[wRow + 1];
          const x2 = x64[xRow + 2];
          const w2 = w64[wRow + 2];
          sum0 += x0 * w0 + x1 * w1 + x2 * w2;
          const w3 = w64[wRow + 27];
          const w4 = w64[wRow + 28];
          const w5 = w64[wRow + 29];
          sum2 += x0 * w3 + x1 * w4 + x2 * w5;
          const x3 = x64[xRow + 3];
          const x4 = x64[xRow + 4];
          sum1 += x2 * w0 + x3 * w1 + x4 * w2;
          sum3 += x2 * w3 + x3 * w4 + x4 * w5;
        }
        const outRow = n * F_OH_OW + f * OH_OW + oh * OW + ow;
        out[outRow] = b0_0 + sum0;
        out[outRow + 1] = b0_0 + sum1;
        out[outRow + OH_OW] = b0_1 + sum2;
        out[outRow + OH_OW + 1] = b0_1 + sum3;
      }
    }
  }
  const b0_0_ = b[24];
  for (let oh = 0; oh < OH; oh++) {
    for (let ow = 0; ow < OW; ow += 2) {
      let sum0 = 0, sum1 = 0;
      for (let hhc = 0; hhc < 9; hhc++) {
        const xRow = oh * 198 + ow * 2 + hhc * 33;
        const x0 = x64[xRow];
        const wRow = hhc * 3;
        const w0 = w64[wRow + 648];
        const x1 = x64[xRow + 1];
        const w1 = w64[wRow + 649];
        const x2 = x64[xRow + 2];
        const w2 = w64[wRow + 650];
        sum0 += x0 * w0 + x1 * w1 + x2 * w2;
        const x3 = x64[xRow + 3];
        const x4 = x64[xRow + 4];
        sum1 += x2 * w0 + x3 * w1 + x4 * w2;
      }
      const outRow = n * F_OH_OW + oh * OW + ow;
      out[outRow + 24 * OH_OW] = b0_0_ + sum0;
      out[outRow + 24 * OH_OW + 1] = b0_0_ + sum1;
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, F, OH, OW] = [100, 25, 16, 16]
 * @param w     read    [F, C, HH, WW] = [25, 3, 3, 3]
 * @param cache read
 * @param dx    written [N, C, H, W] = [100, 3, 31, 31]
 * @param dw    written [F, C, HH, WW] = [25, 3, 3, 3]
 * @param db    written [F] = [25]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, w: Float32Array, { x }: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'dout', N * F * OH * OW, '[100, 25, 16, 16]');
  checkArray(w, 'w', F * C * HH * WW, '[25, 3, 3, 3]');
  checkArray(dx, 'dx', N * C * H * W, '[100, 3, 31, 31]');
  checkArray(dw, 'dw', F * C * HH * WW, '[25, 3, 3, 3]');
  checkArray(db, 'db', F, '[25]');
  checkHeld(x, 'cache.x', N * C * H * W, '[100, 3, 31, 31]');
  const dw64 = dw64Memory;
  backwardPackW(w);
  backwardPackW_(w);
  backwardPackW_2(w);
  for (let n = 0; n < N; n++) {
    backwardPackDout(n, dout);
    backwardDx0(n, dx);
    backwardDx1(n, dx);
    backwardDx2(n, dx);
    backwardDx3(n, dx);
  }
  dw64.fill(0);
  for (let n = 0; n < N; n++) {
    backwardPackX(n, x);
    backwardPackDout_(n, dout);
    backwardDw(n);
  }
  for (let f_c_hh_ww = 0; f_c_hh_ww < F_C_HH_WW; f_c_hh_ww++) {
    dw[f_c_hh_ww] = dw64[f_c_hh_ww];
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
  // w64: a copy of w
  for (let i = 0; i < 672; i += 4) {
    w64[i] = w[i];
    w64[i + 1] = w[i + 1];
    w64[i + 2] = w[i + 2];
    w64[i + 3] = w[i + 3];
  }
  for (let i = 672; i < 675; i++) {
    w64[i] = w[i];
  }
}

/** A part of `backward`. */
function backwardPackW_(w: Float32Array): void {
  const w64_ = w64_Memory;
  // w64_: a copy in blocks of w
  for (let c = 0; c < 3; c++) {
    for (let hh = 0; hh < 2; hh++) {
      const row = c * HH_WW - hh * 2 * WW + 2 * WW;
      const row_ = c * 50 + hh * 25;
      for (let f = 0; f < 25; f++) {
        w64_[row_ + f] = w[row + f * C_HH_WW + 1];
      }
    }
  }
}

/** A part of `backward`. */
function backwardPackW_2(w: Float32Array): void {
  const w64_2 = w64_2Memory;
  // w64_2: a copy in blocks of w
  for (let c = 0; c < 3; c++) {
    for (let hh = 0; hh < 2; hh++) {
      for (let f = 0; f < 25; f++) {
        const row = f * C_HH_WW + c * HH_WW - hh * 2 * WW + 2 * WW;
        const row_ = c * 100 + hh * 50 + f * 2;
        for (let ww = 0; ww < 2; ww++) {
          w64_2[row_ + ww] = w[row - ww * 2 + 2];
        }
      }
    }
  }
}

/** A part of `backward`. */
function backwardPackDout(n: number, dout: Float32Array): void {
  const dout64 = dout64Memory;
  // dout64: a copy with a border of zeros of dout
  for (let oh = 0; oh < 16; oh++) {
    for (let f = 0; f < 25; f++) {
      const row = n * F_OH_OW + f * OH_OW + oh * OW;
      const row_ = oh * 400 + f * 16;
      for (let ow = 0; ow < 16; ow += 4) {
        dout64[row_ + ow] = dout[row + ow];
        dout64[row_ + ow + 1] = dout[row + ow + 1];
        dout64[row_ + ow + 2] = dout[row + ow + 2];
        dout64[row_ + ow + 3] = dout[row + ow + 3];
      }
    }
  }
}

/** A part of `backward`. */
function backwardDx0(n: number, dx: Float32Array): void {
  const dout64 = dout64Memory, w64 = w64Memory;
  // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
  for (let h = 0; h < 16; h++) {
    for (let w_ = 0; w_ < 16; w_ += 2) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0;
      for (let f = 0; f < F; f++) {
        const doutRow = h * 400 + w_ + f * 16;
        let doutAt = dout64[doutRow];
        const wRow = f * 27;
        const w0 = w64[wRow + 4];
        dxSum0 += doutAt * w0;
        const w1 = w64[wRow + 13];
        dxSum2 += doutAt * w1;
        const w2 = w64[wRow + 22];
        dxSum4 += doutAt * w2;
        doutAt = dout64[doutRow + 1];
        dxSum1 += doutAt * w0;
        dxSum3 += doutAt * w1;
        dxSum5 += doutAt * w2;
      }
      const dxRow = n * CHW + h * 2 * W + w_ * 2;
      dx[dxRow] = dxSum0;
      dx[dxRow + 2] = dxSum1;
      dx[dxRow + HW] = dxSum2;
      dx[dxRow + HW + 2] = dxSum3;
      dx[dxRow + 2 * HW] = dxSum4;
      dx[dxRow + 2 * HW + 2] = dxSum5;
    }
  }
}

/** A part of `backward`. */
function backwardDx1(n: number, dx: Float32Array): void {
  const dout64 = dout64Memory, w64 = w64Memory;
  // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
  for (let h = 0; h < 16; h++) {
    for (let w_ = 0; w_ < 14; w_ += 2) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0;
      for (let f = 0; f < F; f++) {
        const doutRow = h * 400 + w_ + f * 16;
        const dout0 = dout64[doutRow];
        const wRow = f * 27;
        const w0 = w64[wRow + 5];
        const dout1 = dout64[doutRow + 1];
        const w1 = w64[wRow + 3];
        dxSum0 += dout0 * w0 + dout1 * w1;
        const w2 = w64[wRow + 14];
        const w3 = w64[wRow + 12];
        dxSum2 += dout0 * w2 + dout1 * w3;
        const w4 = w64[wRow + 23];
        const w5 = w64[wRow + 21];
        dxSum4 += dout0 * w4 + dout1 * w5;
        const dout2 = dout64[doutRow + 2];
        dxSum1 += dout1 * w0 + dout2 * w1;
        dxSum3 += dout1 * w2 + dout2 * w3;
        dxSum5 += dout1 * w4 + dout2 * w5;
      }
      const dxRow = n * CHW + h * 2 * W + w_ * 2;
      dx[dxRow + 1] = dxSum0;
      dx[dxRow + 3] = dxSum1;
      dx[dxRow + HW + 1] = dxSum2;
      dx[dxRow + HW + 3] = dxSum3;
      dx[dxRow + 2 * HW + 1] = dxSum4;
      dx[dxRow + 2 * HW + 3] = dxSum5;
    }
    let dxSum0_ = 0;
    let dxSum1_ = 0;
    let dxSum2_ = 0;
    for (let f = 0; f < F; f++) {
      const doutRow = h * 400 + f * 16;
      const dout0 = dout64[doutRow + 14];
      const wRow = f * 27;
      const w0 = w64[wRow + 5];
      const dout1 = dout64[doutRow + 15];
      const w1 = w64[wRow + 3];
      dxSum0_ += dout0 * w0 + dout1 * w1;
      const w2 = w64[wRow + 14];
      const w3 = w64[wRow + 12];
      dxSum1_ += dout0 * w2 + dout1 * w3;
      const w4 = w64[wRow + 23];
      const w5 = w64[wRow + 21];
      dxSum2_ += dout0 * w4 + dout1 * w5;
    }
    const dxRow_ = n * CHW + h * 2 * W;
    dx[dxRow_ + 29] = dxSum0_;
    dx[dxRow_ + HW + 29] = dxSum1_;
    dx[dxRow_ + 2 * HW + 29] = dxSum2_;
  }
}

/** A part of `backward`. */
function backwardDx2(n: number, dx: Float32Array): void {
  const dout64 = dout64Memory, w64_ = w64_Memory;
  // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
  for (let h = 0; h < 15; h++) {
    for (let w_ = 0; w_ < 16; w_ += 2) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0;
      for (let hhf = 0; hhf < 50; hhf += 2) {
        const doutRow = h * 400 + w_ + hhf * 16;
        const dout0 = dout64[doutRow];
        const w0 = w64_[hhf];
        const dout1 = dout64[doutRow + 16];
        const w1 = w64_[hhf + 1];
        dxSum0 += dout0 * w0 + dout1 * w1;
        const w2 = w64_[hhf + 50];
        const w3 = w64_[hhf + 51];
        dxSum2 += dout0 * w2 + dout1 * w3;
        const w4 = w64_[hhf + 100];
        const w5 = w64_[hhf + 101];
        dxSum4 += dout0 * w4 + dout1 * w5;
        const dout2 = dout64[doutRow + 1];
        const dout3 = dout64[doutRow + 17];
        dxSum1 += dout2 * w0 + dout3 * w1;
        dxSum3 += dout2 * w2 + dout3 * w3;
        dxSum5 += dout2 * w4 + dout3 * w5;
      }
      const dxRow = n * CHW + h * 2 * W + w_ * 2;
      dx[dxRow + W] = dxSum0;
      dx[dxRow + W + 2] = dxSum1;
      dx[dxRow + HW + W] = dxSum2;
      dx[dxRow + HW + W + 2] = dxSum3;
      dx[dxRow + 2 * HW + W] = dxSum4;
      dx[dxRow + 2 * HW + W + 2] = dxSum5;
    }
  }
}

/** A part of `backward`. */
function backwardDx3(n: number, dx: Float32Array): void {
  const dout64 = dout64Memory, w64_2 = w64_2Memory;
  // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
  for (let h = 0; h < 15; h++) {
    for (let w_ = 0; w_ < 14; w_ += 2) {
      let dxSum0 = 0, dxSum1 = 0, dxSum2 = 0, dxSum3 = 0, dxSum4 = 0, dxSum5 = 0;
      for (let hhf = 0; hhf < 50; hhf++) {
        const doutRow = h * 400 + w_ + hhf * 16;
        const dout0 = dout64[doutRow];
        const wRow = hhf * 2;
        const w0 = w64_2[wRow];
        const dout1 = dout64[doutRow + 1];
        const w1 = w64_2[wRow + 1];
        dxSum0 += dout0 * w0 + dout1 * w1;
        const w2 = w64_2[wRow + 100];
        const w3 = w64_2[wRow + 101];
        dxSum2 += dout0 * w2 + dout1 * w3;
        const w4 = w64_2[wRow + 200];
        const w5 = w64_2[wRow + 201];
        dxSum4 += dout0 * w4 + dout1 * w5;
        const dout2 = dout64[doutRow + 2];
        dxSum1 += dout1 * w0 + dout2 * w1;
        dxSum3 += dout1 * w2 + dout2 * w3;
        dxSum5 += dout1 * w4 + dout2 * w5;
      }
      const dxRow = n * CHW + h * 2 * W + w_ * 2;
      dx[dxRow + W + 1] = dxSum0;
      dx[dxRow + W + 3] = dxSum1;
      dx[dxRow + HW + W + 1] = dxSum2;
      dx[dxRow + HW + W + 3] = dxSum3;
      dx[dxRow + 2 * HW + W + 1] = dxSum4;
      dx[dxRow + 2 * HW + W + 3] = dxSum5;
    }
    let dxSum0_ = 0;
    let dxSum1_ = 0;
    let dxSum2_ = 0;
    for (let hhf = 0; hhf < 50; hhf++) {
      const doutRow = h * 400 + hhf * 16;
      const dout0 = dout64[doutRow + 14];
      const wRow = hhf * 2;
      const w0 = w64_2[wRow];
      const dout1 = dout64[doutRow + 15];
      const w1 = w64_2[wRow + 1];
      dxSum0_ += dout0 * w0 + dout1 * w1;
      const w2 = w64_2[wRow + 100];
      const w3 = w64_2[wRow + 101];
      dxSum1_ += dout0 * w2 + dout1 * w3;
      const w4 = w64_2[wRow + 200];
      const w5 = w64_2[wRow + 201];
      dxSum2_ += dout0 * w4 + dout1 * w5;
    }
    const dxRow_ = n * CHW + h * 2 * W;
    dx[dxRow_ + W + 29] = dxSum0_;
    dx[dxRow_ + HW + W + 29] = dxSum1_;
    dx[dxRow_ + 2 * HW + W + 29] = dxSum2_;
  }
}

/** A part of `backward`. */
function backwardPackX(n: number, x: Float32Array): void {
  const x64_ = x64_Memory;
  // x64_: a copy with a border of zeros of x
  for (let c = 0; c < 3; c++) {
    for (let h = 0; h < 31; h++) {
      const row = n * CHW + c * HW + h * W;
      const row_ = c * 1089 + h * 33;
      for (let w_ = 0; w_ < 28; w_ += 4) {
        x64_[row_ + w_ + 34] = x[row + w_];
        x64_[row_ + w_ + 35] = x[row + w_ + 1];
        x64_[row_ + w_ + 36] = x[row + w_ + 2];
        x64_[row_ + w_ + 37] = x[row + w_ + 3];
      }
      for (let w_ = 28; w_ < 31; w_++) {
        x64_[row_ + w_ + 34] = x[row + w_];
      }
    }
  }
}

/** A part of `backward`. */
function backwardPackDout_(n: number, dout: Float32Array): void {
  const dout64_ = dout64_Memory;
  // dout64_: a copy of dout
  const row = n * 6400;
  for (let i = 0; i < 6400; i += 4) {
    dout64_[i] = dout[row + i];
    dout64_[i + 1] = dout[row + i + 1];
    dout64_[i + 2] = dout[row + i + 2];
    dout64_[i + 3] = dout[row + i + 3];
  }
}

/** A part of `backward`. */
function backwardDw(n: number): void {
  const dw64 = dw64Memory, x64_ = x64_Memory, dout64_ = dout64_Memory;
  // dw = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
  for (let f = 0; f < 24; f += 2) {
    for (let c = 0; c < C; c++) {
      for (let hh = 0; hh < HH; hh++) {
        const dw64Row = f * C_HH_WW + c * HH_WW + hh * WW;
        let dwSum0 = dw64[dw64Row];
        let dwSum1 = dw64[dw64Row + 1];
        let dwSum2 = dw64[dw64Row + 2];
        let dwSum3 = dw64[dw64Row + C_HH_WW];
        let dwSum4 = dw64[dw64Row + C_HH_WW + 1];
        let dwSum5 = dw64[dw64Row + C_HH_WW + 2];
        for (let oh = 0; oh < OH; oh++) {
          for (let ow = 0; ow < OW; ow += 2) {
            const xRow = c * 1089 + hh * 33 + oh * 66 + ow * 2;
            const x0 = x64_[xRow];
            const doutRow = f * 256 + oh * 16 + ow;
            const dout0 = dout64_[doutRow];
            const x1 = x64_[xRow + 2];
            const dout1 = dout64_[doutRow + 1];
            dwSum0 += x0 * dout0 + x1 * dout1;
            const dout2 = dout64_[doutRow + 256];
            const dout3 = dout64_[doutRow + 257];
            dwSum3 += x0 * dout2 + x1 * dout3;
            const x2 = x64_[xRow + 1];
            const x3 = x64_[xRow + 3];
            dwSum1 += x2 * dout0 + x3 * dout1;
            dwSum4 += x2 * dout2 + x3 * dout3;
            const x4 = x64_[xRow + 4];
            dwSum2 += x1 * dout0 + x4 * dout1;
            dwSum5 += x1 * dout2 + x4 * dout3;
          }
        }
        dw64[dw64Row] = dwSum0;
        dw64[dw64Row + 1] = dwSum1;
        dw64[dw64Row + 2] = dwSum2;
        dw64[dw64Row + C_HH_WW] = dwSum3;
        dw64[dw64Row + C_HH_WW + 1] = dwSum4;
        dw64[dw64Row + C_HH_WW + 2] = dwSum5;
      }
    }
  }
  for (let c = 0; c < C; c++) {
    for (let hh = 0; hh < HH; hh++) {
      const dw64Row = c * HH_WW + hh * WW;
      let dwSum0 = dw64[dw64Row + 24 * C_HH_WW];
      let dwSum1 = dw64[dw64Row + 24 * C_HH_WW + 1];
      let dwSum2 = dw64[dw64Row + 24 * C_HH_WW + 2];
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow += 2) {
          const xRow = c * 1089 + hh * 33 + oh * 66 + ow * 2;
          const x0 = x64_[xRow];
          const doutRow = oh * 16 + ow;
          const dout0 = dout64_[doutRow + 6144];
          const x1 = x64_[xRow + 2];
          const dout1 = dout64_[doutRow + 6145];
          dwSum0 += x0 * dout0 + x1 * dout1;
          const x2 = x64_[xRow + 1];
          const x3 = x64_[xRow + 3];
          dwSum1 += x2 * dout0 + x3 * dout1;
          const x4 = x64_[xRow + 4];
          dwSum2 += x1 * dout0 + x4 * dout1;
        }
      }
      dw64[dw64Row + 24 * C_HH_WW] = dwSum0;
      dw64[dw64Row + 24 * C_HH_WW + 1] = dwSum1;
      dw64[dw64Row + 24 * C_HH_WW + 2] = dwSum2;
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
  checkArray(x, 'x', N * C * H * W, '[100, 3, 31, 31]');
  checkArray(w, 'w', F * C * HH * WW, '[25, 3, 3, 3]');
  checkArray(b, 'b', F, '[25]');
  checkArray(out, 'out', N * F * OH * OW, '[100, 25, 16, 16]');
  checkArray(dout, 'dout', N * F * OH * OW, '[100, 25, 16, 16]');
  checkArray(dx, 'dx', N * C * H * W, '[100, 3, 31, 31]');
  checkArray(dw, 'dw', F * C * HH * WW, '[25, 3, 3, 3]');
  checkArray(db, 'db', F, '[25]');
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
