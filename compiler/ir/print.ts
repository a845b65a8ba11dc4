/**
 * Prints formulas in the language of the specs, with brackets only where precedence needs them, so that what is
 * printed parses back to the same object. Printing passes the level down: an operand that binds less tightly than its
 * place asks for is bracketed.
 */
import { unreachable } from '../support/invariant.ts';
import { affineText, bareAxis, baseAxis, type Affine } from './affine.ts';
import type { BinaryOp, Definition, Expr, Program, Store, Tensor } from './tensor.ts';

/** What a name stands for: its slots as declared, a composite slot as its members. */
export interface PrintContext {
  slotsOf(name: string): readonly (readonly string[])[] | undefined;
  /** The axes a formula knows it by, where the array has more. */
  ownOf?(name: string): readonly string[] | undefined;
}

/** The context of some tensors and definitions; a definition has one slot for each of its axes. */
export function printContext(
  tensors: readonly Pick<Tensor, 'name' | 'slots' | 'own'>[],
  definitions: readonly Pick<Definition, 'name' | 'axes'>[] = [],
): PrintContext {
  const slots = new Map<string, readonly (readonly string[])[]>();
  for (const t of tensors) slots.set(t.name, t.slots);
  for (const d of definitions) if (!slots.has(d.name)) slots.set(d.name, d.axes.map((axis) => [axis]));
  const own = new Map(tensors.map((t) => [t.name, t.own]));
  return { slotsOf: (name) => slots.get(name), ownOf: (name) => own.get(name) };
}

/** How tightly an expression binds; a higher level stands unbracketed inside a lower one. */
const LEVELS = { or: 1, and: 2, not: 3, compare: 4, sum: 5, product: 6, minus: 7, power: 8, atom: 9 } as const;

const BINARY_LEVELS: Readonly<Record<BinaryOp, number>> = {
  or: LEVELS.or, and: LEVELS.and,
  '<': LEVELS.compare, '<=': LEVELS.compare, '>': LEVELS.compare, '>=': LEVELS.compare,
  '==': LEVELS.compare, '!=': LEVELS.compare,
  '+': LEVELS.sum, '-': LEVELS.sum, '*': LEVELS.product, '/': LEVELS.product, '^': LEVELS.power,
  min: LEVELS.atom, max: LEVELS.atom,
};

/** A formula as it would be written in a spec. */
export function printExpr(e: Expr, context: PrintContext): string {
  return at(e, 0, context);
}

/** The text of `e` where at least `level` is asked for. */
function at(e: Expr, level: number, context: PrintContext): string {
  const text = bare(e, context);
  return levelOf(e) < level ? `(${text})` : text;
}

function levelOf(e: Expr): number {
  switch (e.kind) {
    case 'const': return e.value < 0 || Object.is(e.value, -0) ? LEVELS.minus : LEVELS.atom;
    case 'unary': return e.op === 'neg' ? LEVELS.minus : e.op === 'not' ? LEVELS.not : LEVELS.atom;
    case 'binary': return BINARY_LEVELS[e.op];
    case 'option': case 'size': case 'index': case 'read': case 'select': case 'reduce': case 'hit': return LEVELS.atom;
    default: return unreachable(e);
  }
}

function bare(e: Expr, context: PrintContext): string {
  switch (e.kind) {
    case 'const': return numberText(e.value);
    case 'option': return e.name;
    case 'size': return baseAxis(e.axis);
    case 'index': return `index(${e.axis})`;
    case 'read': return readText(e.tensor, e.index, context);
    case 'unary':
      if (e.op === 'neg') return `-${at(e.x, LEVELS.power, context)}`;
      if (e.op === 'not') return `not ${at(e.x, LEVELS.compare, context)}`;
      return `${e.op}(${at(e.x, 0, context)})`;
    case 'binary': return binaryText(e.op, e.a, e.b, context);
    case 'select': return `where(${[e.c, e.a, e.b].map((x) => at(x, 0, context)).join(', ')})`;
    case 'reduce': return `${e.op}[${e.axes.join(', ')}](${at(e.body, 0, context)})`;
    case 'hit': return `hit(${e.of})`;
    default: return unreachable(e);
  }
}

