/** Makes the arguments of any generated kernel by the names in its `spec`, filled with reproducible numbers. */
import { createArena, uniform } from '../runtime/index.ts';

export interface Spec {
  readonly layer: string;
  readonly target: 'ts' | 'wasm';
  readonly dtype: 'f32' | 'f64';
  readonly sizes: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number | string>>;
  readonly tensors: Readonly<Record<string, { readonly role: string; readonly shape: readonly number[]; readonly dtype: string }>>;
  readonly arguments: Readonly<Record<string, readonly string[]>>;
  readonly flops: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
}

export interface Kernel {
  readonly spec: Spec;
  readonly createCache: () => object;
  readonly [name: string]: unknown;
}

export interface Pass {
  /** `forwardTrain`, `backward`, ... */
  readonly name: string;
  /** The plain function. */
  readonly run: () => void;
  /** The same over bound arrays. */
  readonly bound: () => void;
  /** Every array of the kernel, by name. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly flops: number;
  readonly bytes: number;
}

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array } as const;

/** Arrays of a kernel, the cache among them: in WebAssembly those that it works on in place, else each by itself. */
function arraysOf(kernel: Kernel): Readonly<Record<string, unknown>> {
  if (kernel.spec.target === 'wasm') return createArena(kernel).buffers[0];
  const tensors = Object.entries(kernel.spec.tensors).map(([name, { shape, dtype }]) =>
    [name, new arrays[dtype as keyof typeof arrays](shape.reduce((n, size) => n * size, 1))] as const);
  return { ...Object.fromEntries(tensors), cache: kernel.createCache() };
}

/** The passes of a kernel in train mode, forward first, over arrays of their own. Integer inputs are 0. */
export function passesOf(kernel: Kernel): Pass[] {
  const { spec } = kernel;
  const values = new Map<string, unknown>([...Object.entries(arraysOf(kernel)), ['seed', 1], ['step', 0]]);
  Object.entries(spec.tensors).forEach(([name, { dtype }], tensor) => {
    const array = values.get(name) as Float32Array;
    if (dtype !== 'i32') for (let element = 0; element < array.length; element++) array[element] = uniform({ seed: 1, step: 0, tensor, element }, 0.5, 1.5);
  });
  const names = Object.keys(spec.arguments).filter((name) => !name.endsWith('Test') && !name.endsWith('Staged'));
  const bound = (kernel['bind'] as (buffers: object) => Record<string, (...draw: number[]) => void>)(Object.fromEntries(values));
  return names.map((name) => {
    const f = kernel[name] as (...args: unknown[]) => void;
    const args = spec.arguments[name]!.map((argument) => values.get(argument));
    const own = bound[name]!;
    const draws = spec.arguments[name]!.includes('seed');
    return { name, values, run: () => f(...args), bound: draws ? () => own(1, 0) : own, flops: spec.flops[name] ?? 0, bytes: spec.bytes[name] ?? 0 };
  });
}
