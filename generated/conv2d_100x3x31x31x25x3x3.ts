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
const STRIDE = 2;
const F_OH_OW = F * OH * OW;
const OH_OW = OH * OW;
const CHW = C * H * W;
const HW = H * W;
const C_HH_WW = C * HH * WW;
const HH_WW = HH * WW;

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
  flops: { forward: 35200000, backward: 164935000 },
  bytes: { cache: 0, scratch: 5120248, forward: 3716000, backward: 3718700 },
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

const sums = /*@__PURE__*/ new Float64Array(640000);
const dx64 = /*@__PURE__*/ new Float64Array(31);

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
  checkArray(x, 'Float32Array', N * C * H * W, 'x', '[N, C, H, W] = [100, 3, 31, 31]');
  checkArray(w, 'Float32Array', F * C * HH * WW, 'w', '[F, C, HH, WW] = [25, 3, 3, 3]');
  checkArray(b, 'Float32Array', F, 'b', '[F] = [25]');
  checkArray(out, 'Float32Array', N * F * OH * OW, 'out', '[N, F, OH, OW] = [100, 25, 16, 16]');
  cache.x = x;
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      const hhFrom = Math.max(0, 1 - oh * STRIDE);
      const hhTo = Math.min(HH, H - oh * STRIDE + 1);
      const row_6 = n * F_OH_OW + oh * OW + 24 * OH_OW;
      for (let ow = 0; ow < OW; ow++) {
        // sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
        const row = n * F_OH_OW + oh * OW + ow;
        for (let f = 0; f < F; f++) {
          sums[row + f * OH_OW] = 0;
        }
        const wwFrom = Math.max(0, 1 - ow * STRIDE);
        const wwTo = Math.min(WW, W - ow * STRIDE + 1);
        for (let c = 0; c < C; c++) {
          for (let hh = hhFrom; hh < hhTo; hh++) {
            const row_ = n * CHW + c * HW + hh * W + oh * STRIDE * W + ow * STRIDE;
            const row_5 = c * HH_WW + hh * WW + 24 * C_HH_WW;
            for (let ww = wwFrom; ww < wwTo; ww++) {
              const xAt = x[row_ + ww - W - 1];
              const row_2 = c * HH_WW + hh * WW + ww;
              for (let f = 0; f < F - 1; f += 4) {
                sums[row + f * OH_OW] += xAt * w[row_2 + f * C_HH_WW];
                const row_3 = c * HH_WW + hh * WW + ww + f * C_HH_WW;
                const row_4 = n * F_OH_OW + oh * OW + ow + f * OH_OW;
                sums[row_4 + OH_OW] += xAt * w[row_3 + C_HH_WW];
                sums[row_4 + 2 * OH_OW] += xAt * w[row_3 + 2 * C_HH_WW];
                sums[row_4 + 3 * OH_OW] += xAt * w[row_3 + 3 * C_HH_WW];
              }
              sums[row_6 + ow] += xAt * w[row_5 + ww];
            }
          }
        }
      }
    }
  }

  // out = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
  for (let n = 0; n < N; n++) {
    for (let f = 0; f < F; f++) {
      const bAt = b[f];
      for (let oh = 0; oh < OH; oh++) {
        const row = n * F_OH_OW + f * OH_OW + oh * OW;
        for (let ow = 0; ow < OW; ow += 4) {
          out[row + ow] = bAt + sums[row + ow];
          out[row + ow + 1] = bAt + sums[row + ow + 1];
          out[row + ow + 2] = bAt + sums[row + ow + 2];
          out[row + ow + 3] = bAt + sums[row + ow + 3];
        }
      }
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
  dout: Float32Array, w: Float32Array, cache: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * F * OH * OW, 'dout', '[N, F, OH, OW] = [100, 25, 16, 16]');
  checkArray(w, 'Float32Array', F * C * HH * WW, 'w', '[F, C, HH, WW] = [25, 3, 3, 3]');
  checkArray(dx, 'Float32Array', N * C * H * W, 'dx', '[N, C, H, W] = [100, 3, 31, 31]');
  checkArray(dw, 'Float32Array', F * C * HH * WW, 'dw', '[F, C, HH, WW] = [25, 3, 3, 3]');
  checkArray(db, 'Float32Array', F, 'db', '[F] = [25]');
  const x = cache.x;
  checkHeld(x, 'Float32Array', N * C * H * W, 'cache.x', '[N, C, H, W] = [100, 3, 31, 31]');
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      for (let h = 0; h < H; h++) {
        // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
        dx64.fill(0);
        const hhFrom = Math.max(0, h - 29);
        const hhFirst = hhFrom + ((h - hhFrom + 1) % 2 + 2) % 2;
        const hhTo = Math.min(HH, h + 2);
        for (let f = 0; f < F; f++) {
          for (let hh = hhFirst; hh < hhTo; hh += 2) {
            const row = f * C_HH_WW + c * HH_WW + hh * WW;
            const oh = (h - hh + 1) / 2 | 0;
            const row_ = n * F_OH_OW + f * OH_OW + oh * OW;
            for (let ww = 0; ww < WW; ww++) {
              const wFrom = Math.max(0, ww - 1);
              const wFirst = wFrom + ((ww - wFrom - 1) % 2 + 2) % 2;
              const wTo = Math.min(W, ww + 30);
              const wAt = w[row + ww];
              for (let w_ = wFirst; w_ < wTo; w_ += 2) {
                const ow = (w_ - ww + 1) / 2 | 0;
                dx64[w_] += wAt * dout[row_ + ow];
              }
            }
          }
        }
        const row_2 = n * CHW + c * HW + h * W;
        for (let w_ = 0; w_ < W - 3; w_ += 4) {
          dx[row_2 + w_] = dx64[w_];
          dx[row_2 + w_ + 1] = dx64[w_ + 1];
          dx[row_2 + w_ + 2] = dx64[w_ + 2];
          dx[row_2 + w_ + 3] = dx64[w_ + 3];
        }
        for (let w_ = W - 3; w_ < W; w_++) {
          dx[row_2 + w_] = dx64[w_];
        }
      }
    }
  }
  for (let f = 0; f < F; f++) {
    for (let c = 0; c < C; c++) {
      for (let hh = 0; hh < HH; hh++) {
        const ohFrom = Math.max(0, Math.ceil((1 - hh) / 2));
        const ohTo = Math.min(OH, Math.floor((H - hh) / 2) + 1);
        const row_2 = f * C_HH_WW + c * HH_WW + hh * WW;
        for (let ww = 0; ww < WW; ww++) {
          // dw = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
          let dwAt = 0;
          const owFrom = Math.max(0, Math.ceil((1 - ww) / 2));
          const owTo = Math.min(OW, Math.floor((W - ww) / 2) + 1);
          for (let n = 0; n < N; n++) {
            for (let oh = ohFrom; oh < ohTo; oh++) {
              const row = n * CHW + c * HW + hh * W + oh * STRIDE * W + ww - W - 1;
              const row_ = n * F_OH_OW + f * OH_OW + oh * OW;
              for (let ow = owFrom; ow < owTo; ow++) {
                dwAt += x[row + ow * STRIDE] * dout[row_ + ow];
              }
            }
          }
          dw[row_2 + ww] = dwAt;
        }
      }
    }
  }
  for (let f = 0; f < F; f++) {
    // db = sum[N, OH, OW](dout)
    let dbSum0 = 0, dbSum1 = 0, dbSum2 = 0, dbSum3 = 0;
    for (let n = 0; n < N; n++) {
      for (let oh = 0; oh < OH; oh++) {
        const row = n * F_OH_OW + f * OH_OW + oh * OW;
        for (let ow = 0; ow < OW; ow += 4) {
          dbSum0 += dout[row + ow];
          dbSum1 += dout[row + ow + 1];
          dbSum2 += dout[row + ow + 2];
          dbSum3 += dout[row + ow + 3];
        }
      }
    }
    const dbAt = dbSum0 + dbSum1 + (dbSum2 + dbSum3);
    db[f] = dbAt;
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
