/**
 * spatial_batchnorm, N = 32, C = 16, H = 32, W = 32, f32. Generated from specs/spatial_batchnorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001, momentum = 0.9.
 *
 * Batch normalisation (Ioffe & Szegedy 2015) of C channels of N images, over samples and positions.
 *
 *   forward (train)  mu                [C]          = mean[N, H, W](x)
 *                    var               [C]          = mean[N, H, W]((x - mu)^2)
 *                    rstd              [C]          = 1 / sqrt(var + eps)
 *                    xhat              [N, C, H, W] = (x - mu) * rstd
 *                    out               [N, C, H, W] = gamma * xhat + beta
 *                    next_running_mean [C]          = momentum * running_mean + (1 - momentum) * mu
 *                    next_running_var  [C]          = momentum * running_var + (1 - momentum) * var
 *   backward (train) dbeta             [C]          = sum[N, H, W](dout)
 *                    dgamma            [C]          = sum[N, H, W](xhat * dout)
 *                    dx                [N, C, H, W] = gamma * rstd / (N*H*W) * (N*H*W*dout - dbeta - xhat * dgamma)
 *   forward (test)   mu                [C]          = running_mean
 *                    var               [C]          = running_var
 *                    rstd              [C]          = 1 / sqrt(var + eps)
 *                    xhat              [N, C, H, W] = (x - mu) * rstd
 *                    out               [N, C, H, W] = gamma * xhat + beta
 *   backward (test)  dx                [N, C, H, W] = gamma * rstd * dout
 *                    dgamma            [C]          = sum[N, H, W](xhat * dout)
 *                    dbeta             [C]          = sum[N, H, W](dout)
 */
