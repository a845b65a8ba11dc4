/** What a page does with kernels, and Node beside it: forward and backward over arrays from anywhere, and in place in an arena. */
import { createArena } from '../../runtime/arena.ts';
import type { Kernel } from '../../runtime/kernel.ts';

type Numbers = Float32Array | Int32Array;
type Functions = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** A kernel in both targets: the module in TypeScript, and the one that picks. */
export interface Both {
  readonly plain: Kernel;
  readonly any: Kernel;
}

export interface Results {
  /** Whether WebAssembly runs. */
  readonly canRun: boolean;
  /** What each way of calling wrote, all arrays one after another. */
  readonly plain: readonly number[];
  readonly any: readonly number[];
  readonly arena: readonly number[];
}

/** Whole numbers of a short period, divided: the same in every engine. State is positive, as a variance is. */
function fill(kernel: Kernel, arrays: Readonly<Record<string, Numbers>>): void {
  Object.entries(kernel.spec.tensors).forEach(([name, { role }], n) => {
    const array = arrays[name]!;
    for (let i = 0; i < array.length; i++) {
      const number = ((i * 7919 + n * 131) % 199 - 99) / 64;
      array[i] = array instanceof Int32Array ? i % 3 : role === 'state' ? Math.abs(number) : number;
    }
  });
}

function run(kernel: Kernel, arrays: Readonly<Record<string, Numbers>>, cache: unknown): number[] {
  const values: Readonly<Record<string, unknown>> = { ...arrays, cache, seed: 12345678901, step: 7 };
  for (const [name, take] of Object.entries(kernel.spec.arguments)) {
    (kernel as unknown as Functions)[name]!(...(take as readonly string[]).map((a) => values[a]));
  }
  return Object.values(arrays).flatMap((a) => [...a]);
}

function elsewhere(kernel: Kernel): number[] {
  const arrays = Object.fromEntries(Object.entries(kernel.spec.tensors).map(([name, t]) =>
    [name, new (t.dtype === 'i32' ? Int32Array : Float32Array)(t.shape.reduce((product, size) => product * size, 1))]));
  fill(kernel, arrays);
  return run(kernel, arrays, (kernel as unknown as Functions)['createCache']!());
}

function inArena(kernel: Kernel): number[] {
  const { cache, ...arrays } = createArena(kernel).buffers[0] as Readonly<Record<string, Numbers>> & { readonly cache: unknown };
  fill(kernel, arrays);
  return run(kernel, arrays, cache);
}

export function measure(kernels: Readonly<Record<string, Both>>): Record<string, Results> {
  return Object.fromEntries(Object.entries(kernels).map(([name, { plain, any }]): [string, Results] => [name, {
    canRun: Boolean((any as unknown as Functions)['canRun']!()), plain: elsewhere(plain), any: elsewhere(any), arena: inArena(any),
  }]));
}

/** Writes what came out, or went wrong, where the test reads it. */
export function show(kernels: Readonly<Record<string, Both>>): void {
  const { document } = globalThis as unknown as { document: { body: { textContent: string } } };
  try {
    document.body.textContent = JSON.stringify(measure(kernels));
  } catch (error) {
    document.body.textContent = JSON.stringify({ error: (error as Error).message });
  }
}
