/**
 * batchnorm, N = 100, D = 500, f32. Generated from specs/batchnorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001, momentum = 0.9.
 *
 * Batch normalisation (Ioffe & Szegedy 2015) of N samples of D features.
 *
 *   forward (train)  mu                [D]    = mean[N](x)
 *                    var               [D]    = mean[N]((x - mu)^2)
 *                    rstd              [D]    = 1 / sqrt(var + eps)
 *                    xhat              [N, D] = (x - mu) * rstd
 *                    out               [N, D] = gamma * xhat + beta
 *                    next_running_mean [D]    = momentum * running_mean + (1 - momentum) * mu
 *                    next_running_var  [D]    = momentum * running_var + (1 - momentum) * var
 *   backward (train) dbeta             [D]    = sum[N](dout)
 *                    dgamma            [D]    = sum[N](xhat * dout)
 *                    dx                [N, D] = gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)
 *   forward (test)   mu                [D]    = running_mean
 *                    var               [D]    = running_var
 *                    rstd              [D]    = 1 / sqrt(var + eps)
 *                    xhat              [N, D] = (x - mu) * rstd
 *                    out               [N, D] = gamma * xhat + beta
 *   backward (test)  dx                [N, D] = gamma * rstd * dout
 *                    dgamma            [D]    = sum[N](xhat * dout)
 *                    dbeta             [D]    = sum[N](dout)
 */
