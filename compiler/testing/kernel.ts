/**
 * Calls any generated kernel by the names in its `spec`. Arrays are views into larger buffers, with guard zones at both
 * ends, so that whatever is written outside an array shows.
 */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface KernelSpec {
  readonly layer: string;
  readonly tensors: Readonly<Record<string, { readonly role: string; readonly shape: readonly number[]; readonly dtype: string }>>;
  readonly arguments: Readonly<Record<string, readonly string[]>>;
  readonly cache: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: string; readonly held?: boolean }>>;
  readonly buffers: string;
  readonly bytes: Readonly<Record<string, number>>;
}

/** A generated module, whatever it exports beside its `spec`. */
export type KernelModule = { readonly spec: KernelSpec };

const TYPES = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
const GUARD = 8;
const MARK = 0xa5;

export interface Guarded {
  readonly array: TypedArray;
  /** @throws Error if anything around the array was written */
  check(name: string): void;
}

/** How many bytes an array takes with its guards. */
export const guardedBytes = (dtype: string, length: number): number => {
  const { BYTES_PER_ELEMENT } = TYPES[dtype as keyof typeof TYPES];
  return (length + 2 * GUARD) * BYTES_PER_ELEMENT;
};

/** An array of zero or more elements with marked bytes on both sides; what it holds at first is the mark. */
export function guarded(dtype: string, length: number, into = new ArrayBuffer(guardedBytes(dtype, length)), address = 0): Guarded {
  const Type = TYPES[dtype as keyof typeof TYPES];
  const edge = GUARD * Type.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(into, address, guardedBytes(dtype, length)).fill(MARK);
  const array = new Type(into, address + edge, length);
  return {
    array,
    check(name) {
      const clean = bytes.subarray(0, edge).every((b) => b === MARK) && bytes.subarray(bytes.length - edge).every((b) => b === MARK);
      if (!clean) throw new Error(`something was written outside ${name}`);
    },
  };
}

export const countOf = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

/** One set of arrays for a kernel, and its functions over them. */
export class Session {
  readonly kernel: KernelModule;
  readonly arrays: Map<string, Guarded> = new Map();
  cache: unknown;
  seed = 12345678901;
  step = 7;

  /** @param given arrays to use in place of own ones, and a cache */
  constructor(kernel: KernelModule, given?: { readonly arrays: ReadonlyMap<string, Guarded>; readonly cache: unknown }) {
    this.kernel = kernel;
    if (given) {
      this.arrays = new Map(given.arrays);
      this.cache = given.cache;
      return;
    }
    const { createCache, ...exported } = kernel as unknown as Record<string, unknown> & { createCache?: () => unknown };
    for (const [name, t] of Object.entries(kernel.spec.tensors)) {
      const own = exported[name];
      const isOwned = kernel.spec.buffers === 'module' && ArrayBuffer.isView(own);
      this.arrays.set(name, isOwned ? { array: own as TypedArray, check: () => undefined } : guarded(t.dtype, countOf(t.shape)));
    }
    this.cache = createCache?.();
  }

  array(name: string): TypedArray {
    const found = this.arrays.get(name);
    if (!found) throw new Error(`the kernel has no tensor ${name}`);
    return found.array;
  }

  /** The arguments of a function, in its order; `replaced` stands in for some. */
  argumentsOf(name: string, replaced: Readonly<Record<string, unknown>> = {}): unknown[] {
    return (this.kernel.spec.arguments[name] ?? []).map((a) => {
      if (Object.hasOwn(replaced, a)) return replaced[a];
      if (a === 'cache') return this.cache;
      if (a === 'seed') return this.seed;
      return a === 'step' ? this.step : this.array(a);
    });
  }

  call(name: string, replaced: Readonly<Record<string, unknown>> = {}): void {
    const run = (this.kernel as unknown as Record<string, (...values: unknown[]) => void>)[name];
    if (typeof run !== 'function') throw new Error(`the kernel exports no function ${name}`);
    run(...this.argumentsOf(name, replaced));
  }

  /** @throws Error if anything was written around some array */
  checkGuards(): void {
    for (const [name, g] of this.arrays) g.check(name);
  }
}
