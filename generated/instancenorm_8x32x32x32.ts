/**
 * instancenorm, N = 8, C = 32, H = 32, W = 32, f32. Generated from specs/instancenorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001.
 *
 * Instance normalisation (Ulyanov et al. 2016) - each channel of each sample over its own plane.
 *
 *   forward  mu            [N, C]       = mean[H, W](x)
 *            var           [N, C]       = mean[H, W]((x - mu)^2)
 *            rstd          [N, C]       = 1 / sqrt(var + eps)
 *            xhat          [N, C, H, W] = (x - mu) * rstd
 *            out           [N, C, H, W] = gamma * xhat + beta
 *   backward sum_dout      [N, C]       = sum[H, W](dout)
 *            sum_dout_xhat [N, C]       = sum[H, W](xhat * dout)
 *            dx            [N, C, H, W] = gamma * rstd * (dout - (sum_dout + xhat * sum_dout_xhat) / (H*W))
 *            dgamma        [C]          = sum[N](sum_dout_xhat)
 *            dbeta         [C]          = sum[N](sum_dout)
 */
const N = 8;
const C = 32;
const H = 32;
const W = 32;
const EPS = 0.00001;
const CHW = 32768;   // C * H * W
const HW = 1024;   // H * W

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'instancenorm',
  sizes: { N: 8, C: 32, H: 32, W: 32 },
  options: { eps: 0.00001 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [8, 32, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    gamma: { role: 'param', shape: [32], dtype: 'f32', axes: ['C'], init: 1 },
    beta: { role: 'param', shape: [32], dtype: 'f32', axes: ['C'] },
    out: { role: 'output', shape: [8, 32, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dout: { role: 'upstream', shape: [8, 32, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dx: { role: 'gradient', shape: [8, 32, 32, 32], dtype: 'f32', axes: ['N', 'C', 'H', 'W'] },
    dgamma: { role: 'gradient', shape: [32], dtype: 'f32', axes: ['C'] },
    dbeta: { role: 'gradient', shape: [32], dtype: 'f32', axes: ['C'] },
  },
  random: {},
  cache: { xhat: { shape: [8, 32, 32, 32], dtype: 'f32' }, rstd: { shape: [8, 32], dtype: 'f32' } },
  arguments: {
    forward: ['x', 'gamma', 'beta', 'out', 'cache'],
    backward: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 3148032, backward: 4194816 },
  bytes: { cache: 1049600, scratch: 4096, forward: 2097408, backward: 2097536 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, C, H, W] = [8, 32, 32, 32] */
  readonly xhat: Float32Array;
  /** [N, C] = [8, 32] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(262144),
    rstd: new Float32Array(256),
  };
}

const sum_dout64Memory = /*@__PURE__*/ new Float64Array(289);
const sum_dout_xhat64Memory = /*@__PURE__*/ new Float64Array(289);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, C, H, W] = [8, 32, 32, 32]
 * @param gamma read    [C] = [32]
 * @param beta  read    [C] = [32]
 * @param out   written [N, C, H, W] = [8, 32, 32, 32]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(gamma, 'gamma', C, '[32]');
  checkArray(beta, 'beta', C, '[32]');
  checkArray(out, 'out', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(rstd, 'cache.rstd', N * C, '[8, 32]');
  for (let n = 0; n < N; n++) {
    const row = n * CHW;
    const row_2 = n * C;
    for (let c = 0; c < C; c++) {
      const first = x[row + c * HW];

      // mu = mean[H, W](x)
      // var = mean[H, W]((x - mu)^2)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row_ = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let shifted = x[row_ + hw] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row_ + hw + 1] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
        shifted = x[row_ + hw + 2] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row_ + hw + 3] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
      }
      const mean = (sum0 + sum1) / HW;
      const meanAt = (acc0 + acc1) / HW;

      // rstd = 1 / sqrt(var + eps)
      const mu = first + mean;
      const varAt = meanAt - mean * mean;
      const rstdAt = 1 / Math.sqrt(varAt + EPS);
      rstd[row_2 + c] = rstdAt;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      const outRest = gamma[c] * rstdAt;
      const betaAt = beta[c];
      for (let hw = 0; hw < HW; hw += 4) {
        let term = x[row_ + hw] - mu;
        out[row_ + hw] = outRest * term + betaAt;
        xhat[row_ + hw] = term * rstdAt;
        term = x[row_ + hw + 1] - mu;
        out[row_ + hw + 1] = outRest * term + betaAt;
        xhat[row_ + hw + 1] = term * rstdAt;
        term = x[row_ + hw + 2] - mu;
        out[row_ + hw + 2] = outRest * term + betaAt;
        xhat[row_ + hw + 2] = term * rstdAt;
        term = x[row_ + hw + 3] - mu;
        out[row_ + hw + 3] = outRest * term + betaAt;
        xhat[row_ + hw + 3] = term * rstdAt;
      }
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, C, H, W] = [8, 32, 32, 32]
 * @param gamma  read    [C] = [32]
 * @param cache  read
 * @param dx     written [N, C, H, W] = [8, 32, 32, 32]
 * @param dgamma written [C] = [32]
 * @param dbeta  written [C] = [32]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(gamma, 'gamma', C, '[32]');
  checkArray(dx, 'dx', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(dgamma, 'dgamma', C, '[32]');
  checkArray(dbeta, 'dbeta', C, '[32]');
  checkArray(xhat, 'cache.xhat', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(rstd, 'cache.rstd', N * C, '[8, 32]');
  const sum_dout_xhat64 = sum_dout_xhat64Memory, sum_dout64 = sum_dout64Memory;
  const term = H * W;
  for (let n = 0; n < N; n++) {
    const row_ = n * C;
    for (let c = 0; c < C; c++) {
      // sum_dout = sum[H, W](dout)
      // sum_dout_xhat = sum[H, W](xhat * dout)
      let sum_doutSum0 = 0, sum_doutSum1 = 0;
      let sum_dout_xhatSum0 = 0, sum_dout_xhatSum1 = 0;
      const row = n * CHW + c * HW;
      for (let hw = 0; hw < HW; hw += 4) {
        let doutAt = dout[row + hw];
        sum_doutSum0 += doutAt;
        sum_dout_xhatSum0 += xhat[row + hw] * doutAt;
        doutAt = dout[row + hw + 1];
        sum_doutSum1 += doutAt;
        sum_dout_xhatSum1 += xhat[row + hw + 1] * doutAt;
        doutAt = dout[row + hw + 2];
        sum_doutSum0 += doutAt;
        sum_dout_xhatSum0 += xhat[row + hw + 2] * doutAt;
        doutAt = dout[row + hw + 3];
        sum_doutSum1 += doutAt;
        sum_dout_xhatSum1 += xhat[row + hw + 3] * doutAt;
      }
      const sum_dout = sum_doutSum0 + sum_doutSum1;
      sum_dout64[row_ + c] = sum_dout;
      const sum_dout_xhat = sum_dout_xhatSum0 + sum_dout_xhatSum1;
      sum_dout_xhat64[row_ + c] = sum_dout_xhat;

      // dx = gamma * rstd * (dout - (sum_dout + xhat * sum_dout_xhat) / (H*W))
      const dxPer_dout = gamma[c] * rstd[row_ + c];
      const dxPer_xhat = dxPer_dout * (sum_dout_xhat / term);
      const dxRest = dxPer_dout * (sum_dout / term);
      for (let hw = 0; hw < HW; hw += 4) {
        dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
        dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
        dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
        dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
      }
    }
  }
  for (let c = 0; c < C; c++) {
    // dgamma = sum[N](sum_dout_xhat)
    // dbeta = sum[N](sum_dout)
    let dgammaSum0 = 0, dgammaSum1 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0;
    dgammaSum0 += sum_dout_xhat64[c];
    dbetaSum0 += sum_dout64[c];
    dgammaSum1 += sum_dout_xhat64[c + C];
    dbetaSum1 += sum_dout64[c + C];
    dgammaSum0 += sum_dout_xhat64[c + 2 * C];
    dbetaSum0 += sum_dout64[c + 2 * C];
    dgammaSum1 += sum_dout_xhat64[c + 3 * C];
    dbetaSum1 += sum_dout64[c + 3 * C];
    dgammaSum0 += sum_dout_xhat64[c + 4 * C];
    dbetaSum0 += sum_dout64[c + 4 * C];
    dgammaSum1 += sum_dout_xhat64[c + 5 * C];
    dbetaSum1 += sum_dout64[c + 5 * C];
    dgammaSum0 += sum_dout_xhat64[c + 6 * C];
    dbetaSum0 += sum_dout64[c + 6 * C];
    dgammaSum1 += sum_dout_xhat64[c + 7 * C];
    dbetaSum1 += sum_dout64[c + 7 * C];
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
  checkArray(x, 'x', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(gamma, 'gamma', C, '[32]');
  checkArray(beta, 'beta', C, '[32]');
  checkArray(out, 'out', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(dout, 'dout', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(dx, 'dx', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(dgamma, 'dgamma', C, '[32]');
  checkArray(dbeta, 'dbeta', C, '[32]');
  checkArray(cache.xhat, 'cache.xhat', N * C * H * W, '[8, 32, 32, 32]');
  checkArray(cache.rstd, 'cache.rstd', N * C, '[8, 32]');
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
    for (let n = 0; n < 8; n++) {
      const row = n * 32768;
      const row_2 = n * 32;
      for (let c = 0; c < 32; c++) {
        const first = x[row + c * 1024];

        // mu = mean[H, W](x)
        // var = mean[H, W]((x - mu)^2)
        let sum0 = 0, sum1 = 0;
        let acc0 = 0, acc1 = 0;
        const row_ = n * 32768 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let shifted = x[row_ + hw] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row_ + hw + 1] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
          shifted = x[row_ + hw + 2] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row_ + hw + 3] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
        }
        const mean = (sum0 + sum1) / 1024;
        const meanAt = (acc0 + acc1) / 1024;

        // rstd = 1 / sqrt(var + eps)
        const mu = first + mean;
        const varAt = meanAt - mean * mean;
        const rstdAt = 1 / Math.sqrt(varAt + 0.00001);
        rstd[row_2 + c] = rstdAt;

        // out = gamma * xhat + beta
        // xhat = (x - mu) * rstd
        const outRest = gamma[c] * rstdAt;
        const betaAt = beta[c];
        for (let hw = 0; hw < 1024; hw += 4) {
          let term = x[row_ + hw] - mu;
          out[row_ + hw] = outRest * term + betaAt;
          xhat[row_ + hw] = term * rstdAt;
          term = x[row_ + hw + 1] - mu;
          out[row_ + hw + 1] = outRest * term + betaAt;
          xhat[row_ + hw + 1] = term * rstdAt;
          term = x[row_ + hw + 2] - mu;
          out[row_ + hw + 2] = outRest * term + betaAt;
          xhat[row_ + hw + 2] = term * rstdAt;
          term = x[row_ + hw + 3] - mu;
          out[row_ + hw + 3] = outRest * term + betaAt;
          xhat[row_ + hw + 3] = term * rstdAt;
        }
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const sum_dout_xhat64 = sum_dout_xhat64Memory, sum_dout64 = sum_dout64Memory;
    const term = 32 * 32;
    for (let n = 0; n < 8; n++) {
      const row_ = n * 32;
      for (let c = 0; c < 32; c++) {
        // sum_dout = sum[H, W](dout)
        // sum_dout_xhat = sum[H, W](xhat * dout)
        let sum_doutSum0 = 0, sum_doutSum1 = 0;
        let sum_dout_xhatSum0 = 0, sum_dout_xhatSum1 = 0;
        const row = n * 32768 + c * 1024;
        for (let hw = 0; hw < 1024; hw += 4) {
          let doutAt = dout[row + hw];
          sum_doutSum0 += doutAt;
          sum_dout_xhatSum0 += xhat[row + hw] * doutAt;
          doutAt = dout[row + hw + 1];
          sum_doutSum1 += doutAt;
          sum_dout_xhatSum1 += xhat[row + hw + 1] * doutAt;
          doutAt = dout[row + hw + 2];
          sum_doutSum0 += doutAt;
          sum_dout_xhatSum0 += xhat[row + hw + 2] * doutAt;
          doutAt = dout[row + hw + 3];
          sum_doutSum1 += doutAt;
          sum_dout_xhatSum1 += xhat[row + hw + 3] * doutAt;
        }
        const sum_dout = sum_doutSum0 + sum_doutSum1;
        sum_dout64[row_ + c] = sum_dout;
        const sum_dout_xhat = sum_dout_xhatSum0 + sum_dout_xhatSum1;
        sum_dout_xhat64[row_ + c] = sum_dout_xhat;

        // dx = gamma * rstd * (dout - (sum_dout + xhat * sum_dout_xhat) / (H*W))
        const dxPer_dout = gamma[c] * rstd[row_ + c];
        const dxPer_xhat = dxPer_dout * (sum_dout_xhat / term);
        const dxRest = dxPer_dout * (sum_dout / term);
        for (let hw = 0; hw < 1024; hw += 4) {
          dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
          dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
          dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
          dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
        }
      }
    }
    for (let c = 0; c < 32; c++) {
      // dgamma = sum[N](sum_dout_xhat)
      // dbeta = sum[N](sum_dout)
      let dgammaSum0 = 0, dgammaSum1 = 0;
      let dbetaSum0 = 0, dbetaSum1 = 0;
      dgammaSum0 += sum_dout_xhat64[c];
      dbetaSum0 += sum_dout64[c];
      dgammaSum1 += sum_dout_xhat64[c + 32];
      dbetaSum1 += sum_dout64[c + 32];
      dgammaSum0 += sum_dout_xhat64[c + 2 * 32];
      dbetaSum0 += sum_dout64[c + 2 * 32];
      dgammaSum1 += sum_dout_xhat64[c + 3 * 32];
      dbetaSum1 += sum_dout64[c + 3 * 32];
      dgammaSum0 += sum_dout_xhat64[c + 4 * 32];
      dbetaSum0 += sum_dout64[c + 4 * 32];
      dgammaSum1 += sum_dout_xhat64[c + 5 * 32];
      dbetaSum1 += sum_dout64[c + 5 * 32];
      dgammaSum0 += sum_dout_xhat64[c + 6 * 32];
      dbetaSum0 += sum_dout64[c + 6 * 32];
      dgammaSum1 += sum_dout_xhat64[c + 7 * 32];
      dbetaSum1 += sum_dout64[c + 7 * 32];
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
