/** Prints expressions and indices of a LoopNest as TypeScript, with brackets only where precedence needs them. */
import { invariant } from '../../../support/invariant.ts';
import type { Linear, LoopExpr, Range, Term } from '../../../ir/loop.ts';

/** How tightly an expression binds; a higher level stands unbracketed inside a lower one. */
export const LEVEL = { select: 1, or: 2, and: 3, bit: 4, equal: 5, compare: 6, sum: 7, product: 8, unary: 9, atom: 10 } as const;

export interface Printer {
  /** The values of the named constants. */
  readonly constants: ReadonlyMap<string, number>;
  /** Constants are written as their values. */
  readonly literal?: boolean;
  /** What the parts of a function are called with. */
  readonly arguments?: ReadonlyMap<string, readonly string[]>;
}

const BINARY: Readonly<Record<string, { readonly text: string; readonly level: number }>> = {
  '+': { text: '+', level: LEVEL.sum }, '-': { text: '-', level: LEVEL.sum },
  '*': { text: '*', level: LEVEL.product }, '/': { text: '/', level: LEVEL.product }, '%': { text: '%', level: LEVEL.product },
  '<': { text: '<', level: LEVEL.compare }, '<=': { text: '<=', level: LEVEL.compare },
  '>': { text: '>', level: LEVEL.compare }, '>=': { text: '>=', level: LEVEL.compare },
  '==': { text: '===', level: LEVEL.equal }, '!=': { text: '!==', level: LEVEL.equal },
  and: { text: '&&', level: LEVEL.and }, or: { text: '||', level: LEVEL.or },
};

const CALLS: Readonly<Record<string, string>> = {
  sqrt: 'Math.sqrt', exp: 'Math.exp', log: 'Math.log', abs: 'Math.abs', sign: 'Math.sign', tanh: 'Math.tanh', floor: 'Math.floor',
  ceil: 'Math.ceil', flag: 'Number', float: 'Math.fround', erf: 'erf', sigmoid: 'sigmoid', max: 'Math.max', min: 'Math.min', '^': 'Math.pow',
};

/** The text of `e` where at least `level` is asked for. */
export function exprText(e: LoopExpr, p: Printer, level = 0): string {
  const { text, binds } = bare(e, p);
  return binds < level ? `(${text})` : text;
}

type Text = { readonly text: string; readonly binds: number };
const atom = (text: string): Text => ({ text, binds: LEVEL.atom });

function bare(e: LoopExpr, p: Printer): Text {
  switch (e.kind) {
    case 'const': return numberText(e.value);
    case 'named': return p.literal ? numberText(p.constants.get(e.name) ?? NaN) : atom(e.name);
    case 'local': return atom(e.name);
    case 'load': return atom(`${e.buffer}[${linearText(e.at.flat, p)}]`);
    case 'linear': return linear(e.at, p);
    case 'quotient': return { text: `${linearText(e.at, p, LEVEL.product)} / ${e.divisor} | 0`, binds: LEVEL.bit };
    case 'inside': return inside(e.range, p);
    case 'unary': return unary(e, p);
    case 'binary': {
      const call = CALLS[e.op];
      if (call !== undefined) return atom(`${call}(${exprText(e.a, p)}, ${exprText(e.b, p)})`);
      const op = BINARY[e.op]!;
      // a - (b + c): the right operand of every operator binds one level tighter.
      return { text: `${exprText(e.a, p, op.level)} ${op.text} ${exprText(e.b, p, op.level + 1)}`, binds: op.level };
    }
    case 'select':
      return { text: `${exprText(e.c, p, LEVEL.or)} ? ${exprText(e.a, p, LEVEL.or)} : ${exprText(e.b, p, LEVEL.or)}`, binds: LEVEL.select };
    case 'choose': return choose(e, p);
    case 'splat': case 'fold': case 'widen': case 'narrow': case 'shuffle': case 'lane': case 'join': return invariant(false, 'TypeScript has no lanes') as never;
    default: return e satisfies never;
  }
}

/** b + (a - b) * c, where c as a number is 0 or 1. */
function choose({ c, a, b }: LoopExpr & { kind: 'choose' }, p: Printer): Text {
  const flag = exprText({ kind: 'unary', op: 'flag', x: c }, p);
  const isZero = b.kind === 'const' && b.value === 0;
  const step: LoopExpr = a.kind === 'const' && b.kind === 'const' ? { kind: 'const', value: a.value - b.value }
    : isZero ? a : { kind: 'binary', op: '-', a, b };
  const isOne = step.kind === 'const' && step.value === 1;
  const text = isOne ? flag : `${exprText(step, p, LEVEL.product)} * ${flag}`;
  if (isZero) return { text, binds: isOne ? LEVEL.atom : LEVEL.product };
  return { text: `${exprText(b, p, LEVEL.sum)} + ${text}`, binds: LEVEL.sum };
}

