/**
 * Several parts in one safetensors file: `save({ net, optimizer })` is a checkpoint, `load(file, { net, optimizer })` goes
 * back to it, all of it or, if anything does not fit, nothing.
 */
import { layersOf, type Model } from './model.ts';
import { decode, encode, type Metadata, type Stored } from './safetensors.ts';
import type { NumberArray } from './kernel.ts';

/** A whole number that is kept in the file's metadata. */
export interface Counter {
  readonly name: string;
  /** Whether a file without it is refused; else the number stays as it is. */
  readonly needed: boolean;
  get(): number;
  set(value: number): void;
}

/** All that is kept of a part. */
export interface Storage {
  readonly tensors: readonly Stored[];
  readonly counters: readonly Counter[];
}

/** A layer, a net or an optimiser. */
export type Part = Model | { readonly storage: Storage };
export type Parts = Readonly<Record<string, Part>>;

/** Parameters, state and step of every layer, or what an optimiser says. */
export function storageOf(part: Part): Storage {
  if ('storage' in part) return part.storage;
  const layers = layersOf(part);
  return {
    tensors: layers.flatMap(([prefix, { kernel, params, state }]) => {
      const arrays = Object.entries({ ...params, ...state }) as [string, NumberArray][];
      return arrays.map(([name, array]): Stored => [prefix + name, kernel.spec.tensors[name]!, array]);
    }),
    counters: layers.map(([prefix, l]) => ({
      name: `${prefix}step`, needed: false, get: () => l.step, set: (step: number) => { l.step = step; },
    })),
  };
}

/** Those of the parts under the names `PART.NAME`. @throws TypeError where two get one name, as in `{ a: net, 'a.0': layer }` */
function join(parts: Parts): Storage {
  const all = Object.entries(parts).map(([name, part]) => [name, storageOf(part)] as const);
  const names = all.flatMap(([part, { tensors }]) => tensors.map(([name]) => `${part}.${name}`));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new TypeError(`${twice} would stand in the file twice`);
  return {
    tensors: all.flatMap(([part, { tensors }]) => tensors.map(([name, ...rest]): Stored => [`${part}.${name}`, ...rest])),
    counters: all.flatMap(([part, { counters }]) => counters.map((c) => ({ ...c, name: `${part}.${c.name}` }))),
  };
}

/** A file of these. Wide numbers come first, so that all are aligned. */
export function pack({ tensors, counters }: Storage, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const counts = Object.fromEntries(counters.map((c) => [c.name, String(c.get())]));
  return encode([...tensors].sort(([, , a], [, , b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT), { ...metadata, ...counts });
}

/** Fills these from a file and gives its metadata. @throws Error as `load` */
export function unpack(file: Uint8Array | ArrayBuffer, { tensors, counters }: Storage): Metadata {
  let counts: readonly (number | undefined)[] = [];
  const metadata = decode(file, tensors, (given) => {
    counts = counters.map(({ name, needed }) => {
      const text = given[name];
      const count = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined;
      if (Number.isSafeInteger(count)) return count;
      if (needed) throw new Error(`cannot load: expected a whole number for ${name} in the metadata, got ${JSON.stringify(text)}`);
      return undefined;
    });
  });
  counters.forEach((c, i) => {
    if (counts[i] !== undefined) c.set(counts[i]);
  });
  return metadata;
}

/**
 * A safetensors file of several parts: tensors are called `PART.NAME`, as `net.0.w`. The numbers of steps are in the metadata.
 * @param metadata words of your own, such as the epoch, which `load` gives back
 */
export const save = (parts: Parts, metadata?: Readonly<Record<string, string>>): Uint8Array => pack(join(parts), metadata);

/**
 * Takes back what `save`, or Python, wrote: the file must hold exactly the tensors of these parts, in any order.
 * @returns the metadata of the file
 * @throws Error naming what is wrong with the file or does not fit; nothing is changed then
 */
export const load = (file: Uint8Array | ArrayBuffer, parts: Parts): Metadata => unpack(file, join(parts));
