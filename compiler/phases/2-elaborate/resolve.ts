/**
 * Formulas: names become reads, options, sizes and indices; calls become functions and reductions; truth values and
 * numbers are told apart. A comparison that options alone decide (`ties == first`) is decided here, and the branch of a
 * `where` that is never taken disappears.
 *
 * What is wrong is reported where it stands and resolves to nothing, so that one formula can report several problems.
 */
import { axisIndex } from '../../ir/affine.ts';
import {
  binary, constant, div, freeAxes, indexOf, neg, option, read, reduce, select, size, unary,
} from '../../ir/expr.ts';
import type { AxisRef, Formula } from '../../ir/formula.ts';
import type { Expr, ReduceOp, UnaryOp } from '../../ir/tensor.ts';
import { slotsText } from '../../ir/print.ts';
import { FUNCTIONS, REDUCTIONS } from '../../ir/words.ts';
import type { Span } from '../../support/source.ts';
import { closest } from '../../support/suggest.ts';
import { didYouMean, maybe, textOf, type ArrayName, type Context, type Value } from './context.ts';
import { decide, fixedValue, isFixed } from './fixed.ts';
import { isAxis, resolveSlots, unknownAxis } from './indices.ts';
import { ELSEWHERE } from './spellings.ts';

type Call = Extract<Formula, { kind: 'call' }>;
type Binary = Extract<Formula, { kind: 'binary' }>;

const functions: ReadonlySet<string> = new Set(FUNCTIONS);
const reductions: ReadonlySet<string> = new Set(REDUCTIONS);
const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);
const CALLS: readonly string[] = [...FUNCTIONS, ...REDUCTIONS, 'where', 'size', 'index'];

/** The number that a formula gives; undefined where something in it is wrong (which is reported) or absent. */
export function resolveNumber(f: Formula, c: Context): Expr | undefined {
  return asNumber(resolve(f, c), f, c);
}

function resolve(f: Formula, c: Context): Value {
  switch (f.kind) {
    case 'number': return constant(f.value);
    case 'name': return resolveName(f.name, f.span, c);
    case 'read': return resolveRead(f, c);
    case 'unary': return resolveUnary(f, c);
    case 'binary': return resolveBinary(f, c);
    case 'call': return resolveCall(f, c);
  }
}

// ---------------------------------------------------------------------------------------------------------- names

function resolveName(name: string, span: Span, c: Context): Value {
  if (isAxis(name, c)) return size(name);
  const value = c.env.options.get(name);
  if (typeof value === 'number') return option(name);
  if (value !== undefined) {
    c.problems.add({
      code: 'mixed-truth', span, message: `the option \`${name}\` is a word, and words are compared only`,
      help: `write \`${name} == ${value}\` as a condition`,
    });
    return undefined;
  }
  const found = findArray(name, span, c);
  return found && read(found.name, found.axes.map(axisIndex));
}

function resolveRead(f: Extract<Formula, { kind: 'read' }>, c: Context): Value {
  if (isAxis(f.name, c) || c.env.options.has(f.name)) {
    c.problems.add({ code: 'unknown-tensor', span: f.head, message: `\`${f.name}\` is ${isAxis(f.name, c) ? 'an axis' : 'an option'} and has no elements` });
    return undefined;
  }
  const found = findArray(f.name, f.head, c);
  const index = found && resolveSlots(found, f.slots, f.span, c);
  return index && read(found.name, index);
}

function findArray(name: string, span: Span, c: Context): ArrayName | undefined {
  const hit = /^hit\((\w+)\)$/.exec(name);
  const found = hit ? c.findHit(hit[1]!, span) : c.find(name, span);
  if (found?.kind === 'array') return found;
  if (found?.kind === 'absent') c.absences.push({ name, span });
  if (!found) unknownName(name, span, c);
  return undefined;
}

