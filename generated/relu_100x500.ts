/**
 * relu, N = 100, D = 500, f32. Generated from specs/relu.layer.yaml - edit the spec, not this file.
 *
 * Rectified linear unit (Nair & Hinton 2010).
 *
 *   forward  out [N, D] = max(x, 0)
 *   backward dx  [N, D] = where(x > 0, dout, 0)
 */
const N = 100;
const D = 500;
const ND = 50000;   // N * D

/** What this module is, for runtimes, tests and benchmarks. */
export const spec = {
  layer: 'relu',
  sizes: { N: 100, D: 500 },
  options: {},
  target: 'ts',
  dtype: 'f32',
  modes: [],
  tensors: {
    x: { role: 'input', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    out: { role: 'output', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dout: { role: 'upstream', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
    dx: { role: 'gradient', shape: [100, 500], dtype: 'f32', axes: ['N', 'D'] },
  },
  random: {},
  cache: { x: { shape: [100, 500], dtype: 'f32', held: true } },
  arguments: { forward: ['x', 'out', 'cache'], backward: ['dout', 'cache', 'dx'] },
  gradients: 'written',
  buffers: 'caller',
  flops: { forward: 50000, backward: 100000 },
  bytes: { cache: 0, scratch: 0, forward: 400000, backward: 400000 },
} as const;

/** What `forward` leaves for `backward`. */
export interface Cache {
  /** [N, D] = [100, 500], held by reference */
  x: Float32Array;
}

/** Makes the arrays of a cache. */
export function createCache(): Cache {
  return {
    x: new Float32Array(0),
  };
}


/**
 * Writes the outputs and fills the cache. Arrays are row-major and must not overlap.
 *
 * @param x     read    [N, D] = [100, 500]
 * @param out   written [N, D] = [100, 500]
 * @param cache written
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function forward(x: Float32Array, out: Float32Array, cache: Cache): void {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  cache.x = x;
  // out = max(x, 0)
  for (let nd = 0; nd < ND; nd += 4) {
    out[nd] = Math.max(x[nd], 0);
    out[nd + 1] = Math.max(x[nd + 1], 0);
    out[nd + 2] = Math.max(x[nd + 2], 0);
    out[nd + 3] = Math.max(x[nd + 3], 0);
  }
}


/**
 * Writes the gradients. Arrays are row-major and must not overlap.
 *
 * @param dout  read    [N, D] = [100, 500]
 * @param cache read
 * @param dx    written [N, D] = [100, 500]
 * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type
 */
export function backward(dout: Float32Array, { x }: Cache, dx: Float32Array): void {
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  checkHeld(x, 'cache.x', N * D, '[100, 500]');
  // dx = where(x > 0, dout, 0)
  for (let nd = 0; nd < ND; nd += 4) {
    dx[nd] = x[nd] > 0 ? dout[nd] : 0;
    dx[nd + 1] = x[nd + 1] > 0 ? dout[nd + 1] : 0;
    dx[nd + 2] = x[nd + 2] > 0 ? dout[nd + 2] : 0;
    dx[nd + 3] = x[nd + 3] > 0 ? dout[nd + 3] : 0;
  }
}

/** The arrays of all functions. */
export interface Buffers {
  readonly x: Float32Array;
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
export function bind({ x, out, dout, dx, cache }: Buffers): Bound {
  checkArray(x, 'x', N * D, '[100, 500]');
  checkArray(out, 'out', N * D, '[100, 500]');
  checkArray(dout, 'dout', N * D, '[100, 500]');
  checkArray(dx, 'dx', N * D, '[100, 500]');
  const bound: Buffers = { x, out, dout, dx, cache };
  return {
    forward: boundForward.call(bound),
    backward: boundBackward.call(bound),
  };
}


/** `forward` over bound arrays. */
function boundForward(this: Buffers): () => void {
  return () => {
    const { x, out, cache } = this;
    cache.x = x;
    // out = max(x, 0)
    for (let nd = 0; nd < 50000; nd += 4) {
      out[nd] = Math.max(x[nd], 0);
      out[nd + 1] = Math.max(x[nd + 1], 0);
      out[nd + 2] = Math.max(x[nd + 2], 0);
      out[nd + 3] = Math.max(x[nd + 3], 0);
    }
  };
}


/** `backward` over bound arrays. */
function boundBackward(this: Buffers): () => void {
  return () => {
    const { dout, cache, dx, x } = this;
    checkBound(cache.x, x, 'cache.x');
    // dx = where(x > 0, dout, 0)
    for (let nd = 0; nd < 50000; nd += 4) {
      dx[nd] = x[nd] > 0 ? dout[nd] : 0;
      dx[nd + 1] = x[nd + 1] > 0 ? dout[nd + 1] : 0;
      dx[nd + 2] = x[nd + 2] > 0 ? dout[nd + 2] : 0;
      dx[nd + 3] = x[nd + 3] > 0 ? dout[nd + 3] : 0;
    }
  };
}


/** Refuses an array of the wrong type or length. */
function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);
  if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);
}


/** Refuses a cache that no forward pass has filled. */
function checkHeld(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = 'Float32Array'): void {
  if (array?.length === 0) throw new RangeError(`${name}: expected ${shape}, got length 0: forward has not run`);
  checkArray(array, name, length, shape, type);
}


/** Refuses a cache that holds another array than the bound one. */
function checkBound(held: unknown, bound: unknown, name: string): void {
  if (held !== bound) throw new RangeError(`${name}: forward has not run over the bound array`);
}
