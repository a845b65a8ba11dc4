/** What `kernelwright/runtime` exports. Ships to users; imports nothing from elsewhere and does nothing when imported. */
export { createArena, type Arena, type BuffersOf } from './arena.ts';
export { layer, type Layer, type LayerOptions } from './layer.ts';
export { threefry, uniform, type Draw, type Words } from './threefry.ts';
export type { Kernel, KernelSpec, KernelTensor } from './kernel.ts';
