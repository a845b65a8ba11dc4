/** What the printers of a WebAssembly module know. */
import type { Buffer, LoopNest } from '../../../../ir/loop.ts';
import type { ModuleNames } from '../../../../ir/names.ts';
import type { WasmCode, WasmFunction } from '../../wasm/assemble.ts';
import { fieldsUsed, identifier, type ModuleShape } from '../functions.ts';
import type { Field, FunctionShape } from '../interface.ts';
import type { HomePlan } from './home.ts';

export interface WasmShape extends ModuleShape {
  readonly functions: readonly FunctionShape[];
  /** One for each function, in the same order. */
  readonly nests: readonly LoopNest[];
  readonly code: WasmCode;
  readonly home: HomePlan;
  readonly own: OwnNames;
  readonly scratchIn: { readonly bytes: number; readonly isShared: boolean };
}

/** What the module calls its own things; a spec may have taken the names that they wish for. */
export interface OwnNames {
  readonly kernels: string;
  readonly shared: string;
  readonly sharedBuffer: string;
  readonly home: string;
  readonly makeHome: string;
  readonly instantiate: string;
  readonly compiled: string;
  readonly able: string;
  readonly code: string;
  readonly bytesOf: string;
  /** Where products are added, and what adds them in one instruction. */
  readonly products: string;
  readonly fusedOr: string;
  readonly fail: string;
  readonly sites: string;
  /** Arrays that were found in the shared memory, by number, where they lie there, and what looks for others. */
  readonly seen: string;
  readonly addresses: string;
  readonly liesHere: string;
  /** Locals: the module's own memory, the kernels of the shared one. */
  readonly own: string;
  readonly inPlace: string;
  /** Whether all arrays lie in the shared one. */
  readonly isHere: string;
}

/** Takes the names, after those of the arrays. */
export function ownNames({ scope }: ModuleNames): OwnNames {
  const fresh = (wish: string): string => scope.fresh(wish);
  return {
    kernels: fresh('kernels'), shared: fresh('shared'), sharedBuffer: fresh('sharedBuffer'), home: fresh('home'), makeHome: fresh('makeHome'),
    instantiate: fresh('instantiate'), compiled: fresh('compiled'), able: fresh('able'), code: fresh('CODE'), bytesOf: fresh('bytesOf'),
    products: fresh('PRODUCTS'), fusedOr: fresh('fusedOr'),
    fail: fresh('fail'), sites: fresh('SITES'), seen: fresh('seen'), addresses: fresh('addresses'), liesHere: fresh('liesHere'),
    own: fresh('own'), inPlace: fresh('inPlace'), isHere: fresh('isHere'),
  };
}

/** An array that a function hands to WebAssembly. */
export interface Passed {
  readonly name: string;
  /** The field of the cache that it comes from; absent for an argument. */
  readonly field?: Field;
  readonly isRead: boolean;
  readonly isWritten: boolean;
}

/** The arrays of one function, in the order in which WebAssembly takes them. */
export function passedOf(n: number, m: WasmShape): Passed[] {
  const [f, nest] = [m.functions[n]!, m.nests[n]!];
  const buffers = new Map<string, Buffer>(nest.buffers.map((b) => [b.name, b]));
  const fields = new Map(fieldsUsed(f, nest, m).map((x) => [x.name, x.field]));
  const gradients = new Set(f.arguments.flatMap((a) => (a.kind === 'tensor' && a.tensor.role === 'gradient' ? [identifier(a, m)] : [])));
  return m.code.functions[n]!.buffers.map((name) => {
    const { access } = buffers.get(name)!;
    const field = fields.get(name);
    return {
      name, ...(field ? { field } : {}), isWritten: access !== 'read',
      isRead: access !== 'written' || (m.accumulate && gradients.has(name)),
    };
  });
}

/** The words of a draw, as WebAssembly takes them. */
export const drawWords = (f: WasmFunction): string[] =>
  (f.draws ? ['seed | 0', 'seed / 0x100000000 | 0', 'step | 0', 'step / 0x100000000 | 0'] : []);
