/** Stochastic gradient descent. */
import type { Model } from './model.ts';
import { checkRange, optimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

export interface SgdOptions extends OptimizerOptions {
  /** How much of the last change is kept, from 0 to below 1; 0 if left out. */
  readonly momentum?: number;
  /** L2: this times the parameter is added to its gradient; 0 if left out. */
  readonly weightDecay?: number;
  /** Looks ahead by one momentum (Nesterov 1983, as in Sutskever et al. 2013). */
  readonly nesterov?: boolean;
}

/**
 * As PyTorch's SGD, without dampening. With the gradient g of a parameter p and its momentum m, which starts at 0:
 *
 *     g = g + weightDecay * p
 *     m = momentum * m + g
 *     p = p - rate * (nesterov ? g + momentum * m : m)
 *
 * in double precision; m is kept in the type of p.
 * @throws RangeError for a setting out of range, TypeError for a model without a gradient of a parameter
 */
export function sgd(model: Model, options: SgdOptions): Optimizer {
  const { momentum = 0, weightDecay = 0, nesterov = false } = options;
  checkRange('momentum', momentum, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Infinity);
  if (nesterov && momentum === 0) throw new RangeError('nesterov: expected a momentum above 0');
  return optimizer(model, options, momentum > 0 ? ['momentum'] : [], ({ values, grads, memory }, now) => {
    const rate = now[0]!;
    const all = memory['momentum'];
    for (let k = 0; k < values.length; k++) {
      const p = values[k]!, grad = grads[k]!, m = all?.[k];
      if (m) {
        for (let i = 0; i < p.length; i++) {
          const g = grad[i]! + weightDecay * p[i]!;
          const v = momentum * m[i]! + g;
          m[i] = v;
          p[i]! -= rate * (nesterov ? g + momentum * v : v);
        }
      } else {
        for (let i = 0; i < p.length; i++) p[i]! -= rate * (grad[i]! + weightDecay * p[i]!);
      }
    }
  });
}
