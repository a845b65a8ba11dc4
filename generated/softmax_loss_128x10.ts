/**
 * softmax_loss, N = 128, C = 10, f32. Generated from specs/softmax_loss.layer.yaml - edit the spec, not this file.
 *
 * Mean cross-entropy of N samples over C classes, from raw scores.
 *
 *   forward  m     [N]    = max[C](x)
 *            e     [N, C] = exp(x - m)
 *            z     [N]    = sum[C](e)
 *            probs [N, C] = e / z
 *            out   []     = mean[N](log(z) - (x[N, y] - m))
 *   backward dx    [N, C] = dout / N * (probs - where(index(C) == y, 1, 0))
 */
const N = 128;
const C = 10;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'softmax_loss',
  sizes: { N: 128, C: 10 },
  options: {},
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [128, 10], dtype: 'f32', axes: ['N', 'C'] },
    y: { role: 'input', shape: [128], dtype: 'i32', axes: ['N'] },
    out: { role: 'output', shape: [], dtype: 'f32', axes: [] },
    dout: { role: 'upstream', shape: [], dtype: 'f32', axes: [] },
    dx: { role: 'gradient', shape: [128, 10], dtype: 'f32', axes: ['N', 'C'] },
  },
  random: {},
  cache: { probs: { shape: [128, 10], dtype: 'f32' } },
  arguments: { forward: ['x', 'y', 'out', 'cache'], backward: ['dout', 'y', 'cache', 'dx'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 6912, backward: 6400 },
  bytes: { cache: 5120, scratch: 2128, forward: 5636, backward: 5636 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C] = [128, 10] */
  readonly probs: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    probs: new Float32Array(1280),
  };
}

