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
    forwardTrain: 608500,
    forwardTest: 303000,
    backwardTrain: 501000,
    backwardTest: 250000,
    backwardTrainStaged: 1157000,
    backwardTestStaged: 250000,
  },
  bytes: {
    cache: 202000,
    scratch: 16000,
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

const beta64Memory = /*@__PURE__*/ new Float64Array(507);
const gamma64Memory = /*@__PURE__*/ new Float64Array(507);
const rstd64Memory = /*@__PURE__*/ new Float64Array(507);
const keptMemory = /*@__PURE__*/ new Float64Array(507);

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
  running_var: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(beta, 'beta', D, '[500]');
  checkArray(running_mean, 'running_mean', D, '[500]');
  checkArray(running_var, 'running_var', D, '[500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  const term = 1 - MOMENTUM;
  for (let d = 0; d < D; d += 4) {
    const first0 = x[d];
    const first1 = x[d + 1];
    const first2 = x[d + 2];
    const first3 = x[d + 3];

    // mu = mean[N](x)
    // var = mean[N]((x - mu)^2)
    let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    let acc0 = 0, acc1 = 0, acc2 = 0, acc3 = 0;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const shifted0_0 = x[row] - first0;
      sum0 += shifted0_0;
      acc0 += shifted0_0 * shifted0_0;
      const shifted0_1 = x[row + 1] - first1;
      sum1 += shifted0_1;
      acc1 += shifted0_1 * shifted0_1;
      const shifted0_2 = x[row + 2] - first2;
      sum2 += shifted0_2;
      acc2 += shifted0_2 * shifted0_2;
      const shifted0_3 = x[row + 3] - first3;
      sum3 += shifted0_3;
      acc3 += shifted0_3 * shifted0_3;
      const shifted1_0 = x[row + D] - first0;
      sum0 += shifted1_0;
      acc0 += shifted1_0 * shifted1_0;
      const shifted1_1 = x[row + D + 1] - first1;
      sum1 += shifted1_1;
      acc1 += shifted1_1 * shifted1_1;
      const shifted1_2 = x[row + D + 2] - first2;
      sum2 += shifted1_2;
      acc2 += shifted1_2 * shifted1_2;
      const shifted1_3 = x[row + D + 3] - first3;
      sum3 += shifted1_3;
      acc3 += shifted1_3 * shifted1_3;
    }
    const mean0 = sum0 / N;
    const mean1 = sum1 / N;
    const mean2 = sum2 / N;
    const mean3 = sum3 / N;
    const mean0_ = acc0 / N;
    const mean1_ = acc1 / N;
    const mean2_ = acc2 / N;
    const mean3_ = acc3 / N;

    // rstd = 1 / sqrt(var + eps)
    // running_mean = momentum * running_mean + (1 - momentum) * mu
    // running_var = momentum * running_var + (1 - momentum) * var
    const mu0 = first0 + mean0;
    let varAt = mean0_ - mean0 * mean0;
    const rstd0 = 1 / Math.sqrt(varAt + EPS);
    let next_running_mean = MOMENTUM * running_mean[d] + term * mu0;
    let next_running_var = MOMENTUM * running_var[d] + term * varAt;
    rstd[d] = rstd0;
    running_mean[d] = next_running_mean;
    running_var[d] = next_running_var;
    const mu1 = first1 + mean1;
    varAt = mean1_ - mean1 * mean1;
    const rstd1 = 1 / Math.sqrt(varAt + EPS);
    next_running_mean = MOMENTUM * running_mean[d + 1] + term * mu1;
    next_running_var = MOMENTUM * running_var[d + 1] + term * varAt;
    rstd[d + 1] = rstd1;
    running_mean[d + 1] = next_running_mean;
    running_var[d + 1] = next_running_var;
    const mu2 = first2 + mean2;
    varAt = mean2_ - mean2 * mean2;
    const rstd2 = 1 / Math.sqrt(varAt + EPS);
    next_running_mean = MOMENTUM * running_mean[d + 2] + term * mu2;
    next_running_var = MOMENTUM * running_var[d + 2] + term * varAt;
    rstd[d + 2] = rstd2;
    running_mean[d + 2] = next_running_mean;
    running_var[d + 2] = next_running_var;
    const mu3 = first3 + mean3;
    varAt = mean3_ - mean3 * mean3;
    const rstd3 = 1 / Math.sqrt(varAt + EPS);
    next_running_mean = MOMENTUM * running_mean[d + 3] + term * mu3;
    next_running_var = MOMENTUM * running_var[d + 3] + term * varAt;
    rstd[d + 3] = rstd3;
    running_mean[d + 3] = next_running_mean;
    running_var[d + 3] = next_running_var;

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    const outRest0 = gamma[d] * rstd0;
    const beta0 = beta[d];
    const outRest1 = gamma[d + 1] * rstd1;
    const beta1 = beta[d + 1];
    const outRest2 = gamma[d + 2] * rstd2;
    const beta2 = beta[d + 2];
    const outRest3 = gamma[d + 3] * rstd3;
    const beta3 = beta[d + 3];
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const term0_0 = x[row] - mu0;
      out[row] = outRest0 * term0_0 + beta0;
      xhat[row] = term0_0 * rstd0;
      const term0_1 = x[row + 1] - mu1;
      out[row + 1] = outRest1 * term0_1 + beta1;
      xhat[row + 1] = term0_1 * rstd1;
      const term0_2 = x[row + 2] - mu2;
      out[row + 2] = outRest2 * term0_2 + beta2;
      xhat[row + 2] = term0_2 * rstd2;
      const term0_3 = x[row + 3] - mu3;
      out[row + 3] = outRest3 * term0_3 + beta3;
      xhat[row + 3] = term0_3 * rstd3;
      const term1_0 = x[row + D] - mu0;
      out[row + D] = outRest0 * term1_0 + beta0;
      xhat[row + D] = term1_0 * rstd0;
      const term1_1 = x[row + D + 1] - mu1;
      out[row + D + 1] = outRest1 * term1_1 + beta1;
      xhat[row + D + 1] = term1_1 * rstd1;
      const term1_2 = x[row + D + 2] - mu2;
      out[row + D + 2] = outRest2 * term1_2 + beta2;
      xhat[row + D + 2] = term1_2 * rstd2;
      const term1_3 = x[row + D + 3] - mu3;
      out[row + D + 3] = outRest3 * term1_3 + beta3;
      xhat[row + D + 3] = term1_3 * rstd3;
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
  running_var: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(beta, 'beta', D, '[500]');
  checkArray(running_mean, 'running_mean', D, '[500]');
  checkArray(running_var, 'running_var', D, '[500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  const gamma64 = gamma64Memory, rstd64 = rstd64Memory, beta64 = beta64Memory;
  // rstd = 1 / sqrt(var + eps)
  for (let d = 0; d < D; d += 4) {
    let rstdAt = 1 / Math.sqrt(running_var[d] + EPS);
    beta64[d] = beta[d];
    gamma64[d] = gamma[d];
    rstd64[d] = rstdAt;
    rstd[d] = rstdAt;
    rstdAt = 1 / Math.sqrt(running_var[d + 1] + EPS);
    beta64[d + 1] = beta[d + 1];
    gamma64[d + 1] = gamma[d + 1];
    rstd64[d + 1] = rstdAt;
    rstd[d + 1] = rstdAt;
    rstdAt = 1 / Math.sqrt(running_var[d + 2] + EPS);
    beta64[d + 2] = beta[d + 2];
    gamma64[d + 2] = gamma[d + 2];
    rstd64[d + 2] = rstdAt;
    rstd[d + 2] = rstdAt;
    rstdAt = 1 / Math.sqrt(running_var[d + 3] + EPS);
    beta64[d + 3] = beta[d + 3];
    gamma64[d + 3] = gamma[d + 3];
    rstd64[d + 3] = rstdAt;
    rstd[d + 3] = rstdAt;
  }

  // out = gamma * xhat + beta
  // xhat = (x - mu) * rstd
  for (let n = 0; n < N; n += 4) {
    const row = n * D;
    for (let d = 0; d < D; d += 2) {
      let gammaAt = gamma64[d];
      let running_meanAt = running_mean[d];
      let rstdAt = rstd64[d];
      const xhat0_0 = (x[row + d] - running_meanAt) * rstdAt;
      let betaAt = beta64[d];
      out[row + d] = gammaAt * xhat0_0 + betaAt;
      xhat[row + d] = xhat0_0;
      const xhat0_1 = (x[row + d + D] - running_meanAt) * rstdAt;
      out[row + d + D] = gammaAt * xhat0_1 + betaAt;
      xhat[row + d + D] = xhat0_1;
      const xhat0_2 = (x[row + d + 2 * D] - running_meanAt) * rstdAt;
      out[row + d + 2 * D] = gammaAt * xhat0_2 + betaAt;
      xhat[row + d + 2 * D] = xhat0_2;
      const xhat0_3 = (x[row + d + 3 * D] - running_meanAt) * rstdAt;
      out[row + d + 3 * D] = gammaAt * xhat0_3 + betaAt;
      xhat[row + d + 3 * D] = xhat0_3;
      gammaAt = gamma64[d + 1];
      running_meanAt = running_mean[d + 1];
      rstdAt = rstd64[d + 1];
      const xhat1_0 = (x[row + d + 1] - running_meanAt) * rstdAt;
      betaAt = beta64[d + 1];
      out[row + d + 1] = gammaAt * xhat1_0 + betaAt;
      xhat[row + d + 1] = xhat1_0;
      const xhat1_1 = (x[row + d + D + 1] - running_meanAt) * rstdAt;
      out[row + d + D + 1] = gammaAt * xhat1_1 + betaAt;
      xhat[row + d + D + 1] = xhat1_1;
      const xhat1_2 = (x[row + d + 2 * D + 1] - running_meanAt) * rstdAt;
      out[row + d + 2 * D + 1] = gammaAt * xhat1_2 + betaAt;
      xhat[row + d + 2 * D + 1] = xhat1_2;
      const xhat1_3 = (x[row + d + 3 * D + 1] - running_meanAt) * rstdAt;
      out[row + d + 3 * D + 1] = gammaAt * xhat1_3 + betaAt;
      xhat[row + d + 3 * D + 1] = xhat1_3;
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
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dgamma, 'dgamma', D, '[500]');
  checkArray(dbeta, 'dbeta', D, '[500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  const kept = keptMemory;
  for (let d = 0; d < D; d += 4) {
    let term = gamma[d] * rstd[d] / N;
    kept[d] = term;
    term = gamma[d + 1] * rstd[d + 1] / N;
    kept[d + 1] = term;
    term = gamma[d + 2] * rstd[d + 2] / N;
    kept[d + 2] = term;
    term = gamma[d + 3] * rstd[d + 3] / N;
    kept[d + 3] = term;
  }
  for (let d = 0; d < D; d += 4) {
    // dbeta = sum[N](dout)
    // dgamma = sum[N](xhat * dout)
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const dout0_0 = dout[row];
      dbetaSum0 += dout0_0;
      dgammaSum0 += xhat[row] * dout0_0;
      const dout0_1 = dout[row + 1];
      dbetaSum1 += dout0_1;
      dgammaSum1 += xhat[row + 1] * dout0_1;
      const dout0_2 = dout[row + 2];
      dbetaSum2 += dout0_2;
      dgammaSum2 += xhat[row + 2] * dout0_2;
      const dout0_3 = dout[row + 3];
      dbetaSum3 += dout0_3;
      dgammaSum3 += xhat[row + 3] * dout0_3;
      const dout1_0 = dout[row + D];
      dbetaSum0 += dout1_0;
      dgammaSum0 += xhat[row + D] * dout1_0;
      const dout1_1 = dout[row + D + 1];
      dbetaSum1 += dout1_1;
      dgammaSum1 += xhat[row + D + 1] * dout1_1;
      const dout1_2 = dout[row + D + 2];
      dbetaSum2 += dout1_2;
      dgammaSum2 += xhat[row + D + 2] * dout1_2;
      const dout1_3 = dout[row + D + 3];
      dbetaSum3 += dout1_3;
      dgammaSum3 += xhat[row + D + 3] * dout1_3;
    }

    // dx = gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)
    let value = kept[d];
    const dxPer_dout0 = value * N;
    const dxPer_xhat0 = value * dgammaSum0;
    const dxRest0 = value * dbetaSum0;
    value = kept[d + 1];
    const dxPer_dout1 = value * N;
    const dxPer_xhat1 = value * dgammaSum1;
    const dxRest1 = value * dbetaSum1;
    value = kept[d + 2];
    const dxPer_dout2 = value * N;
    const dxPer_xhat2 = value * dgammaSum2;
    const dxRest2 = value * dbetaSum2;
    value = kept[d + 3];
    const dxPer_dout3 = value * N;
    const dxPer_xhat3 = value * dgammaSum3;
    const dxRest3 = value * dbetaSum3;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      dx[row] = dxPer_dout0 * dout[row] - dxPer_xhat0 * xhat[row] - dxRest0;
      dx[row + 1] = dxPer_dout1 * dout[row + 1] - dxPer_xhat1 * xhat[row + 1] - dxRest1;
      dx[row + 2] = dxPer_dout2 * dout[row + 2] - dxPer_xhat2 * xhat[row + 2] - dxRest2;
      dx[row + 3] = dxPer_dout3 * dout[row + 3] - dxPer_xhat3 * xhat[row + 3] - dxRest3;
      dx[row + D] = dxPer_dout0 * dout[row + D] - dxPer_xhat0 * xhat[row + D] - dxRest0;
      dx[row + D + 1] = dxPer_dout1 * dout[row + D + 1] - dxPer_xhat1 * xhat[row + D + 1] - dxRest1;
      dx[row + D + 2] = dxPer_dout2 * dout[row + D + 2] - dxPer_xhat2 * xhat[row + D + 2] - dxRest2;
      dx[row + D + 3] = dxPer_dout3 * dout[row + D + 3] - dxPer_xhat3 * xhat[row + D + 3] - dxRest3;
    }
    dgamma[d] = dgammaSum0;
    dbeta[d] = dbetaSum0;
    dgamma[d + 1] = dgammaSum1;
    dbeta[d + 1] = dbetaSum1;
    dgamma[d + 2] = dgammaSum2;
    dbeta[d + 2] = dbetaSum2;
    dgamma[d + 3] = dgammaSum3;
    dbeta[d + 3] = dbetaSum3;
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
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dgamma, 'dgamma', D, '[500]');
  checkArray(dbeta, 'dbeta', D, '[500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  // dx = gamma * rstd * dout
  for (let n = 0; n < N; n += 4) {
    const row = n * D;
    for (let d = 0; d < D; d += 2) {
      let gammaAt = gamma[d];
      let rstdAt = rstd[d];
      let term = gammaAt * rstdAt;
      dx[row + d] = term * dout[row + d];
      dx[row + d + D] = term * dout[row + d + D];
      dx[row + d + 2 * D] = term * dout[row + d + 2 * D];
      dx[row + d + 3 * D] = term * dout[row + d + 3 * D];
      gammaAt = gamma[d + 1];
      rstdAt = rstd[d + 1];
      term = gammaAt * rstdAt;
      dx[row + d + 1] = term * dout[row + d + 1];
      dx[row + d + D + 1] = term * dout[row + d + D + 1];
      dx[row + d + 2 * D + 1] = term * dout[row + d + 2 * D + 1];
      dx[row + d + 3 * D + 1] = term * dout[row + d + 3 * D + 1];
    }
  }
  for (let d = 0; d < D; d += 4) {
    // dgamma = sum[N](xhat * dout)
    // dbeta = sum[N](dout)
    let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const dout0_0 = dout[row];
      dgammaSum0 += xhat[row] * dout0_0;
      dbetaSum0 += dout0_0;
      const dout0_1 = dout[row + 1];
      dgammaSum1 += xhat[row + 1] * dout0_1;
      dbetaSum1 += dout0_1;
      const dout0_2 = dout[row + 2];
      dgammaSum2 += xhat[row + 2] * dout0_2;
      dbetaSum2 += dout0_2;
      const dout0_3 = dout[row + 3];
      dgammaSum3 += xhat[row + 3] * dout0_3;
      dbetaSum3 += dout0_3;
      const dout1_0 = dout[row + D];
      dgammaSum0 += xhat[row + D] * dout1_0;
      dbetaSum0 += dout1_0;
      const dout1_1 = dout[row + D + 1];
      dgammaSum1 += xhat[row + D + 1] * dout1_1;
      dbetaSum1 += dout1_1;
      const dout1_2 = dout[row + D + 2];
      dgammaSum2 += xhat[row + D + 2] * dout1_2;
      dbetaSum2 += dout1_2;
      const dout1_3 = dout[row + D + 3];
      dgammaSum3 += xhat[row + D + 3] * dout1_3;
      dbetaSum3 += dout1_3;
    }
    dgamma[d] = dgammaSum0;
    dbeta[d] = dbetaSum0;
    dgamma[d + 1] = dgammaSum1;
    dbeta[d + 1] = dbetaSum1;
    dgamma[d + 2] = dgammaSum2;
    dbeta[d + 2] = dbetaSum2;
    dgamma[d + 3] = dgammaSum3;
    dbeta[d + 3] = dbetaSum3;
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
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dgamma, 'dgamma', D, '[500]');
  checkArray(dbeta, 'dbeta', D, '[500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  for (let d = 0; d < D; d += 4) {
    // drstd2 = sum[N](dxhat2 * (xhat / rstd))
    // dgamma = sum[N](dout * xhat)
    // dbeta = sum[N](dout)
    let drstd2Sum0 = 0, drstd2Sum1 = 0, drstd2Sum2 = 0, drstd2Sum3 = 0;
    let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    const gamma0 = gamma[d];
    const rstd0 = rstd[d];
    const gamma1 = gamma[d + 1];
    const rstd1 = rstd[d + 1];
    const gamma2 = gamma[d + 2];
    const rstd2 = rstd[d + 2];
    const gamma3 = gamma[d + 3];
    const rstd3 = rstd[d + 3];
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const dout0_0 = dout[row];
      const xhat0_0 = xhat[row];
      drstd2Sum0 += dout0_0 * gamma0 * (xhat0_0 / rstd0);
      dgammaSum0 += dout0_0 * xhat0_0;
      dbetaSum0 += dout0_0;
      const dout0_1 = dout[row + 1];
      const xhat0_1 = xhat[row + 1];
      drstd2Sum1 += dout0_1 * gamma1 * (xhat0_1 / rstd1);
      dgammaSum1 += dout0_1 * xhat0_1;
      dbetaSum1 += dout0_1;
      const dout0_2 = dout[row + 2];
      const xhat0_2 = xhat[row + 2];
      drstd2Sum2 += dout0_2 * gamma2 * (xhat0_2 / rstd2);
      dgammaSum2 += dout0_2 * xhat0_2;
      dbetaSum2 += dout0_2;
      const dout0_3 = dout[row + 3];
      const xhat0_3 = xhat[row + 3];
      drstd2Sum3 += dout0_3 * gamma3 * (xhat0_3 / rstd3);
      dgammaSum3 += dout0_3 * xhat0_3;
      dbetaSum3 += dout0_3;
      const dout1_0 = dout[row + D];
      const xhat1_0 = xhat[row + D];
      drstd2Sum0 += dout1_0 * gamma0 * (xhat1_0 / rstd0);
      dgammaSum0 += dout1_0 * xhat1_0;
      dbetaSum0 += dout1_0;
      const dout1_1 = dout[row + D + 1];
      const xhat1_1 = xhat[row + D + 1];
      drstd2Sum1 += dout1_1 * gamma1 * (xhat1_1 / rstd1);
      dgammaSum1 += dout1_1 * xhat1_1;
      dbetaSum1 += dout1_1;
      const dout1_2 = dout[row + D + 2];
      const xhat1_2 = xhat[row + D + 2];
      drstd2Sum2 += dout1_2 * gamma2 * (xhat1_2 / rstd2);
      dgammaSum2 += dout1_2 * xhat1_2;
      dbetaSum2 += dout1_2;
      const dout1_3 = dout[row + D + 3];
      const xhat1_3 = xhat[row + D + 3];
      drstd2Sum3 += dout1_3 * gamma3 * (xhat1_3 / rstd3);
      dgammaSum3 += dout1_3 * xhat1_3;
      dbetaSum3 += dout1_3;
    }
    let sqrt = Math.sqrt(1 / (rstd0 * rstd0));
    const term0 = -(drstd2Sum0 * 1 / (sqrt * sqrt)) / (2 * sqrt) / N;
    dgamma[d] = dgammaSum0;
    dbeta[d] = dbetaSum0;
    sqrt = Math.sqrt(1 / (rstd1 * rstd1));
    const term1 = -(drstd2Sum1 * 1 / (sqrt * sqrt)) / (2 * sqrt) / N;
    dgamma[d + 1] = dgammaSum1;
    dbeta[d + 1] = dbetaSum1;
    sqrt = Math.sqrt(1 / (rstd2 * rstd2));
    const term2 = -(drstd2Sum2 * 1 / (sqrt * sqrt)) / (2 * sqrt) / N;
    dgamma[d + 2] = dgammaSum2;
    dbeta[d + 2] = dbetaSum2;
    sqrt = Math.sqrt(1 / (rstd3 * rstd3));
    const term3 = -(drstd2Sum3 * 1 / (sqrt * sqrt)) / (2 * sqrt) / N;
    dgamma[d + 3] = dgammaSum3;
    dbeta[d + 3] = dbetaSum3;

    // dmu2 = sum[N](-dsum1)
    let dmu2Sum0 = 0, dmu2Sum1 = 0, dmu2Sum2 = 0, dmu2Sum3 = 0;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      dmu2Sum0 += -(dout[row] * gamma0 * rstd0 + term0 * (2 * (xhat[row] / rstd0)));
      dmu2Sum1 += -(dout[row + 1] * gamma1 * rstd1 + term1 * (2 * (xhat[row + 1] / rstd1)));
      dmu2Sum2 += -(dout[row + 2] * gamma2 * rstd2 + term2 * (2 * (xhat[row + 2] / rstd2)));
      dmu2Sum3 += -(dout[row + 3] * gamma3 * rstd3 + term3 * (2 * (xhat[row + 3] / rstd3)));
      dmu2Sum0 += -(dout[row + D] * gamma0 * rstd0 + term0 * (2 * (xhat[row + D] / rstd0)));
      dmu2Sum1 += -(dout[row + D + 1] * gamma1 * rstd1 + term1 * (2 * (xhat[row + D + 1] / rstd1)));
      dmu2Sum2 += -(dout[row + D + 2] * gamma2 * rstd2 + term2 * (2 * (xhat[row + D + 2] / rstd2)));
      dmu2Sum3 += -(dout[row + D + 3] * gamma3 * rstd3 + term3 * (2 * (xhat[row + D + 3] / rstd3)));
    }
    const term0_ = dmu2Sum0 / N;
    const term1_ = dmu2Sum1 / N;
    const term2_ = dmu2Sum2 / N;
    const term3_ = dmu2Sum3 / N;

    // dx = dsum1 + dmu2 / N
    const dxPer_dout0 = gamma0 * rstd0;
    const dxPer_xhat0 = term0 * (2 * (1 / rstd0));
    const dxPer_dout1 = gamma1 * rstd1;
    const dxPer_xhat1 = term1 * (2 * (1 / rstd1));
    const dxPer_dout2 = gamma2 * rstd2;
    const dxPer_xhat2 = term2 * (2 * (1 / rstd2));
    const dxPer_dout3 = gamma3 * rstd3;
    const dxPer_xhat3 = term3 * (2 * (1 / rstd3));
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      dx[row] = dxPer_dout0 * dout[row] + dxPer_xhat0 * xhat[row] + term0_;
      dx[row + 1] = dxPer_dout1 * dout[row + 1] + dxPer_xhat1 * xhat[row + 1] + term1_;
      dx[row + 2] = dxPer_dout2 * dout[row + 2] + dxPer_xhat2 * xhat[row + 2] + term2_;
      dx[row + 3] = dxPer_dout3 * dout[row + 3] + dxPer_xhat3 * xhat[row + 3] + term3_;
      dx[row + D] = dxPer_dout0 * dout[row + D] + dxPer_xhat0 * xhat[row + D] + term0_;
      dx[row + D + 1] = dxPer_dout1 * dout[row + D + 1] + dxPer_xhat1 * xhat[row + D + 1] + term1_;
      dx[row + D + 2] = dxPer_dout2 * dout[row + D + 2] + dxPer_xhat2 * xhat[row + D + 2] + term2_;
      dx[row + D + 3] = dxPer_dout3 * dout[row + D + 3] + dxPer_xhat3 * xhat[row + D + 3] + term3_;
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
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dgamma, 'dgamma', D, '[500]');
  checkArray(dbeta, 'dbeta', D, '[500]');
  checkArray(xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(rstd, 'cache.rstd', D, '[500]');
  // dx = dsum2
  for (let n = 0; n < N; n += 4) {
    const row = n * D;
    for (let d = 0; d < D; d += 2) {
      let gammaAt = gamma[d];
      let rstdAt = rstd[d];
      dx[row + d] = dout[row + d] * gammaAt * rstdAt;
      dx[row + d + D] = dout[row + d + D] * gammaAt * rstdAt;
      dx[row + d + 2 * D] = dout[row + d + 2 * D] * gammaAt * rstdAt;
      dx[row + d + 3 * D] = dout[row + d + 3 * D] * gammaAt * rstdAt;
      gammaAt = gamma[d + 1];
      rstdAt = rstd[d + 1];
      dx[row + d + 1] = dout[row + d + 1] * gammaAt * rstdAt;
      dx[row + d + D + 1] = dout[row + d + D + 1] * gammaAt * rstdAt;
      dx[row + d + 2 * D + 1] = dout[row + d + 2 * D + 1] * gammaAt * rstdAt;
      dx[row + d + 3 * D + 1] = dout[row + d + 3 * D + 1] * gammaAt * rstdAt;
    }
  }
  for (let d = 0; d < D; d += 4) {
    // dgamma = sum[N](dout * xhat)
    // dbeta = sum[N](dout)
    let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
    for (let n = 0; n < N; n += 2) {
      const row = d + n * D;
      const dout0_0 = dout[row];
      dgammaSum0 += dout0_0 * xhat[row];
      dbetaSum0 += dout0_0;
      const dout0_1 = dout[row + 1];
      dgammaSum1 += dout0_1 * xhat[row + 1];
      dbetaSum1 += dout0_1;
      const dout0_2 = dout[row + 2];
      dgammaSum2 += dout0_2 * xhat[row + 2];
      dbetaSum2 += dout0_2;
      const dout0_3 = dout[row + 3];
      dgammaSum3 += dout0_3 * xhat[row + 3];
      dbetaSum3 += dout0_3;
      const dout1_0 = dout[row + D];
      dgammaSum0 += dout1_0 * xhat[row + D];
      dbetaSum0 += dout1_0;
      const dout1_1 = dout[row + D + 1];
      dgammaSum1 += dout1_1 * xhat[row + D + 1];
      dbetaSum1 += dout1_1;
      const dout1_2 = dout[row + D + 2];
      dgammaSum2 += dout1_2 * xhat[row + D + 2];
      dbetaSum2 += dout1_2;
      const dout1_3 = dout[row + D + 3];
      dgammaSum3 += dout1_3 * xhat[row + D + 3];
      dbetaSum3 += dout1_3;
    }
    dgamma[d] = dgammaSum0;
    dbeta[d] = dbetaSum0;
    dgamma[d + 1] = dgammaSum1;
    dbeta[d + 1] = dbetaSum1;
    dgamma[d + 2] = dgammaSum2;
    dbeta[d + 2] = dbetaSum2;
    dgamma[d + 3] = dgammaSum3;
    dbeta[d + 3] = dbetaSum3;
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
export function bind({ x, gamma, beta, running_mean, running_var, out, dout, dx, dgamma, dbeta, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(gamma, 'gamma', D, '[500]');
  checkArray(beta, 'beta', D, '[500]');
  checkArray(running_mean, 'running_mean', D, '[500]');
  checkArray(running_var, 'running_var', D, '[500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkArray(dgamma, 'dgamma', D, '[500]');
  checkArray(dbeta, 'dbeta', D, '[500]');
  checkArray(cache.xhat, 'cache.xhat', N * D, '[100, 500]');
  checkArray(cache.rstd, 'cache.rstd', D, '[500]');
  const bound: Buffers = { x, gamma, beta, running_mean, running_var, out, dout, dx, dgamma, dbeta, cache };
  return {
    forwardTrain: boundForwardTrain.call(bound),
    forwardTest: boundForwardTest.call(bound),
    backwardTrain: boundBackwardTrain.call(bound),
    backwardTest: boundBackwardTest.call(bound),
    backwardTrainStaged: () => backwardTrainStaged(dout, gamma, cache, dx, dgamma, dbeta),
    backwardTestStaged: () => backwardTestStaged(dout, gamma, cache, dx, dgamma, dbeta),
  };
}


/** `forwardTrain` over bound arrays. */
function boundForwardTrain(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache: { xhat, rstd } } = this;
    const term = 1 - 0.9;
    for (let d = 0; d < 500; d += 4) {
      const first0 = x[d];
      const first1 = x[d + 1];
      const first2 = x[d + 2];
      const first3 = x[d + 3];

      // mu = mean[N](x)
      // var = mean[N]((x - mu)^2)
      let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
      let acc0 = 0, acc1 = 0, acc2 = 0, acc3 = 0;
      for (let n = 0; n < 100; n += 2) {
        const row = d + n * 500;
        const shifted0_0 = x[row] - first0;
        sum0 += shifted0_0;
        acc0 += shifted0_0 * shifted0_0;
        const shifted0_1 = x[row + 1] - first1;
        sum1 += shifted0_1;
        acc1 += shifted0_1 * shifted0_1;
        const shifted0_2 = x[row + 2] - first2;
        sum2 += shifted0_2;
        acc2 += shifted0_2 * shifted0_2;
        const shifted0_3 = x[row + 3] - first3;
        sum3 += shifted0_3;
        acc3 += shifted0_3 * shifted0_3;
        const shifted1_0 = x[row + 500] - first0;
        sum0 += shifted1_0;
        acc0 += shifted1_0 * shifted1_0;
        const shifted1_1 = x[row + 500 + 1] - first1;
        sum1 += shifted1_1;
        acc1 += shifted1_1 * shifted1_1;
        const shifted1_2 = x[row + 500 + 2] - first2;
        sum2 += shifted1_2;
        acc2 += shifted1_2 * shifted1_2;
        const shifted1_3 = x[row + 500 + 3] - first3;
        sum3 += shifted1_3;
        acc3 += shifted1_3 * shifted1_3;
      }
      const mean0 = sum0 / 100;
      const mean1 = sum1 / 100;
      const mean2 = sum2 / 100;
      const mean3 = sum3 / 100;
      const mean0_ = acc0 / 100;
      const mean1_ = acc1 / 100;
      const mean2_ = acc2 / 100;
      const mean3_ = acc3 / 100;

      // rstd = 1 / sqrt(var + eps)
      // running_mean = momentum * running_mean + (1 - momentum) * mu
      // running_var = momentum * running_var + (1 - momentum) * var
      const mu0 = first0 + mean0;
      let varAt = mean0_ - mean0 * mean0;
      const rstd0 = 1 / Math.sqrt(varAt + 0.00001);
      let next_running_mean = 0.9 * running_mean[d] + term * mu0;
      let next_running_var = 0.9 * running_var[d] + term * varAt;
      rstd[d] = rstd0;
      running_mean[d] = next_running_mean;
      running_var[d] = next_running_var;
      const mu1 = first1 + mean1;
      varAt = mean1_ - mean1 * mean1;
      const rstd1 = 1 / Math.sqrt(varAt + 0.00001);
      next_running_mean = 0.9 * running_mean[d + 1] + term * mu1;
      next_running_var = 0.9 * running_var[d + 1] + term * varAt;
      rstd[d + 1] = rstd1;
      running_mean[d + 1] = next_running_mean;
      running_var[d + 1] = next_running_var;
      const mu2 = first2 + mean2;
      varAt = mean2_ - mean2 * mean2;
      const rstd2 = 1 / Math.sqrt(varAt + 0.00001);
      next_running_mean = 0.9 * running_mean[d + 2] + term * mu2;
      next_running_var = 0.9 * running_var[d + 2] + term * varAt;
      rstd[d + 2] = rstd2;
      running_mean[d + 2] = next_running_mean;
      running_var[d + 2] = next_running_var;
      const mu3 = first3 + mean3;
      varAt = mean3_ - mean3 * mean3;
      const rstd3 = 1 / Math.sqrt(varAt + 0.00001);
      next_running_mean = 0.9 * running_mean[d + 3] + term * mu3;
      next_running_var = 0.9 * running_var[d + 3] + term * varAt;
      rstd[d + 3] = rstd3;
      running_mean[d + 3] = next_running_mean;
      running_var[d + 3] = next_running_var;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      const outRest0 = gamma[d] * rstd0;
      const beta0 = beta[d];
      const outRest1 = gamma[d + 1] * rstd1;
      const beta1 = beta[d + 1];
      const outRest2 = gamma[d + 2] * rstd2;
      const beta2 = beta[d + 2];
      const outRest3 = gamma[d + 3] * rstd3;
      const beta3 = beta[d + 3];
      for (let n = 0; n < 100; n += 2) {
        const row = d + n * 500;
        const term0_0 = x[row] - mu0;
        out[row] = outRest0 * term0_0 + beta0;
        xhat[row] = term0_0 * rstd0;
        const term0_1 = x[row + 1] - mu1;
        out[row + 1] = outRest1 * term0_1 + beta1;
        xhat[row + 1] = term0_1 * rstd1;
        const term0_2 = x[row + 2] - mu2;
        out[row + 2] = outRest2 * term0_2 + beta2;
        xhat[row + 2] = term0_2 * rstd2;
        const term0_3 = x[row + 3] - mu3;
        out[row + 3] = outRest3 * term0_3 + beta3;
        xhat[row + 3] = term0_3 * rstd3;
        const term1_0 = x[row + 500] - mu0;
        out[row + 500] = outRest0 * term1_0 + beta0;
        xhat[row + 500] = term1_0 * rstd0;
        const term1_1 = x[row + 500 + 1] - mu1;
        out[row + 500 + 1] = outRest1 * term1_1 + beta1;
        xhat[row + 500 + 1] = term1_1 * rstd1;
        const term1_2 = x[row + 500 + 2] - mu2;
        out[row + 500 + 2] = outRest2 * term1_2 + beta2;
        xhat[row + 500 + 2] = term1_2 * rstd2;
        const term1_3 = x[row + 500 + 3] - mu3;
        out[row + 500 + 3] = outRest3 * term1_3 + beta3;
        xhat[row + 500 + 3] = term1_3 * rstd3;
      }
    }
  };
}


/** `forwardTest` over bound arrays. */
function boundForwardTest(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache: { xhat, rstd } } = this;
    const gamma64 = gamma64Memory, rstd64 = rstd64Memory, beta64 = beta64Memory;
    // rstd = 1 / sqrt(var + eps)
    for (let d = 0; d < 500; d += 4) {
      let rstdAt = 1 / Math.sqrt(running_var[d] + 0.00001);
      beta64[d] = beta[d];
      gamma64[d] = gamma[d];
      rstd64[d] = rstdAt;
      rstd[d] = rstdAt;
      rstdAt = 1 / Math.sqrt(running_var[d + 1] + 0.00001);
      beta64[d + 1] = beta[d + 1];
      gamma64[d + 1] = gamma[d + 1];
      rstd64[d + 1] = rstdAt;
      rstd[d + 1] = rstdAt;
      rstdAt = 1 / Math.sqrt(running_var[d + 2] + 0.00001);
      beta64[d + 2] = beta[d + 2];
      gamma64[d + 2] = gamma[d + 2];
      rstd64[d + 2] = rstdAt;
      rstd[d + 2] = rstdAt;
      rstdAt = 1 / Math.sqrt(running_var[d + 3] + 0.00001);
      beta64[d + 3] = beta[d + 3];
      gamma64[d + 3] = gamma[d + 3];
      rstd64[d + 3] = rstdAt;
      rstd[d + 3] = rstdAt;
    }

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    for (let n = 0; n < 100; n += 4) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 2) {
        let gammaAt = gamma64[d];
        let running_meanAt = running_mean[d];
        let rstdAt = rstd64[d];
        const xhat0_0 = (x[row + d] - running_meanAt) * rstdAt;
        let betaAt = beta64[d];
        out[row + d] = gammaAt * xhat0_0 + betaAt;
        xhat[row + d] = xhat0_0;
        const xhat0_1 = (x[row + d + 500] - running_meanAt) * rstdAt;
        out[row + d + 500] = gammaAt * xhat0_1 + betaAt;
        xhat[row + d + 500] = xhat0_1;
        const xhat0_2 = (x[row + d + 2 * 500] - running_meanAt) * rstdAt;
        out[row + d + 2 * 500] = gammaAt * xhat0_2 + betaAt;
        xhat[row + d + 2 * 500] = xhat0_2;
        const xhat0_3 = (x[row + d + 3 * 500] - running_meanAt) * rstdAt;
        out[row + d + 3 * 500] = gammaAt * xhat0_3 + betaAt;
        xhat[row + d + 3 * 500] = xhat0_3;
        gammaAt = gamma64[d + 1];
        running_meanAt = running_mean[d + 1];
        rstdAt = rstd64[d + 1];
        const xhat1_0 = (x[row + d + 1] - running_meanAt) * rstdAt;
        betaAt = beta64[d + 1];
        out[row + d + 1] = gammaAt * xhat1_0 + betaAt;
        xhat[row + d + 1] = xhat1_0;
        const xhat1_1 = (x[row + d + 500 + 1] - running_meanAt) * rstdAt;
        out[row + d + 500 + 1] = gammaAt * xhat1_1 + betaAt;
        xhat[row + d + 500 + 1] = xhat1_1;
        const xhat1_2 = (x[row + d + 2 * 500 + 1] - running_meanAt) * rstdAt;
        out[row + d + 2 * 500 + 1] = gammaAt * xhat1_2 + betaAt;
        xhat[row + d + 2 * 500 + 1] = xhat1_2;
        const xhat1_3 = (x[row + d + 3 * 500 + 1] - running_meanAt) * rstdAt;
        out[row + d + 3 * 500 + 1] = gammaAt * xhat1_3 + betaAt;
        xhat[row + d + 3 * 500 + 1] = xhat1_3;
      }
    }
  };
}