function unary(e: LoopExpr & { kind: 'unary' }, p: Printer): Text {
  if (e.op === 'neg') {
    const x = exprText(e.x, p, LEVEL.unary);
    return { text: x.startsWith('-') ? `-(${x})` : `-${x}`, binds: LEVEL.unary };
  }
  if (e.op === 'not') return { text: `!${exprText(e.x, p, LEVEL.unary)}`, binds: LEVEL.unary };
  if (e.op === 'rsqrt') return { text: `1 / Math.sqrt(${exprText(e.x, p)})`, binds: LEVEL.product };
  return atom(`${CALLS[e.op]!}(${exprText(e.x, p)})`);
}

/** A number that reads back to the same bits. */
function numberText(value: number): Text {
  if (Number.isNaN(value) || value === Infinity) return atom(String(value));
  const text = Object.is(value, -0) ? '-0' : String(value);
  return { text, binds: text.startsWith('-') ? LEVEL.unary : LEVEL.atom };
}

/** The tests of an index: that it divides, and the sides that could be left. */
function inside(r: Range, p: Printer): Text {
  const at = linearText(r.at, p, LEVEL.sum);
  const tests: string[] = [];
  if (r.divisor !== 1) tests.push(`${linearText(r.at, p, LEVEL.product)} % ${r.divisor} === 0`);
  if (r.low) tests.push(`${at} >= 0`);
  if (r.high) tests.push(`${at} < ${r.divisor === 1 ? sizeText(r, p) : r.size * r.divisor}`);
  if (tests.length === 0) return atom('true');
  return { text: tests.join(' && '), binds: tests.length > 1 ? LEVEL.and : LEVEL.compare };
}

/** A size by its name where it has one. */
export const sizeText = (s: { readonly size: number; readonly sizeName?: string }, p: Printer): string =>
  (p.literal ? undefined : s.sizeName) ?? String(s.size);

// --------------------------------------------------------------------------------------------------------- indices

/** The text of an index where at least `level` is asked for. */
export function linearText(at: Linear, p: Printer, level = 0): string {
  const { text, binds } = linear(at, p);
  return binds < level ? `(${text})` : text;
}

function linear(at: Linear, p: Printer): Text {
  const parts: { readonly negative: boolean; readonly text: string; readonly product: boolean }[] = [];
  let plain = 0;
  for (const t of at) {
    if (t.v === undefined && namesOf(t, p).length === 0) plain += t.k;
    else parts.push(term(t, p));
  }
  if (plain !== 0 || parts.length === 0) parts.push({ negative: plain < 0, text: String(Math.abs(plain)), product: false });
  // A positive part goes first where there is one: `oh - PAD`, not `-PAD + oh`.
  const lead = parts.findIndex((x) => !x.negative);
  if (lead > 0) parts.unshift(...parts.splice(lead, 1));
  const text = parts.map((x, n) => (n === 0 ? (x.negative ? '-' : '') : x.negative ? ' - ' : ' + ') + x.text).join('');
  const only = parts[0]!;
  return { text, binds: parts.length > 1 ? LEVEL.sum : only.product ? LEVEL.product : only.negative ? LEVEL.unary : LEVEL.atom };
}

/** The named factors of a term, if their product divides it. */
function namesOf(t: Term, p: Printer): readonly string[] {
  const factors = (t.factors ?? []).filter((f) => p.constants.get(f) !== 1);
  const product = factors.reduce((n, f) => n * (p.constants.get(f) ?? NaN), 1);
  return Number.isInteger(t.k / product) ? factors : [];
}

function term(t: Term, p: Printer): { negative: boolean; text: string; product: boolean } {
  const names = namesOf(t, p);
  const rest = t.k / names.reduce((n, f) => n * p.constants.get(f)!, 1);
  const size = Math.abs(rest);
  const written = p.literal ? names.map((f) => String(p.constants.get(f))) : names;
  const factors = [...(t.v === undefined ? [] : [t.v]), ...(size === 1 && (t.v !== undefined || names.length > 0) ? [] : [String(size)]), ...written];
  return { negative: rest < 0, text: factors.join(' * '), product: factors.length > 1 };
}
