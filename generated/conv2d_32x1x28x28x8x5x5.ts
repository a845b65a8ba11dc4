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
const PAD = 2;
const HW = H * W;
const HH_WW = HH * WW;
const F_OH_OW = F * OH * OW;
const OH_OW = OH * OW;

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
  bytes: { cache: 0, scratch: 448, forward: 904000, backward: 904800 },
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

const sums = /*@__PURE__*/ new Float64Array(28);
const dx64 = /*@__PURE__*/ new Float64Array(28);

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
  checkArray(x, 'Float32Array', N * C * H * W, 'x', '[N, C, H, W] = [32, 1, 28, 28]');
  checkArray(w, 'Float32Array', F * C * HH * WW, 'w', '[F, C, HH, WW] = [8, 1, 5, 5]');
  checkArray(b, 'Float32Array', F, 'b', '[F] = [8]');
  checkArray(out, 'Float32Array', N * F * OH * OW, 'out', '[N, F, OH, OW] = [32, 8, 28, 28]');
  cache.x = x;
  for (let n = 0; n < N; n++) {
    for (let f = 0; f < F; f++) {
      const bAt = b[f];
      for (let oh = 0; oh < OH; oh++) {
        // sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
        sums.fill(0);
        const hhFrom = Math.max(0, PAD - oh);
        const hhTo = Math.min(HH, H - oh + PAD);
        for (let hh = hhFrom; hh < hhTo; hh++) {
          const row_ = f * HH_WW + hh * WW;
          for (let ww = 0; ww < WW; ww++) {
            const owFrom = Math.max(0, PAD - ww);
            const owTo = Math.min(OW, W - ww + PAD);
            const row = n * HW + hh * W + oh * W + ww - PAD * W - PAD;
            const wAt = w[row_ + ww];
            for (let ow = owFrom; ow < owTo; ow++) {
              sums[ow] += x[row + ow] * wAt;
            }
          }
        }

        // out = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)
        const row_2 = n * F_OH_OW + f * OH_OW + oh * OW;
        for (let ow = 0; ow < OW; ow += 4) {
          out[row_2 + ow] = bAt + sums[ow];
          out[row_2 + ow + 1] = bAt + sums[ow + 1];
          out[row_2 + ow + 2] = bAt + sums[ow + 2];
          out[row_2 + ow + 3] = bAt + sums[ow + 3];
        }
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
  dout: Float32Array, w: Float32Array, cache: Cache, dx: Float32Array, dw: Float32Array,
  db: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * F * OH * OW, 'dout', '[N, F, OH, OW] = [32, 8, 28, 28]');
  checkArray(w, 'Float32Array', F * C * HH * WW, 'w', '[F, C, HH, WW] = [8, 1, 5, 5]');
  checkArray(dx, 'Float32Array', N * C * H * W, 'dx', '[N, C, H, W] = [32, 1, 28, 28]');
  checkArray(dw, 'Float32Array', F * C * HH * WW, 'dw', '[F, C, HH, WW] = [8, 1, 5, 5]');
  checkArray(db, 'Float32Array', F, 'db', '[F] = [8]');
  const x = cache.x;
  checkHeld(x, 'Float32Array', N * C * H * W, 'cache.x', '[N, C, H, W] = [32, 1, 28, 28]');
  for (let n = 0; n < N; n++) {
    for (let h = 0; h < H; h++) {
      // dx = sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])
      dx64.fill(0);
      const hhFrom = Math.max(0, h + PAD - OH + 1);
      const hhTo = Math.min(HH, h + PAD + 1);
      for (let f = 0; f < F; f++) {
        for (let hh = hhFrom; hh < hhTo; hh++) {
          const row = f * HH_WW + hh * WW;
          for (let ww = 0; ww < WW; ww++) {
            const wFrom = Math.max(0, ww - PAD);
            const wTo = Math.min(W, ww + OW - PAD);
            const wAt = w[row + ww];
            const row_ = n * F_OH_OW + f * OH_OW + h * OW - hh * OW - ww + PAD * OW + PAD;
            for (let w_ = wFrom; w_ < wTo; w_++) {
              dx64[w_] += wAt * dout[row_ + w_];
            }
          }
        }
      }
      const row_2 = n * HW + h * W;
      for (let w_ = 0; w_ < W; w_ += 4) {
        dx[row_2 + w_] = dx64[w_];
        dx[row_2 + w_ + 1] = dx64[w_ + 1];
        dx[row_2 + w_ + 2] = dx64[w_ + 2];
        dx[row_2 + w_ + 3] = dx64[w_ + 3];
      }
    }
  }
  for (let f = 0; f < F; f++) {
    for (let hh = 0; hh < HH; hh++) {
      const ohFrom = Math.max(0, PAD - hh);
      const ohTo = Math.min(OH, H - hh + PAD);
      const row_2 = f * HH_WW + hh * WW;
      for (let ww = 0; ww < WW; ww++) {
        // dw = sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)
        let dwAt = 0;
        const owFrom = Math.max(0, PAD - ww);
        const owTo = Math.min(OW, W - ww + PAD);
        for (let n = 0; n < N; n++) {
          for (let oh = ohFrom; oh < ohTo; oh++) {
            const row = n * HW + hh * W + oh * W + ww - PAD * W - PAD;
            const row_ = n * F_OH_OW + f * OH_OW + oh * OW;
            for (let ow = owFrom; ow < owTo; ow++) {
              dwAt += x[row + ow] * dout[row_ + ow];
            }
          }
        }
        dw[row_2 + ww] = dwAt;
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
