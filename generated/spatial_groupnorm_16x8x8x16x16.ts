/**
 * spatial_groupnorm, N = 16, G = 8, K = 8, H = 16, W = 16, f32. Generated from specs/spatial_groupnorm.layer.yaml - edit the spec, not this file.
 * Options: eps = 0.00001.
 *
 * Group normalisation (Wu & He 2018) - C = G*K channels in G groups, normalised independently per sample.
 *
 *   forward  mu            [N, G]          = mean[K, H, W](x)
 *            var           [N, G]          = mean[K, H, W]((x - mu)^2)
 *            rstd          [N, G]          = 1 / sqrt(var + eps)
 *            xhat          [N, G, K, H, W] = (x - mu) * rstd
 *            out           [N, G, K, H, W] = gamma * xhat + beta
 *   backward sum_dout      [N, G, K]       = sum[H, W](dout)
 *            sum_dout_xhat [N, G, K]       = sum[H, W](xhat * dout)
 *            dx            [N, G, K, H, W] = rstd * (gamma * dout - (sum[K](gamma * sum_dout) + xhat * sum[K](gamma * sum_dout_xhat)) / (K*H*W))
 *            dgamma        [G, K]          = sum[N](sum_dout_xhat)
 *            dbeta         [G, K]          = sum[N](sum_dout)
 */
const N = 16;
const G = 8;
const K = 8;
const H = 16;
const W = 16;
const EPS = 0.00001;
const GKHW = 16384;   // G * K * H * W
const KHW = 2048;   // K * H * W
const HW = 256;   // H * W
const GK = 64;   // G * K

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'spatial_groupnorm',
  sizes: { N: 16, G: 8, K: 8, H: 16, W: 16 },
  options: { eps: 0.00001 },
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [16, 64, 16, 16], dtype: 'f32', axes: ['N', 'G K', 'H', 'W'] },
    gamma: { role: 'param', shape: [64], dtype: 'f32', axes: ['G K'], init: 1 },
    beta: { role: 'param', shape: [64], dtype: 'f32', axes: ['G K'] },
    out: { role: 'output', shape: [16, 64, 16, 16], dtype: 'f32', axes: ['N', 'G K', 'H', 'W'] },
    dout: { role: 'upstream', shape: [16, 64, 16, 16], dtype: 'f32', axes: ['N', 'G K', 'H', 'W'] },
    dx: { role: 'gradient', shape: [16, 64, 16, 16], dtype: 'f32', axes: ['N', 'G K', 'H', 'W'] },
    dgamma: { role: 'gradient', shape: [64], dtype: 'f32', axes: ['G K'] },
    dbeta: { role: 'gradient', shape: [64], dtype: 'f32', axes: ['G K'] },
  },
  random: {},
  cache: { xhat: { shape: [16, 8, 8, 16, 16], dtype: 'f32' }, rstd: { shape: [16, 8], dtype: 'f32' } },
  arguments: {
    forward: ['x', 'gamma', 'beta', 'out', 'cache'],
    backward: ['dout', 'gamma', 'cache', 'dx', 'dgamma', 'dbeta'],
  },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 3146880, backward: 4200448 },
  bytes: { cache: 1049088, scratch: 16896, forward: 2097664, backward: 2097920 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, G, K, H, W] = [16, 8, 8, 16, 16] */
  readonly xhat: Float32Array;
  /** [N, G] = [16, 8] */
  readonly rstd: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    xhat: new Float32Array(262144),
    rstd: new Float32Array(128),
  };
}

const gamma64Memory = /*@__PURE__*/ new Float64Array(72);
const sum_dout64Memory = /*@__PURE__*/ new Float64Array(1473);
const sum_dout_xhat64Memory = /*@__PURE__*/ new Float64Array(1473);

