/**
 * Where elements lie. An index is a sum over variables; its terms are added from the outermost variable to the innermost,
 * each sum in a local of the loop of its last variable, so that inner loops add what outer loops have multiplied. Elements
 * that differ by a constant share a local, and the constant goes into the instruction. In an innermost loop such a local
 * is a pointer that each turn moves on.
 *
 * The offset of an instruction is unsigned, and is added without wrapping: what it is added to has to be an address, not
 * less than 0. So where some variable or coefficient may be negative, the constant is part of the sum.
 */
import type { Linear } from '../../../ir/loop.ts';
import { invariant } from '../../../support/invariant.ts';
import { int, op, set, type Code, type Op } from './code.ts';
import type { FunctionBuilder } from './function-builder.ts';

/** Where a buffer begins: a local, and bytes behind it. */
export interface Place {
  readonly base: string;
  readonly offset: number;
  readonly bytes: number;
}

/** An integer that indices are made of. */
export interface Variable {
  readonly name: string;
  /** The local that holds it. */
  readonly local: string;
  /** Rises with the depth and the order of declarations. */
  readonly order: number;
  /** Its value may change without being declared anew. */
  readonly changes: boolean;
  /** Never less than 0. */
  readonly isNatural: boolean;
  /** Data: any 32 bits. */
  readonly isData: boolean;
  /** Code right behind its declaration. */
  readonly behind: Code[];
  /** Of an innermost loop: code before it and at the end of each turn, its first value and its step. */
  readonly turns?: { readonly before: Code[]; readonly end: Code[]; readonly from: Op; readonly step: number };
  /** The sums that end with it, by what they are. */
  readonly sums: Map<string, string>;
}

export type Known = ReadonlyMap<string, Variable>;

interface Term {
  readonly variable: Variable;
  readonly k: number;
}

/** What an index is, at least 0 for all the compiler knows? */
export const isNatural = (at: Linear, known: Known): boolean =>
  at.every((t) => t.k >= 0 && (t.v === undefined || known.get(t.v)?.isNatural === true));

/** Whether an index may not fit 32 bits: data times something, or twice data. A single one that is moved a little wraps to outside of any array. */
export function mayWrap(at: Linear, known: Known): boolean {
  const factors = at.filter((t) => t.v !== undefined && known.get(t.v)?.isData === true).map((t) => Math.abs(t.k));
  return factors.reduce((sum, k) => sum + k, 0) > 1;
}

/** An index as an integer. */
export function linear(at: Linear, known: Known, f: FunctionBuilder): Op {
  const { terms, constant } = sorted(at, known);
  const sum = terms.reduce<Op | undefined>((s, t) => plus(s, times(f.read(t.variable.local), t.k)), undefined);
  if (sum === undefined) return int(constant);
  return constant === 0 ? sum : op('i32.add', [sum, int(constant)]);
}

/** The address of an element: what to add, and the constant for the instruction. */
export function address(at: Linear, { base, offset, bytes }: Place, known: Known, f: FunctionBuilder): { readonly base: Op; readonly offset: number } {
  const { terms, constant } = sorted(at.map((t) => ({ ...t, k: t.k * bytes })), known);
  const isSafe = terms.every((t) => t.k > 0 && t.variable.isNatural) && constant + offset >= 0;
  const kept = terms.filter((t) => !t.variable.changes);
  const rest = terms.filter((t) => t.variable.changes);
  const own = isSafe ? 0 : constant + offset;
  // What changes behind its declaration is added where it is used.
  const isWhole = kept.length > 0 && rest.length === 0;
  const start = f.read(sumOf(base, kept, isWhole ? own : 0, f));
  const end = rest.reduce<Op>((s, t) => plus(s, times(f.read(t.variable.local), t.k)), start);
  return { base: isWhole ? end : plus(end, int(own)), offset: isSafe ? constant + offset : 0 };
}

/** Terms from the outermost variable to the innermost, one each. */
function sorted(at: Linear, known: Known): { readonly terms: readonly Term[]; readonly constant: number } {
  const factors = new Map<string, number>();
  let constant = 0;
  for (const t of at) {
    if (t.v === undefined) constant += t.k;
    else factors.set(t.v, (factors.get(t.v) ?? 0) + t.k);
  }
  const terms = [...factors].filter(([, k]) => k !== 0).map(([v, k]): Term => {
    const variable = known.get(v);
    invariant(variable, `${v} indexes before it is declared`);
    return { variable, k };
  });
  return { terms: terms.sort((a, b) => a.variable.order - b.variable.order), constant };
}

/** The local that holds base + terms + constant. */
function sumOf(base: string, terms: readonly Term[], constant: number, f: FunctionBuilder): string {
  const last = terms.at(-1);
  if (last === undefined) return base;
  const { sums, behind, turns, local } = last.variable;
  const key = `${[base, ...terms.map((t) => (t.k === 1 ? t.variable.name : `${t.k}*${t.variable.name}`))].join('+')}${constant === 0 ? '' : constant < 0 ? constant : `+${constant}`}`;
  const old = sums.get(key);
  if (old !== undefined) return old;
  const outer = f.read(sumOf(base, terms.slice(0, -1), 0, f));
  const name = f.local(key, 'i32');
  sums.set(key, name);
  const first = turns ? turns.from : f.read(local);
  const start = plus(plus(outer, times(first, last.k)), constant === 0 ? undefined : int(constant));
  (turns ? turns.before : behind).push(set(name, start));
  if (turns) turns.end.push(set(name, op('i32.add', [f.read(name), int(last.k * turns.step)])));
  return name;
}

const constantOf = (o: Op): number | undefined => (o.name === 'i32.const' ? o.at as number : undefined);

function plus(a: Op | undefined, b: Op | undefined): Op {
  if (a === undefined || b === undefined) return a ?? b ?? int(0);
  if (constantOf(b) === 0) return a;
  return constantOf(a) === 0 ? b : op('i32.add', [a, b]);
}

function times(a: Op, k: number): Op {
  const c = constantOf(a);
  if (c !== undefined) return int(Math.imul(c, k));
  if (k === 1) return a;
  const shift = Math.log2(k);
  return Number.isInteger(shift) && k > 0 ? op('i32.shl', [a, int(shift)]) : op('i32.mul', [a, int(k)]);
}
