/**
 * The safetensors format: 8 bytes with the length of a JSON header (little-endian), the header, then the numbers, row-major
 * and little-endian. Python's `safetensors` reads what `encode` writes and the other way round. `decode` trusts nothing: it
 * looks at everything before it changes anything.
 */
import type { KernelTensor, NumberArray } from './kernel.ts';

/** A tensor of a layer and its numbers. */
export type Stored = readonly [KernelTensor, NumberArray];

/** As the header has it, if it is honest. */
interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: readonly [number, number];
}

/** Their names for ours: F32, F64, I32. */
const nameOf = (t: KernelTensor): string => t.dtype.toUpperCase();
const bytesOf = (a: NumberArray): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** A whole file. The header is padded so that the numbers start at a multiple of 8 bytes. */
export function encode(tensors: ReadonlyMap<string, Stored>, metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const [name, [tensor, array]] of tensors) {
    header[name] = { dtype: nameOf(tensor), shape: tensor.shape, data_offsets: [size, size += array.byteLength] };
  }
  // Names of tensors are ASCII, so characters are bytes.
  const text = JSON.stringify(header);
  const base = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(base + size);
  new DataView(file.buffer).setUint32(0, base - 8, true);
  file.set(new TextEncoder().encode(text.padEnd(base - 8)), 8);
  size = base;
  for (const [, [, array]] of tensors) {
    file.set(bytesOf(array), size);
    size += array.byteLength;
  }
  return file;
}

/**
 * Fills the tensors from a file that holds exactly these, in any order, and gives the file's metadata.
 * @throws Error that says what is wrong with the file; nothing is changed then
 */
export function decode(file: Uint8Array, tensors: ReadonlyMap<string, Stored>): Readonly<Record<string, unknown>> {
  const check = (good: unknown, why: string): void => {
    if (!good) throw new Error(`cannot load: ${why}`);
  };
  check(file instanceof Uint8Array && file.length > 8, 'not a safetensors file');
  const base = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  check(base <= file.length, 'the header is cut off');
  let header: Record<string, Entry> | undefined;
  try {
    header = JSON.parse(new TextDecoder().decode(file.subarray(8, base))) as typeof header;
  } catch { /* stays undefined */ }
  check(header, 'the header is not JSON');
  const { __metadata__: metadata, ...entries } = header!;
  for (const name in entries) check(tensors.has(name), `the layer has no ${name}`);
  const found = [...tensors].map(([name, [tensor, array]]) => {
    const entry: Entry = entries[name] ?? {};
    const want = JSON.stringify([nameOf(tensor), tensor.shape]), got = JSON.stringify([entry.dtype, entry.shape]);
    check(got === want, `${name} must be ${want}, not ${got}`);
    const { 0: start, 1: end } = entry.data_offsets ?? [];
    return { name, array, start: start!, end: end! };
  });
  // Laid end to end, the tensors must fill the file: no gap, no overlap, nothing cut off or left over.
  let at = 0;
  for (const { name, array, start, end } of found.sort((a, b) => a.start - b.start)) {
    check(start === at && end === (at += array.byteLength), `${name} is not where it belongs`);
  }
  check(base + at === file.length, `${file.length} bytes, expected ${base + at}`);
  for (const { array, start, end } of found) bytesOf(array).set(file.subarray(base + start, base + end));
  return (metadata ?? {}) as Readonly<Record<string, unknown>>;
}
