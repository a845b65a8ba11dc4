/** Makes the arguments of any generated kernel by the names in its `spec`, filled with reproducible numbers. */
import { uniform } from '../runtime/index.ts';

export interface Spec {
  readonly layer: string;
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

/** The passes of a kernel in train mode, forward first, over arrays of their own. Integer inputs are 0. */
export function passesOf(kernel: Kernel): Pass[] {
  const { spec } = kernel;
  const values = new Map<string, unknown>([['cache', kernel.createCache()], ['seed', 1], ['step', 0]]);
  Object.entries(spec.tensors).forEach(([name, t], tensor) => {
    const length = t.shape.reduce((n, size) => n * size, 1);
    const array = new arrays[t.dtype as keyof typeof arrays](length);
    if (t.dtype !== 'i32') for (let element = 0; element < length; element++) array[element] = uniform({ seed: 1, step: 0, tensor, element }, 0.5, 1.5);
    values.set(name, array);
  });
  const names = Object.keys(spec.arguments).filter((name) => !name.endsWith('Test') && !name.endsWith('Staged'));
  const bound = (kernel['bind'] as (buffers: object) => Record<string, (...draw: number[]) => void>)(Object.fromEntries(values));
  return names.map((name) => {
    const f = kernel[name] as (...args: unknown[]) => void;
    const args = spec.arguments[name]!.map((argument) => values.get(argument));
    const draw = spec.arguments[name]!.includes('seed') ? [1, 0] : [];
    const own = bound[name]!;
    return { name, values, run: () => f(...args), bound: () => own(...draw), flops: spec.flops[name] ?? 0, bytes: spec.bytes[name] ?? 0 };
  });
}