/** `backwardTrain` over bound arrays. */
function boundBackwardTrain(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const kept = keptMemory;
    for (let d = 0; d < 500; d += 4) {
      let term = gamma[d] * rstd[d] / 100;
      kept[d] = term;
      term = gamma[d + 1] * rstd[d + 1] / 100;
      kept[d + 1] = term;
      term = gamma[d + 2] * rstd[d + 2] / 100;
      kept[d + 2] = term;
      term = gamma[d + 3] * rstd[d + 3] / 100;
      kept[d + 3] = term;
    }
    for (let d = 0; d < 500; d += 4) {
      // dbeta = sum[N](dout)
      // dgamma = sum[N](xhat * dout)
      let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
      let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
      for (let n = 0; n < 100; n += 2) {
        const row = d + n * 500;
        const dout0_0 = dout[row];
        dbetaSum0 += dout0_0;
        dgammaSum0 += xhat[row] * dout0_0;
        const dout0_1 = dout[row + 1];
        dbetaSum1 += dout0_1;
        dgammaSum1 += xhat[row + 1] * dout0_1;
        const dout0_2 = dout[row + 2];
        dbetaSum2 += dout0_2;
        dgammaSum2 += xhat[row + 2] * dout0_2;
        const dout0_3 = dout[row + 3];
        dbetaSum3 += dout0_3;
        dgammaSum3 += xhat[row + 3] * dout0_3;
        const dout1_0 = dout[row + 500];
        dbetaSum0 += dout1_0;
        dgammaSum0 += xhat[row + 500] * dout1_0;
        const dout1_1 = dout[row + 500 + 1];
        dbetaSum1 += dout1_1;
        dgammaSum1 += xhat[row + 500 + 1] * dout1_1;
        const dout1_2 = dout[row + 500 + 2];
        dbetaSum2 += dout1_2;
        dgammaSum2 += xhat[row + 500 + 2] * dout1_2;
        const dout1_3 = dout[row + 500 + 3];
        dbetaSum3 += dout1_3;
        dgammaSum3 += xhat[row + 500 + 3] * dout1_3;
      }

      // dx = gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)
      let value = kept[d];
      const dxPer_dout0 = value * 100;
      const dxPer_xhat0 = value * dgammaSum0;
      const dxRest0 = value * dbetaSum0;
      value = kept[d + 1];
      const dxPer_dout1 = value * 100;
      const dxPer_xhat1 = value * dgammaSum1;
      const dxRest1 = value * dbetaSum1;
      value = kept[d + 2];
      const dxPer_dout2 = value * 100;
      const dxPer_xhat2 = value * dgammaSum2;
      const dxRest2 = value * dbetaSum2;
      value = kept[d + 3];
      const dxPer_dout3 = value * 100;
      const dxPer_xhat3 = value * dgammaSum3;
      const dxRest3 = value * dbetaSum3;
      for (let n = 0; n < 100; n += 2) {
        const row = d + n * 500;
        dx[row] = dxPer_dout0 * dout[row] - dxPer_xhat0 * xhat[row] - dxRest0;
        dx[row + 1] = dxPer_dout1 * dout[row + 1] - dxPer_xhat1 * xhat[row + 1] - dxRest1;
        dx[row + 2] = dxPer_dout2 * dout[row + 2] - dxPer_xhat2 * xhat[row + 2] - dxRest2;
        dx[row + 3] = dxPer_dout3 * dout[row + 3] - dxPer_xhat3 * xhat[row + 3] - dxRest3;
        dx[row + 500] = dxPer_dout0 * dout[row + 500] - dxPer_xhat0 * xhat[row + 500] - dxRest0;
        dx[row + 500 + 1] = dxPer_dout1 * dout[row + 500 + 1] - dxPer_xhat1 * xhat[row + 500 + 1] - dxRest1;
        dx[row + 500 + 2] = dxPer_dout2 * dout[row + 500 + 2] - dxPer_xhat2 * xhat[row + 500 + 2] - dxRest2;
        dx[row + 500 + 3] = dxPer_dout3 * dout[row + 500 + 3] - dxPer_xhat3 * xhat[row + 500 + 3] - dxRest3;
      }
      dgamma[d] = dgammaSum0;
      dbeta[d] = dbetaSum0;
      dgamma[d + 1] = dgammaSum1;
      dbeta[d + 1] = dbetaSum1;
      dgamma[d + 2] = dgammaSum2;
      dbeta[d + 2] = dbetaSum2;
      dgamma[d + 3] = dgammaSum3;
      dbeta[d + 3] = dbetaSum3;
    }
  };
}


