/** Clipping of gradients, between a net's backward and the step of its optimiser. */
import type { NumberArray } from './kernel.ts';

/** Changes gradients in place: those of all parameters, as `gradientsOf` gives them. */
export type Clip = (grads: readonly NumberArray[]) => void;

const checkLimit = (limit: number): void => {
  if (!(limit > 0)) throw new RangeError(`clip: expected a limit above 0, got ${limit}`);
};

/**
 * Scales all gradients by one factor where the root of the sum of all their squares is above `limit`, so that it is `limit`
 * (Pascanu, Mikolov & Bengio 2013). Squares are summed in double precision, in order. A norm that is not a number changes nothing.
 * @param seen its first number is set to the norm found, before clipping: to watch it
 * @throws RangeError for a limit that is not above 0
 */
export function clipNorm(limit: number, seen?: Float64Array): Clip {
  checkLimit(limit);
  return (grads) => {
    let sum = 0;
    for (let k = 0; k < grads.length; k++) {
      const g = grads[k]!;
      for (let i = 0; i < g.length; i++) sum += g[i]! * g[i]!;
    }
    const norm = Math.sqrt(sum);
    if (seen) seen[0] = norm;
    if (!(norm > limit)) return;
    const scale = limit / norm;
    for (let k = 0; k < grads.length; k++) {
      const g = grads[k]!;
      for (let i = 0; i < g.length; i++) g[i]! *= scale;
    }
  };
}

/**
 * Brings each number of the gradients into [-limit, limit]; NaN stays.
 * @throws RangeError for a limit that is not above 0
 */
export function clipValue(limit: number): Clip {
  checkLimit(limit);
  return (grads) => {
    for (let k = 0; k < grads.length; k++) {
      const g = grads[k]!;
      for (let i = 0; i < g.length; i++) {
        if (g[i]! > limit) g[i] = limit;
        else if (g[i]! < -limit) g[i] = -limit;
      }
    }
  };
}
