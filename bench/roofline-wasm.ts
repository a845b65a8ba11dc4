/**
 * What this machine can do at most with WebAssembly's lanes: multiply-adds of four floats that stay in registers, and a copy that
 * stays in the cache. In an engine with relaxed SIMD the multiply-adds are one instruction, as those of kernels are. The module is a few instructions of the assembler that kernels are made with.
 */
import { get, int, laneBytes, op, set, tee, type Code, type Func, type Op } from '../compiler/phases/6-emit/wasm/code.ts';
import { encode } from '../compiler/phases/6-emit/wasm/encode.ts';
import { isValid } from '../compiler/phases/6-emit/wasm/engine.ts';
import { fused, stepsTo } from '../compiler/phases/6-emit/wasm/fuse.ts';
import { best, type Limit } from './roofline.ts';

/** Sums side by side: as many as do not wait for one another, and as the sixteen registers hold beside the two constants. */
const SUMS = 12;
/** A multiplication and an addition in each of four lanes. */
const FLOPS = SUMS * 8;

const BYTES = 16384;
const VECTOR = 16;
const UNROLLED = 4;

declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Loops {
  /** @returns a sum of all, so that no engine may drop them */
  readonly multiplyAdd: (turns: number) => number;
  readonly copy: (turns: number) => void;
}

export function measureWasmRoofline(): Limit {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { bytes, products } = encode({ imports: [{ name: 'memory', kind: 'memory' }], functions: [multiplyAdd(), copy()] });
  const relaxed = fused(bytes, stepsTo(products));
  const loops = new WebAssembly.Instance(new WebAssembly.Module(isValid(relaxed) ? relaxed : bytes), { k: { memory } }).exports as Loops;
  return best({ flops: (turns) => turns * FLOPS, multiplyAdd: loops.multiplyAdd, bytes: (turns) => turns * BYTES * 2, copy: loops.copy });
}

const vector = (value: number): Op => op('v128.const', [], laneBytes([value, value, value, value]));

/** `turns` times round a body. */
const repeat = (body: readonly Code[]): Code => ({
  kind: 'loop', label: 'turn', body: [...body, op('br_if', [tee('turns', op('i32.sub', [get('turns', 'i32'), int(1)]))], 'turn')],
});

function multiplyAdd(): Func {
  const sums = Array.from({ length: SUMS }, (_, n) => `sum${n}`);
  const read = (name: string): Op => get(name, 'v128');
  const turn = sums.map((s) => set(s, op('f32x4.add', [op('f32x4.mul', [read(s), vector(1 - 2 ** -20)]), read('more')])));
  const total = sums.map(read).reduce((a, b) => op('f32x4.add', [a, b]));
  return {
    name: 'multiplyAdd', exported: true, params: [{ name: 'turns', type: 'i32' }], locals: [...sums, 'more'].map((name) => ({ name, type: 'v128' })), result: 'f64',
    body: [set('more', vector(2 ** -20)), ...sums.map((s, n) => set(s, vector(n))), repeat(turn), op('f64.promote_f32', [op('f32x4.extract_lane', [total], 0)])],
  };
}

/** From the first BYTES of the memory to the next ones. */
function copy(): Func {
  const at = get('at', 'i32');
  const moves = Array.from({ length: UNROLLED }, (_, n) => op('v128.store', [at, op('v128.load', [at], n * VECTOR)], BYTES + n * VECTOR));
  const next = tee('at', op('i32.add', [at, int(UNROLLED * VECTOR)]));
  const all: Code = { kind: 'loop', label: 'move', body: [...moves, op('br_if', [op('i32.lt_u', [next, int(BYTES)])], 'move')] };
  return {
    name: 'copy', exported: true, params: [{ name: 'turns', type: 'i32' }], locals: [{ name: 'at', type: 'i32' }],
    body: [repeat([set('at', int(0)), all])],
  };
}