const N = 100;
const D = 500;
const EPS = 0.00001;
const MOMENTUM = 0.9;

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'batchnorm',
  sizes: { N: 100, D: 500 },
  options: { eps: 0.00001, momentum: 0.9 },
  target: 'ts',
  dtype: 'f32',
  modes: ['train', 'test'],
  tensors: {
    x: { role: 'input', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    gamma: { role: 'param', shape: [500], dtype: 'f32', axes: ['D'], init: 1 },
    beta: { role: 'param', shape: [500], dtype: 'f32', axes: ['D'] },
    running_mean: { role: 'state', shape: [500], dtype: 'f32', axes: ['D'], init: 0 },
    running_var: { role: 'state', shape: [500], dtype: 'f32', axes: ['D'], init: 1 },
    out: { role: 'output', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dgamma: { role: 'gradient', shape: [500], dtype: 'f32', axes: ['D'] },
    dbeta: { role: 'gradient', shape: [500], dtype: 'f32', axes: ['D'] },
  },
  random: {},
  cache: { xhat: { shape: [100, 500], dtype: 'f32' }, rstd: { shape: [500], dtype: 'f32' } },
  arguments: {
    forwardTrain: ['x', 'gamma', 'beta', 'running_mean', 'running_var', 'out', 'cache'],
    forwardTest: ['x', 'gamma', 'beta', 'running_mean', 'running_var', 'out', 'cache'],
    backwardTrain: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
    backwardTest: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
    backwardTrainStaged: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
    backwardTestStaged: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: {
    forwardTrain: 507000,
    forwardTest: 303000,
    backwardTrain: 401000,
    backwardTest: 250000,
    backwardTrainStaged: 1107000,
    backwardTestStaged: 250000,
  },
  bytes: {
    cache: 202000,
    scratch: 36000,
    forwardTrain: 408000,
    forwardTest: 408000,
    backwardTrain: 406000,
    backwardTest: 406000,
    backwardTrainStaged: 406000,
    backwardTestStaged: 406000,
  },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [100, 500] */
  readonly xhat: Float32Array;
  /** [D] = [500] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(50000),
    rstd: new Float32Array(500),
  };
}

const mu64 = /*@__PURE__*/ new Float64Array(507);
const var64 = /*@__PURE__*/ new Float64Array(507);
const rstd64 = /*@__PURE__*/ new Float64Array(507);
const kept = /*@__PURE__*/ new Float64Array(507);
const dbeta64 = /*@__PURE__*/ new Float64Array(507);
const dgamma64 = /*@__PURE__*/ new Float64Array(507);
const drstd264 = /*@__PURE__*/ new Float64Array(507);
const dmu264 = /*@__PURE__*/ new Float64Array(507);
const kept_ = /*@__PURE__*/ new Float64Array(507);

/**
 * Writes the outputs and fills the cache and updates running_mean, running_var, train mode. Arrays are
 * row-major and must not overlap.
 *
 * @param x            read    [N, D] = [100, 500]
 * @param gamma        read    [D] = [500]
 * @param beta         read    [D] = [500]
 * @param running_mean updated [D] = [500]
 * @param running_var  updated [D] = [500]
 * @param out          written [N, D] = [100, 500]
 * @param cache        written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTrain(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, running_mean: Float32Array,
  running_var: Float32Array, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(beta, 'Float32Array', D, 'beta', '[D] = [500]');
  checkArray(running_mean, 'Float32Array', D, 'running_mean', '[D] = [500]');
  checkArray(running_var, 'Float32Array', D, 'running_var', '[D] = [500]');
  checkArray(out, 'Float32Array', N * D, 'out', '[N, D] = [100, 500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  // mu = mean[N](x)
  mu64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      mu64[d] += x[row + d];
      mu64[d + 1] += x[row + d + 1];
      mu64[d + 2] += x[row + d + 2];
      mu64[d + 3] += x[row + d + 3];
    }
  }
  for (let d = 0; d < D; d++) {
    mu64[d] = mu64[d] / N;
  }

  // var = mean[N]((x - mu)^2)
  var64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const term0 = x[row + d] - mu64[d];
      var64[d] += term0 * term0;
      const term1 = x[row + d + 1] - mu64[d + 1];
      var64[d + 1] += term1 * term1;
      const term2 = x[row + d + 2] - mu64[d + 2];
      var64[d + 2] += term2 * term2;
      const term3 = x[row + d + 3] - mu64[d + 3];
      var64[d + 3] += term3 * term3;
    }
  }
  for (let d = 0; d < D; d++) {
    var64[d] = var64[d] / N;
  }

  // rstd = 1 / sqrt(var + eps)
  // running_mean = momentum * running_mean + (1 - momentum) * mu
  // running_var = momentum * running_var + (1 - momentum) * var
  const term = 1 - MOMENTUM;
  for (let d = 0; d < D; d += 4) {
    const var0 = var64[d];
    const rstd0 = 1 / Math.sqrt(var0 + EPS);
    const next_running_mean0 = MOMENTUM * running_mean[d] + term * mu64[d];
    const next_running_var0 = MOMENTUM * running_var[d] + term * var0;
    rstd64[d] = rstd0;
    rstd[d] = rstd0;
    running_mean[d] = next_running_mean0;
    running_var[d] = next_running_var0;
    const var1 = var64[d + 1];
    const rstd1 = 1 / Math.sqrt(var1 + EPS);
    const next_running_mean1 = MOMENTUM * running_mean[d + 1] + term * mu64[d + 1];
    const next_running_var1 = MOMENTUM * running_var[d + 1] + term * var1;
    rstd64[d + 1] = rstd1;
    rstd[d + 1] = rstd1;
    running_mean[d + 1] = next_running_mean1;
    running_var[d + 1] = next_running_var1;
    const var2 = var64[d + 2];
    const rstd2 = 1 / Math.sqrt(var2 + EPS);
    const next_running_mean2 = MOMENTUM * running_mean[d + 2] + term * mu64[d + 2];
    const next_running_var2 = MOMENTUM * running_var[d + 2] + term * var2;
    rstd64[d + 2] = rstd2;
    rstd[d + 2] = rstd2;
    running_mean[d + 2] = next_running_mean2;
    running_var[d + 2] = next_running_var2;
    const var3 = var64[d + 3];
    const rstd3 = 1 / Math.sqrt(var3 + EPS);
    const next_running_mean3 = MOMENTUM * running_mean[d + 3] + term * mu64[d + 3];
    const next_running_var3 = MOMENTUM * running_var[d + 3] + term * var3;
    rstd64[d + 3] = rstd3;
    rstd[d + 3] = rstd3;
    running_mean[d + 3] = next_running_mean3;
    running_var[d + 3] = next_running_var3;
  }

  // out = gamma * xhat + beta
  // xhat = (x - mu) * rstd
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const xhat0 = (x[row + d] - mu64[d]) * rstd64[d];
      out[row + d] = gamma[d] * xhat0 + beta[d];
      xhat[row + d] = xhat0;
      const xhat1 = (x[row + d + 1] - mu64[d + 1]) * rstd64[d + 1];
      out[row + d + 1] = gamma[d + 1] * xhat1 + beta[d + 1];
      xhat[row + d + 1] = xhat1;
      const xhat2 = (x[row + d + 2] - mu64[d + 2]) * rstd64[d + 2];
      out[row + d + 2] = gamma[d + 2] * xhat2 + beta[d + 2];
      xhat[row + d + 2] = xhat2;
      const xhat3 = (x[row + d + 3] - mu64[d + 3]) * rstd64[d + 3];
      out[row + d + 3] = gamma[d + 3] * xhat3 + beta[d + 3];
      xhat[row + d + 3] = xhat3;
    }
  }
}


/**
 * Writes the outputs and fills the cache, test mode. Arrays are row-major and must not overlap.
 *
 * @param x            read    [N, D] = [100, 500]
 * @param gamma        read    [D] = [500]
 * @param beta         read    [D] = [500]
 * @param running_mean read    [D] = [500]
 * @param running_var  read    [D] = [500]
 * @param out          written [N, D] = [100, 500]
 * @param cache        written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTest(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, running_mean: Float32Array,
  running_var: Float32Array, out: Float32Array, cache: Cache,
): void {
  checkArray(x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(beta, 'Float32Array', D, 'beta', '[D] = [500]');
  checkArray(running_mean, 'Float32Array', D, 'running_mean', '[D] = [500]');
  checkArray(running_var, 'Float32Array', D, 'running_var', '[D] = [500]');
  checkArray(out, 'Float32Array', N * D, 'out', '[N, D] = [100, 500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  // rstd = 1 / sqrt(var + eps)
  for (let d = 0; d < D; d += 4) {
    const rstd0 = 1 / Math.sqrt(running_var[d] + EPS);
    rstd64[d] = rstd0;
    rstd[d] = rstd0;
    const rstd1 = 1 / Math.sqrt(running_var[d + 1] + EPS);
    rstd64[d + 1] = rstd1;
    rstd[d + 1] = rstd1;
    const rstd2 = 1 / Math.sqrt(running_var[d + 2] + EPS);
    rstd64[d + 2] = rstd2;
    rstd[d + 2] = rstd2;
    const rstd3 = 1 / Math.sqrt(running_var[d + 3] + EPS);
    rstd64[d + 3] = rstd3;
    rstd[d + 3] = rstd3;
  }

  // out = gamma * xhat + beta
  // xhat = (x - mu) * rstd
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const xhat0 = (x[row + d] - running_mean[d]) * rstd64[d];
      out[row + d] = gamma[d] * xhat0 + beta[d];
      xhat[row + d] = xhat0;
      const xhat1 = (x[row + d + 1] - running_mean[d + 1]) * rstd64[d + 1];
      out[row + d + 1] = gamma[d + 1] * xhat1 + beta[d + 1];
      xhat[row + d + 1] = xhat1;
      const xhat2 = (x[row + d + 2] - running_mean[d + 2]) * rstd64[d + 2];
      out[row + d + 2] = gamma[d + 2] * xhat2 + beta[d + 2];
      xhat[row + d + 2] = xhat2;
      const xhat3 = (x[row + d + 3] - running_mean[d + 3]) * rstd64[d + 3];
      out[row + d + 3] = gamma[d + 3] * xhat3 + beta[d + 3];
      xhat[row + d + 3] = xhat3;
    }
  }
}


/**
 * Writes the gradients, train mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [100, 500]
 * @param gamma  read    [D] = [500]
 * @param cache  read
 * @param dx     written [N, D] = [100, 500]
 * @param dgamma written [D] = [500]
 * @param dbeta  written [D] = [500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTrain(
  dout: Float32Array, gamma: Float32Array, cache: Cache, dx: Float32Array, dgamma: Float32Array,
  dbeta: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(dgamma, 'Float32Array', D, 'dgamma', '[D] = [500]');
  checkArray(dbeta, 'Float32Array', D, 'dbeta', '[D] = [500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  for (let d = 0; d < D; d += 4) {
    const term0 = gamma[d] * rstd[d] / N;
    kept[d] = term0;
    const term1 = gamma[d + 1] * rstd[d + 1] / N;
    kept[d + 1] = term1;
    const term2 = gamma[d + 2] * rstd[d + 2] / N;
    kept[d + 2] = term2;
    const term3 = gamma[d + 3] * rstd[d + 3] / N;
    kept[d + 3] = term3;
  }

  // dbeta = sum[N](dout)
  // dgamma = sum[N](xhat * dout)
  dbeta64.fill(0);
  dgamma64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const dout0 = dout[row + d];
      dbeta64[d] += dout0;
      dgamma64[d] += xhat[row + d] * dout0;
      const dout1 = dout[row + d + 1];
      dbeta64[d + 1] += dout1;
      dgamma64[d + 1] += xhat[row + d + 1] * dout1;
      const dout2 = dout[row + d + 2];
      dbeta64[d + 2] += dout2;
      dgamma64[d + 2] += xhat[row + d + 2] * dout2;
      const dout3 = dout[row + d + 3];
      dbeta64[d + 3] += dout3;
      dgamma64[d + 3] += xhat[row + d + 3] * dout3;
    }
  }

  // dx = gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      dx[row + d] = kept[d] * (N * dout[row + d] - dbeta64[d] - xhat[row + d] * dgamma64[d]);
      dx[row + d + 1] = kept[d + 1] * (N * dout[row + d + 1] - dbeta64[d + 1] - xhat[row + d + 1] * dgamma64[d + 1]);
      dx[row + d + 2] = kept[d + 2] * (N * dout[row + d + 2] - dbeta64[d + 2] - xhat[row + d + 2] * dgamma64[d + 2]);
      dx[row + d + 3] = kept[d + 3] * (N * dout[row + d + 3] - dbeta64[d + 3] - xhat[row + d + 3] * dgamma64[d + 3]);
    }
  }
  for (let d = 0; d < D; d += 4) {
    dgamma[d] = dgamma64[d];
    dbeta[d] = dbeta64[d];
    dgamma[d + 1] = dgamma64[d + 1];
    dbeta[d + 1] = dbeta64[d + 1];
    dgamma[d + 2] = dgamma64[d + 2];
    dbeta[d + 2] = dbeta64[d + 2];
    dgamma[d + 3] = dgamma64[d + 3];
    dbeta[d + 3] = dbeta64[d + 3];
  }
}


/**
 * Writes the gradients, test mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [100, 500]
 * @param gamma  read    [D] = [500]
 * @param cache  read
 * @param dx     written [N, D] = [100, 500]
 * @param dgamma written [D] = [500]
 * @param dbeta  written [D] = [500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTest(
  dout: Float32Array, gamma: Float32Array, cache: Cache, dx: Float32Array, dgamma: Float32Array,
  dbeta: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(dgamma, 'Float32Array', D, 'dgamma', '[D] = [500]');
  checkArray(dbeta, 'Float32Array', D, 'dbeta', '[D] = [500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  // dx = gamma * rstd * dout
  // dgamma = sum[N](xhat * dout)
  // dbeta = sum[N](dout)
  dgamma64.fill(0);
  dbeta64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const dout0 = dout[row + d];
      dgamma64[d] += xhat[row + d] * dout0;
      dbeta64[d] += dout0;
      dx[row + d] = gamma[d] * rstd[d] * dout0;
      const dout1 = dout[row + d + 1];
      dgamma64[d + 1] += xhat[row + d + 1] * dout1;
      dbeta64[d + 1] += dout1;
      dx[row + d + 1] = gamma[d + 1] * rstd[d + 1] * dout1;
      const dout2 = dout[row + d + 2];
      dgamma64[d + 2] += xhat[row + d + 2] * dout2;
      dbeta64[d + 2] += dout2;
      dx[row + d + 2] = gamma[d + 2] * rstd[d + 2] * dout2;
      const dout3 = dout[row + d + 3];
      dgamma64[d + 3] += xhat[row + d + 3] * dout3;
      dbeta64[d + 3] += dout3;
      dx[row + d + 3] = gamma[d + 3] * rstd[d + 3] * dout3;
    }
  }
  for (let d = 0; d < D; d += 4) {
    dgamma[d] = dgamma64[d];
    dbeta[d] = dbeta64[d];
    dgamma[d + 1] = dgamma64[d + 1];
    dbeta[d + 1] = dbeta64[d + 1];
    dgamma[d + 2] = dgamma64[d + 2];
    dbeta[d + 2] = dbeta64[d + 2];
    dgamma[d + 3] = dgamma64[d + 3];
    dbeta[d + 3] = dbeta64[d + 3];
  }
}


/**
 * Writes the gradients, by the unsimplified reverse sweep: the same results, one step of the chain
 * rule at a time, train mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [100, 500]
 * @param gamma  read    [D] = [500]
 * @param cache  read
 * @param dx     written [N, D] = [100, 500]
 * @param dgamma written [D] = [500]
 * @param dbeta  written [D] = [500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTrainStaged(
  dout: Float32Array, gamma: Float32Array, cache: Cache, dx: Float32Array, dgamma: Float32Array,
  dbeta: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(dgamma, 'Float32Array', D, 'dgamma', '[D] = [500]');
  checkArray(dbeta, 'Float32Array', D, 'dbeta', '[D] = [500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  // drstd2 = sum[N](dxhat2 * (xhat / rstd))
  // dgamma = sum[N](dout * xhat)
  // dbeta = sum[N](dout)
  drstd264.fill(0);
  dgamma64.fill(0);
  dbeta64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const dout0 = dout[row + d];
      const xhat0 = xhat[row + d];
      drstd264[d] += dout0 * gamma[d] * (xhat0 / rstd[d]);
      dgamma64[d] += dout0 * xhat0;
      dbeta64[d] += dout0;
      const dout1 = dout[row + d + 1];
      const xhat1 = xhat[row + d + 1];
      drstd264[d + 1] += dout1 * gamma[d + 1] * (xhat1 / rstd[d + 1]);
      dgamma64[d + 1] += dout1 * xhat1;
      dbeta64[d + 1] += dout1;
      const dout2 = dout[row + d + 2];
      const xhat2 = xhat[row + d + 2];
      drstd264[d + 2] += dout2 * gamma[d + 2] * (xhat2 / rstd[d + 2]);
      dgamma64[d + 2] += dout2 * xhat2;
      dbeta64[d + 2] += dout2;
      const dout3 = dout[row + d + 3];
      const xhat3 = xhat[row + d + 3];
      drstd264[d + 3] += dout3 * gamma[d + 3] * (xhat3 / rstd[d + 3]);
      dgamma64[d + 3] += dout3 * xhat3;
      dbeta64[d + 3] += dout3;
    }
  }
  for (let d = 0; d < D; d += 4) {
    const rstd0 = rstd[d];
    const sqrt0 = Math.sqrt(1 / (rstd0 * rstd0));
    const term0 = -(drstd264[d] * 1 / (sqrt0 * sqrt0)) / (2 * sqrt0) / N;
    kept[d] = term0;
    dgamma[d] = dgamma64[d];
    dbeta[d] = dbeta64[d];
    const rstd1 = rstd[d + 1];
    const sqrt1 = Math.sqrt(1 / (rstd1 * rstd1));
    const term1 = -(drstd264[d + 1] * 1 / (sqrt1 * sqrt1)) / (2 * sqrt1) / N;
    kept[d + 1] = term1;
    dgamma[d + 1] = dgamma64[d + 1];
    dbeta[d + 1] = dbeta64[d + 1];
    const rstd2 = rstd[d + 2];
    const sqrt2 = Math.sqrt(1 / (rstd2 * rstd2));
    const term2 = -(drstd264[d + 2] * 1 / (sqrt2 * sqrt2)) / (2 * sqrt2) / N;
    kept[d + 2] = term2;
    dgamma[d + 2] = dgamma64[d + 2];
    dbeta[d + 2] = dbeta64[d + 2];
    const rstd3 = rstd[d + 3];
    const sqrt3 = Math.sqrt(1 / (rstd3 * rstd3));
    const term3 = -(drstd264[d + 3] * 1 / (sqrt3 * sqrt3)) / (2 * sqrt3) / N;
    kept[d + 3] = term3;
    dgamma[d + 3] = dgamma64[d + 3];
    dbeta[d + 3] = dbeta64[d + 3];
  }

  // dmu2 = sum[N](-dsum1)
  dmu264.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const rstd0 = rstd[d];
      dmu264[d] += -(dout[row + d] * gamma[d] * rstd0 + kept[d] * (2 * (xhat[row + d] / rstd0)));
      const rstd1 = rstd[d + 1];
      dmu264[d + 1] += -(dout[row + d + 1] * gamma[d + 1] * rstd1 + kept[d + 1] * (2 * (xhat[row + d + 1] / rstd1)));
      const rstd2 = rstd[d + 2];
      dmu264[d + 2] += -(dout[row + d + 2] * gamma[d + 2] * rstd2 + kept[d + 2] * (2 * (xhat[row + d + 2] / rstd2)));
      const rstd3 = rstd[d + 3];
      dmu264[d + 3] += -(dout[row + d + 3] * gamma[d + 3] * rstd3 + kept[d + 3] * (2 * (xhat[row + d + 3] / rstd3)));
    }
  }
  for (let d = 0; d < D; d += 4) {
    const term0 = dmu264[d] / N;
    kept_[d] = term0;
    const term1 = dmu264[d + 1] / N;
    kept_[d + 1] = term1;
    const term2 = dmu264[d + 2] / N;
    kept_[d + 2] = term2;
    const term3 = dmu264[d + 3] / N;
    kept_[d + 3] = term3;
  }

  // dx = dsum1 + dmu2 / N
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const rstd0 = rstd[d];
      dx[row + d] = dout[row + d] * gamma[d] * rstd0 + kept[d] * (2 * (xhat[row + d] / rstd0)) + kept_[d];
      const rstd1 = rstd[d + 1];
      dx[row + d + 1] = dout[row + d + 1] * gamma[d + 1] * rstd1 + kept[d + 1] * (2 * (xhat[row + d + 1] / rstd1)) + kept_[d + 1];
      const rstd2 = rstd[d + 2];
      dx[row + d + 2] = dout[row + d + 2] * gamma[d + 2] * rstd2 + kept[d + 2] * (2 * (xhat[row + d + 2] / rstd2)) + kept_[d + 2];
      const rstd3 = rstd[d + 3];
      dx[row + d + 3] = dout[row + d + 3] * gamma[d + 3] * rstd3 + kept[d + 3] * (2 * (xhat[row + d + 3] / rstd3)) + kept_[d + 3];
    }
  }
}


/**
 * Writes the gradients, by the unsimplified reverse sweep: the same results, one step of the chain
 * rule at a time, test mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, D] = [100, 500]
 * @param gamma  read    [D] = [500]
 * @param cache  read
 * @param dx     written [N, D] = [100, 500]
 * @param dgamma written [D] = [500]
 * @param dbeta  written [D] = [500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTestStaged(
  dout: Float32Array, gamma: Float32Array, cache: Cache, dx: Float32Array, dgamma: Float32Array,
  dbeta: Float32Array,
): void {
  checkArray(dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(dgamma, 'Float32Array', D, 'dgamma', '[D] = [500]');
  checkArray(dbeta, 'Float32Array', D, 'dbeta', '[D] = [500]');
  const xhat = cache.xhat;
  checkArray(xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  const rstd = cache.rstd;
  checkArray(rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  // dx = dsum2
  // dgamma = sum[N](dout * xhat)
  // dbeta = sum[N](dout)
  dgamma64.fill(0);
  dbeta64.fill(0);
  for (let n = 0; n < N; n++) {
    const row = n * D;
    for (let d = 0; d < D; d += 4) {
      const dout0 = dout[row + d];
      dgamma64[d] += dout0 * xhat[row + d];
      dbeta64[d] += dout0;
      dx[row + d] = dout0 * gamma[d] * rstd[d];
      const dout1 = dout[row + d + 1];
      dgamma64[d + 1] += dout1 * xhat[row + d + 1];
      dbeta64[d + 1] += dout1;
      dx[row + d + 1] = dout1 * gamma[d + 1] * rstd[d + 1];
      const dout2 = dout[row + d + 2];
      dgamma64[d + 2] += dout2 * xhat[row + d + 2];
      dbeta64[d + 2] += dout2;
      dx[row + d + 2] = dout2 * gamma[d + 2] * rstd[d + 2];
      const dout3 = dout[row + d + 3];
      dgamma64[d + 3] += dout3 * xhat[row + d + 3];
      dbeta64[d + 3] += dout3;
      dx[row + d + 3] = dout3 * gamma[d + 3] * rstd[d + 3];
    }
  }
  for (let d = 0; d < D; d += 4) {
    dgamma[d] = dgamma64[d];
    dbeta[d] = dbeta64[d];
    dgamma[d + 1] = dgamma64[d + 1];
    dbeta[d + 1] = dbeta64[d + 1];
    dgamma[d + 2] = dgamma64[d + 2];
    dbeta[d + 2] = dbeta64[d + 2];
    dgamma[d + 3] = dgamma64[d + 3];
    dbeta[d + 3] = dbeta64[d + 3];
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly running_mean: Float32Array;
  readonly running_var: Float32Array;
  readonly out: Float32Array;
  readonly dout: Float32Array;
  readonly dx: Float32Array;
  readonly dgamma: Float32Array;
  readonly dbeta: Float32Array;
  readonly cache: Cache;
}

/** The functions over arrays that were bound once. */
export interface Bound {
  readonly forwardTrain: () => void;
  readonly forwardTest: () => void;
  readonly backwardTrain: () => void;
  readonly backwardTest: () => void;
  readonly backwardTrainStaged: () => void;
  readonly backwardTestStaged: () => void;
}

/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind(buffers: Buffers): Bound {
  checkArray(buffers.x, 'Float32Array', N * D, 'x', '[N, D] = [100, 500]');
  checkArray(buffers.gamma, 'Float32Array', D, 'gamma', '[D] = [500]');
  checkArray(buffers.beta, 'Float32Array', D, 'beta', '[D] = [500]');
  checkArray(buffers.running_mean, 'Float32Array', D, 'running_mean', '[D] = [500]');
  checkArray(buffers.running_var, 'Float32Array', D, 'running_var', '[D] = [500]');
  checkArray(buffers.out, 'Float32Array', N * D, 'out', '[N, D] = [100, 500]');
  checkArray(buffers.dout, 'Float32Array', N * D, 'dout', '[N, D] = [100, 500]');
  checkArray(buffers.dx, 'Float32Array', N * D, 'dx', '[N, D] = [100, 500]');
  checkArray(buffers.dgamma, 'Float32Array', D, 'dgamma', '[D] = [500]');
  checkArray(buffers.dbeta, 'Float32Array', D, 'dbeta', '[D] = [500]');
  checkArray(buffers.cache.xhat, 'Float32Array', N * D, 'cache.xhat', '[N, D] = [100, 500]');
  checkArray(buffers.cache.rstd, 'Float32Array', D, 'cache.rstd', '[D] = [500]');
  const bound: Buffers = {
    x: buffers.x,
    gamma: buffers.gamma,
    beta: buffers.beta,
    running_mean: buffers.running_mean,
    running_var: buffers.running_var,
    out: buffers.out,
    dout: buffers.dout,
    dx: buffers.dx,
    dgamma: buffers.dgamma,
    dbeta: buffers.dbeta,
    cache: buffers.cache,
  };
  return {
    forwardTrain: boundForwardTrain.call(bound),
    forwardTest: boundForwardTest.call(bound),
    backwardTrain: boundBackwardTrain.call(bound),
    backwardTest: boundBackwardTest.call(bound),
    backwardTrainStaged: () => backwardTrainStaged(bound.dout, bound.gamma, bound.cache, bound.dx, bound.dgamma, bound.dbeta),
    backwardTestStaged: () => backwardTestStaged(bound.dout, bound.gamma, bound.cache, bound.dx, bound.dgamma, bound.dbeta),
  };
}


/** `forwardTrain` over bound arrays. */
function boundForwardTrain(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache } = this;
    const xhat = cache.xhat;
    const rstd = cache.rstd;
    // mu = mean[N](x)
    mu64.fill(0);
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        mu64[d] += x[row + d];
        mu64[d + 1] += x[row + d + 1];
        mu64[d + 2] += x[row + d + 2];
        mu64[d + 3] += x[row + d + 3];
      }
    }
    for (let d = 0; d < 500; d++) {
      mu64[d] = mu64[d] / 100;
    }

    // var = mean[N]((x - mu)^2)
    var64.fill(0);
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        const term0 = x[row + d] - mu64[d];
        var64[d] += term0 * term0;
        const term1 = x[row + d + 1] - mu64[d + 1];
        var64[d + 1] += term1 * term1;
        const term2 = x[row + d + 2] - mu64[d + 2];
        var64[d + 2] += term2 * term2;
        const term3 = x[row + d + 3] - mu64[d + 3];
        var64[d + 3] += term3 * term3;
      }
    }
    for (let d = 0; d < 500; d++) {
      var64[d] = var64[d] / 100;
    }

    // rstd = 1 / sqrt(var + eps)
    // running_mean = momentum * running_mean + (1 - momentum) * mu
    // running_var = momentum * running_var + (1 - momentum) * var
    const term = 1 - 0.9;
    for (let d = 0; d < 500; d += 4) {
      const var0 = var64[d];
      const rstd0 = 1 / Math.sqrt(var0 + 0.00001);
      const next_running_mean0 = 0.9 * running_mean[d] + term * mu64[d];
      const next_running_var0 = 0.9 * running_var[d] + term * var0;
      rstd64[d] = rstd0;
      rstd[d] = rstd0;
      running_mean[d] = next_running_mean0;
      running_var[d] = next_running_var0;
      const var1 = var64[d + 1];
      const rstd1 = 1 / Math.sqrt(var1 + 0.00001);
      const next_running_mean1 = 0.9 * running_mean[d + 1] + term * mu64[d + 1];
      const next_running_var1 = 0.9 * running_var[d + 1] + term * var1;
      rstd64[d + 1] = rstd1;
      rstd[d + 1] = rstd1;
      running_mean[d + 1] = next_running_mean1;
      running_var[d + 1] = next_running_var1;
      const var2 = var64[d + 2];
      const rstd2 = 1 / Math.sqrt(var2 + 0.00001);
      const next_running_mean2 = 0.9 * running_mean[d + 2] + term * mu64[d + 2];
      const next_running_var2 = 0.9 * running_var[d + 2] + term * var2;
      rstd64[d + 2] = rstd2;
      rstd[d + 2] = rstd2;
      running_mean[d + 2] = next_running_mean2;
      running_var[d + 2] = next_running_var2;
      const var3 = var64[d + 3];
      const rstd3 = 1 / Math.sqrt(var3 + 0.00001);
      const next_running_mean3 = 0.9 * running_mean[d + 3] + term * mu64[d + 3];
      const next_running_var3 = 0.9 * running_var[d + 3] + term * var3;
      rstd64[d + 3] = rstd3;
      rstd[d + 3] = rstd3;
      running_mean[d + 3] = next_running_mean3;
      running_var[d + 3] = next_running_var3;
    }

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        const xhat0 = (x[row + d] - mu64[d]) * rstd64[d];
        out[row + d] = gamma[d] * xhat0 + beta[d];
        xhat[row + d] = xhat0;
        const xhat1 = (x[row + d + 1] - mu64[d + 1]) * rstd64[d + 1];
        out[row + d + 1] = gamma[d + 1] * xhat1 + beta[d + 1];
        xhat[row + d + 1] = xhat1;
        const xhat2 = (x[row + d + 2] - mu64[d + 2]) * rstd64[d + 2];
        out[row + d + 2] = gamma[d + 2] * xhat2 + beta[d + 2];
        xhat[row + d + 2] = xhat2;
        const xhat3 = (x[row + d + 3] - mu64[d + 3]) * rstd64[d + 3];
        out[row + d + 3] = gamma[d + 3] * xhat3 + beta[d + 3];
        xhat[row + d + 3] = xhat3;
      }
    }
  };
}


