/**
 * The part of the protocol-buffers wire format that a writer needs: varints, 32-bit floats and length-delimited fields. A
 * message is a list of chunks; a nested message is one more length-delimited field.
 */
export type Chunk = Uint8Array;

/** Wire types: how many bytes follow a tag. */
const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/** Seven bits a byte, low bits first; a negative integer is the 64-bit two's complement. */
function varint(value: number | bigint): Chunk {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const tag = (field: number, type: number): Chunk => varint((field << 3) | type);

/** An integer, a boolean or an enumeration. */
export const integer = (field: number, value: number): Chunk => join([tag(field, VARINT), varint(value)]);

/** Many integers in one field. */
export const integers = (field: number, values: readonly number[]): Chunk => bytes(field, join(values.map(varint)));

export function float(field: number, value: number): Chunk {
  const data = new DataView(new ArrayBuffer(4));
  data.setFloat32(0, value, true);
  return join([tag(field, FIXED32), new Uint8Array(data.buffer)]);
}

export const bytes = (field: number, value: Uint8Array): Chunk => join([tag(field, LENGTH), varint(value.length), value]);

export const text = (field: number, value: string): Chunk => bytes(field, new TextEncoder().encode(value));

export const message = (field: number, parts: readonly Chunk[]): Chunk => bytes(field, join(parts));

export function join(parts: readonly Chunk[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