function binaryText(op: BinaryOp, a: Expr, b: Expr, context: PrintContext): string {
  if (op === 'min' || op === 'max') return `${op}(${at(a, 0, context)}, ${at(b, 0, context)})`;
  const own = BINARY_LEVELS[op];
  // `^` groups to the right, comparisons not at all, everything else to the left.
  if (op === '^') return `${at(a, LEVELS.atom, context)}^${at(b, LEVELS.minus, context)}`;
  if (op === '*' && isSizes(a) && b.kind === 'size') return `${bare(a, context)}*${bare(b, context)}`;
  const operand = own === LEVELS.sum ? term : at;
  return `${operand(a, own === LEVELS.compare ? own + 1 : own, context)} ${op} ${operand(b, own + 1, context)}`;
}

/** A term of a sum; sizes close up with the name beside them: `N*dout - dbeta`. */
function term(e: Expr, level: number, context: PrintContext): string {
  const tight = e.kind === 'binary' && e.op === '*' && isSizes(e.a) && levelOf(e.b) === LEVELS.atom;
  return tight ? `${bare(e.a, context)}*${bare(e.b, context)}` : at(e, level, context);
}

/** `N`, `N*H*W`. */
const isSizes = (e: Expr): boolean => e.kind === 'size' || (e.kind === 'binary' && e.op === '*' && isSizes(e.a) && e.b.kind === 'size');

/** A number that reads back as itself; the language has no `1e+21`. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
}

/** `x`, `x[S, E]`, `x[N, (G K), H]`: bare where every slot is the tensor's own axis. */
function readText(name: string, index: readonly Affine[], context: PrintContext): string {
  const slots = context.slotsOf(name) ?? index.map(() => ['']);
  const own = context.ownOf?.(name);
  if (own) {
    const kept = index.filter((_, n) => own.includes(slots.flat()[n]!));
    return readText(name, kept, {
      slotsOf: (other) => (other === name ? own.map((axis) => [axis]) : context.slotsOf(other)),
      ownOf: (other) => (other === name ? undefined : context.ownOf?.(other)),
    });
  }
  if (isBare(name, index, context)) return name;
  const text = (a: Affine): string => affineText(a, (tensor, inner) => readText(tensor, inner, context));
  let n = 0;
  const parts = slots.map((slot) => {
    const members = slot.map(() => text(index[n++]!));
    if (slot.length === 1) return members[0];
    return `(${members.join(members.every((m) => /^[\w']+$/.test(m)) ? ' ' : ', ')})`;
  });
  return `${name}[${parts.join(', ')}]`;
}

function isBare(name: string, index: readonly Affine[], context: PrintContext): boolean {
  const axes = context.slotsOf(name)?.flat();
  return axes !== undefined && axes.length === index.length && index.every((a, n) => bareAxis(a) === axes[n]);
}

/** `[N, (G K), H, W]`. */
export function slotsText(slots: readonly (readonly string[])[]): string {
  return `[${slots.map((s) => (s.length === 1 ? s[0] : `(${s.join(' ')})`)).join(', ')}]`;
}

/** The context of everything a program names. */
export function contextOf(p: Program): PrintContext {
  return printContext(p.tensors, p.definitions);
}

/** A program, one line for each tensor, definition and store; columns are aligned. */
export function printProgram(p: Program): string {
  const context = contextOf(p);
  const width = Math.max(0, ...p.definitions.map((d) => d.name.length));
  const axesWidth = Math.max(0, ...p.definitions.map((d) => axesText(d).length));
  const lines = [
    p.name,
    ...p.tensors.map((t) => `  read  ${t.role} ${t.name} ${slotsText(t.slots)} ${t.dtype}${t.outside === undefined ? '' : `, outside ${t.outside}`}`),
    ...p.definitions.map((d) =>
      `  ${d.name.padEnd(width)} ${axesText(d).padEnd(axesWidth)} = ${printExpr(d.formula, context)}`),
    ...p.stores.map((s) => `  store ${storeText(s)}`),
  ];
  return lines.join('\n');
}

const axesText = (d: Definition): string => `[${d.axes.join(', ')}]`;

function storeText({ tensor, definition }: Store): string {
  const target = `${tensor.role} ${tensor.name} ${slotsText(tensor.slots)}`;
  return tensor.name === definition ? target : `${target} = ${definition}`;
}
