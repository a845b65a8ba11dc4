/**
 * maxpool2d, N = 100, C = 3, H = 32, W = 32, PH = 2, PW = 2, OH = 16, OW = 16, f32. Generated from specs/maxpool2d.layer.yaml - edit the spec, not this file.
 * Options: pool_height = 2, pool_width = 2, stride = 2, ties = first.
 *
 * Maximum over windows, NCHW; the first of several equal maxima takes the gradient.
 *
 *   forward  out [N, C, OH, OW] = max[PH, PW](x[N, C, OH*stride + PH, OW*stride + PW])
 *   backward dx  [N, C, H, W]   = sum[PH, PW](hit(out)[N, C, (H - PH)/stride, (W - PW)/stride, PH, PW] * dout[N, C, (H - PH)/stride, (W - PW)/stride])
 */
const N = 100;
const C = 3;
const H = 32;
const W = 32;
const PH = 2;
const PW = 2;
const OH = 16;
const OW = 16;
const STRIDE = 2;
const NC = 300;   // N * C
const CHW = 3072;   // C * H * W
const HW = 1024;   // H * W
const C_OH_OW = 768;   // C * OH * OW
const OH_OW = 256;   // OH * OW

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'maxpool2d',
  sizes: { N: 100, C: 3, H: 32, W: 32, PH: 2, PW: 2, OH: 16, OW: 16 },
  options: { pool_height: 2, pool_width: 2, stride: 2, ties: 'first' },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [100, 3, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    out: { role: 'output', shape: [100, 3, 16, 16], dtype: 'f32', axes: ['N', 'C', 'OH', 'OW'] },
    dout: { role: 'upstream', shape: [100, 3, 16, 16], dtype: 'f32', axes: ['N', 'C', 'OH', 'OW'] },
    dx: { role: 'gradient', shape: [100, 3, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
  },
  random: {},
  cache: { hit_out: { shape: [100, 3, 16, 16], dtype: 'i32' } },
  arguments: { forward: ['x', 'out', 'cache'], backward: ['dout', 'cache', 'dx'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 614400, backward: 76800 },
  bytes: { cache: 307200, scratch: 16, forward: 1536000, backward: 1536000 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C, OH, OW] = [100, 3, 16, 16] */
  readonly hit_out: Int32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    hit_out: new Int32Array(76800),
  };
}

const tapsMemory = /*@__PURE__*/ new Float32Array(17);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, C, H, W] = [100, 3, 32, 32]
 * @param out   written [N, C, OH, OW] = [100, 3, 16, 16]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(x: Float32Array, out: Float32Array, { hit_out }: Cache): void {
  checkArray(x, 'x', N * C * H * W, '[100, 3, 32, 32]');
  checkArray(out, 'out', N * C * OH * OW, '[100, 3, 16, 16]');
  checkArray(hit_out, 'cache.hit_out', N * C * OH * OW, '[100, 3, 16, 16]', 'Int32Array');
  const taps = tapsMemory;
  for (let nc = 0; nc < NC; nc++) {
    for (let oh = 0; oh < OH; oh++) {
      let total = 0;
      const row_ = nc * OH_OW + oh * OW;
      for (let ow = 0; ow < OW; ow += 4) {
        // out = max[PH, PW](x[N, C, OH*stride + PH, OW*stride + PW])
        // hit(out): the first max of each window
        const row = nc * HW + oh * STRIDE * W + ow * STRIDE;
        const x0_0_0 = x[row];
        const x0_0_1 = x[row + 1];
        const x0_1_0 = x[row + W];
        const x0_1_1 = x[row + W + 1];
        taps[0] = x0_0_0;
        taps[1] = x0_0_1;
        taps[2] = x0_1_0;
        taps[3] = x0_1_1;
        const won0 = Number(x0_0_1 > x0_0_0);
        const won0_ = 2 + Number(x0_1_1 > x0_1_0);
        const best0 = won0 + (won0_ - won0) * Number(taps[won0_] > taps[won0]);
        const out0 = taps[best0];
        out[row_ + ow] = out0;
        hit_out[row_ + ow] = best0;
        total += x0_0_1 + x0_1_0 + x0_1_1;
        const x1_0_0 = x[row + STRIDE];
        const x1_0_1 = x[row + STRIDE + 1];
        const x1_1_0 = x[row + W + STRIDE];
        const x1_1_1 = x[row + W + STRIDE + 1];
        taps[0] = x1_0_0;
        taps[1] = x1_0_1;
        taps[2] = x1_1_0;
        taps[3] = x1_1_1;
        const won1 = Number(x1_0_1 > x1_0_0);
        const won1_ = 2 + Number(x1_1_1 > x1_1_0);
        const best1 = won1 + (won1_ - won1) * Number(taps[won1_] > taps[won1]);
        const out1 = taps[best1];
        out[row_ + ow + 1] = out1;
        hit_out[row_ + ow + 1] = best1;
        total += x1_0_1 + x1_1_0 + x1_1_1;
        const x2_0_0 = x[row + 2 * STRIDE];
        const x2_0_1 = x[row + 2 * STRIDE + 1];
        const x2_1_0 = x[row + W + 2 * STRIDE];
        const x2_1_1 = x[row + W + 2 * STRIDE + 1];
        taps[0] = x2_0_0;
        taps[1] = x2_0_1;
        taps[2] = x2_1_0;
        taps[3] = x2_1_1;
        const won2 = Number(x2_0_1 > x2_0_0);
        const won2_ = 2 + Number(x2_1_1 > x2_1_0);
        const best2 = won2 + (won2_ - won2) * Number(taps[won2_] > taps[won2]);
        const out2 = taps[best2];
        out[row_ + ow + 2] = out2;
        hit_out[row_ + ow + 2] = best2;
        total += x2_0_1 + x2_1_0 + x2_1_1;
        const x3_0_0 = x[row + 3 * STRIDE];
        const x3_0_1 = x[row + 3 * STRIDE + 1];
        const x3_1_0 = x[row + W + 3 * STRIDE];
        const x3_1_1 = x[row + W + 3 * STRIDE + 1];
        taps[0] = x3_0_0;
        taps[1] = x3_0_1;
        taps[2] = x3_1_0;
        taps[3] = x3_1_1;
        const won3 = Number(x3_0_1 > x3_0_0);
        const won3_ = 2 + Number(x3_1_1 > x3_1_0);
        const best3 = won3 + (won3_ - won3) * Number(taps[won3_] > taps[won3]);
        const out3 = taps[best3];
        out[row_ + ow + 3] = out3;
        hit_out[row_ + ow + 3] = best3;
        total += x3_0_1 + x3_1_0 + x3_1_1;
      }
      if (total !== total) {
        for (let ow = 0; ow < OW; ow++) {
          let outAt = -Infinity;
          let best = -Infinity;
          let offset = 0;
          for (let ph = 0; ph < PH; ph++) {
            const row = nc * HW + oh * STRIDE * W + ph * W + ow * STRIDE;
            const row_2 = ph * PW;
            for (let pw = 0; pw < PW; pw++) {
              const xAt = x[row + pw];
              outAt = Math.max(outAt, xAt);
              if (xAt > best || xAt !== xAt && best === best) {
                best = xAt;
                offset = row_2 + pw;
              }
            }
          }
          out[row_ + ow] = outAt;
          hit_out[row_ + ow] = offset;
        }
      }
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, C, OH, OW] = [100, 3, 16, 16]
 * @param cache read
 * @param dx    written [N, C, H, W] = [100, 3, 32, 32]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(dout: Float32Array, { hit_out }: Cache, dx: Float32Array): void {
  checkArray(dout, 'dout', N * C * OH * OW, '[100, 3, 16, 16]');
  checkArray(dx, 'dx', N * C * H * W, '[100, 3, 32, 32]');
  checkArray(hit_out, 'cache.hit_out', N * C * OH * OW, '[100, 3, 16, 16]', 'Int32Array');
  // dx = sum[PH, PW](hit(out)[N, C, (H - PH)/stride, (W - PW)/stride, PH, PW] * dout[N, C, (H -
  //   PH)/stride, (W - PW)/stride])
  dx.fill(0);
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      for (let oh = 0; oh < OH; oh++) {
        const row = n * C_OH_OW + c * OH_OW + oh * OW;
        for (let ow = 0; ow < OW; ow += 4) {
          const out_hit0 = hit_out[row + ow];
          if (out_hit0 < 0 || out_hit0 >= 4) badIndex('hit(out)', [n, c, oh, ow], out_hit0, out_hit0, 1, 4, 'the window [PH, PW]');
          const ph0 = out_hit0 / 2 | 0;
          const pw0 = out_hit0 % 2;
          const row_ = n * CHW + c * HW + oh * STRIDE * W + ph0 * W + ow * STRIDE + pw0;
          dx[row_] = dout[row + ow];
          const out_hit1 = hit_out[row + ow + 1];
          if (out_hit1 < 0 || out_hit1 >= 4) badIndex('hit(out)', [n, c, oh, ow + 1], out_hit1, out_hit1, 1, 4, 'the window [PH, PW]');
          const ph1 = out_hit1 / 2 | 0;
          const pw1 = out_hit1 % 2;
          const row_2 = n * CHW + c * HW + oh * STRIDE * W + ph1 * W + ow * STRIDE + pw1;
          dx[row_2 + STRIDE] = dout[row + ow + 1];
          const out_hit2 = hit_out[row + ow + 2];
          if (out_hit2 < 0 || out_hit2 >= 4) badIndex('hit(out)', [n, c, oh, ow + 2], out_hit2, out_hit2, 1, 4, 'the window [PH, PW]');
          const ph2 = out_hit2 / 2 | 0;
          const pw2 = out_hit2 % 2;
          const row_3 = n * CHW + c * HW + oh * STRIDE * W + ph2 * W + ow * STRIDE + pw2;
          dx[row_3 + 2 * STRIDE] = dout[row + ow + 2];
          const out_hit3 = hit_out[row + ow + 3];
          if (out_hit3 < 0 || out_hit3 >= 4) badIndex('hit(out)', [n, c, oh, ow + 3], out_hit3, out_hit3, 1, 4, 'the window [PH, PW]');
          const ph3 = out_hit3 / 2 | 0;
          const pw3 = out_hit3 % 2;
          const row_4 = n * CHW + c * HW + oh * STRIDE * W + ph3 * W + ow * STRIDE + pw3;
          dx[row_4 + 3 * STRIDE] = dout[row + ow + 3];
        }
      }
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
  readonly forward: () => void;
  readonly backward: () => void;
}


/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind({ x, out, dout, dx, cache }: Buffers): Bound {
  checkArray(x, 'x', N * C * H * W, '[100, 3, 32, 32]');
  checkArray(out, 'out', N * C * OH * OW, '[100, 3, 16, 16]');
  checkArray(dout, 'dout', N * C * OH * OW, '[100, 3, 16, 16]');
  checkArray(dx, 'dx', N * C * H * W, '[100, 3, 32, 32]');
  checkArray(cache.hit_out, 'cache.hit_out', N * C * OH * OW, '[100, 3, 16, 16]', 'Int32Array');
  const bound: Buffers = { x, out, dout, dx, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, out, cache: { hit_out } } = this;
    const taps = tapsMemory;
    for (let nc = 0; nc < 300; nc++) {
      for (let oh = 0; oh < 16; oh++) {
        let total = 0;
        const row_ = nc * 256 + oh * 16;
        for (let ow = 0; ow < 16; ow += 4) {
          // out = max[PH, PW](x[N, C, OH*stride + PH, OW*stride + PW])
          // hit(out): the first max of each window
          const row = nc * 1024 + oh * 2 * 32 + ow * 2;
          const x0_0_0 = x[row];
          const x0_0_1 = x[row + 1];
          const x0_1_0 = x[row + 32];
          const x0_1_1 = x[row + 32 + 1];
          taps[0] = x0_0_0;
          taps[1] = x0_0_1;
          taps[2] = x0_1_0;
          taps[3] = x0_1_1;
          const won0 = Number(x0_0_1 > x0_0_0);
          const won0_ = 2 + Number(x0_1_1 > x0_1_0);
          const best0 = won0 + (won0_ - won0) * Number(taps[won0_] > taps[won0]);
          const out0 = taps[best0];
          out[row_ + ow] = out0;
          hit_out[row_ + ow] = best0;
          total += x0_0_1 + x0_1_0 + x0_1_1;
          const x1_0_0 = x[row + 2];
          const x1_0_1 = x[row + 2 + 1];
          const x1_1_0 = x[row + 32 + 2];
          const x1_1_1 = x[row + 32 + 2 + 1];
          taps[0] = x1_0_0;
          taps[1] = x1_0_1;
          taps[2] = x1_1_0;
          taps[3] = x1_1_1;
          const won1 = Number(x1_0_1 > x1_0_0);
          const won1_ = 2 + Number(x1_1_1 > x1_1_0);
          const best1 = won1 + (won1_ - won1) * Number(taps[won1_] > taps[won1]);
          const out1 = taps[best1];
          out[row_ + ow + 1] = out1;
          hit_out[row_ + ow + 1] = best1;
          total += x1_0_1 + x1_1_0 + x1_1_1;
          const x2_0_0 = x[row + 2 * 2];
          const x2_0_1 = x[row + 2 * 2 + 1];
          const x2_1_0 = x[row + 32 + 2 * 2];
          const x2_1_1 = x[row + 32 + 2 * 2 + 1];
          taps[0] = x2_0_0;
          taps[1] = x2_0_1;
          taps[2] = x2_1_0;
          taps[3] = x2_1_1;
          const won2 = Number(x2_0_1 > x2_0_0);
          const won2_ = 2 + Number(x2_1_1 > x2_1_0);
          const best2 = won2 + (won2_ - won2) * Number(taps[won2_] > taps[won2]);
          const out2 = taps[best2];
          out[row_ + ow + 2] = out2;
          hit_out[row_ + ow + 2] = best2;
          total += x2_0_1 + x2_1_0 + x2_1_1;
          const x3_0_0 = x[row + 3 * 2];
          const x3_0_1 = x[row + 3 * 2 + 1];
          const x3_1_0 = x[row + 32 + 3 * 2];
          const x3_1_1 = x[row + 32 + 3 * 2 + 1];
          taps[0] = x3_0_0;
          taps[1] = x3_0_1;
          taps[2] = x3_1_0;
          taps[3] = x3_1_1;
          const won3 = Number(x3_0_1 > x3_0_0);
          const won3_ = 2 + Number(x3_1_1 > x3_1_0);
          const best3 = won3 + (won3_ - won3) * Number(taps[won3_] > taps[won3]);
          const out3 = taps[best3];
          out[row_ + ow + 3] = out3;
          hit_out[row_ + ow + 3] = best3;
          total += x3_0_1 + x3_1_0 + x3_1_1;
        }
        if (total !== total) {
          for (let ow = 0; ow < 16; ow++) {
            let outAt = -Infinity;
            let best = -Infinity;
            let offset = 0;
            for (let ph = 0; ph < 2; ph++) {
              const row = nc * 1024 + oh * 2 * 32 + ph * 32 + ow * 2;
              const row_2 = ph * 2;
              for (let pw = 0; pw < 2; pw++) {
                const xAt = x[row + pw];
                outAt = Math.max(outAt, xAt);
                if (xAt > best || xAt !== xAt && best === best) {
                  best = xAt;
                  offset = row_2 + pw;
                }
              }
            }
            out[row_ + ow] = outAt;
            hit_out[row_ + ow] = offset;
          }
        }
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, cache: { hit_out }, dx } = this;
    // dx = sum[PH, PW](hit(out)[N, C, (H - PH)/stride, (W - PW)/stride, PH, PW] * dout[N, C, (H -
    //   PH)/stride, (W - PW)/stride])
    dx.fill(0);
    for (let n = 0; n < 100; n++) {
      for (let c = 0; c < 3; c++) {
        for (let oh = 0; oh < 16; oh++) {
          const row = n * 768 + c * 256 + oh * 16;
          for (let ow = 0; ow < 16; ow += 4) {
            const out_hit0 = hit_out[row + ow];
            if (out_hit0 < 0 || out_hit0 >= 4) badIndex('hit(out)', [n, c, oh, ow], out_hit0, out_hit0, 1, 4, 'the window [PH, PW]');
            const ph0 = out_hit0 / 2 | 0;
            const pw0 = out_hit0 % 2;
            const row_ = n * 3072 + c * 1024 + oh * 2 * 32 + ph0 * 32 + ow * 2 + pw0;
            dx[row_] = dout[row + ow];
            const out_hit1 = hit_out[row + ow + 1];
            if (out_hit1 < 0 || out_hit1 >= 4) badIndex('hit(out)', [n, c, oh, ow + 1], out_hit1, out_hit1, 1, 4, 'the window [PH, PW]');
            const ph1 = out_hit1 / 2 | 0;
            const pw1 = out_hit1 % 2;
            const row_2 = n * 3072 + c * 1024 + oh * 2 * 32 + ph1 * 32 + ow * 2 + pw1;
            dx[row_2 + 2] = dout[row + ow + 1];
            const out_hit2 = hit_out[row + ow + 2];
            if (out_hit2 < 0 || out_hit2 >= 4) badIndex('hit(out)', [n, c, oh, ow + 2], out_hit2, out_hit2, 1, 4, 'the window [PH, PW]');
            const ph2 = out_hit2 / 2 | 0;
            const pw2 = out_hit2 % 2;
            const row_3 = n * 3072 + c * 1024 + oh * 2 * 32 + ph2 * 32 + ow * 2 + pw2;
            dx[row_3 + 2 * 2] = dout[row + ow + 2];
            const out_hit3 = hit_out[row + ow + 3];
            if (out_hit3 < 0 || out_hit3 >= 4) badIndex('hit(out)', [n, c, oh, ow + 3], out_hit3, out_hit3, 1, 4, 'the window [PH, PW]');
            const ph3 = out_hit3 / 2 | 0;
            const pw3 = out_hit3 % 2;
            const row_4 = n * 3072 + c * 1024 + oh * 2 * 32 + ph3 * 32 + ow * 2 + pw3;
            dx[row_4 + 3 * 2] = dout[row + ow + 3];
          }
        }
      }
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}


/** Says which element of an integer tensor points outside another tensor. `slot` is where it points. */
function badIndex(tensor: string, at: readonly number[], value: number, slot: number, factor: number, size: number, of: string): never {
  const rest = slot - factor * value;
  const a = -rest / factor, b = (size - 1 - rest) / factor;
  throw new RangeError(
    `${tensor}[${at.join(', ')}] is ${value}: must be ${Math.ceil(Math.min(a, b))} to ${Math.floor(Math.max(a, b))}, it indexes ${of}`);
}
