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
  /** Which values it takes, as far as the compiler knows. */
  readonly range: Interval;
  /** Data: any 32 bits. */
  readonly isData: boolean;
  /** The index it stands for: what is added up is that, so that loops can take part. */
  readonly meaning?: Linear;
  /** Code right behind its declaration. */
  readonly behind: Code[];
  /** Of an innermost loop. */
  readonly turns?: Turns;
  /** The sums that end with it, by what they are. */
  readonly sums: Map<string, string>;
}

/** Where an innermost loop moves its pointers on. */
export interface Turns {
  /** Code before the loop, and at the end of each turn. */
  readonly before: Code[];
  readonly end: Code[];
  readonly from: Op;
  readonly step: number;
  /** The pointers, and by how many bytes each turn moves them. */
  readonly pointers: { readonly local: string; readonly by: number }[];
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const ANY: Interval = { low: -Infinity, high: Infinity };

export type Known = ReadonlyMap<string, Variable>;

interface Term {
  readonly variable: Variable;
  readonly k: number;
}

/** The values that an index takes, as far as the compiler knows. */
export const intervalOf = (at: Linear, known: Known): Interval => at.reduce(({ low, high }, t) => {
  if (t.v === undefined) return { low: low + t.k, high: high + t.k };
  const { range } = known.get(t.v) ?? { range: ANY };
  const [a, b] = [t.k * range.low, t.k * range.high];
  return { low: low + Math.min(a, b), high: high + Math.max(a, b) };
}, { low: 0, high: 0 });

/**
 * Whether an index may not fit 32 bits: data times something, or twice data. A single one that is moved a little wraps to
 * outside of any array.
 */
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

interface Located {
  readonly base: Op;
  readonly offset: number;
}

/** The address of an element: what to add, and the constant for the instruction. */
export function address(at: Linear, place: Place, known: Known, f: FunctionBuilder): Located {
  const { terms, constant } = sorted(expanded(at, known).map((t) => ({ ...t, k: t.k * place.bytes })), known);
  const whole = constant + place.offset;
  // The least that the terms come to is made up for in the sum, if the constant has room for it.
  const lack = Math.max(0, -terms.reduce((sum, { k, variable: { range } }) => sum + Math.min(k * range.low, k * range.high), 0));
  const own = lack <= whole ? lack : whole;
  // What changes behind its declaration is added where it is used.
  const kept = terms.filter((t) => !t.variable.changes);
  const isKept = kept.length > 0 && kept.length === terms.length;
  const start = f.read(sumOf(place.base, kept, isKept ? own : 0, f));
  const end = terms.filter((t) => t.variable.changes).reduce<Op>((s, t) => plus(s, times(f.read(t.variable.local), t.k)), start);
  return { base: isKept ? end : plus(end, int(own)), offset: whole - own };
}

/** An index with the meaning of its variables in their place. */
export const expanded = (at: Linear, known: Known): Linear => at.flatMap((t): Linear => {
  const meaning = t.v === undefined ? undefined : known.get(t.v)?.meaning;
  return meaning ? meaning.map((u) => ({ k: u.k * t.k, ...(u.v === undefined ? {} : { v: u.v }) })) : [t];
});

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
  const products = terms.map((t) => (t.k === 1 ? t.variable.name : `${t.k}*${t.variable.name}`));
  const key = `${[base, ...products].join('+')}${constant === 0 ? '' : constant < 0 ? constant : `+${constant}`}`;
  const old = sums.get(key);
  if (old !== undefined) return old;
  const outer = f.read(sumOf(base, terms.slice(0, -1), 0, f));
  const name = f.local(key, 'i32');
  sums.set(key, name);
  const first = turns ? turns.from : f.read(local);
  const start = plus(plus(outer, times(first, last.k)), constant === 0 ? undefined : int(constant));
  (turns ? turns.before : behind).push(set(name, start));
  if (turns) {
    const by = last.k * turns.step;
    turns.end.push(set(name, op('i32.add', [f.read(name), int(by)])));
    turns.pointers.push({ local: name, by });
  }
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
