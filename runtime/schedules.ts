/**
 * Learning rates over time. They use nothing but arithmetic that IEEE 754 rounds exactly (`Math.pow` and `Math.cos` may differ
 * between engines), so that a run is the same to the bit anywhere.
 */

/**
 * Writes the rate after `step` steps, from 0, to `rate[0]`: `(step, rate) => { rate[0] = 0.1 / (1 + step); }`. It is written and
 * not returned because an engine may make an object of a number that is returned, and a training step allocates nothing.
 */
export type Schedule = (step: number, rate: Float64Array) => void;

/** What a schedule says, to print or to plot it. */
export function rateAt(schedule: number | Schedule, step: number): number {
  if (typeof schedule === 'number') return schedule;
  const rate = new Float64Array(1);
  schedule(step, rate);
  return rate[0]!;
}

/** Always the same. A plain number does as well. */
export const constant = (value: number): Schedule => (_step, rate) => { rate[0] = value; };

/**
 * `from * factor^floor(step / every)`: down by a factor every so many steps.
 * @throws RangeError unless `every` is an integer from 1
 */
export function stepped(from: number, { every, factor = 0.1 }: { readonly every: number; readonly factor?: number }): Schedule {
  checkSteps('every', every);
  return (step, rate) => {
    let now = from;
    for (let n = every; n <= step && now !== 0; n += every) now *= factor;
    rate[0] = now;
  };
}

/**
 * From `from` down to `end` along half a cosine, over `steps` steps; then `end` (Loshchilov & Hutter 2017, eq. 5, without
 * restarts).
 * @throws RangeError unless `steps` is an integer from 1
 */
export function cosine(from: number, { steps, end = 0 }: { readonly steps: number; readonly end?: number }): Schedule {
  checkSteps('steps', steps);
  return (step, rate) => {
    // cos(pi t) is the sine of an angle from pi/2 down to -pi/2, whose Taylor series is exact to the last bits after twelve terms.
    const x = Math.PI * (0.5 - Math.min(step / steps, 1));
    let sum = 1;
    for (let k = 23; k > 1; k -= 2) sum = 1 - sum * x * x / (k * (k - 1));
    rate[0] = step < steps ? end + (from - end) * (1 + x * sum) / 2 : end;
  };
}

/**
 * Rises in a line to what `then` says, over `steps` steps: `then * (step + 1) / steps` (Goyal et al. 2017). The count goes
 * on: `warmup(100, cosine(0.1, { steps: 1000 }))` ends at step 1000.
 * @throws RangeError unless `steps` is an integer from 1
 */
export function warmup(steps: number, then: number | Schedule): Schedule {
  checkSteps('steps', steps);
  const rest = typeof then === 'number' ? constant(then) : then;
  return (step, rate) => {
    rest(step, rate);
    if (step < steps) rate[0] = rate[0]! * (step + 1) / steps;
  };
}

function checkSteps(name: string, steps: number): void {
  if (!(Number.isSafeInteger(steps) && steps > 0)) throw new RangeError(`${name}: expected an integer from 1, got ${steps}`);
}
