/**
 * layernorm, N = 4, D = 16, f32. Generated from specs/layernorm.layer.yaml - edit the spec, not this file.
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
const N = 4;
const D = 16;
const EPS = 0.00001;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'layernorm',
  sizes: { N: 4, D: 16 },
  options: { eps: 0.00001 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [4, 16], dtype: 'f32', axes: ['N', 'D'] },
    gamma: { role: 'param', shape: [16], dtype: 'f32', axes: ['D'], init: 1 },
    beta: { role: 'param', shape: [16], dtype: 'f32', axes: ['D'] },
    out: { role: 'output', shape: [4, 16], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [4, 16], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [4, 16], dtype: 'f32', axes: ['N', 'D'] },
    dgamma: { role: 'gradient', shape: [16], dtype: 'f32', axes: ['D'] },
    dbeta: { role: 'gradient', shape: [16], dtype: 'f32', axes: ['D'] },
  },
  random: {},
  cache: { xhat: { shape: [4, 16], dtype: 'f32' }, rstd: { shape: [4], dtype: 'f32' } },
  arguments: {
    forward: ['x', 'gamma', 'beta', 'out', 'cache'],
    backward: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
    backwardStaged: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 804, backward: 832, backwardStaged: 1528 },
  bytes: { cache: 272, scratch: 128, forward: 640, backward: 704, backwardStaged: 704 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [4, 16] */
  readonly xhat: Float32Array;
  /** [N] = [4] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(64),
    rstd: new Float32Array(4),
  };
}

const dgamma64Memory = /*@__PURE__*/ new Float64Array(23);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [4, 16]
 * @param gamma read    [D] = [16]
 * @param beta  read    [D] = [16]
 * @param out   written [N, D] = [4, 16]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * D, '[4, 16]');
  checkArray(gamma, 'gamma', D, '[16]');
  checkArray(beta, 'beta', D, '[16]');
  checkArray(out, 'out', N * D, '[4, 16]');
  checkArray(xhat, 'cache.xhat', N * D, '[4, 16]');
  checkArray(rstd, 'cache.rstd', N, '[4]');
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
      out[row + d] = gamma[d] * xhatAt + beta[d];
      xhat[row + d] = xhatAt;
      xhatAt = (x[row + d + 1] - mu) * rstdAt;
      out[row + d + 1] = gamma[d + 1] * xhatAt + beta[d + 1];
      xhat[row + d + 1] = xhatAt;
      xhatAt = (x[row + d + 2] - mu) * rstdAt;
      out[row + d + 2] = gamma[d + 2] * xhatAt + beta[d + 2];
      xhat[row + d + 2] = xhatAt;
      xhatAt = (x[row + d + 3] - mu) * rstdAt;
      out[row + d + 3] = gamma[d + 3] * xhatAt + beta[d + 3];
      xhat[row + d + 3] = xhatAt;
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [4, 16]
 * @param gamma  read    [D] = [16]
 * @param cache  read
 * @param dx     written [N, D] = [4, 16]
 * @param dgamma written [D] = [16]
 * @param dbeta  written [D] = [16]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[4, 16]');
  checkArray(gamma, 'gamma', D, '[16]');
  checkArray(dx, 'dx', N * D, '[4, 16]');
  checkArray(dgamma, 'dgamma', D, '[16]');
  checkArray(dbeta, 'dbeta', D, '[16]');
  checkArray(xhat, 'cache.xhat', N * D, '[4, 16]');
  checkArray(rstd, 'cache.rstd', N, '[4]');
  const dgamma64 = dgamma64Memory;
  dgamma64.fill(0);
  for (let n = 0; n < N; n++) {
    // mean[D](gamma * dout)
    // mean[D](gamma * xhat * dout)
    // dgamma = sum[N](xhat * dout)
    let sum0 = 0, sum1 = 0;
    let acc0 = 0, acc1 = 0;
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      let gammaAt = gamma[d];
      let doutAt = dout[row + d];
      sum0 += gammaAt * doutAt;
      let xhatAt = xhat[row + d];
      acc0 += gammaAt * xhatAt * doutAt;
      dgamma64[d] += xhatAt * doutAt;
      gammaAt = gamma[d + 1];
      doutAt = dout[row + d + 1];
      sum1 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 1];
      acc1 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 1] += xhatAt * doutAt;
      gammaAt = gamma[d + 2];
      doutAt = dout[row + d + 2];
      sum0 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 2];
      acc0 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 2] += xhatAt * doutAt;
      gammaAt = gamma[d + 3];
      doutAt = dout[row + d + 3];
      sum1 += gammaAt * doutAt;
      xhatAt = xhat[row + d + 3];
      acc1 += gammaAt * xhatAt * doutAt;
      dgamma64[d + 3] += xhatAt * doutAt;
    }
    const mean = (sum0 + sum1) / D;
    const meanAt = (acc0 + acc1) / D;

    // dx = rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))
    const rstdAt = rstd[n];
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = rstdAt * (gamma[d] * dout[row + d] - mean - xhat[row + d] * meanAt);
      dx[row + d + 1] = rstdAt * (gamma[d + 1] * dout[row + d + 1] - mean - xhat[row + d + 1] * meanAt);
      dx[row + d + 2] = rstdAt * (gamma[d + 2] * dout[row + d + 2] - mean - xhat[row + d + 2] * meanAt);
      dx[row + d + 3] = rstdAt * (gamma[d + 3] * dout[row + d + 3] - mean - xhat[row + d + 3] * meanAt);
    }
  }
  for (let d = 0; d < D; d++) {
    dgamma[d] = dgamma64[d];
  }
  for (let d = 0; d < D; d++) {
    // dbeta = sum[N](dout)
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    dbetaSum0 += dout[d];
    dbetaSum1 += dout[d + D];
    dbetaSum2 += dout[d + 2 * D];
    dbetaSum3 += dout[d + 3 * D];
    const dbetaAt = dbetaSum0 + dbetaSum1 + (dbetaSum2 + dbetaSum3);
    dbeta[d] = dbetaAt;
  }
}


