/** Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). */
import type { Model } from './model.ts';
import { checkRange, optimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

export interface AdamOptions extends Partial<OptimizerOptions> {
  /** How much of the mean of the gradients is kept, from 0 to below 1; 0.9 if left out. */
  readonly beta1?: number;
  /** How much of the mean of their squares is kept, from 0 to below 1; 0.999 if left out. */
  readonly beta2?: number;
  /** Keeps the quotient finite; 1e-8 if left out. */
  readonly eps?: number;
  /** 0 if left out, 0.01 for `adamw`. */
  readonly weightDecay?: number;
}

/**
 * As PyTorch's Adam. With the gradient g of a parameter p, and m and v, which start at 0, in step t = 1, 2, ...:
 *
 *     g = g + weightDecay * p
 *     m = beta1 * m + (1 - beta1) * g
 *     v = beta2 * v + (1 - beta2) * g^2
 *     p = p - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *
 * in double precision; m and v are kept in the type of p. The rate is 0.001 if left out.
 * @throws RangeError for a setting out of range, TypeError for a model without a gradient of a parameter
 */
export const adam = (model: Model, options: AdamOptions = {}): Optimizer => make(model, options, false);

/** As `adam`, but the decay goes past m and v: before the step, p = p - rate * weightDecay * p. */
export const adamw = (model: Model, options: AdamOptions = {}): Optimizer => make(model, { weightDecay: 0.01, ...options }, true);

function make(model: Model, options: AdamOptions, decoupled: boolean): Optimizer {
  const { rate = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 } = options;
  checkRange('beta1', beta1, 0, 1);
  checkRange('beta2', beta2, 0, 1);
  checkRange('eps', eps, 0, Infinity);
  checkRange('weightDecay', weightDecay, 0, Infinity);
  /** beta1^t and beta2^t, multiplied up: the same bits on every engine, which `Math.pow` does not promise. */
  const powers = Float64Array.of(1, 1);
  const advance = (): void => {
    powers[0]! *= beta1;
    powers[1]! *= beta2;
  };
  return optimizer(model, { ...options, rate }, ['m', 'v'], ({ values, grads, memory }, now) => {
    advance();
    const far = now[0]! / (1 - powers[0]!), root = Math.sqrt(1 - powers[1]!);
    const keep = decoupled ? 1 - now[0]! * weightDecay : 1, pull = decoupled ? 0 : weightDecay;
    for (let k = 0; k < values.length; k++) {
      const p = values[k]!, grad = grads[k]!, m = memory['m']![k]!, v = memory['v']![k]!;
      for (let i = 0; i < p.length; i++) {
        const g = grad[i]! + pull * p[i]!;
        const mean = beta1 * m[i]! + (1 - beta1) * g;
        const square = beta2 * v[i]! + (1 - beta2) * g * g;
        m[i] = mean;
        v[i] = square;
        p[i] = keep * p[i]! - far * mean / (Math.sqrt(square) / root + eps);
      }
    }
  }, (steps) => {
    powers.fill(1);
    // So small a power no longer changes 1, and neither do those after it.
    for (let t = 0; t < steps && Math.max(powers[0]!, powers[1]!) > 1e-20; t++) advance();
  });
}