const N = 32;
const C = 16;
const H = 32;
const W = 32;
const EPS = 0.00001;
const MOMENTUM = 0.9;
const CHW = 16384;   // C * H * W
const HW = 1024;   // H * W
const NHW = 32768;   // N * H * W

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'spatial_batchnorm',
  sizes: { N: 32, C: 16, H: 32, W: 32 },
  options: { eps: 0.00001, momentum: 0.9 },
  target: 'ts',
  dtype: 'f32',
  modes: ['train', 'test'],
  tensors: {
    x: { role: 'input', shape: [32, 16, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    gamma: { role: 'param', shape: [16], dtype: 'f32', axes: ['C'], init: 1 },
    beta: { role: 'param', shape: [16], dtype: 'f32', axes: ['C'] },
    running_mean: { role: 'state', shape: [16], dtype: 'f32', axes: ['C'], init: 0 },
    running_var: { role: 'state', shape: [16], dtype: 'f32', axes: ['C'], init: 1 },
    out: { role: 'output', shape: [32, 16, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dout: { role: 'upstream', shape: [32, 16, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dx: { role: 'gradient', shape: [32, 16, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dgamma: { role: 'gradient', shape: [16], dtype: 'f32', axes: ['C'] },
    dbeta: { role: 'gradient', shape: [16], dtype: 'f32', axes: ['C'] },
  },
  random: {},
  cache: { xhat: { shape: [32, 16, 32, 32], dtype: 'f32' }, rstd: { shape: [16], dtype: 'f32' } },
  arguments: {
    forwardTrain: ['x', 'gamma', 'beta', 'running_mean', 'running_var', 'out', 'cache'],
    forwardTest: ['x', 'gamma', 'beta', 'running_mean', 'running_var', 'out', 'cache'],
    backwardTrain: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
    backwardTest: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forwardTrain: 6291728, forwardTest: 3145824, backwardTrain: 6291520, backwardTest: 2621440 },
  bytes: {
    cache: 2097216,
    scratch: 128,
    forwardTrain: 4194560,
    forwardTest: 4194560,
    backwardTrain: 4194496,
    backwardTest: 4194496,
  },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C, H, W] = [32, 16, 32, 32] */
  readonly xhat: Float32Array;
  /** [C] = [16] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(524288),
    rstd: new Float32Array(16),
  };
}

const keptMemory = /*@__PURE__*/ new Float64Array(23);

/**
 * Writes the outputs and fills the cache and updates running_mean, running_var, train mode. Arrays are
 * row-major and must not overlap.
 *
 * @param x            read    [N, C, H, W] = [32, 16, 32, 32]
 * @param gamma        read    [C] = [16]
 * @param beta         read    [C] = [16]
 * @param running_mean updated [C] = [16]
 * @param running_var  updated [C] = [16]
 * @param out          written [N, C, H, W] = [32, 16, 32, 32]
 * @param cache        written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTrain(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, running_mean: Float32Array,
  running_var: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(gamma, 'gamma', C, '[16]');
  checkArray(beta, 'beta', C, '[16]');
  checkArray(running_mean, 'running_mean', C, '[16]');
  checkArray(running_var, 'running_var', C, '[16]');
  checkArray(out, 'out', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(rstd, 'cache.rstd', C, '[16]');
  const term = 1 - MOMENTUM;
  for (let c = 0; c < C; c++) {
    const first = x[c * HW];

    // mu = mean[N, H, W](x)
    // var = mean[N, H, W]((x - mu)^2)
    let sum0 = 0, sum1 = 0;
    let acc0 = 0, acc1 = 0;
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let shifted = x[row + hw] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row + hw + 1] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
        shifted = x[row + hw + 2] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row + hw + 3] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
      }
    }
    const mean = (sum0 + sum1) / NHW;
    const meanAt = (acc0 + acc1) / NHW;

    // rstd = 1 / sqrt(var + eps)
    // running_mean = momentum * running_mean + (1 - momentum) * mu
    // running_var = momentum * running_var + (1 - momentum) * var
    const mu = first + mean;
    const varAt = meanAt - mean * mean;
    const rstdAt = 1 / Math.sqrt(varAt + EPS);
    const next_running_mean = MOMENTUM * running_mean[c] + term * mu;
    const next_running_var = MOMENTUM * running_var[c] + term * varAt;
    rstd[c] = rstdAt;
    running_mean[c] = next_running_mean;
    running_var[c] = next_running_var;

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    const outRest = gamma[c] * rstdAt;
    const betaAt = beta[c];
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let termAt = x[row + hw] - mu;
        out[row + hw] = outRest * termAt + betaAt;
        xhat[row + hw] = termAt * rstdAt;
        termAt = x[row + hw + 1] - mu;
        out[row + hw + 1] = outRest * termAt + betaAt;
        xhat[row + hw + 1] = termAt * rstdAt;
        termAt = x[row + hw + 2] - mu;
        out[row + hw + 2] = outRest * termAt + betaAt;
        xhat[row + hw + 2] = termAt * rstdAt;
        termAt = x[row + hw + 3] - mu;
        out[row + hw + 3] = outRest * termAt + betaAt;
        xhat[row + hw + 3] = termAt * rstdAt;
      }
    }
  }
}


/**
 * Writes the outputs and fills the cache, test mode. Arrays are row-major and must not overlap.
 *
 * @param x            read    [N, C, H, W] = [32, 16, 32, 32]
 * @param gamma        read    [C] = [16]
 * @param beta         read    [C] = [16]
 * @param running_mean read    [C] = [16]
 * @param running_var  read    [C] = [16]
 * @param out          written [N, C, H, W] = [32, 16, 32, 32]
 * @param cache        written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forwardTest(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, running_mean: Float32Array,
  running_var: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(gamma, 'gamma', C, '[16]');
  checkArray(beta, 'beta', C, '[16]');
  checkArray(running_mean, 'running_mean', C, '[16]');
  checkArray(running_var, 'running_var', C, '[16]');
  checkArray(out, 'out', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(rstd, 'cache.rstd', C, '[16]');
  for (let c = 0; c < C; c++) {
    // rstd = 1 / sqrt(var + eps)
    const rstdAt = 1 / Math.sqrt(running_var[c] + EPS);
    rstd[c] = rstdAt;

    // out = gamma * xhat + beta
    // xhat = (x - mu) * rstd
    const outRest = gamma[c] * rstdAt;
    const running_meanAt = running_mean[c];
    const betaAt = beta[c];
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let term = x[row + hw] - running_meanAt;
        out[row + hw] = outRest * term + betaAt;
        xhat[row + hw] = term * rstdAt;
        term = x[row + hw + 1] - running_meanAt;
        out[row + hw + 1] = outRest * term + betaAt;
        xhat[row + hw + 1] = term * rstdAt;
        term = x[row + hw + 2] - running_meanAt;
        out[row + hw + 2] = outRest * term + betaAt;
        xhat[row + hw + 2] = term * rstdAt;
        term = x[row + hw + 3] - running_meanAt;
        out[row + hw + 3] = outRest * term + betaAt;
        xhat[row + hw + 3] = term * rstdAt;
      }
    }
  }
}


/**
 * Writes the gradients, train mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, C, H, W] = [32, 16, 32, 32]
 * @param gamma  read    [C] = [16]
 * @param cache  read
 * @param dx     written [N, C, H, W] = [32, 16, 32, 32]
 * @param dgamma written [C] = [16]
 * @param dbeta  written [C] = [16]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTrain(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(gamma, 'gamma', C, '[16]');
  checkArray(dx, 'dx', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(dgamma, 'dgamma', C, '[16]');
  checkArray(dbeta, 'dbeta', C, '[16]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(rstd, 'cache.rstd', C, '[16]');
  const kept = keptMemory;
  const term = N * H * W;
  for (let c = 0; c < C; c += 4) {
    let termAt = gamma[c] * rstd[c] / term;
    kept[c] = termAt;
    termAt = gamma[c + 1] * rstd[c + 1] / term;
    kept[c + 1] = termAt;
    termAt = gamma[c + 2] * rstd[c + 2] / term;
    kept[c + 2] = termAt;
    termAt = gamma[c + 3] * rstd[c + 3] / term;
    kept[c + 3] = termAt;
  }
  for (let c = 0; c < C; c++) {
    // dbeta = sum[N, H, W](dout)
    // dgamma = sum[N, H, W](xhat * dout)
    let dbetaSum0 = 0, dbetaSum1 = 0;
    let dgammaSum0 = 0, dgammaSum1 = 0;
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let doutAt = dout[row + hw];
        dbetaSum0 += doutAt;
        dgammaSum0 += xhat[row + hw] * doutAt;
        doutAt = dout[row + hw + 1];
        dbetaSum1 += doutAt;
        dgammaSum1 += xhat[row + hw + 1] * doutAt;
        doutAt = dout[row + hw + 2];
        dbetaSum0 += doutAt;
        dgammaSum0 += xhat[row + hw + 2] * doutAt;
        doutAt = dout[row + hw + 3];
        dbetaSum1 += doutAt;
        dgammaSum1 += xhat[row + hw + 3] * doutAt;
      }
    }
    const dbetaAt = dbetaSum0 + dbetaSum1;
    const dgammaAt = dgammaSum0 + dgammaSum1;

    // dx = gamma * rstd / (N*H*W) * (N*H*W*dout - dbeta - xhat * dgamma)
    const value = kept[c];
    const dxPer_dout = value * term;
    const dxPer_xhat = value * dgammaAt;
    const dxRest = value * dbetaAt;
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
        dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
        dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
        dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
      }
    }
    dgamma[c] = dgammaAt;
    dbeta[c] = dbetaAt;
  }
}


/**
 * Writes the gradients, test mode. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, C, H, W] = [32, 16, 32, 32]
 * @param gamma  read    [C] = [16]
 * @param cache  read
 * @param dx     written [N, C, H, W] = [32, 16, 32, 32]
 * @param dgamma written [C] = [16]
 * @param dbeta  written [C] = [16]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backwardTest(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(gamma, 'gamma', C, '[16]');
  checkArray(dx, 'dx', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(dgamma, 'dgamma', C, '[16]');
  checkArray(dbeta, 'dbeta', C, '[16]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(rstd, 'cache.rstd', C, '[16]');
  // dx = gamma * rstd * dout
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      const term = gamma[c] * rstd[c];
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        dx[row + hw] = term * dout[row + hw];
        dx[row + hw + 1] = term * dout[row + hw + 1];
        dx[row + hw + 2] = term * dout[row + hw + 2];
        dx[row + hw + 3] = term * dout[row + hw + 3];
      }
    }
  }
  for (let c = 0; c < C; c++) {
    // dgamma = sum[N, H, W](xhat * dout)
    // dbeta = sum[N, H, W](dout)
    let dgammaSum0 = 0, dgammaSum1 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0;
    for (let n = 0; n < N; n++) {
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let doutAt = dout[row + hw];
        dgammaSum0 += xhat[row + hw] * doutAt;
        dbetaSum0 += doutAt;
        doutAt = dout[row + hw + 1];
        dgammaSum1 += xhat[row + hw + 1] * doutAt;
        dbetaSum1 += doutAt;
        doutAt = dout[row + hw + 2];
        dgammaSum0 += xhat[row + hw + 2] * doutAt;
        dbetaSum0 += doutAt;
        doutAt = dout[row + hw + 3];
        dgammaSum1 += xhat[row + hw + 3] * doutAt;
        dbetaSum1 += doutAt;
      }
    }
    const dgammaAt = dgammaSum0 + dgammaSum1;
    const dbetaAt = dbetaSum0 + dbetaSum1;
    dgamma[c] = dgammaAt;
    dbeta[c] = dbetaAt;
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
}


/**
 * Binds arrays once: the functions it returns take only what changes from call to call.
 *
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function bind({ x, gamma, beta, running_mean, running_var, out, dout, dx, dgamma, dbeta, cache }: Buffers): Bound {
  checkArray(x, 'x', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(gamma, 'gamma', C, '[16]');
  checkArray(beta, 'beta', C, '[16]');
  checkArray(running_mean, 'running_mean', C, '[16]');
  checkArray(running_var, 'running_var', C, '[16]');
  checkArray(out, 'out', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(dout, 'dout', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(dx, 'dx', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(dgamma, 'dgamma', C, '[16]');
  checkArray(dbeta, 'dbeta', C, '[16]');
  checkArray(cache.xhat, 'cache.xhat', N * C * H * W, '[32, 16, 32, 32]');
  checkArray(cache.rstd, 'cache.rstd', C, '[16]');
  const bound: Buffers = { x, gamma, beta, running_mean, running_var, out, dout, dx, dgamma, dbeta, cache };
  return {
    forwardTrain: boundForwardTrain.call(bound),
    forwardTest: boundForwardTest.call(bound),
    backwardTrain: boundBackwardTrain.call(bound),
    backwardTest: boundBackwardTest.call(bound),
  };
}


/** `forwardTrain` over bound arrays. */
function boundForwardTrain(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache: { xhat, rstd } } = this;
    const term = 1 - 0.9;
    for (let c = 0; c < 16; c++) {
      const first = x[c * 1024];

      // mu = mean[N, H, W](x)
      // var = mean[N, H, W]((x - mu)^2)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let shifted = x[row + hw] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row + hw + 1] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
          shifted = x[row + hw + 2] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row + hw + 3] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
        }
      }
      const mean = (sum0 + sum1) / 32768;
      const meanAt = (acc0 + acc1) / 32768;

      // rstd = 1 / sqrt(var + eps)
      // running_mean = momentum * running_mean + (1 - momentum) * mu
      // running_var = momentum * running_var + (1 - momentum) * var
      const mu = first + mean;
      const varAt = meanAt - mean * mean;
      const rstdAt = 1 / Math.sqrt(varAt + 0.00001);
      const next_running_mean = 0.9 * running_mean[c] + term * mu;
      const next_running_var = 0.9 * running_var[c] + term * varAt;
      rstd[c] = rstdAt;
      running_mean[c] = next_running_mean;
      running_var[c] = next_running_var;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      const outRest = gamma[c] * rstdAt;
      const betaAt = beta[c];
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let termAt = x[row + hw] - mu;
          out[row + hw] = outRest * termAt + betaAt;
          xhat[row + hw] = termAt * rstdAt;
          termAt = x[row + hw + 1] - mu;
          out[row + hw + 1] = outRest * termAt + betaAt;
          xhat[row + hw + 1] = termAt * rstdAt;
          termAt = x[row + hw + 2] - mu;
          out[row + hw + 2] = outRest * termAt + betaAt;
          xhat[row + hw + 2] = termAt * rstdAt;
          termAt = x[row + hw + 3] - mu;
          out[row + hw + 3] = outRest * termAt + betaAt;
          xhat[row + hw + 3] = termAt * rstdAt;
        }
      }
    }
  };
}