const m64Memory = /*@__PURE__*/ new Float64Array(135);
const e64Memory = /*@__PURE__*/ new Float64Array(15);
const z64Memory = /*@__PURE__*/ new Float64Array(135);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, C] = [128, 10]
 * @param y     read    [N] = [128]
 * @param out   written [], one number
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(x: Float32Array, y: Int32Array, out: Float32Array, { probs }: Cache): void {
  checkArray(x, 'x', N * C, '[128, 10]');
  checkArray(y, 'y', N, '[128]', 'Int32Array');
  checkArray(out, 'out', 1, '[]');
  checkArray(probs, 'cache.probs', N * C, '[128, 10]');
  const e64 = e64Memory, z64 = z64Memory, m64 = m64Memory;
  for (let n = 0; n < N; n++) {
    // m = max[C](x)
    let mMax0 = -Infinity, mMax1 = -Infinity, mMax2 = -Infinity, mMax3 = -Infinity;
    const row = n * C;
    for (let c = 0; c < C - 2; c += 4) {
      mMax0 = Math.max(mMax0, x[row + c]);
      mMax1 = Math.max(mMax1, x[row + c + 1]);
      mMax2 = Math.max(mMax2, x[row + c + 2]);
      mMax3 = Math.max(mMax3, x[row + c + 3]);
    }
    for (let c = C - 2; c < C; c++) {
      mMax0 = Math.max(mMax0, x[row + c]);
    }
    const m = Math.max(Math.max(mMax0, mMax1), Math.max(mMax2, mMax3));
    m64[n] = m;

    // z = sum[C](e)
    let zSum0 = 0, zSum1 = 0, zSum2 = 0, zSum3 = 0;
    for (let c = 0; c < C - 2; c += 4) {
      let eAt = Math.exp(x[row + c] - m);
      zSum0 += eAt;
      e64[c] = eAt;
      eAt = Math.exp(x[row + c + 1] - m);
      zSum1 += eAt;
      e64[c + 1] = eAt;
      eAt = Math.exp(x[row + c + 2] - m);
      zSum2 += eAt;
      e64[c + 2] = eAt;
      eAt = Math.exp(x[row + c + 3] - m);
      zSum3 += eAt;
      e64[c + 3] = eAt;
    }
    for (let c = C - 2; c < C; c++) {
      const e = Math.exp(x[row + c] - m);
      zSum0 += e;
      e64[c] = e;
    }
    const z = zSum0 + zSum1 + (zSum2 + zSum3);
    z64[n] = z;

    // probs = e / z
    for (let c = 0; c < C - 2; c += 4) {
      probs[row + c] = e64[c] / z;
      probs[row + c + 1] = e64[c + 1] / z;
      probs[row + c + 2] = e64[c + 2] / z;
      probs[row + c + 3] = e64[c + 3] / z;
    }
    for (let c = C - 2; c < C; c++) {
      probs[row + c] = e64[c] / z;
    }
  }

  // out = mean[N](log(z) - (x[N, y] - m))
  let outSum0 = 0, outSum1 = 0, outSum2 = 0, outSum3 = 0;
  for (let n = 0; n < N; n += 4) {
    const y0 = y[n];
    if (y0 < 0 || y0 >= C) badIndex('y', [n], y0, y0, 1, C, 'x');
    const row = n * C + y0;
    outSum0 += Math.log(z64[n]) - (x[row] - m64[n]);
    const y1 = y[n + 1];
    if (y1 < 0 || y1 >= C) badIndex('y', [n + 1], y1, y1, 1, C, 'x');
    const row_ = n * C + y1;
    outSum1 += Math.log(z64[n + 1]) - (x[row_ + C] - m64[n + 1]);
    const y2 = y[n + 2];
    if (y2 < 0 || y2 >= C) badIndex('y', [n + 2], y2, y2, 1, C, 'x');
    const row_2 = n * C + y2;
    outSum2 += Math.log(z64[n + 2]) - (x[row_2 + 2 * C] - m64[n + 2]);
    const y3 = y[n + 3];
    if (y3 < 0 || y3 >= C) badIndex('y', [n + 3], y3, y3, 1, C, 'x');
    const row_3 = n * C + y3;
    outSum3 += Math.log(z64[n + 3]) - (x[row_3 + 3 * C] - m64[n + 3]);
  }
  const outAt = (outSum0 + outSum1 + (outSum2 + outSum3)) / N;
  out[0] = outAt;
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [], one number
 * @param y     read    [N] = [128]
 * @param cache read
 * @param dx    written [N, C] = [128, 10]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(dout: Float32Array, y: Int32Array, { probs }: Cache, dx: Float32Array): void {
  checkArray(dout, 'dout', 1, '[]');
  checkArray(y, 'y', N, '[128]', 'Int32Array');
  checkArray(dx, 'dx', N * C, '[128, 10]');
  checkArray(probs, 'cache.probs', N * C, '[128, 10]');
  // dx = dout / N * (probs - where(index(C) == y, 1, 0))
  const term = dout[0] / N;
  for (let n = 0; n < N; n++) {
    const row = n * C;
    const yAt = y[n];
    for (let c = 0; c < C - 2; c += 4) {
      dx[row + c] = term * (probs[row + c] - Number(c === yAt));
      dx[row + c + 1] = term * (probs[row + c + 1] - Number(c + 1 === yAt));
      dx[row + c + 2] = term * (probs[row + c + 2] - Number(c + 2 === yAt));
      dx[row + c + 3] = term * (probs[row + c + 3] - Number(c + 3 === yAt));
    }
    for (let c = C - 2; c < C; c++) {
      dx[row + c] = term * (probs[row + c] - Number(c === yAt));
    }
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly y: Int32Array;
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
export function bind({ x, y, out, dout, dx, cache }: Buffers): Bound {
  checkArray(x, 'x', N * C, '[128, 10]');
  checkArray(y, 'y', N, '[128]', 'Int32Array');
  checkArray(out, 'out', 1, '[]');
  checkArray(dout, 'dout', 1, '[]');
  checkArray(dx, 'dx', N * C, '[128, 10]');
  checkArray(cache.probs, 'cache.probs', N * C, '[128, 10]');
  const bound: Buffers = { x, y, out, dout, dx, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, y, out, cache: { probs } } = this;
    const e64 = e64Memory, z64 = z64Memory, m64 = m64Memory;
    for (let n = 0; n < 128; n++) {
      // m = max[C](x)
      let mMax0 = -Infinity, mMax1 = -Infinity, mMax2 = -Infinity, mMax3 = -Infinity;
      const row = n * 10;
      for (let c = 0; c < 10 - 2; c += 4) {
        mMax0 = Math.max(mMax0, x[row + c]);
        mMax1 = Math.max(mMax1, x[row + c + 1]);
        mMax2 = Math.max(mMax2, x[row + c + 2]);
        mMax3 = Math.max(mMax3, x[row + c + 3]);
      }
      for (let c = 10 - 2; c < 10; c++) {
        mMax0 = Math.max(mMax0, x[row + c]);
      }
      const m = Math.max(Math.max(mMax0, mMax1), Math.max(mMax2, mMax3));
      m64[n] = m;

      // z = sum[C](e)
      let zSum0 = 0, zSum1 = 0, zSum2 = 0, zSum3 = 0;
      for (let c = 0; c < 10 - 2; c += 4) {
        let eAt = Math.exp(x[row + c] - m);
        zSum0 += eAt;
        e64[c] = eAt;
        eAt = Math.exp(x[row + c + 1] - m);
        zSum1 += eAt;
        e64[c + 1] = eAt;
        eAt = Math.exp(x[row + c + 2] - m);
        zSum2 += eAt;
        e64[c + 2] = eAt;
        eAt = Math.exp(x[row + c + 3] - m);
        zSum3 += eAt;
        e64[c + 3] = eAt;
      }
      for (let c = 10 - 2; c < 10; c++) {
        const e = Math.exp(x[row + c] - m);
        zSum0 += e;
        e64[c] = e;
      }
      const z = zSum0 + zSum1 + (zSum2 + zSum3);
      z64[n] = z;

      // probs = e / z
      for (let c = 0; c < 10 - 2; c += 4) {
        probs[row + c] = e64[c] / z;
        probs[row + c + 1] = e64[c + 1] / z;
        probs[row + c + 2] = e64[c + 2] / z;
        probs[row + c + 3] = e64[c + 3] / z;
      }
      for (let c = 10 - 2; c < 10; c++) {
        probs[row + c] = e64[c] / z;
      }
    }

    // out = mean[N](log(z) - (x[N, y] - m))
    let outSum0 = 0, outSum1 = 0, outSum2 = 0, outSum3 = 0;
    for (let n = 0; n < 128; n += 4) {
      const y0 = y[n];
      if (y0 < 0 || y0 >= 10) badIndex('y', [n], y0, y0, 1, 10, 'x');
      const row = n * 10 + y0;
      outSum0 += Math.log(z64[n]) - (x[row] - m64[n]);
      const y1 = y[n + 1];
      if (y1 < 0 || y1 >= 10) badIndex('y', [n + 1], y1, y1, 1, 10, 'x');
      const row_ = n * 10 + y1;
      outSum1 += Math.log(z64[n + 1]) - (x[row_ + 10] - m64[n + 1]);
      const y2 = y[n + 2];
      if (y2 < 0 || y2 >= 10) badIndex('y', [n + 2], y2, y2, 1, 10, 'x');
      const row_2 = n * 10 + y2;
      outSum2 += Math.log(z64[n + 2]) - (x[row_2 + 2 * 10] - m64[n + 2]);
      const y3 = y[n + 3];
      if (y3 < 0 || y3 >= 10) badIndex('y', [n + 3], y3, y3, 1, 10, 'x');
      const row_3 = n * 10 + y3;
      outSum3 += Math.log(z64[n + 3]) - (x[row_3 + 3 * 10] - m64[n + 3]);
    }
    const outAt = (outSum0 + outSum1 + (outSum2 + outSum3)) / 128;
    out[0] = outAt;
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, y, cache: { probs }, dx } = this;
    // dx = dout / N * (probs - where(index(C) == y, 1, 0))
    const term = dout[0] / 128;
    for (let n = 0; n < 128; n++) {
      const row = n * 10;
      const yAt = y[n];
      for (let c = 0; c < 10 - 2; c += 4) {
        dx[row + c] = term * (probs[row + c] - Number(c === yAt));
        dx[row + c + 1] = term * (probs[row + c + 1] - Number(c + 1 === yAt));
        dx[row + c + 2] = term * (probs[row + c + 2] - Number(c + 2 === yAt));
        dx[row + c + 3] = term * (probs[row + c + 3] - Number(c + 3 === yAt));
      }
      for (let c = 10 - 2; c < 10; c++) {
        dx[row + c] = term * (probs[row + c] - Number(c === yAt));
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
