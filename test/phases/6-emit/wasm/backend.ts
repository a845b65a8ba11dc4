/** Runs a layer through both backends on the same numbers. */
import { compileKernel } from '../../../../compiler/compile.ts';
import type { LoopNest } from '../../../../compiler/ir/loop.ts';
import { Session } from '../../../../compiler/testing/kernel.ts';
import { randomFrom } from '../../../../compiler/testing/data.ts';
import { load } from '../../../specs/load.ts';
import { importText, type Kernel } from '../load-kernel.ts';
import { Runner, wasmOf, type TypedArray } from './run-wasm.ts';

export interface Case {
  readonly layer: string;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly dtype?: 'f32' | 'f64';
}

export interface Difference {
  readonly where: string;
  /** The largest distance, in parts of the largest magnitude. */
  readonly off: number;
  /** How many elements are not the same number. */
  readonly others: number;
}

/** A function that tells of a schedule how far the backends are apart. */
export async function comparison(c: Case): Promise<(target: 'ts' | 'wasm') => Difference[]> {
  const { files, derived } = compileKernel({ source: load(c.layer)!, load, ...c, name: 'kernel' });
  const kernel = await importText(files[0]!.text);
  return (target) => differences(c, kernel, wasmOf(derived, { target }));
}

/** For each array that each function writes, how far the backends are apart; each function is called twice. */
function differences(c: Case, kernel: Kernel, { nests, functions, code }: ReturnType<typeof wasmOf>): Difference[] {
  const session = new Session(kernel);
  const random = randomFrom(11);
  const limits = new Map<string, number>();
  for (const [name, { array }] of session.arrays) {
    // A small integer is in range of all that it may index.
    const most = Math.min(2, ...Object.values(c.sizes ?? {}));
    for (let n = 0; n < array.length; n++) array[n] = array instanceof Int32Array ? Math.floor(random() * most) : random() * 2 - 0.75;
    limits.set(name, array.byteLength);
  }
  const cache = session.cache as Record<string, TypedArray>;
  const bytes = [...limits.values()].reduce((sum, n) => sum + n + 16, 0) + Object.values(cache).reduce((sum, a) => sum + a.byteLength + 16, 0);
  const runner = new Runner(code, bytes);
  const inside = new Map<string, TypedArray>();
  const out: Difference[] = [];
  for (const [n, f] of functions.entries()) {
    const arrays: Record<string, TypedArray> = {};
    for (const b of nests[n]!.buffers) {
      if (b.role === 'scratch') continue;
      const [key, own] = b.role === 'field' ? [`cache.${b.field}`, cache[b.field!]!] : [b.tensor!, session.arrays.get(b.tensor!)?.array ?? cache[b.tensor!]!];
      if (!inside.has(key)) inside.set(key, runner.place(own));
      arrays[b.name] = inside.get(key)!;
    }
    const run = runner.bind(f.name, arrays, session);
    for (let call = 0; call < 2; call++) {
      session.call(f.name);
      run();
    }
    for (const b of written(nests[n]!)) {
      const want = b.role === 'field' ? cache[b.field!]! : session.array(b.tensor!);
      out.push({ where: `${f.name} ${b.name}`, ...compare(arrays[b.name]!, want) });
    }
  }
  return out;
}

const written = (nest: LoopNest): LoopNest['buffers'] => nest.buffers.filter((b) => b.role !== 'scratch' && b.access !== 'read');

function compare(got: TypedArray, want: TypedArray): { off: number; others: number } {
  let [scale, off, others] = [1e-30, 0, 0];
  for (const v of want) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  for (let n = 0; n < want.length; n++) {
    if (Object.is(got[n], want[n])) continue;
    others++;
    const distance = Math.abs(got[n]! - want[n]!) / scale;
    off = Math.max(off, Number.isNaN(distance) ? Infinity : distance);
  }
  return { off, others };
}
