/**
 * The arrays that a module itself holds. Functions copy them to locals first: V8 then keeps their base in a register, where
 * it would look a constant of the module up at every access. (3x3 convolution: a fifth of the time; layer norm: a third.)
 */
import type { CodeBlockWriter } from 'ts-morph';
import type { Buffer, Stmt } from '../../../ir/loop.ts';
import { buffersIn } from '../../../ir/loop-walk.ts';
import type { ModuleNames } from '../../../ir/names.ts';
import { wrapped } from './text.ts';

/** What the module calls an array, by what functions call it. */
export type Memory = ReadonlyMap<string, string>;

/** Names the arrays of a module: its scratch, and its tensors where it owns them. */
export function memoryOf(scratch: readonly Buffer[], owned: readonly string[], names: ModuleNames): Memory {
  return new Map([...scratch.map((b) => b.name), ...owned].map((name) => [name, names.scope.fresh(`${name}Memory`)]));
}

/** Writes the locals of the module's arrays that a body uses. */
export function writeLocals(w: CodeBlockWriter, body: readonly Stmt[], memory: Memory): void {
  const own = [...buffersIn(body)].filter((name) => memory.has(name)).map((name) => `${name}\u00a0=\u00a0${memory.get(name)}`);
  if (own.length === 0) return;
  wrapped(`const ${own.join(', ')};`, 100).forEach((line, n) => w.writeLine(`${n > 0 ? '  ' : ''}${line.replaceAll('\u00a0', ' ')}`));
}
