/** Fills an array with one number: sixteen bytes at a time, or by the instruction made for it where many are 0. */
import type { Buffer } from '../../../ir/loop.ts';
import type { Place } from './addresses.ts';
import type { Body } from './body.ts';
import { int, op, set, tee, type Op } from './code.ts';

/** From how many bytes on the call that `memory.fill` is pays. */
const MANY = 1024;
/** Stores in a row before there is a loop. */
const FEW = 8;

const TYPES = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;

export function fill(buffer: Buffer, { base, offset, bytes }: Place, value: number, b: Body): void {
  const { f } = b;
  const size = buffer.length * bytes;
  const start = offset === 0 ? f.read(base) : op('i32.add', [f.read(base), int(offset)]);
  if (Object.is(value, 0) && size >= MANY) return f.push(op('memory.fill', [start, int(0), int(size)], 0));
  const pattern = [...new Uint8Array(new TYPES[buffer.elem](16 / bytes).fill(value).buffer)];
  const lanes = (at: Op, n: number): Op => op('v128.store', [at, op('v128.const', [], pattern)], n);
  const whole = Math.floor(size / 16);
  if (whole <= FEW) for (let n = 0; n < whole; n++) f.push(lanes(f.read(base), offset + 16 * n));
  else {
    const [at, end] = [f.fresh('i32'), f.fresh('i32')];
    f.push(set(end, op('i32.add', [tee(at, start), int(16 * whole)])));
    const next = op('i32.lt_u', [tee(at, op('i32.add', [f.read(at), int(16)])), f.read(end)]);
    f.push({ kind: 'loop', label: 'fill', body: [lanes(f.read(at), 0), op('br_if', [next], 'fill')] });
  }
  for (let n = 16 * whole; n < size; n += bytes) f.push(element(buffer.elem, f.read(base), offset + n, value));
}

function element(elem: Buffer['elem'], base: Op, offset: number, value: number): Op {
  switch (elem) {
    case 'f32': return op('f32.store', [base, op('f32.const', [], value)], offset);
    case 'f64': return op('f64.store', [base, op('f64.const', [], value)], offset);
    case 'i32': return op('i32.store', [base, int(value)], offset);
    case 'u8': return op('i32.store8', [base, int(value)], offset);
    default: return elem satisfies never;
  }
}
