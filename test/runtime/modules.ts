/** Small modules of the shape that generated ones have, by hand: what the runtime needs to know of a kernel. */

/** out = w * x + b + y: a parameter with an init, one without, an integer input; no modes. */
export const scale = {
  spec: {
    layer: 'scale', dtype: 'f32',
    tensors: {
      x: { role: 'input', shape: [2, 3], dtype: 'f32' },
      y: { role: 'input', shape: [3], dtype: 'i32' },
      w: { role: 'param', shape: [3], dtype: 'f32' },
      b: { role: 'param', shape: [], dtype: 'f32', init: 2 },
      out: { role: 'output', shape: [2, 3], dtype: 'f32' },
      dout: { role: 'upstream', shape: [2, 3], dtype: 'f32' },
      dx: { role: 'gradient', shape: [2, 3], dtype: 'f32' },
      dw: { role: 'gradient', shape: [3], dtype: 'f32' },
      db: { role: 'gradient', shape: [], dtype: 'f32' },
    },
    arguments: {
      forward: ['x', 'y', 'w', 'b', 'out', 'cache'],
      backward: ['dout', 'w', 'cache', 'dx', 'dw', 'db'],
    },
  },
  createCache: (): { x: Float32Array } => ({ x: new Float32Array(0) }),
  forward(
    x: Float32Array, y: Int32Array, w: Float32Array, b: Float32Array, out: Float32Array, cache: { x: Float32Array },
  ): void {
    for (let i = 0; i < 6; i++) out[i] = w[i % 3]! * x[i]! + b[0]! + y[i % 3]!;
    cache.x = x;
  },
  backward(
    dout: Float32Array, w: Float32Array, cache: { x: Float32Array },
    dx: Float32Array, dw: Float32Array, db: Float32Array,
  ): void {
    dw.fill(0);
    db.fill(0);
    for (let i = 0; i < 6; i++) {
      dx[i] = w[i % 3]! * dout[i]!;
      dw[i % 3]! += cache.x[i]! * dout[i]!;
      db[0]! += dout[i]!;
    }
  },
} as const;

interface NoiseCache { readonly k: Float64Array }

/** out, twice = k * x with k = seed + step / 100 in train mode, the mean of all k so far in test mode; f64, state, two outputs. */
export const noise = {
  spec: {
    layer: 'noise', dtype: 'f64',
    tensors: {
      x: { role: 'input', shape: [2], dtype: 'f64' },
      total: { role: 'state', shape: [1], dtype: 'f64', init: 5 },
      out: { role: 'output', shape: [2], dtype: 'f64' },
      twice: { role: 'output', shape: [], dtype: 'f64' },
      dout: { role: 'upstream', shape: [2], dtype: 'f64' },
      dtwice: { role: 'upstream', shape: [], dtype: 'f64' },
      dx: { role: 'gradient', shape: [2], dtype: 'f64' },
    },
    arguments: {
      forwardTrain: ['x', 'total', 'seed', 'step', 'out', 'twice', 'cache'],
      forwardTest: ['x', 'total', 'seed', 'step', 'out', 'twice', 'cache'],
      backwardTrain: ['dout', 'dtwice', 'seed', 'step', 'dx'],
      backwardTest: ['dout', 'dtwice', 'cache', 'dx'],
    },
  },
  createCache: (): NoiseCache => ({ k: new Float64Array(1) }),
  forwardTrain(
    x: Float64Array, total: Float64Array, seed: number, step: number, out: Float64Array, twice: Float64Array,
  ): void {
    const k = seed + step / 100;
    total[0] = k;
    out.set(x.map((v) => k * v));
    twice[0] = 2 * k;
  },
  forwardTest(
    x: Float64Array, total: Float64Array, _seed: number, _step: number, out: Float64Array, twice: Float64Array,
    cache: NoiseCache,
  ): void {
    cache.k[0] = total[0]!;
    out.set(x.map((v) => total[0]! * v));
    twice[0] = 2 * total[0]!;
  },
  backwardTrain(dout: Float64Array, _dtwice: Float64Array, seed: number, step: number, dx: Float64Array): void {
    dx.set(dout.map((v) => v * (seed + step / 100)));
  },
  backwardTest(dout: Float64Array, _dtwice: Float64Array, cache: NoiseCache, dx: Float64Array): void {
    dx.set(dout.map((v) => v * cache.k[0]!));
  },
} as const;