/**
 * Writes the gradients, by the unsimplified reverse sweep: the same results, one step of the chain
 * rule at a time. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [4, 16]
 * @param gamma  read    [D] = [16]
 * @param cache  read
 * @param dx     written [N, D] = [4, 16]
 * @param dgamma written [D] = [16]
 * @param dbeta  written [D] = [16]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardStaged(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[4, 16]');
  checkArray(gamma, 'gamma', D, '[16]');
  checkArray(dx, 'dx', N * D, '[4, 16]');
  checkArray(dgamma, 'dgamma', D, '[16]');
  checkArray(dbeta, 'dbeta', D, '[16]');
  checkArray(xhat, 'cache.xhat', N * D, '[4, 16]');
  checkArray(rstd, 'cache.rstd', N, '[4]');
  const dgamma64 = dgamma64Memory;
  dgamma64.fill(0);
  for (let n = 0; n < N; n++) {
    // drstd2 = sum[D](dxhat2 * (xhat / rstd))
    // dgamma = sum[N](dout * xhat)
    let drstd2Sum0 = 0, drstd2Sum1 = 0, drstd2Sum2 = 0, drstd2Sum3 = 0;
    const row = n * D;
    const rstdAt = rstd[n];
    for (let d = 0; d < D; d += 4) {
      let doutAt = dout[row + d];
      let xhatAt = xhat[row + d];
      drstd2Sum0 += doutAt * gamma[d] * (xhatAt / rstdAt);
      dgamma64[d] += doutAt * xhatAt;
      doutAt = dout[row + d + 1];
      xhatAt = xhat[row + d + 1];
      drstd2Sum1 += doutAt * gamma[d + 1] * (xhatAt / rstdAt);
      dgamma64[d + 1] += doutAt * xhatAt;
      doutAt = dout[row + d + 2];
      xhatAt = xhat[row + d + 2];
      drstd2Sum2 += doutAt * gamma[d + 2] * (xhatAt / rstdAt);
      dgamma64[d + 2] += doutAt * xhatAt;
      doutAt = dout[row + d + 3];
      xhatAt = xhat[row + d + 3];
      drstd2Sum3 += doutAt * gamma[d + 3] * (xhatAt / rstdAt);
      dgamma64[d + 3] += doutAt * xhatAt;
    }
    const drstd2 = drstd2Sum0 + drstd2Sum1 + (drstd2Sum2 + drstd2Sum3);
    const sqrt = Math.sqrt(1 / (rstdAt * rstdAt));
    const term = -(drstd2 * 1 / (sqrt * sqrt)) / (2 * sqrt) / D;

    // dmu2 = sum[D](-dsum1)
    let dmu2Sum0 = 0, dmu2Sum1 = 0, dmu2Sum2 = 0, dmu2Sum3 = 0;
    for (let d = 0; d < D; d += 4) {
      dmu2Sum0 += -(dout[row + d] * gamma[d] * rstdAt + term * (2 * (xhat[row + d] / rstdAt)));
      dmu2Sum1 += -(dout[row + d + 1] * gamma[d + 1] * rstdAt + term * (2 * (xhat[row + d + 1] / rstdAt)));
      dmu2Sum2 += -(dout[row + d + 2] * gamma[d + 2] * rstdAt + term * (2 * (xhat[row + d + 2] / rstdAt)));
      dmu2Sum3 += -(dout[row + d + 3] * gamma[d + 3] * rstdAt + term * (2 * (xhat[row + d + 3] / rstdAt)));
    }
    const dmu2 = dmu2Sum0 + dmu2Sum1 + (dmu2Sum2 + dmu2Sum3);
    const termAt = dmu2 / D;

    // dx = dsum1 + dmu2 / D
    const dxPer_xhat = term * (2 * (1 / rstdAt));
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = rstdAt * gamma[d] * dout[row + d] + dxPer_xhat * xhat[row + d] + termAt;
      dx[row + d + 1] = rstdAt * gamma[d + 1] * dout[row + d + 1] + dxPer_xhat * xhat[row + d + 1] + termAt;
      dx[row + d + 2] = rstdAt * gamma[d + 2] * dout[row + d + 2] + dxPer_xhat * xhat[row + d + 2] + termAt;
      dx[row + d + 3] = rstdAt * gamma[d + 3] * dout[row + d + 3] + dxPer_xhat * xhat[row + d + 3] + termAt;
    }
  }
  for (let d = 0; d < D; d++) {
    dgamma[d] = dgamma64[d];
  }
  for (let d = 0; d < D; d++) {
    // dbeta = sum[N](dout)
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    dbetaSum0 += dout[d];
    dbetaSum1 += dout[d + D];
    dbetaSum2 += dout[d + 2 * D];
    dbetaSum3 += dout[d + 3 * D];
    const dbetaAt = dbetaSum0 + dbetaSum1 + (dbetaSum2 + dbetaSum3);
    dbeta[d] = dbetaAt;
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
  readonly backwardStaged: () => void;
}


/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind({ x, gamma, beta, out, dout, dx, dgamma, dbeta, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[4, 16]');
  checkArray(gamma, 'gamma', D, '[16]');
  checkArray(beta, 'beta', D, '[16]');
  checkArray(out, 'out', N * D, '[4, 16]');
  checkArray(dout, 'dout', N * D, '[4, 16]');
  checkArray(dx, 'dx', N * D, '[4, 16]');
  checkArray(dgamma, 'dgamma', D, '[16]');
  checkArray(dbeta, 'dbeta', D, '[16]');
  checkArray(cache.xhat, 'cache.xhat', N * D, '[4, 16]');
  checkArray(cache.rstd, 'cache.rstd', N, '[4]');
  const bound: Buffers = { x, gamma, beta, out, dout, dx, dgamma, dbeta, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
    backwardStaged: () => backwardStaged(dout, gamma, cache, dx, dgamma, dbeta),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, out, cache: { xhat, rstd } } = this;
    for (let n = 0; n < 4; n++) {
      const first = x[n * 16];

      // mu = mean[D](x)
      // var = mean[D]((x - mu)^2)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row = n * 16;
      for (let d = 0; d < 16; d += 4) {
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
      const mean = (sum0 + sum1) / 16;
      const meanAt = (acc0 + acc1) / 16;

      // rstd = 1 / sqrt(var + eps)
      const mu = first + mean;
      const varAt = meanAt - mean * mean;
      const rstdAt = 1 / Math.sqrt(varAt + 0.00001);
      rstd[n] = rstdAt;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      for (let d = 0; d < 16; d += 4) {
        let xhatAt = (x[row + d] - mu) * rstdAt;
        out[row + d] = gamma[d] * xhatAt + beta[d];
        xhat[row + d] = xhatAt;
        xhatAt = (x[row + d + 1] - mu) * rstdAt;
        out[row + d + 1] = gamma[d + 1] * xhatAt + beta[d + 1];
        xhat[row + d + 1] = xhatAt;
        xhatAt = (x[row + d + 2] - mu) * rstdAt;
        out[row + d + 2] = gamma[d + 2] * xhatAt + beta[d + 2];
        xhat[row + d + 2] = xhatAt;
        xhatAt = (x[row + d + 3] - mu) * rstdAt;
        out[row + d + 3] = gamma[d + 3] * xhatAt + beta[d + 3];
        xhat[row + d + 3] = xhatAt;
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const dgamma64 = dgamma64Memory;
    dgamma64.fill(0);
    for (let n = 0; n < 4; n++) {
      // mean[D](gamma * dout)
      // mean[D](gamma * xhat * dout)
      // dgamma = sum[N](xhat * dout)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row = n * 16;
      for (let d = 0; d < 16; d += 4) {
        let gammaAt = gamma[d];
        let doutAt = dout[row + d];
        sum0 += gammaAt * doutAt;
        let xhatAt = xhat[row + d];
        acc0 += gammaAt * xhatAt * doutAt;
        dgamma64[d] += xhatAt * doutAt;
        gammaAt = gamma[d + 1];
        doutAt = dout[row + d + 1];
        sum1 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 1];
        acc1 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 1] += xhatAt * doutAt;
        gammaAt = gamma[d + 2];
        doutAt = dout[row + d + 2];
        sum0 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 2];
        acc0 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 2] += xhatAt * doutAt;
        gammaAt = gamma[d + 3];
        doutAt = dout[row + d + 3];
        sum1 += gammaAt * doutAt;
        xhatAt = xhat[row + d + 3];
        acc1 += gammaAt * xhatAt * doutAt;
        dgamma64[d + 3] += xhatAt * doutAt;
      }
      const mean = (sum0 + sum1) / 16;
      const meanAt = (acc0 + acc1) / 16;

      // dx = rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))
      const rstdAt = rstd[n];
      for (let d = 0; d < 16; d += 4) {
        dx[row + d] = rstdAt * (gamma[d] * dout[row + d] - mean - xhat[row + d] * meanAt);
        dx[row + d + 1] = rstdAt * (gamma[d + 1] * dout[row + d + 1] - mean - xhat[row + d + 1] * meanAt);
        dx[row + d + 2] = rstdAt * (gamma[d + 2] * dout[row + d + 2] - mean - xhat[row + d + 2] * meanAt);
        dx[row + d + 3] = rstdAt * (gamma[d + 3] * dout[row + d + 3] - mean - xhat[row + d + 3] * meanAt);
      }
    }
    for (let d = 0; d < 16; d++) {
      dgamma[d] = dgamma64[d];
    }
    for (let d = 0; d < 16; d++) {
      // dbeta = sum[N](dout)
      let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
      dbetaSum0 += dout[d];
      dbetaSum1 += dout[d + 16];
      dbetaSum2 += dout[d + 2 * 16];
      dbetaSum3 += dout[d + 3 * 16];
      const dbetaAt = dbetaSum0 + dbetaSum1 + (dbetaSum2 + dbetaSum3);
      dbeta[d] = dbetaAt;
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