function unknownName(name: string, span: Span, c: Context): void {
  if (/^[A-Z][A-Z0-9_]*'*$/.test(name)) return unknownAxis(name, span, c);
  const word = [...c.choices].find(([, words]) => words.includes(name));
  c.problems.add({
    code: 'unknown-tensor', span, message: `\`${name}\` is no tensor, definition or option of this layer`,
    ...maybe('help', word ? `it is a word of the option \`${word[0]}\`: compare with \`==\``
      : didYouMean(name, [...c.readable(), ...c.env.options.keys(), ...c.axes])),
  });
}

// ------------------------------------------------------------------------------------------------------- operators

function resolveUnary(f: Extract<Formula, { kind: 'unary' }>, c: Context): Value {
  if (f.op === 'not') {
    const x = asTruth(resolve(f.x, c), f.x, c);
    return typeof x === 'boolean' ? !x : x && unary('not', x);
  }
  const x = resolveNumber(f.x, c);
  // `-2` is a number, `-x` an operation.
  return x && (f.x.kind === 'number' && x.kind === 'const' ? constant(-x.value) : neg(x));
}

function resolveBinary(f: Binary, c: Context): Value {
  if (f.op === 'and' || f.op === 'or') return resolveLogic(f, f.op, c);
  const word = f.op === '==' || f.op === '!=' ? compareWords(f, f.op, c) : undefined;
  if (word) return word.value;
  const [a, b] = [resolveNumber(f.a, c), resolveNumber(f.b, c)];
  if (!a || !b) return undefined;
  if (f.op === '//') return unary('floor', div(a, b));
  if (f.op === '^' && !isFixed(b, true)) {
    c.problems.add({
      code: 'exponent-not-constant', span: f.b.span, message: `the exponent \`${textOf(f.b.span)}\` is no constant`,
      help: `write \`exp(${textOf(f.b.span)} * log(${textOf(f.a.span)}))\``,
    });
    return undefined;
  }
  if (f.op === '^' && c.proves && !Number.isFinite(fixedValue(b, c.env))) {
    c.problems.add({
      code: 'exponent-not-constant', span: f.b.span, message: `the exponent \`${textOf(f.b.span)}\` is ${fixedValue(b, c.env)}`,
      help: 'an exponent is a finite number',
    });
    return undefined;
  }
  if (COMPARISONS.has(f.op) && isFixed(a) && isFixed(b)) return decide(f.op, fixedValue(a, c.env), fixedValue(b, c.env));
  return binary(f.op, a, b);
}

function resolveLogic(f: Binary, op: 'and' | 'or', c: Context): Value {
  const [a, b] = [asTruth(resolve(f.a, c), f.a, c), asTruth(resolve(f.b, c), f.b, c)];
  if (a === undefined || b === undefined) return undefined;
  const decided = op === 'or';
  if (a === decided || b === decided) return decided;
  if (typeof a === 'boolean') return b;
  if (typeof b === 'boolean') return a;
  return binary(op, a, b);
}

/** `ties == first`, whichever way round; undefined where neither side is an option of words. */
function compareWords(f: Binary, op: '==' | '!=', c: Context): { readonly value: Value } | undefined {
  const isWord = (x: Formula): x is Extract<Formula, { kind: 'name' }> =>
    x.kind === 'name' && typeof c.env.options.get(x.name) === 'string';
  const [named, other] = isWord(f.a) ? [f.a, f.b] : isWord(f.b) ? [f.b, f.a] : [];
  if (!named || !other) return undefined;
  const words = c.choices.get(named.name) ?? [String(c.env.options.get(named.name))];
  if (other.kind === 'name' && words.includes(other.name)) {
    return { value: (c.env.options.get(named.name) === other.name) === (op === '==') };
  }
  c.problems.add({
    code: 'option-invalid', span: other.span, message: `\`${textOf(other.span)}\` is none of the words that \`${named.name}\` can be`,
    help: `one of ${words.join(', ')}`,
  });
  return { value: undefined };
}

// ---------------------------------------------------------------------------------------------------------- calls

function resolveCall(f: Call, c: Context): Value {
  const reduces = reductions.has(f.name) && (f.args.length === 1 || f.axes !== undefined || !(f.name === 'min' || f.name === 'max'));
  if (f.axes && !reduces) {
    c.problems.add({
      code: CALLS.includes(f.name) ? 'reduction-axes' : 'unknown-function', span: f.head,
      message: CALLS.includes(f.name) ? `\`${f.name}\` is no reduction and takes no axes` : `there is no function \`${f.name}\``,
      ...maybe('help', didYouMean(f.name, REDUCTIONS)),
    });
    return undefined;
  }
  if (reduces) return arity(f, 1, c) ? resolveReduction(f, f.name as ReduceOp, c) : undefined;
  if (f.name === 'min' || f.name === 'max') return resolveExtreme(f, f.name, c);
  if (functions.has(f.name)) {
    const x = arity(f, 1, c) ? resolveNumber(f.args[0]!, c) : undefined;
    return x && unary(f.name as UnaryOp, x);
  }
  if (f.name === 'where') return arity(f, 3, c) ? resolveWhere(f, c) : undefined;
  if (f.name === 'size' || f.name === 'index') return arity(f, 1, c) ? resolveAxisCall(f, f.name, c) : undefined;
  if (f.name === 'hit' && c.backward && f.args.length === 1 && f.args[0]!.kind === 'name') {
    return resolveName(`hit(${f.args[0]!.name})`, f.span, c);
  }
  c.problems.add({ code: 'unknown-function', span: f.head, message: `there is no function \`${f.name}\``, ...maybe('help', callHelp(f, c)) });
  return undefined;
}

function callHelp(f: Call, c: Context): string | undefined {
  const known = c.env.options.has(f.name) || isAxis(f.name, c) || [...c.readable()].includes(f.name);
  if (known) return 'parentheses call a function: write `*` to multiply, brackets to index';
  if (f.name === 'hit') return '`hit` stands in `cache` and in formulas of `backward`';
  const spelling = Object.hasOwn(ELSEWHERE, f.name) ? ELSEWHERE[f.name] : undefined;
  return spelling ? `write \`${spelling}\`` : didYouMean(f.name, CALLS);
}

function arity(f: Call, wanted: number, c: Context): boolean {
  if (f.args.length === wanted) return true;
  c.problems.add({
    code: 'wrong-arity', span: f.span,
    message: `\`${f.name}\` takes ${wanted} argument${wanted === 1 ? '' : 's'}, not ${f.args.length}`,
    ...maybe('help', f.name === 'where' ? 'where(condition, value, otherwise)' : undefined),
  });
  return false;
}

function resolveExtreme(f: Call, op: 'min' | 'max', c: Context): Value {
  if (f.args.length === 0) return void arity(f, 1, c);
  const args = f.args.map((a) => resolveNumber(a, c));
  if (args.includes(undefined)) return undefined;
  return (args as Expr[]).reduce((a, b) => binary(op, a, b));
}

function resolveWhere(f: Call, c: Context): Value {
  const [condition, a, b] = f.args as [Formula, Formula, Formula];
  const test = asTruth(resolve(condition, c), condition, c);
  // A branch never taken is read nowhere. What guards a read of a claim is not understood here: outside it counts as 0.
  const free: Context = { ...c, proves: false };
  const yes = resolveNumber(a, test === false || c.backward ? free : c);
  const no = resolveNumber(b, test === true || c.backward ? free : c);
  if (test === undefined || !yes || !no) return undefined;
  return typeof test === 'boolean' ? (test ? yes : no) : select(test, yes, no);
}

function resolveAxisCall(f: Call, name: 'size' | 'index', c: Context): Value {
  const [arg] = f.args as [Formula];
  if (arg.kind === 'name' && isAxis(arg.name, c)) return name === 'size' ? size(arg.name) : indexOf(arg.name);
  if (arg.kind === 'name') unknownAxis(arg.name, arg.span, c);
  else c.problems.add({ code: 'unknown-axis', span: arg.span, message: `\`${name}\` takes the name of an axis` });
  return undefined;
}

// ----------------------------------------------------------------------------------------------------- reductions

function resolveReduction(f: Call, op: ReduceOp, c: Context): Value {
  const refs = reductionAxes(f, c);
  const body = resolveNumber(f.args[0]!, c);
  if (!refs || !body) return undefined;
  const free = freeAxes(body);
  const missing = refs.filter((ref) => !free.has(ref.name));
  for (const ref of missing) axisNotInBody(f, ref, body, c);
  return missing.length > 0 ? undefined : reduce(op, refs.map((ref) => ref.name), body);
}

function reductionAxes(f: Call, c: Context): readonly AxisRef[] | undefined {
  const refs = f.axes ?? c.reduce?.map((name) => ({ name, span: f.head }));
  if (!refs || refs.length === 0) {
    c.problems.add({
      code: 'reduction-axes', span: f.head,
      message: f.axes ? `\`${f.name}\` runs over no axis` : `\`${f.name}\` names no axes, and the layer has no \`reduce\` to take them from`,
      help: `write \`${f.name}[${c.axes[0] ?? 'N'}](...)\`${f.name === 'max' || f.name === 'min' ? ', or give it a second argument' : ''}`,
    });
    return undefined;
  }
  const twice = refs.find((ref, n) => refs.findIndex((r) => r.name === ref.name) < n);
  if (!twice) return refs;
  c.problems.add({ code: 'reduction-axes', span: twice.span, message: `\`${f.name}\` runs over ${twice.name} twice` });
  return undefined;
}

/** `mean` runs over K, which no tensor in its formula has: x has [N, D], mu has [N]; did you mean D? */
function axisNotInBody(f: Call, ref: AxisRef, body: Expr, c: Context): void {
  const shapes = new Map<string, string>();
  const visit = (x: Formula): void => {
    if (x.kind === 'name' || x.kind === 'read') {
      const found = isAxis(x.name, c) || c.env.options.has(x.name) ? undefined : c.find(x.name, x.span);
      if (found?.kind === 'array') shapes.set(x.name, `${x.name} has ${slotsText(found.slots)}`);
    }
    if (x.kind === 'unary') visit(x.x);
    if (x.kind === 'binary') [x.a, x.b].forEach(visit);
    if (x.kind === 'call') x.args.forEach(visit);
  };
  f.args.forEach(visit);
  const free = freeAxes(body);
  const preferred = [...(c.reduce ?? []).filter((axis) => free.has(axis)), ...free];
  const likely = closest(ref.name, preferred);
  const help = [[...shapes.values()].slice(0, 4).join(', '), likely && `did you mean ${likely}?`].filter(Boolean).join('; ');
  const from = f.axes ? '' : ' (from `reduce`)';
  c.problems.add({
    code: 'unknown-axis', span: ref.span, message: `\`${f.name}\` runs over ${ref.name}${from}, which no tensor in its formula has`,
    ...maybe('help', help || undefined),
  });
}

// ---------------------------------------------------------------------------------------------------- truth values

const TRUTHS: ReadonlySet<string> = new Set([...COMPARISONS, 'and', 'or', 'not']);
const isTruth = (e: Expr): boolean => (e.kind === 'unary' || e.kind === 'binary') && TRUTHS.has(e.op);

function asNumber(value: Value, f: Formula, c: Context): Expr | undefined {
  if (value === undefined || (typeof value !== 'boolean' && !isTruth(value))) return value as Expr | undefined;
  c.problems.add({
    code: 'mixed-truth', span: f.span, message: `\`${textOf(f.span)}\` is a truth value where a number stands`,
    help: `write \`where(${textOf(f.span)}, 1, 0)\``,
  });
  return undefined;
}

function asTruth(value: Value, f: Formula, c: Context): Expr | boolean | undefined {
  if (value === undefined || typeof value === 'boolean' || isTruth(value)) return value;
  c.problems.add({
    code: 'mixed-truth', span: f.span, message: `\`${textOf(f.span)}\` is a number where a condition stands`,
    help: `compare it: \`${textOf(f.span)} > 0\``,
  });
  return undefined;
}
