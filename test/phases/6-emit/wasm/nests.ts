/** Small LoopNests that a test writes down: one loop over arrays of one length. */
import type { Address, Buffer, Lanes, Linear, LoopExpr, LoopNest, Stmt, Ty } from '../../../../compiler/ir/loop.ts';
import { assemble } from '../../../../compiler/phases/6-emit/wasm/assemble.ts';
import { Runner, type TypedArray } from './run-wasm.ts';

const ELEMS = new Map<unknown, Buffer['elem']>([[Float32Array, 'f32'], [Float64Array, 'f64'], [Int32Array, 'i32'], [Uint8Array, 'u8']]);

export const address = (at: Linear, size: number): Address => ({ slots: [{ at, size }], flat: at });
export const at = (n: number): Linear => [{ v: 'n', k: 1 }, ...(n === 0 ? [] : [{ k: n }])];
export const num = (value: number): LoopExpr => ({ kind: 'const', value });
export const local = (name: string, ty: Ty): LoopExpr => ({ kind: 'local', ty, name });
export const un = (op: (LoopExpr & { kind: 'unary' })['op'], x: LoopExpr): LoopExpr => ({ kind: 'unary', op, x });
export const bin = (op: (LoopExpr & { kind: 'binary' })['op'], a: LoopExpr, b: LoopExpr): LoopExpr => ({ kind: 'binary', op, a, b });

export interface Arrays { readonly [name: string]: TypedArray }

export const buffersOf = (arrays: Arrays): Buffer[] => Object.entries(arrays).map(([name, a]): Buffer =>
  ({ name, tensor: name, elem: ELEMS.get(a.constructor)!, length: a.length, slack: 0, role: 'argument', access: 'both' }));

/** Loads and stores by the name of the array, at the loop's place. */
export function access(arrays: Arrays): { load: (name: string, ty: Ty, lanes?: Lanes, n?: number) => LoopExpr; store: (name: string, value: LoopExpr, lanes?: Lanes, n?: number) => Stmt } {
  const length = (name: string): number => arrays[name]!.length;
  return {
    load: (name, ty, lanes = 1, n = 0) => ({ kind: 'load', ty, buffer: name, at: address(at(n), length(name)), lanes }),
    store: (name, value, lanes = 1, n = 0) => ({ kind: 'store', buffer: name, at: address(at(n), length(name)), lanes, op: '=', value }),
  };
}

export const loop = (length: number, step: number, body: readonly Stmt[]): Stmt =>
  ({ kind: 'loop', v: 'n', from: [], to: [{ k: length }], step, size: length, within: [], body });

export const nestOf = (arrays: Arrays, body: readonly Stmt[], scratch: readonly Buffer[] = []): LoopNest =>
  ({ name: 'run', buffers: [...buffersOf(arrays), ...scratch], constants: new Map(), parts: [], body, flops: 0 });

/** Runs statements over arrays, which hold the results then. */
export function run(arrays: Arrays, body: readonly Stmt[], { scratch = [] as readonly Buffer[], relaxed = false, seed = 0, step = 0 } = {}): void {
  const code = assemble([nestOf(arrays, body, scratch)], scratch, { relaxed });
  const runner = new Runner(code, Object.values(arrays).reduce((sum, a) => sum + a.byteLength + 16, 0));
  const inside = Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, runner.place(a)]));
  runner.bind('run', inside, { seed, step })();
  for (const [name, a] of Object.entries(arrays)) a.set(inside[name]!);
}
