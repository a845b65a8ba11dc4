/**
 * The code of a WebAssembly function as a tree: each instruction holds the operands it pops. The encoder (encode.ts) and the
 * text printer (wat.ts) walk it; nothing else does. Locals, functions and labels go by their names.
 */
import { invariant } from '../../../support/invariant.ts';
import { INSTRUCTIONS, type Mnemonic, type ValType } from './instructions.ts';

/** A number, the name of a local, global, function or label, an offset in memory, or 16 bytes. */
export type Operand = number | string | readonly number[];

export interface Op {
  readonly kind: 'op';
  readonly name: Mnemonic;
  readonly args: readonly Op[];
  readonly at: Operand | undefined;
  readonly type: ValType | undefined;
}

export type Code =
  | Op
  | { readonly kind: 'block' | 'loop'; readonly label: string; readonly body: readonly Code[] }
  | { readonly kind: 'if'; readonly condition: Op; readonly then: readonly Code[]; readonly otherwise: readonly Code[] }
  /** Code that is not finished: what it holds may still grow. */
  | { readonly kind: 'group'; readonly body: readonly Code[] }
  | { readonly kind: 'note'; readonly text: string };

/** A function of a module. */
export interface Func {
  readonly name: string;
  readonly exported: boolean;
  readonly params: readonly { readonly name: string; readonly type: ValType }[];
  readonly locals: readonly { readonly name: string; readonly type: ValType }[];
  readonly result?: ValType;
  readonly body: readonly Code[];
}

/** An instruction whose operands are those that the table asks for. */
export function op(name: Mnemonic, args: readonly Op[] = [], at?: Operand): Op {
  const { takes, gives } = INSTRUCTIONS.get(name)!;
  invariant(takes.length === args.length && takes.every((t, n) => args[n]!.type === t),
    `${name} takes ${takes.join(' ')}, not ${args.map((a) => `${a.name}: ${a.type}`).join(', ')}`);
  return { kind: 'op', name, args, at, type: gives };
}

export const int = (value: number): Op => op('i32.const', [], value | 0);
export const double = (value: number): Op => op('f64.const', [], value);
export const get = (name: string, type: ValType): Op => ({ kind: 'op', name: 'local.get', args: [], at: name, type });
export const set = (name: string, value: Op): Op => ({ kind: 'op', name: 'local.set', args: [value], at: name, type: undefined });
export const tee = (name: string, value: Op): Op => ({ kind: 'op', name: 'local.tee', args: [value], at: name, type: value.type });
export const call = (name: string, args: readonly Op[], type?: ValType): Op => ({ kind: 'op', name: 'call', args, at: name, type });

/** a where the condition holds, else b; both are computed. */
export function choose(a: Op, b: Op, condition: Op): Op {
  invariant(a.type === b.type && condition.type === 'i32', `select of ${a.type} and ${b.type} by ${condition.type}`);
  return { kind: 'op', name: 'select', args: [a, b, condition], at: undefined, type: a.type };
}

/** The bytes of four floats, or of two doubles. */
export function laneBytes(values: readonly number[]): number[] {
  const typed = values.length === 4 ? Float32Array.from(values) : Float64Array.from(values);
  return [...new Uint8Array(typed.buffer)];
}