/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, (G K), H, W] = [16, 64, 16, 16]
 * @param gamma read    [(G K)] = [64]
 * @param beta  read    [(G K)] = [64]
 * @param out   written [N, (G K), H, W] = [16, 64, 16, 16]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(
  x: Float32Array, gamma: Float32Array, beta: Float32Array, out: Float32Array, { xhat, rstd }: Cache,
): void {
  checkArray(x, 'x', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(gamma, 'gamma', G * K, '[64]');
  checkArray(beta, 'beta', G * K, '[64]');
  checkArray(out, 'out', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(xhat, 'cache.xhat', N * G * K * H * W, '[16, 8, 8, 16, 16]');
  checkArray(rstd, 'cache.rstd', N * G, '[16, 8]');
  for (let n = 0; n < N; n++) {
    const row = n * GKHW;
    const row_2 = n * G;
    for (let g = 0; g < G; g++) {
      const first = x[row + g * KHW];

      // mu = mean[K, H, W](x)
      // var = mean[K, H, W]((x - mu)^2)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row_ = n * GKHW + g * KHW;
      for (let khw = 0; khw < KHW; khw += 4) {
        let shifted = x[row_ + khw] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row_ + khw + 1] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
        shifted = x[row_ + khw + 2] - first;
        sum0 += shifted;
        acc0 += shifted * shifted;
        shifted = x[row_ + khw + 3] - first;
        sum1 += shifted;
        acc1 += shifted * shifted;
      }
      const mean = (sum0 + sum1) / KHW;
      const meanAt = (acc0 + acc1) / KHW;

      // rstd = 1 / sqrt(var + eps)
      const mu = first + mean;
      const varAt = meanAt - mean * mean;
      const rstdAt = 1 / Math.sqrt(varAt + EPS);
      rstd[row_2 + g] = rstdAt;

      // out = gamma * xhat + beta
      // xhat = (x - mu) * rstd
      const row_3 = g * K;
      for (let k = 0; k < K; k++) {
        const outRest = gamma[row_3 + k] * rstdAt;
        const row_4 = n * GKHW + g * KHW + k * HW;
        const betaAt = beta[row_3 + k];
        for (let hw = 0; hw < HW; hw += 4) {
          let term = x[row_4 + hw] - mu;
          out[row_4 + hw] = outRest * term + betaAt;
          xhat[row_4 + hw] = term * rstdAt;
          term = x[row_4 + hw + 1] - mu;
          out[row_4 + hw + 1] = outRest * term + betaAt;
          xhat[row_4 + hw + 1] = term * rstdAt;
          term = x[row_4 + hw + 2] - mu;
          out[row_4 + hw + 2] = outRest * term + betaAt;
          xhat[row_4 + hw + 2] = term * rstdAt;
          term = x[row_4 + hw + 3] - mu;
          out[row_4 + hw + 3] = outRest * term + betaAt;
          xhat[row_4 + hw + 3] = term * rstdAt;
        }
      }
    }
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout   read    [N, (G K), H, W] = [16, 64, 16, 16]
 * @param gamma  read    [(G K)] = [64]
 * @param cache  read
 * @param dx     written [N, (G K), H, W] = [16, 64, 16, 16]
 * @param dgamma written [(G K)] = [64]
 * @param dbeta  written [(G K)] = [64]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(
  dout: Float32Array, gamma: Float32Array, { xhat, rstd }: Cache, dx: Float32Array,
  dgamma: Float32Array, dbeta: Float32Array,
): void {
  checkArray(dout, 'dout', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(gamma, 'gamma', G * K, '[64]');
  checkArray(dx, 'dx', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(dgamma, 'dgamma', G * K, '[64]');
  checkArray(dbeta, 'dbeta', G * K, '[64]');
  checkArray(xhat, 'cache.xhat', N * G * K * H * W, '[16, 8, 8, 16, 16]');
  checkArray(rstd, 'cache.rstd', N * G, '[16, 8]');
  const gamma64 = gamma64Memory, sum_dout64 = sum_dout64Memory,
    sum_dout_xhat64 = sum_dout_xhat64Memory;
  for (let gk = 0; gk < GK; gk++) {
    gamma64[gk] = gamma[gk];
  }
  const term = K * H * W;
  for (let n = 0; n < N; n++) {
    const row_3 = n * G;
    for (let g = 0; g < G; g++) {
      const row_ = n * GK + g * K;
      for (let k = 0; k < K; k++) {
        // sum_dout = sum[H, W](dout)
        // sum_dout_xhat = sum[H, W](xhat * dout)
        let sum_doutSum0 = 0, sum_doutSum1 = 0;
        let sum_dout_xhatSum0 = 0, sum_dout_xhatSum1 = 0;
        const row = n * GKHW + g * KHW + k * HW;
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
        sum_dout64[row_ + k] = sum_dout;
        const sum_dout_xhat = sum_dout_xhatSum0 + sum_dout_xhatSum1;
        sum_dout_xhat64[row_ + k] = sum_dout_xhat;
      }

      // sum[K](gamma * sum_dout)
      // sum[K](gamma * sum_dout_xhat)
      let sum0 = 0, sum1 = 0;
      let acc0 = 0, acc1 = 0;
      const row_2 = g * K;
      let gammaAt = gamma64[row_2];
      sum0 += gammaAt * sum_dout64[row_];
      acc0 += gammaAt * sum_dout_xhat64[row_];
      gammaAt = gamma64[row_2 + 1];
      sum1 += gammaAt * sum_dout64[row_ + 1];
      acc1 += gammaAt * sum_dout_xhat64[row_ + 1];
      gammaAt = gamma64[row_2 + 2];
      sum0 += gammaAt * sum_dout64[row_ + 2];
      acc0 += gammaAt * sum_dout_xhat64[row_ + 2];
      gammaAt = gamma64[row_2 + 3];
      sum1 += gammaAt * sum_dout64[row_ + 3];
      acc1 += gammaAt * sum_dout_xhat64[row_ + 3];
      gammaAt = gamma64[row_2 + 4];
      sum0 += gammaAt * sum_dout64[row_ + 4];
      acc0 += gammaAt * sum_dout_xhat64[row_ + 4];
      gammaAt = gamma64[row_2 + 5];
      sum1 += gammaAt * sum_dout64[row_ + 5];
      acc1 += gammaAt * sum_dout_xhat64[row_ + 5];
      gammaAt = gamma64[row_2 + 6];
      sum0 += gammaAt * sum_dout64[row_ + 6];
      acc0 += gammaAt * sum_dout_xhat64[row_ + 6];
      gammaAt = gamma64[row_2 + 7];
      sum1 += gammaAt * sum_dout64[row_ + 7];
      acc1 += gammaAt * sum_dout_xhat64[row_ + 7];
      const sum = sum0 + sum1;
      const sumAt = acc0 + acc1;

      // dx = rstd * (gamma * dout - (sum[K](gamma * sum_dout) + xhat * sum[K](gamma * sum_dout_xhat)) /
      //   (K*H*W))
      const rstdAt = rstd[row_3 + g];
      const dxPer_xhat = rstdAt * (sumAt / term);
      const dxRest = rstdAt * (sum / term);
      for (let k = 0; k < K; k++) {
        const dxPer_dout = rstdAt * gamma[row_2 + k];
        const row = n * GKHW + g * KHW + k * HW;
        for (let hw = 0; hw < HW; hw += 4) {
          dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
          dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
          dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
          dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
        }
      }
    }
  }
  for (let gk = 0; gk < GK; gk++) {
    // dgamma = sum[N](sum_dout_xhat)
    // dbeta = sum[N](sum_dout)
    let dgammaSum0 = 0, dgammaSum1 = 0;
    let dbetaSum0 = 0, dbetaSum1 = 0;
    for (let n = 0; n < N; n += 4) {
      const row = gk + n * GK;
      dgammaSum0 += sum_dout_xhat64[row];
      dbetaSum0 += sum_dout64[row];
      dgammaSum1 += sum_dout_xhat64[row + GK];
      dbetaSum1 += sum_dout64[row + GK];
      dgammaSum0 += sum_dout_xhat64[row + 2 * GK];
      dbetaSum0 += sum_dout64[row + 2 * GK];
      dgammaSum1 += sum_dout_xhat64[row + 3 * GK];
      dbetaSum1 += sum_dout64[row + 3 * GK];
    }
    const dgammaAt = dgammaSum0 + dgammaSum1;
    const dbetaAt = dbetaSum0 + dbetaSum1;
    dgamma[gk] = dgammaAt;
    dbeta[gk] = dbetaAt;
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
  checkArray(x, 'x', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(gamma, 'gamma', G * K, '[64]');
  checkArray(beta, 'beta', G * K, '[64]');
  checkArray(out, 'out', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(dout, 'dout', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(dx, 'dx', N * G * K * H * W, '[16, 64, 16, 16]');
  checkArray(dgamma, 'dgamma', G * K, '[64]');
  checkArray(dbeta, 'dbeta', G * K, '[64]');
  checkArray(cache.xhat, 'cache.xhat', N * G * K * H * W, '[16, 8, 8, 16, 16]');
  checkArray(cache.rstd, 'cache.rstd', N * G, '[16, 8]');
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
    for (let n = 0; n < 16; n++) {
      const row = n * 16384;
      const row_2 = n * 8;
      for (let g = 0; g < 8; g++) {
        const first = x[row + g * 2048];

        // mu = mean[K, H, W](x)
        // var = mean[K, H, W]((x - mu)^2)
        let sum0 = 0, sum1 = 0;
        let acc0 = 0, acc1 = 0;
        const row_ = n * 16384 + g * 2048;
        for (let khw = 0; khw < 2048; khw += 4) {
          let shifted = x[row_ + khw] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row_ + khw + 1] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
          shifted = x[row_ + khw + 2] - first;
          sum0 += shifted;
          acc0 += shifted * shifted;
          shifted = x[row_ + khw + 3] - first;
          sum1 += shifted;
          acc1 += shifted * shifted;
        }
        const mean = (sum0 + sum1) / 2048;
        const meanAt = (acc0 + acc1) / 2048;

        // rstd = 1 / sqrt(var + eps)
        const mu = first + mean;
        const varAt = meanAt - mean * mean;
        const rstdAt = 1 / Math.sqrt(varAt + 0.00001);
        rstd[row_2 + g] = rstdAt;

        // out = gamma * xhat + beta
        // xhat = (x - mu) * rstd
        const row_3 = g * 8;
        for (let k = 0; k < 8; k++) {
          const outRest = gamma[row_3 + k] * rstdAt;
          const row_4 = n * 16384 + g * 2048 + k * 256;
          const betaAt = beta[row_3 + k];
          for (let hw = 0; hw < 256; hw += 4) {
            let term = x[row_4 + hw] - mu;
            out[row_4 + hw] = outRest * term + betaAt;
            xhat[row_4 + hw] = term * rstdAt;
            term = x[row_4 + hw + 1] - mu;
            out[row_4 + hw + 1] = outRest * term + betaAt;
            xhat[row_4 + hw + 1] = term * rstdAt;
            term = x[row_4 + hw + 2] - mu;
            out[row_4 + hw + 2] = outRest * term + betaAt;
            xhat[row_4 + hw + 2] = term * rstdAt;
            term = x[row_4 + hw + 3] - mu;
            out[row_4 + hw + 3] = outRest * term + betaAt;
            xhat[row_4 + hw + 3] = term * rstdAt;
          }
        }
      }
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, gamma, cache: { xhat, rstd }, dx, dgamma, dbeta } = this;
    const gamma64 = gamma64Memory, sum_dout64 = sum_dout64Memory,
      sum_dout_xhat64 = sum_dout_xhat64Memory;
    for (let gk = 0; gk < 64; gk++) {
      gamma64[gk] = gamma[gk];
    }
    const term = 8 * 16 * 16;
    for (let n = 0; n < 16; n++) {
      const row_3 = n * 8;
      for (let g = 0; g < 8; g++) {
        const row_ = n * 64 + g * 8;
        for (let k = 0; k < 8; k++) {
          // sum_dout = sum[H, W](dout)
          // sum_dout_xhat = sum[H, W](xhat * dout)
          let sum_doutSum0 = 0, sum_doutSum1 = 0;
          let sum_dout_xhatSum0 = 0, sum_dout_xhatSum1 = 0;
          const row = n * 16384 + g * 2048 + k * 256;
          for (let hw = 0; hw < 256; hw += 4) {
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
          sum_dout64[row_ + k] = sum_dout;
          const sum_dout_xhat = sum_dout_xhatSum0 + sum_dout_xhatSum1;
          sum_dout_xhat64[row_ + k] = sum_dout_xhat;
        }

        // sum[K](gamma * sum_dout)
        // sum[K](gamma * sum_dout_xhat)
        let sum0 = 0, sum1 = 0;
        let acc0 = 0, acc1 = 0;
        const row_2 = g * 8;
        let gammaAt = gamma64[row_2];
        sum0 += gammaAt * sum_dout64[row_];
        acc0 += gammaAt * sum_dout_xhat64[row_];
        gammaAt = gamma64[row_2 + 1];
        sum1 += gammaAt * sum_dout64[row_ + 1];
        acc1 += gammaAt * sum_dout_xhat64[row_ + 1];
        gammaAt = gamma64[row_2 + 2];
        sum0 += gammaAt * sum_dout64[row_ + 2];
        acc0 += gammaAt * sum_dout_xhat64[row_ + 2];
        gammaAt = gamma64[row_2 + 3];
        sum1 += gammaAt * sum_dout64[row_ + 3];
        acc1 += gammaAt * sum_dout_xhat64[row_ + 3];
        gammaAt = gamma64[row_2 + 4];
        sum0 += gammaAt * sum_dout64[row_ + 4];
        acc0 += gammaAt * sum_dout_xhat64[row_ + 4];
        gammaAt = gamma64[row_2 + 5];
        sum1 += gammaAt * sum_dout64[row_ + 5];
        acc1 += gammaAt * sum_dout_xhat64[row_ + 5];
        gammaAt = gamma64[row_2 + 6];
        sum0 += gammaAt * sum_dout64[row_ + 6];
        acc0 += gammaAt * sum_dout_xhat64[row_ + 6];
        gammaAt = gamma64[row_2 + 7];
        sum1 += gammaAt * sum_dout64[row_ + 7];
        acc1 += gammaAt * sum_dout_xhat64[row_ + 7];
        const sum = sum0 + sum1;
        const sumAt = acc0 + acc1;

        // dx = rstd * (gamma * dout - (sum[K](gamma * sum_dout) + xhat * sum[K](gamma * sum_dout_xhat)) /
        //   (K*H*W))
        const rstdAt = rstd[row_3 + g];
        const dxPer_xhat = rstdAt * (sumAt / term);
        const dxRest = rstdAt * (sum / term);
        for (let k = 0; k < 8; k++) {
          const dxPer_dout = rstdAt * gamma[row_2 + k];
          const row = n * 16384 + g * 2048 + k * 256;
          for (let hw = 0; hw < 256; hw += 4) {
            dx[row + hw] = dxPer_dout * dout[row + hw] - dxPer_xhat * xhat[row + hw] - dxRest;
            dx[row + hw + 1] = dxPer_dout * dout[row + hw + 1] - dxPer_xhat * xhat[row + hw + 1] - dxRest;
            dx[row + hw + 2] = dxPer_dout * dout[row + hw + 2] - dxPer_xhat * xhat[row + hw + 2] - dxRest;
            dx[row + hw + 3] = dxPer_dout * dout[row + hw + 3] - dxPer_xhat * xhat[row + hw + 3] - dxRest;
          }
        }
      }
    }
    for (let gk = 0; gk < 64; gk++) {
      // dgamma = sum[N](sum_dout_xhat)
      // dbeta = sum[N](sum_dout)
      let dgammaSum0 = 0, dgammaSum1 = 0;
      let dbetaSum0 = 0, dbetaSum1 = 0;
      for (let n = 0; n < 16; n += 4) {
        const row = gk + n * 64;
        dgammaSum0 += sum_dout_xhat64[row];
        dbetaSum0 += sum_dout64[row];
        dgammaSum1 += sum_dout_xhat64[row + 64];
        dbetaSum1 += sum_dout64[row + 64];
        dgammaSum0 += sum_dout_xhat64[row + 2 * 64];
        dbetaSum0 += sum_dout64[row + 2 * 64];
        dgammaSum1 += sum_dout_xhat64[row + 3 * 64];
        dbetaSum1 += sum_dout64[row + 3 * 64];
      }
      const dgammaAt = dgammaSum0 + dgammaSum1;
      const dbetaAt = dbetaSum0 + dbetaSum1;
      dgamma[gk] = dgammaAt;
      dbeta[gk] = dbetaAt;
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}