/** `backwardTest` over bound arrays. */
function boundBackwardTest(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    // dx = gamma * rstd * dout
    for (let n = 0; n < 100; n += 4) {
      const row = n * 500;
      for (let d = 0; d < 500; d += 2) {
        let gammaAt = gamma[d];
        let rstdAt = rstd[d];
        let term = gammaAt * rstdAt;
        dx[row + d] = term * dout[row + d];
        dx[row + d + 500] = term * dout[row + d + 500];
        dx[row + d + 2 * 500] = term * dout[row + d + 2 * 500];
        dx[row + d + 3 * 500] = term * dout[row + d + 3 * 500];
        gammaAt = gamma[d + 1];
        rstdAt = rstd[d + 1];
        term = gammaAt * rstdAt;
        dx[row + d + 1] = term * dout[row + d + 1];
        dx[row + d + 500 + 1] = term * dout[row + d + 500 + 1];
        dx[row + d + 2 * 500 + 1] = term * dout[row + d + 2 * 500 + 1];
        dx[row + d + 3 * 500 + 1] = term * dout[row + d + 3 * 500 + 1];
      }
    }
    for (let d = 0; d < 500; d += 4) {
      // dgamma = sum[N](xhat * dout)
      // dbeta = sum[N](dout)
      let dgammaSum0 = 0, dgammaSum1 = 0, dgammaSum2 = 0, dgammaSum3 = 0;
      let dbetaSum0 = 0, dbetaSum1 = 0, dbetaSum2 = 0, dbetaSum3 = 0;
      for (let n = 0; n < 100; n += 2) {
        const row = d + n * 500;
        const dout0_0 = dout[row];
        dgammaSum0 += xhat[row] * dout0_0;
        dbetaSum0 += dout0_0;
        const dout0_1 = dout[row + 1];
        dgammaSum1 += xhat[row + 1] * dout0_1;
        dbetaSum1 += dout0_1;
        const dout0_2 = dout[row + 2];
        dgammaSum2 += xhat[row + 2] * dout0_2;
        dbetaSum2 += dout0_2;
        const dout0_3 = dout[row + 3];
        dgammaSum3 += xhat[row + 3] * dout0_3;
        dbetaSum3 += dout0_3;
        const dout1_0 = dout[row + 500];
        dgammaSum0 += xhat[row + 500] * dout1_0;
        dbetaSum0 += dout1_0;
        const dout1_1 = dout[row + 500 + 1];
        dgammaSum1 += xhat[row + 500 + 1] * dout1_1;
        dbetaSum1 += dout1_1;
        const dout1_2 = dout[row + 500 + 2];
        dgammaSum2 += xhat[row + 500 + 2] * dout1_2;
        dbetaSum2 += dout1_2;
        const dout1_3 = dout[row + 500 + 3];
        dgammaSum3 += xhat[row + 500 + 3] * dout1_3;
        dbetaSum3 += dout1_3;
      }
      dgamma[d] = dgammaSum0;
      dbeta[d] = dbetaSum0;
      dgamma[d + 1] = dgammaSum1;
      dbeta[d + 1] = dbetaSum1;
      dgamma[d + 2] = dgammaSum2;
      dbeta[d + 2] = dbetaSum2;
      dgamma[d + 3] = dgammaSum3;
      dbeta[d + 3] = dbetaSum3;
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
