/** What `kernelwright/runtime` exports. Ships to users; imports nothing from elsewhere and does nothing when imported. */
export { layer, type Layer, type LayerOptions } from './layer.ts';
export { philox, uniform, type Draw, type Words } from './philox.ts';
export type { Kernel, KernelSpec, KernelTensor } from './kernel.ts';
