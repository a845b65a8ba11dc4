/**
 * The safetensors format: 8 bytes with the length of a JSON header (little-endian), the header, then the numbers, row-major
 * and little-endian. Python's `safetensors` reads what `encode` writes and the other way round. `decode` trusts nothing: it
 * looks at everything before it changes anything.
 */
import type { KernelTensor, NumberArray } from './kernel.ts';

/** A tensor under the name that it has in the file, and its numbers. */
export type Stored = readonly [name: string, tensor: KernelTensor, numbers: NumberArray];
export type Metadata = Readonly<Record<string, unknown>>;

/** What the header says of a tensor; of a file that is read, if it is honest. */
interface Entry {
  /** Their names for ours: F32, F64, I32. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the end of the header, in bytes. */
  readonly data_offsets: readonly [number, number];
}

const textOf = (e: Entry): string => JSON.stringify([e.dtype, e.shape, e.data_offsets]);
/** How many names a JSON text has: behind each stands a colon, and others only in strings. */
const countNames = (json: string): number => json.replace(/"(\\.|[^"\\])*"/g, '').split(':').length;

/** The tensors end to end, without gap or overlap: the name, the entry and the bytes of each. */
function layOut(tensors: readonly Stored[]): (readonly [string, Entry, Uint8Array])[] {
  let end = 0;
  return tensors.map(([name, { dtype, shape }, { buffer, byteOffset, byteLength }]) => [
    name, { dtype: dtype.toUpperCase(), shape, data_offsets: [end, end += byteLength] },
    new Uint8Array(buffer, byteOffset, byteLength),
  ]);
}

/** A whole file. The header is padded so that the numbers start at a multiple of 8 bytes. */
export function encode(tensors: readonly Stored[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const places = layOut(tensors);
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, entry] of places) header[name] = entry;
  const text = new TextEncoder().encode(JSON.stringify(header));
  const base = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(base + (places.at(-1)?.[1].data_offsets[1] ?? 0)).fill(32, 8, base);
  new DataView(file.buffer).setUint32(0, base - 8, true);
  file.set(text, 8);
  for (const [, entry, bytes] of places) file.set(bytes, base + entry.data_offsets[0]);
  return file;
}

/**
 * Fills the tensors from a file that holds exactly these, in any order, and gives the file's metadata.
 * @param accept looks at the metadata when all else is found right, and may throw
 * @throws Error that says what is wrong with the file; nothing is changed then
 */
export function decode(
  given: Uint8Array | ArrayBuffer, tensors: readonly Stored[], accept?: (metadata: Metadata) => void,
): Metadata {
  const check = (good: unknown, why: string): void => {
    if (!good) throw new Error(`cannot load: ${why}`);
  };
  const file = new Uint8Array(given);
  let base = 0, text = '', header: Record<string, Entry> | undefined;
  try {
    base = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    header = JSON.parse(text = new TextDecoder().decode(file.subarray(8, base))) as typeof header;
  } catch { /* stays undefined */ }
  check(header, 'no safetensors header');
  // Of two of one name JSON.parse keeps the last.
  check(countNames(text) === countNames(JSON.stringify(header)), 'a name stands twice');
  const { __metadata__, ...entries } = header!;
  for (const name in entries) check(tensors.some(([own]) => own === name), `unknown tensor ${name}`);
  for (const [name] of tensors) check(entries[name], `${name} is missing`);
  const start = ([name]: Stored): number => entries[name]!.data_offsets?.[0];
  const places = layOut([...tensors].sort((a, b) => start(a) - start(b)));
  let end = base;
  for (const [name, entry, bytes] of places) {
    const want = textOf(entry), got = textOf(entries[name]!);
    check(got === want, `${name}: expected ${want}, got ${got}`);
    end += bytes.length;
  }
  check(end === file.length, `expected ${end} bytes, got ${file.length}`);
  const metadata = (__metadata__ ?? {}) as unknown as Metadata;
  accept?.(metadata);
  for (const [, entry, bytes] of places) bytes.set(file.subarray(base + entry.data_offsets[0], base + entry.data_offsets[1]));
  return metadata;
}
