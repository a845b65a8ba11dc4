/**
 * Central differences: the gradient that the oracle gives for a tensor against the change of its forward pass. A step in a
 * random direction tests every element at once; single elements are tested where that is affordable. Where two step
 * sizes disagree, the function has a kink or a jump between them, and another direction is tried.
 */
import { interpret } from '../ir/interpret.ts';
import type { Program } from '../ir/tensor.ts';
import { normal, type Random } from './data.ts';

export interface DifferenceJob {
  /** Stores the outputs. */
  readonly forward: Program;
  readonly inputs: ReadonlyMap<string, Float64Array>;
  /** Upstream gradients by the name of the output. */
  readonly upstream: ReadonlyMap<string, ArrayLike<number>>;
  readonly draw: { readonly seed: number; readonly step: number };
  /** How many forward passes one tensor may cost. */
  readonly evaluations: number;
  readonly random: Random;
}

const STEP = 1e-5;
const TOLERANCE = 2e-6;
/** Single elements tried where nothing else was smooth. */
const LAST_RESORT = 12;

/**
 * @param places where in the tensor the elements of `gradient` stand, if it is sampled; only they are moved
 * @throws Error if the gradient of `tensor` is not what the forward pass shows
 */
export function checkGradient(job: DifferenceJob, tensor: string, gradient: ArrayLike<number>, places?: Int32Array): void {
  if (!job.inputs.has(tensor)) {
    // The forward does not read it.
    const at = Array.from(gradient).findIndex((v) => v !== 0);
    if (at >= 0) throw new Error(`d${tensor}[${places?.[at] ?? at}] is ${gradient[at]}, but no output depends on ${tensor}`);
    return;
  }
  const tries = Math.max(1, Math.floor(job.evaluations / 4));
  let agreed = 0;
  // Where no random direction is smooth (a step hides between many elements), single elements still may be.
  for (let n = 0; n < tries + (agreed === 0 ? LAST_RESORT : 0) && agreed < Math.max(1, tries - 2); n++) {
    const single = n >= Math.min(3, tries);
    const at = Math.floor(job.random() * gradient.length);
    const direction = Float64Array.from(gradient, (_, k) => (single ? (k === at ? 1 : 0) : normal(job.random)));
    if (checkDirection(job, tensor, direction, gradient, places, single ? `d${tensor}[${places?.[at] ?? at}]` : `d${tensor} along a random direction`)) agreed++;
  }
}

/** False where the function is not smooth on the way. */
function checkDirection(
  job: DifferenceJob, tensor: string, direction: Float64Array, gradient: ArrayLike<number>, places: Int32Array | undefined, what: string,
): boolean {
  const x = job.inputs.get(tensor)!;
  let expected = 0;
  let terms = 0;
  for (let k = 0; k < direction.length; k++) {
    const t = gradient[k]! * direction[k]!;
    expected += t;
    terms += t * t;
  }
  const slope = (step: number): { value: number; noise: number } => {
    const moved = (by: number): Float64Array => {
      const out = x.slice();
      for (let k = 0; k < direction.length; k++) out[places?.[k] ?? k]! += by * direction[k]!;
      return out;
    };
    const ahead = loss(job, tensor, moved(step));
    const behind = loss(job, tensor, moved(-step));
    return { value: (ahead.value - behind.value) / (2 * step), noise: (1e-15 * (ahead.terms + behind.terms)) / step };
  };
  const wide = slope(STEP);
  const narrow = slope(STEP / 4);
  const scale = Math.sqrt(terms) + Math.abs(expected) + Math.abs(narrow.value);
  const allowed = TOLERANCE * scale + 20 * narrow.noise + 1e-12;
  const smooth = Math.abs(wide.value - narrow.value) <= 20 * allowed && Number.isFinite(narrow.value);
  if (!smooth) return false;
  // The error of a central difference falls with the square of the step: take it out.
  const value = narrow.value + (narrow.value - wide.value) / 15;
  if (Math.abs(value - expected) > allowed + Math.abs(narrow.value - wide.value)) {
    throw new Error(`${what}: the derived gradient gives ${expected}, central differences ${value}`);
  }
  return true;
}

/** sum(out * dout) over all outputs, and the size of its terms. */
function loss(job: DifferenceJob, tensor: string, values: Float64Array): { value: number; terms: number } {
  const results = interpret(job.forward, new Map(job.inputs).set(tensor, values), job.draw);
  let value = 0;
  let terms = 0;
  for (const [output, upstream] of job.upstream) {
    const out = results.get(output)!;
    for (let n = 0; n < out.length; n++) {
      const t = out[n]! * upstream[n]!;
      value += t;
      terms += Math.abs(t);
    }
  }
  return { value, terms };
}