/** `forwardTest` over bound arrays. */
function boundForwardTest(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache } = this;
    const xhat = cache.xhat;
    const rstd = cache.rstd;
    // rstd = 1 / sqrt(var + eps)
    for (let d = 0; d < 500; d += 4) {
      const rstd0 = 1 / Math.sqrt(running_var[d] + 0.00001);
      rstd64[d] = rstd0;
      rstd[d] = rstd0;
      const rstd1 = 1 / Math.sqrt(running_var[d + 1] + 0.00001);
      rstd64[d + 1] = rstd1;
      rstd[d + 1] = rstd1;
      const rstd2 = 1 / Math.sqrt(running_var[d + 2] + 0.00001);
      rstd64[d + 2] = rstd2;
      rstd[d + 2] = rstd2;
      const rstd3 = 1 / Math.sqrt(running_var[d + 3] + 0.00001);
      rstd64[d + 3] = rstd3;
      rstd[d + 3] = rstd3;
    }

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        const xhat0 = (x[row + d] - running_mean[d]) * rstd64[d];
        out[row + d] = gamma[d] * xhat0 + beta[d];
        xhat[row + d] = xhat0;
        const xhat1 = (x[row + d + 1] - running_mean[d + 1]) * rstd64[d + 1];
        out[row + d + 1] = gamma[d + 1] * xhat1 + beta[d + 1];
        xhat[row + d + 1] = xhat1;
        const xhat2 = (x[row + d + 2] - running_mean[d + 2]) * rstd64[d + 2];
        out[row + d + 2] = gamma[d + 2] * xhat2 + beta[d + 2];
        xhat[row + d + 2] = xhat2;
        const xhat3 = (x[row + d + 3] - running_mean[d + 3]) * rstd64[d + 3];
        out[row + d + 3] = gamma[d + 3] * xhat3 + beta[d + 3];
        xhat[row + d + 3] = xhat3;
      }
    }
  };
}


