/** What `kernelwright/runtime` exports. Ships to users; imports nothing from elsewhere and does nothing when imported. */
export { adam, adamw, type AdamOptions } from './adam.ts';
export { createArena, type Arena, type BuffersOf } from './arena.ts';
export { clipNorm, clipValue, type Clip } from './clip.ts';
export { flatten, layoutOf, unflatten, type Place, type Which } from './flat.ts';
export {
  fanOf, he, initial, ones, uniformWithin, xavier, zeros, type Fan, type Initial, type Initializer, type Source,
} from './initial.ts';
export { layer, type Layer, type LayerOptions } from './layer.ts';
export { gradientsOf, parametersOf, type Model, type Parameter } from './model.ts';
export type { Optimizer, OptimizerOptions } from './optimizer.ts';
export { constant, cosine, rateAt, stepped, warmup, type Schedule } from './schedules.ts';
export { sequential, type Sequential, type SequentialOptions } from './sequential.ts';
export { sgd, type SgdOptions } from './sgd.ts';
export { load, save, type Part, type Parts } from './store.ts';
export { deriveSeed, threefry, uniform, type Draw, type Words } from './threefry.ts';
export type { Kernel, KernelSpec, KernelTensor } from './kernel.ts';
