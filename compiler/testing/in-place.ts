/**
 * What is proved of kernels in WebAssembly beside the rest: on arrays of one memory, where they work in place, they give the
 * bits that they give on arrays from elsewhere, and write nothing around any array.
 */
import { bind, call } from './bound.ts';
import { assertSame } from './compare.ts';
import { countOf, guarded, guardedBytes, Session, type Guarded, type KernelModule, type TypedArray } from './kernel.ts';

interface Memory { readonly buffer: ArrayBuffer }
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => Memory };
type Attachable = { readonly attach: (memory: Memory, scratch: number) => void };

/** Whether a kernel works on arrays of a shared memory. */
export const canAttach = (kernel: KernelModule): kernel is KernelModule & Attachable => 'attach' in kernel;

const PAGE = 65536;
const aligned = (address: number): number => Math.ceil(address / 16) * 16;

interface Wanted {
  readonly name: string;
  readonly dtype: string;
  readonly length: number;
  /** In the cache. */
  readonly isField: boolean;
}

function arraysOf({ spec }: KernelModule): Wanted[] {
  const wanted = (from: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly held?: boolean }>>, isField: boolean): Wanted[] =>
    Object.entries(from).filter(([, t]) => !t.held).map(([name, t]) => ({ name, dtype: t.dtype, length: countOf(t.shape), isField }));
  return [...wanted(spec.tensors, false), ...wanted(spec.cache, true)];
}

/** Sessions whose arrays, cache included, lie in one memory, to which the kernel is attached. */
export function sessionsInPlace(kernel: KernelModule & Attachable, count: number): Session[] {
  const wanted = arraysOf(kernel);
  const each = wanted.reduce((n, a) => n + aligned(guardedBytes(a.dtype, a.length)), 0);
  const pages = Math.ceil((count * each + kernel.spec.bytes['scratch']!) / PAGE) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  kernel.attach(memory, aligned(count * each));
  let address = 0;
  return Array.from({ length: count }, () => {
    const arrays = new Map<string, Guarded>();
    const cache: Record<string, TypedArray> = Object.fromEntries(
      Object.entries(kernel.spec.cache).filter(([, f]) => f.held).map(([name, f]) => [name, guarded(f.dtype, 0).array]));
    const around: Guarded[] = [];
    for (const { name, dtype, length, isField } of wanted) {
      const made = guarded(dtype, length, memory.buffer, address);
      address += aligned(guardedBytes(dtype, length));
      if (isField) cache[name] = made.array;
      else arrays.set(name, made);
      around.push(made);
    }
    const session = new Session(kernel, { arrays, cache });
    session.checkGuards = () => around.forEach((g) => g.check('an array of the memory'));
    return session;
  });
}

/**
 * Runs functions over arrays from elsewhere and over arrays of one memory, plain and bound.
 * @param fill puts the same data into a session
 * @throws Error if an array differs in a bit, or something was written around one
 */
export function checkInPlace(kernel: KernelModule & Attachable, fill: (session: Session) => Session, names: readonly string[]): void {
  const elsewhere = fill(new Session(kernel));
  const [plain, bound] = sessionsInPlace(kernel, 2).map(fill) as [Session, Session];
  const functions = bind(bound);
  for (const name of names) {
    elsewhere.call(name);
    plain.call(name);
    call(bound, functions, name);
    for (const [how, session] of [['plain', plain], ['bound', bound]] as const) {
      session.checkGuards();
      for (const tensor of session.arrays.keys()) assertSame(`${name} in place, ${how}: ${tensor}`, session.array(tensor), elsewhere.array(tensor));
    }
  }
}