/** `backwardTrain` over bound arrays. */
function boundBackwardTrain(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache, dx, dgamma, dbeta } = this;
    const xhat = cache.xhat;
    const rstd = cache.rstd;
    for (let d = 0; d < 500; d += 4) {
      const term0 = gamma[d] * rstd[d] / 100;
      kept[d] = term0;
      const term1 = gamma[d + 1] * rstd[d + 1] / 100;
      kept[d + 1] = term1;
      const term2 = gamma[d + 2] * rstd[d + 2] / 100;
      kept[d + 2] = term2;
      const term3 = gamma[d + 3] * rstd[d + 3] / 100;
      kept[d + 3] = term3;
    }

    // dbeta = sum[N](dout)
    // dgamma = sum[N](xhat * dout)
    dbeta64.fill(0);
    dgamma64.fill(0);
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        const dout0 = dout[row + d];
        dbeta64[d] += dout0;
        dgamma64[d] += xhat[row + d] * dout0;
        const dout1 = dout[row + d + 1];
        dbeta64[d + 1] += dout1;
        dgamma64[d + 1] += xhat[row + d + 1] * dout1;
        const dout2 = dout[row + d + 2];
        dbeta64[d + 2] += dout2;
        dgamma64[d + 2] += xhat[row + d + 2] * dout2;
        const dout3 = dout[row + d + 3];
        dbeta64[d + 3] += dout3;
        dgamma64[d + 3] += xhat[row + d + 3] * dout3;
      }
    }

    // dx = gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        dx[row + d] = kept[d] * (100 * dout[row + d] - dbeta64[d] - xhat[row + d] * dgamma64[d]);
        dx[row + d + 1] = kept[d + 1] * (100 * dout[row + d + 1] - dbeta64[d + 1] - xhat[row + d + 1] * dgamma64[d + 1]);
        dx[row + d + 2] = kept[d + 2] * (100 * dout[row + d + 2] - dbeta64[d + 2] - xhat[row + d + 2] * dgamma64[d + 2]);
        dx[row + d + 3] = kept[d + 3] * (100 * dout[row + d + 3] - dbeta64[d + 3] - xhat[row + d + 3] * dgamma64[d + 3]);
      }
    }
    for (let d = 0; d < 500; d += 4) {
      dgamma[d] = dgamma64[d];
      dbeta[d] = dbeta64[d];
      dgamma[d + 1] = dgamma64[d + 1];
      dbeta[d + 1] = dbeta64[d + 1];
      dgamma[d + 2] = dgamma64[d + 2];
      dbeta[d + 2] = dbeta64[d + 2];
      dgamma[d + 3] = dgamma64[d + 3];
      dbeta[d + 3] = dbeta64[d + 3];
    }
  };
}


