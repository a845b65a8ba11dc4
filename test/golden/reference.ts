/** Reads the reference cases: who computed them and how they are stored stands in test/fixtures/reference/README.md. */
import { readFileSync } from 'node:fs';

export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface ReferenceTensor {
  readonly role: 'input' | 'output' | 'expected_printed';
  readonly shape: readonly number[];
  readonly values: Numbers;
  /** Size of the terms that were summed in it. */
  readonly scale?: number;
  /** Of a printed number: of which output, which statistic over which axes after which reshape, and how exact. */
  readonly of?: string;
  readonly stat?: 'mean' | 'std';
  readonly stat_axis?: readonly number[];
  readonly stat_reshape?: readonly number[];
  readonly tol_abs?: number;
  readonly tol_rel?: number;
}

export interface Case {
  readonly id: string;
  readonly layer: string;
  readonly attrs: Readonly<Record<string, number | string | boolean | readonly number[]>>;
  readonly tags: readonly string[];
  readonly tensors: ReadonlyMap<string, ReferenceTensor>;
}

export interface Reference {
  readonly cases: readonly Case[];
  readonly properties: readonly { readonly id: string }[];
}

const ARRAYS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

interface StoredTensor extends Omit<ReferenceTensor, 'values'> {
  readonly dtype: keyof typeof ARRAYS;
  readonly file: string;
  readonly offset: number;
}

interface Stored {
  readonly cases: readonly (Omit<Case, 'tensors'> & { readonly tensors: Readonly<Record<string, StoredTensor>> })[];
  readonly properties?: Reference['properties'];
}

export const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Every case of `golden` or `cs231n`. */
export function readReference(folder: 'golden' | 'cs231n'): Reference {
  const root = new URL(`../fixtures/reference/${folder}/`, import.meta.url);
  const stored = JSON.parse(readFileSync(new URL('cases.json', root), 'utf8')) as Stored;
  const files = new Map<string, ArrayBuffer>();
  const bytesOf = (file: string): ArrayBuffer => {
    const known = files.get(file);
    if (known) return known;
    const bytes = new Uint8Array(readFileSync(new URL(file, root))).buffer;
    files.set(file, bytes);
    return bytes;
  };
  const read = (t: StoredTensor): ReferenceTensor =>
    ({ ...t, values: new ARRAYS[t.dtype](bytesOf(t.file), t.offset, count(t.shape)) });
  return {
    properties: stored.properties ?? [],
    cases: stored.cases.map((c) => ({
      ...c, tensors: new Map(Object.entries(c.tensors).map(([name, t]) => [name, read(t)])),
    })),
  };
}

/** @throws Error where the case lacks the tensor. */
export function tensor(c: Case, name: string): ReferenceTensor {
  const found = c.tensors.get(name);
  if (!found) throw new Error(`${c.id} has no tensor ${name}`);
  return found;
}

/** @throws Error where the case lacks the attribute or it is not a number. */
export function attribute(c: Case, name: string): number {
  const value = c.attrs[name];
  if (typeof value !== 'number') throw new Error(`${c.id} has no number ${name}`);
  return value;
}
