/**
 * `createArena(...kernels)`: one memory for the arrays of some kernels, caches and scratch included. Kernels in WebAssembly
 * are attached to it and work on its arrays in place; for those in TypeScript it is a block of bytes like any other. It is as
 * large as it has to be from the start and never grows, so no view of it goes stale.
 */
import type { ArrayOf, Kernel, NumberArray } from './kernel.ts';

type Tensors<K extends Kernel> = K['spec']['tensors'];
type CacheOf<K extends Kernel> = K extends { readonly createCache: () => infer C } ? C : Readonly<Record<string, NumberArray | Uint8Array>>;

/** What `bind` of a kernel takes: an array for each tensor, and the cache. */
export type BuffersOf<K extends Kernel> =
  { readonly [N in keyof Tensors<K>]: ArrayOf<Tensors<K>[N]['dtype']> } & { readonly cache: CacheOf<K> };

export interface Arena<Ks extends readonly Kernel[]> {
  /** The arrays of each kernel, in the order of the kernels; parameters and state start at their `init`, all else at 0. */
  readonly buffers: { readonly [I in keyof Ks]: BuffersOf<Ks[I]> };
  /** Of the whole memory. */
  readonly bytes: number;
}

interface Field { readonly shape: readonly number[]; readonly dtype: string; readonly held?: boolean; readonly init?: number }
interface Memory { readonly buffer: ArrayBuffer }
interface Placed extends Kernel {
  readonly spec: Kernel['spec'] & { readonly cache?: Readonly<Record<string, Field>>; readonly scratch?: string; readonly bytes?: { readonly scratch: number } };
  readonly attach?: (memory: Memory, scratch: number) => void;
}

declare const WebAssembly: { readonly Memory: new (size: { initial: number; maximum: number }) => Memory } | undefined;

const TYPES = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
/** Of a cache: no two arrays share one. */
const LINE = 64;
const PAGE = 65536;

/**
 * Plans the memory and lays the arrays out in it. A kernel named twice gets two sets of arrays.
 *
 * A module is attached to one arena at a time, the last one made with it; what was bound over another arena before stays there.
 * @throws RangeError if there is no memory of that size
 */
export function createArena<const Ks extends readonly Kernel[]>(...kernels: Ks): Arena<Ks> {
  let end = 0;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / LINE) * LINE;
    return at;
  };
  // Addresses first, as the buffer is made when all are known.
  const place = ({ shape, dtype, held, init }: Field): ((buffer: ArrayBuffer) => NumberArray | Uint8Array) => {
    const Type = TYPES[dtype as keyof typeof TYPES];
    const length = shape.reduce((product, n) => product * n, 1);
    const at = held ? 0 : take(length * Type.BYTES_PER_ELEMENT);
    return (buffer) => (held ? new Type(0) : new Type(buffer, at, length).fill(init ?? 0));
  };
  const places = (fields: Readonly<Record<string, Field>> = {}): [string, ReturnType<typeof place>][] =>
    Object.entries(fields).map(([name, field]) => [name, place(field)]);
  const sets = (kernels as readonly Placed[]).map(({ spec }) => ({ tensors: places(spec.tensors), cache: places(spec.cache) }));

  // Scratch is dead between calls, so one is enough for all; a kernel that needs some of it to stay 0 has its own.
  const attached = [...new Set(kernels as readonly Placed[])].filter((k) => k.attach);
  const own = new Map(attached.filter((k) => k.spec.scratch === 'own').map((k) => [k, take(k.spec.bytes!.scratch)]));
  const shared = take(Math.max(0, ...attached.filter((k) => !own.has(k)).map((k) => k.spec.bytes!.scratch)));

  const pages = Math.ceil(end / PAGE);
  const memory = attached.length > 0 && typeof WebAssembly === 'object' ? new WebAssembly.Memory({ initial: pages, maximum: pages }) : undefined;
  const buffer = memory?.buffer ?? new ArrayBuffer(end);
  if (memory) for (const k of attached) k.attach!(memory, own.get(k) ?? shared);
  const views = (all: readonly [string, ReturnType<typeof place>][]): Record<string, NumberArray | Uint8Array> =>
    Object.fromEntries(all.map(([name, make]) => [name, make(buffer)]));
  return {
    buffers: sets.map(({ tensors, cache }) => ({ ...views(tensors), cache: views(cache) })) as unknown as Arena<Ks>['buffers'],
    bytes: buffer.byteLength,
  };
}
