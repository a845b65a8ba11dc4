/** What `sgd` and `adam` have in common: the parameters of a model, a memory for each, a count of steps, and a rate. */
import type { Clip } from './clip.ts';
import type { NumberArray } from './kernel.ts';
import { parametersOf, type Model } from './model.ts';
import { constant, type Schedule } from './schedules.ts';
import { pack, unpack, type Storage } from './store.ts';

export interface OptimizerOptions {
  /** How far a step goes: a number, or one that changes with the steps taken. */
  readonly rate: number | Schedule;
  /** What is done to the gradients first, in place. */
  readonly clip?: Clip;
}

export interface Optimizer {
  /** May be changed between steps; not part of what is saved. */
  rate: number | Schedule;
  /** How many steps were taken. */
  readonly steps: number;
  /** Changes the parameters by what stands in their gradients; call it after `backward`. Allocates nothing. */
  step(): void;
  /** The memory and the count of steps as a safetensors file. Rates and other settings are yours to give again. */
  save(): Uint8Array;
  /**
   * Takes back what `save` wrote. @throws Error naming what is wrong with the file or does not fit; nothing is changed then
   */
  load(file: Uint8Array | ArrayBuffer): Optimizer;
  /** For `save` and `load` of several parts in one file. */
  readonly storage: Storage;
}

/** The arrays of a model as a step walks them: at the same place in each list, those of one parameter. */
export interface Walk {
  readonly values: readonly NumberArray[];
  readonly grads: readonly NumberArray[];
  /** By name, a memory like each parameter, all 0 at first. */
  readonly memory: Readonly<Record<string, readonly NumberArray[]>>;
}

/**
 * An optimiser of a model.
 * @param names of the memories; their tensors are called after the parameter, `0.w.momentum`
 * @param update makes one step: `rate[0]` is its rate, `step` how many were taken before
 * @param resume is told that so many steps have been taken
 */
export function optimizer(
  model: Model, { rate, clip }: OptimizerOptions, names: readonly string[],
  update: (walk: Walk, rate: Float64Array) => void, resume?: (steps: number) => void,
): Optimizer {
  const parameters = parametersOf(model);
  const like = (array: NumberArray): NumberArray => new (array.constructor as new (length: number) => NumberArray)(array.length);
  const walk = {
    values: parameters.map((p) => p.value),
    grads: parameters.map((p) => p.grad),
    memory: Object.fromEntries(names.map((name) => [name, parameters.map((p) => like(p.value))])),
  };
  const now = new Float64Array(1);
  let given = rate, schedule = scheduleOf(rate);
  const self = {
    get rate() { return given; },
    set rate(next) {
      schedule = scheduleOf(next);
      given = next;
    },
    steps: 0,
    step() {
      schedule(self.steps, now);
      clip?.(walk.grads);
      update(walk, now);
      self.steps++;
    },
    storage: {
      tensors: names.flatMap((name) => parameters.map((p, i) => [`${p.name}.${name}`, p.tensor, walk.memory[name]![i]!] as const)),
      counters: [{
        name: 'step', needed: true, get: () => self.steps,
        set: (steps: number) => {
          self.steps = steps;
          resume?.(steps);
        },
      }],
    },
    save: () => pack(self.storage),
    load(file: Uint8Array | ArrayBuffer) {
      unpack(file, self.storage);
      return self;
    },
  };
  return self;
}

/** @throws RangeError for a setting that is not from `low` to below `high` */
export function checkRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value < high)) {
    throw new RangeError(`${name}: expected a number from ${low} to below ${high}, got ${value}`);
  }
}

function scheduleOf(rate: number | Schedule): Schedule {
  if (typeof rate !== 'number') return rate;
  checkRange('rate', rate, 0, Infinity);
  return constant(rate);
}
