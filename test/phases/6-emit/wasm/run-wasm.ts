/** Runs what the assembler makes of LoopNests: arrays are copied into a memory of its own, and results back. */
import type { Derived } from '../../../../compiler/ir/derived.ts';
import type { LoopNest } from '../../../../compiler/ir/loop.ts';
import { moduleNames } from '../../../../compiler/ir/names.ts';
import { verifyLoops } from '../../../../compiler/ir/loop-verify.ts';
import { Choices } from '../../../../compiler/phases/5-schedule/choices.ts';
import { schedule } from '../../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../../compiler/phases/5-schedule/storage.ts';
import { functionsOf, type FunctionShape } from '../../../../compiler/phases/6-emit/ts/interface.ts';
import { assemble, type WasmCode } from '../../../../compiler/phases/6-emit/wasm/assemble.ts';

interface Exports { readonly [name: string]: (...args: number[]) => void }
interface Memory { readonly buffer: ArrayBuffer }
interface Engine {
  readonly Memory: new (options: { initial: number }) => Memory;
  readonly Global: new (type: { value: 'i32' }, value: number) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
}
export const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;
export type Fail = (site: number, slot: number, value: number, ...at: number[]) => void;

/** Nests of a layer, as a module has them, and their code. */
export function wasmOf(derived: Derived, { relaxed = false, target = 'wasm' as 'ts' | 'wasm' } = {}): { readonly nests: readonly LoopNest[]; readonly functions: readonly FunctionShape[]; readonly code: WasmCode } {
  const names = moduleNames(derived.layer);
  const functions = functionsOf(derived, false);
  for (const f of functions) for (const a of f.arguments) if (a.kind === 'tensor') names.array(a.tensor.name);
  const pool = new ScratchPool(names.scope);
  const choices = new Choices();
  const nests = functions.map((f) => ({ ...schedule(f.program, { names, pool, accumulate: false, choices, target }), name: f.name }));
  nests.forEach(verifyLoops);
  return { nests, functions, code: assemble(nests, pool.buffers, { relaxed }) };
}

const ALIGN = 16;

/** A module in a memory that has room for some arrays. */
export class Runner {
  readonly code: WasmCode;
  readonly exports: Exports;
  readonly memory: Memory;
  #next: number;

  constructor(code: WasmCode, bytes: number, fail: Fail = (site) => { throw new RangeError(`site ${site}`); }) {
    this.code = code;
    const start = 1024;
    this.memory = new engine.Memory({ initial: Math.ceil((start + code.scratchBytes + bytes + 4096) / 65536) });
    this.#next = start + Math.ceil(code.scratchBytes / ALIGN) * ALIGN;
    const math = Object.fromEntries(code.math.map((name) => [name, Math[name as 'exp']]));
    const scratch = new engine.Global({ value: 'i32' }, start);
    this.exports = new engine.Instance(new engine.Module(code.bytes), { k: { memory: this.memory, scratch, fail, ...math } }).exports;
  }

  /** Room for an array like this one, with its numbers. */
  place<A extends TypedArray>(array: A): A {
    const Type = array.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => A;
    const own = new Type(this.memory.buffer, this.#next, array.length);
    own.set(array);
    this.#next += Math.ceil(array.byteLength / ALIGN) * ALIGN;
    return own;
  }

  /** A function over arrays of the memory, by the names of its buffers. */
  bind(name: string, arrays: Readonly<Record<string, TypedArray>>, { seed = 0, step = 0 } = {}): () => void {
    const f = this.code.functions.find((x) => x.name === name)!;
    const words = [seed, step].flatMap((n) => [n | 0, Math.floor(n / 2 ** 32) | 0]);
    const args = [...f.buffers.map((b) => arrays[b]!.byteOffset), ...(f.draws ? words : [])];
    const run = this.exports[name]!;
    return () => run(...args);
  }
}
