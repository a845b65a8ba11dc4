/**
 * layernorm, N = 128, D = 768, f32. Generated from specs/layernorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001.
 *
 * Layer normalisation (Ba, Kiros & Hinton 2016) - each of N samples over its own D features.
 *
 *   forward  mu     [N]    = mean[D](x)
 *            var    [N]    = mean[D]((x - mu)^2)
 *            rstd   [N]    = 1 / sqrt(var + eps)
 *            xhat   [N, D] = (x - mu) * rstd
 *            out    [N, D] = gamma * xhat + beta
 *   backward dx     [N, D] = rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))
 *            dgamma [D]    = sum[N](xhat * dout)
 *            dbeta  [D]    = sum[N](dout)
 */
const N = 128;
const D = 768;
const EPS = 0.00001;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'layernorm',
  sizes: { N: 128, D: 768 },
  options: { eps: 0.00001 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    gamma: { role: 'param', shape: [768], dtype: 'f32', axes: ['D'], init: 1 },
    beta: { role: 'param', shape: [768], dtype: 'f32', axes: ['D'] },
    out: { role: 'output', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [128, 768], dtype: 'f32', axes: ['N', 'D'] },
    dgamma: { role: 'gradient', shape: [768], dtype: 'f32', axes: ['D'] },
    dbeta: { role: 'gradient', shape: [768], dtype: 'f32', axes: ['D'] },
  },
  random: {},
  cache: { xhat: { shape: [128, 768], dtype: 'f32' }, rstd: { shape: [128], dtype: 'f32' } },
  arguments: {
    forward: ['x', 'gamma', 'beta', 'out', 'cache'],
    backward: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 1180800, backward: 1277952 },
  bytes: { cache: 393728, scratch: 24576, forward: 792576, backward: 795648 },
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