/** `forwardTest` over bound arrays. */
function boundForwardTest(this: Buffers): () => void {
  return () => {
    const { x, gamma, beta, running_mean, running_var, out, cache: { xhat, rstd } } = this;
    for (let c = 0; c < 16; c++) {
      // rstd = 1 / sqrt(var + eps)
      const rstdAt = 1 / Math.sqrt(running_var[c] + 0.00001);
      rstd[c] = rstdAt;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      const outRest = gamma[c] * rstdAt;
      const running_meanAt = running_mean[c];
      const betaAt = beta[c];
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let term = x[row + hw] - running_meanAt;
          out[row + hw] = outRest * term + betaAt;
          xhat[row + hw] = term * rstdAt;
          term = x[row + hw + 1] - running_meanAt;
          out[row + hw + 1] = outRest * term + betaAt;
          xhat[row + hw + 1] = term * rstdAt;
          term = x[row + hw + 2] - running_meanAt;
          out[row + hw + 2] = outRest * term + betaAt;
          xhat[row + hw + 2] = term * rstdAt;
          term = x[row + hw + 3] - running_meanAt;
          out[row + hw + 3] = outRest * term + betaAt;
          xhat[row + hw + 3] = term * rstdAt;
        }
      }
    }
  };
}


/** `backwardTrain` over bound arrays. */
function boundBackwardTrain(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const kept = keptMemory;
    const term = 32 * 32 * 32;
    for (let c = 0; c < 16; c += 4) {
      let termAt = gamma[c] * rstd[c] / term;
      kept[c] = termAt;
      termAt = gamma[c + 1] * rstd[c + 1] / term;
      kept[c + 1] = termAt;
      termAt = gamma[c + 2] * rstd[c + 2] / term;
      kept[c + 2] = termAt;
      termAt = gamma[c + 3] * rstd[c + 3] / term;
      kept[c + 3] = termAt;
    }
    for (let c = 0; c < 16; c++) {
      // dbeta = sum[N, H, W](dout)
      // dgamma = sum[N, H, W](xhat * dout)
      let dbetaSum0 = 0, dbetaSum1 = 0;
      let dgammaSum0 = 0, dgammaSum1 = 0;
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let doutAt = dout[row + hw];
          dbetaSum0 += doutAt;
          dgammaSum0 += xhat[row + hw] * doutAt;
          doutAt = dout[row + hw + 1];
          dbetaSum1 += doutAt;
          dgammaSum1 += xhat[row + hw + 1] * doutAt;
          doutAt = dout[row + hw + 2];
          dbetaSum0 += doutAt;
          dgammaSum0 += xhat[row + hw + 2] * doutAt;
          doutAt = dout[row + hw + 3];
          dbetaSum1 += doutAt;
          dgammaSum1 += xhat[row + hw + 3] * doutAt;
        }
      }
      const dbetaAt = dbetaSum0 + dbetaSum1;
      const dgammaAt = dgammaSum0 + dgammaSum1;

      // dx = gamma * rstd / (N*H*W) * (N*H*W*dout - dbeta - xhat * dgamma)
      const value = kept[c];
      const dxPer_dout = value * term;
      const dxPer_xhat = value * dgammaAt;
      const dxRest = value * dbetaAt;
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
          dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
          dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
          dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
        }
      }
      dgamma[c] = dgammaAt;
      dbeta[c] = dbetaAt;
    }
  };
}


