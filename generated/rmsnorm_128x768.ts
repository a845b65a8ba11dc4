/**
 * rmsnorm, N = 128, D = 768, f32. Generated from specs/rmsnorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001.
 *
 * Root mean square normalisation (Zhang & Sennrich 2019) - a layer norm that neither centres nor shifts.
 *
 *   forward  rstd   [N]    = 1 / sqrt(mean[D](x^2) + eps)
 *            xhat   [N, D] = x * rstd
 *            out    [N, D] = gamma * xhat
 *   backward dx     [N, D] = rstd * (gamma * dout - xhat * mean[D](gamma * xhat * dout))
 *            dgamma [D]    = sum[N](xhat * dout)
 */
const N = 128;
const D = 768;
const EPS = 0.00001;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'rmsnorm',
  sizes: { N: 128, D: 768 },
  options: { eps: 0.00001 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    gamma: { role: 'param', shape: [768], dtype: 'f32', axes: ['D'], init: 1 },
    out: { role: 'output', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dgamma: { role: 'gradient', shape: [768], dtype: 'f32', axes: ['D'] },
  },
  random: {},
  cache: { xhat: { shape: [128, 768], dtype: 'f32' }, rstd: { shape: [128], dtype: 'f32' } },
  arguments: { forward: ['x', 'gamma', 'out', 'cache'], backward: ['dout', 'gamma', 'cache', 'dx', 'dgamma'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 492288, backward: 884736 },
  bytes: { cache: 393728, scratch: 12288, forward: 789504, backward: 792576 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [128, 768] */
  readonly xhat: Float32Array;
  /** [N] = [128] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(98304),
    rstd: new Float32Array(128),
  };
}

const gamma64Memory = /*@__PURE__*/ new Float64Array(775);
const dgamma64Memory = /*@__PURE__*/ new Float64Array(775);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [128, 768]
 * @param gamma read    [D] = [768]
 * @param out   written [N, D] = [128, 768]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, gamma: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(out, 'out', N * D, '[128, 768]');
  checkArray(xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(rstd, 'cache.rstd', N, '[128]');
  const gamma64 = gamma64Memory;
  for (let d = 0; d < D; d++) {
    gamma64[d] = gamma[d];
  }
  for (let n = 0; n < N; n++) {
    // mean[D](x^2)
    let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      let xAt = x[row + d];
      sum0 += xAt * xAt;
      xAt = x[row + d + 1];
      sum1 += xAt * xAt;
      xAt = x[row + d + 2];
      sum2 += xAt * xAt;
      xAt = x[row + d + 3];
      sum3 += xAt * xAt;
    }
    const mean = (sum0 + sum1 + (sum2 + sum3)) / D;

    // rstd = 1 / sqrt(mean[D](x^2) + eps)
    const rstdAt = 1 / Math.sqrt(mean + EPS);
    rstd[n] = rstdAt;

    // out = gamma * xhat
    // xhat = x * rstd
    for (let d = 0; d < D; d += 4) {
      let xhatAt = x[row + d] * rstdAt;
      out[row + d] = gamma64[d] * xhatAt;
      xhat[row + d] = xhatAt;
      xhatAt = x[row + d + 1] * rstdAt;
      out[row + d + 1] = gamma64[d + 1] * xhatAt;
      xhat[row + d + 1] = xhatAt;
      xhatAt = x[row + d + 2] * rstdAt;
      out[row + d + 2] = gamma64[d + 2] * xhatAt;
      xhat[row + d + 2] = xhatAt;
      xhatAt = x[row + d + 3] * rstdAt;
      out[row + d + 3] = gamma64[d + 3] * xhatAt;
      xhat[row + d + 3] = xhatAt;
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [128, 768]
 * @param gamma  read    [D] = [768]
 * @param cache  read
 * @param dx     written [N, D] = [128, 768]
 * @param dgamma written [D] = [768]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(dx, 'dx', N * D, '[128, 768]');
  checkArray(dgamma, 'dgamma', D, '[768]');
  checkArray(xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(rstd, 'cache.rstd', N, '[128]');
  const gamma64 = gamma64Memory, dgamma64 = dgamma64Memory;
  for (let d = 0; d < D; d++) {
    gamma64[d] = gamma[d];
  }
  dgamma64.fill(0);
  for (let n = 0; n < N; n++) {
    // mean[D](gamma * xhat * dout)
    // dgamma = sum[N](xhat * dout)
    let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      let xhatAt = xhat[row + d];
      let doutAt = dout[row + d];
      sum0 += gamma64[d] * xhatAt * doutAt;
      dgamma64[d] += xhatAt * doutAt;
      xhatAt = xhat[row + d + 1];
      doutAt = dout[row + d + 1];
      sum1 += gamma64[d + 1] * xhatAt * doutAt;
      dgamma64[d + 1] += xhatAt * doutAt;
      xhatAt = xhat[row + d + 2];
      doutAt = dout[row + d + 2];
      sum2 += gamma64[d + 2] * xhatAt * doutAt;
      dgamma64[d + 2] += xhatAt * doutAt;
      xhatAt = xhat[row + d + 3];
      doutAt = dout[row + d + 3];
      sum3 += gamma64[d + 3] * xhatAt * doutAt;
      dgamma64[d + 3] += xhatAt * doutAt;
    }
    const mean = (sum0 + sum1 + (sum2 + sum3)) / D;

    // dx = rstd * (gamma * dout - xhat * mean[D](gamma * xhat * dout))
    const rstdAt = rstd[n];
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = rstdAt * (gamma64[d] * dout[row + d] - xhat[row + d] * mean);
      dx[row + d + 1] = rstdAt * (gamma64[d + 1] * dout[row + d + 1] - xhat[row + d + 1] * mean);
      dx[row + d + 2] = rstdAt * (gamma64[d + 2] * dout[row + d + 2] - xhat[row + d + 2] * mean);
      dx[row + d + 3] = rstdAt * (gamma64[d + 3] * dout[row + d + 3] - xhat[row + d + 3] * mean);
    }
  }
  for (let d = 0; d < D; d++) {
    dgamma[d] = dgamma64[d];
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly gamma: Float32Array;
  readonly out: Float32Array;
  readonly dout: Float32Array;
  readonly dx: Float32Array;
  readonly dgamma: Float32Array;
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
export function bind({ x, gamma, out, dout, dx, dgamma, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(out, 'out', N * D, '[128, 768]');
  checkArray(dout, 'dout', N * D, '[128, 768]');
  checkArray(dx, 'dx', N * D, '[128, 768]');
  checkArray(dgamma, 'dgamma', D, '[768]');
  checkArray(cache.xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(cache.rstd, 'cache.rstd', N, '[128]');
  const bound: Buffers = { x, gamma, out, dout, dx, dgamma, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, gamma, out, cache: { xhat, rstd } } = this;
    const gamma64 = gamma64Memory;
    for (let d = 0; d < 768; d++) {
      gamma64[d] = gamma[d];
    }
    for (let n = 0; n < 128; n++) {
      // mean[D](x^2)
      let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
      const row = n * 768;
      for (let d = 0; d < 768; d += 4) {
        let xAt = x[row + d];
        sum0 += xAt * xAt;
        xAt = x[row + d + 1];
        sum1 += xAt * xAt;
        xAt = x[row + d + 2];
        sum2 += xAt * xAt;
        xAt = x[row + d + 3];
        sum3 += xAt * xAt;
      }
      const mean = (sum0 + sum1 + (sum2 + sum3)) / 768;

      // rstd = 1 / sqrt(mean[D](x^2) + eps)
      const rstdAt = 1 / Math.sqrt(mean + 0.00001);
      rstd[n] = rstdAt;

      // out = gamma * xhat
      // xhat = x * rstd
      for (let d = 0; d < 768; d += 4) {
        let xhatAt = x[row + d] * rstdAt;
        out[row + d] = gamma64[d] * xhatAt;
        xhat[row + d] = xhatAt;
        xhatAt = x[row + d + 1] * rstdAt;
        out[row + d + 1] = gamma64[d + 1] * xhatAt;
        xhat[row + d + 1] = xhatAt;
        xhatAt = x[row + d + 2] * rstdAt;
        out[row + d + 2] = gamma64[d + 2] * xhatAt;
        xhat[row + d + 2] = xhatAt;
        xhatAt = x[row + d + 3] * rstdAt;
        out[row + d + 3] = gamma64[d + 3] * xhatAt;
        xhat[row + d + 3] = xhatAt;
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma } = this;
    const gamma64 = gamma64Memory, dgamma64 = dgamma64Memory;
    for (let d = 0; d < 768; d++) {
      gamma64[d] = gamma[d];
    }
    dgamma64.fill(0);
    for (let n = 0; n < 128; n++) {
      // mean[D](gamma * xhat * dout)
      // dgamma = sum[N](xhat * dout)
      let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
      const row = n * 768;
      for (let d = 0; d < 768; d += 4) {
        let xhatAt = xhat[row + d];
        let doutAt = dout[row + d];
        sum0 += gamma64[d] * xhatAt * doutAt;
        dgamma64[d] += xhatAt * doutAt;
        xhatAt = xhat[row + d + 1];
        doutAt = dout[row + d + 1];
        sum1 += gamma64[d + 1] * xhatAt * doutAt;
        dgamma64[d + 1] += xhatAt * doutAt;
        xhatAt = xhat[row + d + 2];
        doutAt = dout[row + d + 2];
        sum2 += gamma64[d + 2] * xhatAt * doutAt;
        dgamma64[d + 2] += xhatAt * doutAt;
        xhatAt = xhat[row + d + 3];
        doutAt = dout[row + d + 3];
        sum3 += gamma64[d + 3] * xhatAt * doutAt;
        dgamma64[d + 3] += xhatAt * doutAt;
      }
      const mean = (sum0 + sum1 + (sum2 + sum3)) / 768;

      // dx = rstd * (gamma * dout - xhat * mean[D](gamma * xhat * dout))
      const rstdAt = rstd[n];
      for (let d = 0; d < 768; d += 4) {
        dx[row + d] = rstdAt * (gamma64[d] * dout[row + d] - xhat[row + d] * mean);
        dx[row + d + 1] = rstdAt * (gamma64[d + 1] * dout[row + d + 1] - xhat[row + d + 1] * mean);
        dx[row + d + 2] = rstdAt * (gamma64[d + 2] * dout[row + d + 2] - xhat[row + d + 2] * mean);
        dx[row + d + 3] = rstdAt * (gamma64[d + 3] * dout[row + d + 3] - xhat[row + d + 3] * mean);
      }
    }
    for (let d = 0; d < 768; d++) {
      dgamma[d] = dgamma64[d];
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