/** `backwardTest` over bound arrays. */
function boundBackwardTest(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache, dx, dgamma, dbeta } = this;
    const xhat = cache.xhat;
    const rstd = cache.rstd;
    // dx = gamma * rstd * dout
    // dgamma = sum[N](xhat * dout)
    // dbeta = sum[N](dout)
    dgamma64.fill(0);
    dbeta64.fill(0);
    for (let n = 0; n < 100; n++) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 4) {
        const dout0 = dout[row + d];
        dgamma64[d] += xhat[row + d] * dout0;
        dbeta64[d] += dout0;
        dx[row + d] = gamma[d] * rstd[d] * dout0;
        const dout1 = dout[row + d + 1];
        dgamma64[d + 1] += xhat[row + d + 1] * dout1;
        dbeta64[d + 1] += dout1;
        dx[row + d + 1] = gamma[d + 1] * rstd[d + 1] * dout1;
        const dout2 = dout[row + d + 2];
        dgamma64[d + 2] += xhat[row + d + 2] * dout2;
        dbeta64[d + 2] += dout2;
        dx[row + d + 2] = gamma[d + 2] * rstd[d + 2] * dout2;
        const dout3 = dout[row + d + 3];
        dgamma64[d + 3] += xhat[row + d + 3] * dout3;
        dbeta64[d + 3] += dout3;
        dx[row + d + 3] = gamma[d + 3] * rstd[d + 3] * dout3;
      }
    }
    for (let d = 0; d < 500; d += 4) {
      dgamma[d] = dgamma64[d];
      dbeta[d] = dbeta64[d];
      dgamma[d + 1] = dgamma64[d + 1];
      dbeta[d + 1] = dbeta64[d + 1];
      dgamma[d + 2] = dgamma64[d + 2];
      dbeta[d + 2] = dbeta64[d + 2];
      dgamma[d + 3] = dgamma64[d + 3];
      dbeta[d + 3] = dbeta64[d + 3];
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, type: string, length: number, name: string, shape: string): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected a ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${length} elements for ${shape}, got ${array.length}`);
}