/** `backwardTest` over bound arrays. */
function boundBackwardTest(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    // dx = gamma * rstd * dout
    for (let n = 0; n < 32; n++) {
      for (let c = 0; c < 16; c++) {
        const term = gamma[c] * rstd[c];
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          dx[row + hw] = term * dout[row + hw];
          dx[row + hw + 1] = term * dout[row + hw + 1];
          dx[row + hw + 2] = term * dout[row + hw + 2];
          dx[row + hw + 3] = term * dout[row + hw + 3];
        }
      }
    }
    for (let c = 0; c < 16; c++) {
      // dgamma = sum[N, H, W](xhat * dout)
      // dbeta = sum[N, H, W](dout)
      let dgammaSum0 = 0, dgammaSum1 = 0;
      let dbetaSum0 = 0, dbetaSum1 = 0;
      for (let n = 0; n < 32; n++) {
        const row = n * 16384 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let doutAt = dout[row + hw];
          dgammaSum0 += xhat[row + hw] * doutAt;
          dbetaSum0 += doutAt;
          doutAt = dout[row + hw + 1];
          dgammaSum1 += xhat[row + hw + 1] * doutAt;
          dbetaSum1 += doutAt;
          doutAt = dout[row + hw + 2];
          dgammaSum0 += xhat[row + hw + 2] * doutAt;
          dbetaSum0 += doutAt;
          doutAt = dout[row + hw + 3];
          dgammaSum1 += xhat[row + hw + 3] * doutAt;
          dbetaSum1 += doutAt;
        }
      }
      const dgammaAt = dgammaSum0 + dgammaSum1;
      const dbetaAt = dbetaSum0 + dbetaSum1;
      dgamma[c] = dgammaAt;
      dbeta[c] = dbetaAt;
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