const beta64Memory = /*@__PURE__*/ new Float64Array(775);
const gamma64Memory = /*@__PURE__*/ new Float64Array(775);
const dgamma64Memory = /*@__PURE__*/ new Float64Array(775);
const dbeta64Memory = /*@__PURE__*/ new Float64Array(775);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [128, 768]
 * @param gamma read    [D] = [768]
 * @param beta  read    [D] = [768]
 * @param out   written [N, D] = [128, 768]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(beta, 'beta', D, '[768]');
  checkArray(out, 'out', N * D, '[128, 768]');
  checkArray(xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(rstd, 'cache.rstd', N, '[128]');
  const gamma64 = gamma64Memory, beta64 = beta64Memory;
  for (let d = 0; d < D; d++) {
    beta64[d] = beta[d];
    gamma64[d] = gamma[d];
  }
  for (let n = 0; n < N; n++) {
    const first = x[n * D];

    // mu = mean[D](x)
    // var = mean[D]((x - mu)^2)
    let sum0 = 0, sum1 = 0;
    let acc0 = 0, acc1 = 0;
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      let shifted = x[row + d] - first;
      sum0 += shifted;
      acc0 += shifted * shifted;
      shifted = x[row + d + 1] - first;
      sum1 += shifted;
      acc1 += shifted * shifted;
      shifted = x[row + d + 2] - first;
      sum0 += shifted;
      acc0 += shifted * shifted;
      shifted = x[row + d + 3] - first;
      sum1 += shifted;
      acc1 += shifted * shifted;
    }
    const mean = (sum0 + sum1) / D;
    const meanAt = (acc0 + acc1) / D;

    // rstd = 1 / sqrt(var + eps)
    const mu = first + mean;
    const varAt = meanAt - mean * mean;
    const rstdAt = 1 / Math.sqrt(varAt + EPS);
    rstd[n] = rstdAt;

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    for (let d = 0; d < D; d += 4) {
      let xhatAt = (x[row + d] - mu) * rstdAt;
      out[row + d] = gamma64[d] * xhatAt + beta64[d];
      xhat[row + d] = xhatAt;
      xhatAt = (x[row + d + 1] - mu) * rstdAt;
      out[row + d + 1] = gamma64[d + 1] * xhatAt + beta64[d + 1];
      xhat[row + d + 1] = xhatAt;
      xhatAt = (x[row + d + 2] - mu) * rstdAt;
      out[row + d + 2] = gamma64[d + 2] * xhatAt + beta64[d + 2];
      xhat[row + d + 2] = xhatAt;
      xhatAt = (x[row + d + 3] - mu) * rstdAt;
      out[row + d + 3] = gamma64[d + 3] * xhatAt + beta64[d + 3];
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
 * @param dbeta  written [D] = [768]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(dx, 'dx', N * D, '[128, 768]');
  checkArray(dgamma, 'dgamma', D, '[768]');
  checkArray(dbeta, 'dbeta', D, '[768]');
  checkArray(xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(rstd, 'cache.rstd', N, '[128]');
  const gamma64 = gamma64Memory, dgamma64 = dgamma64Memory, dbeta64 = dbeta64Memory;
  for (let d = 0; d < D; d++) {
    gamma64[d] = gamma[d];
  }
  dgamma64.fill(0);
  dbeta64.fill(0);
  for (let n = 0; n < N; n++) {
    // mean[D](gamma * dout)
    // mean[D](gamma * xhat * dout)
    // dgamma = sum[N](xhat * dout)
    // dbeta = sum[N](dout)
    let sum0 = 0, sum1 = 0;
    let acc0 = 0, acc1 = 0;
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      let gammaAt = gamma64[d];
      let doutAt = dout[row + d];
      sum0 += gammaAt * doutAt;
      let xhatAt = xhat[row + d];
      acc0 += gammaAt * xhatAt * doutAt;
      dgamma64[d] += xhatAt * doutAt;
      dbeta64[d] += doutAt;
      gammaAt = gamma64[d + 1];
      doutAt = dout[row + d + 1];
      sum1 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 1];
      acc1 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 1] += xhatAt * doutAt;
      dbeta64[d + 1] += doutAt;
      gammaAt = gamma64[d + 2];
      doutAt = dout[row + d + 2];
      sum0 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 2];
      acc0 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 2] += xhatAt * doutAt;
      dbeta64[d + 2] += doutAt;
      gammaAt = gamma64[d + 3];
      doutAt = dout[row + d + 3];
      sum1 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 3];
      acc1 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 3] += xhatAt * doutAt;
      dbeta64[d + 3] += doutAt;
    }
    const mean = (sum0 + sum1) / D;
    const meanAt = (acc0 + acc1) / D;

    // dx = rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))
    const rstdAt = rstd[n];
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = rstdAt * (gamma64[d] * dout[row + d] - mean - xhat[row + d] * meanAt);
      dx[row + d + 1] = rstdAt * (gamma64[d + 1] * dout[row + d + 1] - mean - xhat[row + d + 1] * meanAt);
      dx[row + d + 2] = rstdAt * (gamma64[d + 2] * dout[row + d + 2] - mean - xhat[row + d + 2] * meanAt);
      dx[row + d + 3] = rstdAt * (gamma64[d + 3] * dout[row + d + 3] - mean - xhat[row + d + 3] * meanAt);
    }
  }
  for (let d = 0; d < D; d++) {
    dgamma[d] = dgamma64[d];
    dbeta[d] = dbeta64[d];
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly out: Float32Array;
  readonly dout: Float32Array;
  readonly dx: Float32Array;
  readonly dgamma: Float32Array;
  readonly dbeta: Float32Array;
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
export function bind({ x, gamma, beta, out, dout, dx, dgamma, dbeta, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[128, 768]');
  checkArray(gamma, 'gamma', D, '[768]');
  checkArray(beta, 'beta', D, '[768]');
  checkArray(out, 'out', N * D, '[128, 768]');
  checkArray(dout, 'dout', N * D, '[128, 768]');
  checkArray(dx, 'dx', N * D, '[128, 768]');
  checkArray(dgamma, 'dgamma', D, '[768]');
  checkArray(dbeta, 'dbeta', D, '[768]');
  checkArray(cache.xhat, 'cache.xhat', N * D, '[128, 768]');
  checkArray(cache.rstd, 'cache.rstd', N, '[128]');
  const bound: Buffers = { x, gamma, beta, out, dout, dx, dgamma, dbeta, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, out, cache: { xhat, rstd } } = this;
    const gamma64 = gamma64Memory, beta64 = beta64Memory;
    for (let d = 0; d < 768; d++) {
      beta64[d] = beta[d];
      gamma64[d] = gamma[d];
    }
    for (let n = 0; n < 128; n++) {
      const first = x[n * 768];

      // mu = mean[D](x)
      // var = mean[D]((x - mu)^2)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row = n * 768;
      for (let d = 0; d < 768; d += 4) {
        let shifted = x[row + d] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row + d + 1] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
        shifted = x[row + d + 2] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row + d + 3] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
      }
      const mean = (sum0 + sum1) / 768;
      const meanAt = (acc0 + acc1) / 768;

      // rstd = 1 / sqrt(var + eps)
      const mu = first + mean;
      const varAt = meanAt - mean * mean;
      const rstdAt = 1 / Math.sqrt(varAt + 0.00001);
      rstd[n] = rstdAt;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      for (let d = 0; d < 768; d += 4) {
        let xhatAt = (x[row + d] - mu) * rstdAt;
        out[row + d] = gamma64[d] * xhatAt + beta64[d];
        xhat[row + d] = xhatAt;
        xhatAt = (x[row + d + 1] - mu) * rstdAt;
        out[row + d + 1] = gamma64[d + 1] * xhatAt + beta64[d + 1];
        xhat[row + d + 1] = xhatAt;
        xhatAt = (x[row + d + 2] - mu) * rstdAt;
        out[row + d + 2] = gamma64[d + 2] * xhatAt + beta64[d + 2];
        xhat[row + d + 2] = xhatAt;
        xhatAt = (x[row + d + 3] - mu) * rstdAt;
        out[row + d + 3] = gamma64[d + 3] * xhatAt + beta64[d + 3];
        xhat[row + d + 3] = xhatAt;
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const gamma64 = gamma64Memory, dgamma64 = dgamma64Memory, dbeta64 = dbeta64Memory;
    for (let d = 0; d < 768; d++) {
      gamma64[d] = gamma[d];
    }
    dgamma64.fill(0);
    dbeta64.fill(0);
    for (let n = 0; n < 128; n++) {
      // mean[D](gamma * dout)
      // mean[D](gamma * xhat * dout)
      // dgamma = sum[N](xhat * dout)
      // dbeta = sum[N](dout)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row = n * 768;
      for (let d = 0; d < 768; d += 4) {
        let gammaAt = gamma64[d];
        let doutAt = dout[row + d];
        sum0 += gammaAt * doutAt;
        let xhatAt = xhat[row + d];
        acc0 += gammaAt * xhatAt * doutAt;
        dgamma64[d] += xhatAt * doutAt;
        dbeta64[d] += doutAt;
        gammaAt = gamma64[d + 1];
        doutAt = dout[row + d + 1];
        sum1 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 1];
        acc1 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 1] += xhatAt * doutAt;
        dbeta64[d + 1] += doutAt;
        gammaAt = gamma64[d + 2];
        doutAt = dout[row + d + 2];
        sum0 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 2];
        acc0 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 2] += xhatAt * doutAt;
        dbeta64[d + 2] += doutAt;
        gammaAt = gamma64[d + 3];
        doutAt = dout[row + d + 3];
        sum1 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 3];
        acc1 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 3] += xhatAt * doutAt;
        dbeta64[d + 3] += doutAt;
      }
      const mean = (sum0 + sum1) / 768;
      const meanAt = (acc0 + acc1) / 768;

      // dx = rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))
      const rstdAt = rstd[n];
      for (let d = 0; d < 768; d += 4) {
        dx[row + d] = rstdAt * (gamma64[d] * dout[row + d] - mean - xhat[row + d] * meanAt);
        dx[row + d + 1] = rstdAt * (gamma64[d + 1] * dout[row + d + 1] - mean - xhat[row + d + 1] * meanAt);
        dx[row + d + 2] = rstdAt * (gamma64[d + 2] * dout[row + d + 2] - mean - xhat[row + d + 2] * meanAt);
        dx[row + d + 3] = rstdAt * (gamma64[d + 3] * dout[row + d + 3] - mean - xhat[row + d + 3] * meanAt);
      }
    }
    for (let d = 0; d < 768; d++) {
      dgamma[d] = dgamma64[d];
      dbeta[d] = dbeta64[d];
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
