/**
 * The net: conv -> norm -> relu -> pool -> affine -> loss, a chain of layers that share arrays, so that nothing is copied
 * between them. The output of one is the input of the next under another shape: [32, 8, 28, 28] is [32, 6272] to relu.
 */
import { layer, uniform, type Kernel, type Layer, type LayerOptions } from '../../runtime/index.ts';
import type { Digits } from './digits.ts';

export interface Step {
  readonly name: string;
  readonly layer: Layer<Kernel>;
}

type Array_ = Float32Array;

/** Reproducible numbers near a normal distribution: the sum of twelve uniform ones. */
export function randomNumbers(length: number, deviation: number, seed: number): Array_ {
  return Float32Array.from({ length }, (_, element) => {
    let sum = -6;
    for (let tensor = 0; tensor < 12; tensor++) sum += uniform({ seed, step: 0, tensor, element });
    return deviation * sum;
  });
}

/** Weights of the size that keeps a signal's size (He et al. 2015); the norm's scale is 1; offsets are 0. */
function startOf(name: string, kernel: Kernel): LayerOptions<Kernel>['params'] {
  const params: Record<string, Array_> = {};
  for (const [param, { role, shape }] of Object.entries(kernel.spec.tensors)) {
    if (role !== 'param') continue;
    const length = shape.reduce((product, n) => product * n, 1);
    const fanIn = name === 'affine' ? shape[0]! : length / shape[0]!;
    params[param] = param === 'w' ? randomNumbers(length, Math.sqrt(2 / fanIn), 1) : new Float32Array(length);
    if (param === 'gamma') params[param].fill(1);
  }
  return params;
}

/** Chains kernels in the order given. Each layer reads what the one before it wrote. */
export function chain(kernels: Readonly<Record<string, Kernel>>): Step[] {
  const steps: Step[] = [];
  for (const [name, kernel] of Object.entries(kernels)) {
    const before = steps.at(-1)?.layer;
    // One array is the output of one layer and the input of the next; another, their gradients.
    const buffers = before ? { x: before.outputs.out!, dx: before.upstream.dout! } : {};
    steps.push({ name, layer: layer(kernel, { params: startOf(name, kernel), seed: 1, buffers }) });
  }
  return steps;
}

/** Puts a batch where the net reads it. */
export function feed(steps: readonly Step[], { images, labels }: Digits): void {
  steps[0]!.layer.inputs.x!.set(images);
  steps.at(-1)!.layer.inputs.y!.set(labels);
}

/** @returns the loss */
export function forward(steps: readonly Step[]): number {
  for (const step of steps) step.layer.forward();
  return steps.at(-1)!.layer.outputs.out![0]!;
}

export function backward(steps: readonly Step[]): void {
  for (const step of [...steps].reverse()) step.layer.backward();
}

/** One step of gradient descent. */
export function descend(steps: readonly Step[], rate: number): void {
  for (const { layer: l } of steps) {
    for (const [name, param] of Object.entries(l.params)) {
      const grad = l.grads[name]!;
      for (let i = 0; i < param.length; i++) param[i]! -= rate * grad[i]!;
    }
  }
}
