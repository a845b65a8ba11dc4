/**
 * Indices: the formulas between brackets. Each slot becomes an `Affine`: axes times integers, integer options and sizes
 * kept as symbols, elements of integer tensors. Every read of a known shape is proven to stay in its array.
 */
import {
  ONE, ZERO, addInt, affine, affineText, axisIndex, baseAxis, bareAxis, constantIndex, int, intSymbol, intValue,
  mulInt, negateInt, type Affine, type Int,
} from '../../ir/affine.ts';
import { rangeOf } from '../../ir/bounds.ts';
import type { Formula, SlotFormula } from '../../ir/formula.ts';
import { slotsText } from '../../ir/print.ts';
import type { Span } from '../../support/source.ts';
import { didYouMean, maybe, textOf, type ArrayName, type Context } from './context.ts';

/** One Affine for each axis of `array`; undefined (and a problem) where a slot is wrong. */
export function resolveSlots(array: ArrayName, slots: readonly SlotFormula[], span: Span, c: Context): readonly Affine[] | undefined {
  const parts = slotParts(array, slots, span, c);
  if (!parts) return undefined;
  const index = parts.map((part) => resolveIndex(part, c));
  if (index.includes(undefined)) return undefined;
  index.forEach((a, n) => proveInside(array, n, a!, parts[n]!.span, c));
  return index as Affine[];
}

/** The formulas of the slots, composites flattened. A definition has no layout, so its axes may be grouped at will. */
function slotParts(array: ArrayName, slots: readonly SlotFormula[], span: Span, c: Context): readonly Formula[] | undefined {
  const shape = `${array.name} has ${slotsText(array.slots)}`;
  if (array.what === 'definition' && slots.flatMap((s) => s.parts).length === array.axes.length) return slots.flatMap((s) => s.parts);
  if (slots.length !== array.slots.length) {
    const [got, wanted] = [slots.length, array.slots.length];
    c.problems.add({
      code: 'wrong-index-count', span,
      message: `\`${array.name}\` is read with ${count(got, 'index', 'indices')}, but has ${count(wanted, 'slot', 'slots')}`, help: shape,
    });
    return undefined;
  }
  const wrong = slots.findIndex((s, n) => s.parts.length !== array.slots[n]!.length);
  if (wrong < 0) return slots.flatMap((s) => s.parts);
  const declared = array.slots[wrong]!;
  c.problems.add({
    code: 'wrong-index-count', span: slots[wrong]!.span,
    message: declared.length === 1
      ? `slot ${wrong + 1} of \`${array.name}\` is the axis ${declared[0]}, but is read with a list`
      : `slot ${wrong + 1} of \`${array.name}\` is composite: it is read as a list of ${declared.length}, such as (${declared.join(' ')})`,
    help: shape,
  });
  return undefined;
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

// -------------------------------------------------------------------------------------------------------- proofs

/** Reports a read that leaves its array, unless the array says what stands outside or a gather checks it as it reads. */
function proveInside(array: ArrayName, slot: number, a: Affine, span: Span, c: Context): void {
  const axis = array.axes[slot]!;
  if (!c.proves || array.outside !== undefined || bareAxis(a) === axis) return;
  const size = c.env.sizes.get(baseAxis(axis)) ?? NaN;
  const divided = intValue(a.divisor, c.env) !== 1;
  const range = rangeOf(a, c.env);
  if (!divided && (!range || (range.low >= 0 && range.high < size))) return;
  const reach = range ? `reaches ${range.low} to ${range.high}` : 'is outside where it does not divide';
  c.problems.add({
    code: 'out-of-bounds', span,
    message: `\`${array.name}\` is read outside: \`${affineText(a)}\` ${reach}, ${axis} runs from 0 to ${size - 1}`,
    help: array.what === 'definition'
      ? `\`${array.name}\` has ${slotsText(array.slots)}; a definition must be read inside, a tensor may say \`outside:\``
      : `declare what stands there: \`${array.name}: { shape: ${slotsText(array.slots)}, outside: 0 }\``,
  });
}

// -------------------------------------------------------------------------------------------------------- indices

/** The value of a formula between brackets. */
function resolveIndex(f: Formula, c: Context): Affine | undefined {
  switch (f.kind) {
    case 'number': return Number.isSafeInteger(f.value) ? constantIndex(int(f.value)) : notInteger(`${f.value} is`, f.span, c);
    case 'name': return indexName(f.name, f.span, c);
    case 'read': return elementIndex(f.name, f.slots, f.head, f.span, c);
    case 'unary': {
      if (f.op === 'not') return notAffine(f, c);
      const x = resolveIndex(f.x, c);
      return x && scale(x, int(-1), f, c);
    }
    case 'binary': return indexBinary(f, c);
    case 'call': return indexCall(f, c);
  }
}

function indexName(name: string, span: Span, c: Context): Affine | undefined {
  if (isAxis(name, c)) return axisIndex(name);
  const option = c.env.options.get(name);
  if (option !== undefined) return integerOption(name, option, span, c);
  const found = c.find(name, span);
  if (found?.kind === 'array' && found.dtype === 'i32') {
    return element(found, found.axes.map(axisIndex));
  }
  if (found?.kind === 'array') return realIndex(name, span, c);
  if (found?.kind === 'absent') c.absences.push({ name, span });
  if (found) return undefined;
  if (/^[A-Z]/.test(name)) {
    unknownAxis(name, span, c);
    return undefined;
  }
  c.problems.add({
    code: 'unknown-tensor', span,
    message: `\`${name}\` is no axis, integer option or integer tensor of this layer`,
    ...maybe('help', didYouMean(name, [...c.axes, ...c.env.options.keys(), ...c.readable()])),
  });
  return undefined;
}

function integerOption(name: string, value: number | string, span: Span, c: Context): Affine | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return constantIndex(intSymbol({ kind: 'option', name }));
  return notInteger(`the option \`${name}\` is ${value},`, span, c);
}

function elementIndex(name: string, slots: readonly SlotFormula[], head: Span, span: Span, c: Context): Affine | undefined {
  const found = c.find(name, head);
  if (!found) {
    c.problems.add({
      code: 'unknown-tensor', span: head, message: `\`${name}\` is no integer tensor of this layer`, ...maybe('help', didYouMean(name, c.readable())),
    });
    return undefined;
  }
  if (found.kind === 'absent') c.absences.push({ name, span: head });
  if (found.kind !== 'array') return undefined;
  if (found.dtype !== 'i32') return realIndex(name, head, c);
  const inner = resolveSlots(found, slots, span, c);
  return inner && element(found, inner);
}

const element = (array: ArrayName, index: readonly Affine[]): Affine =>
  affine([{ k: ONE, variable: { kind: 'element', tensor: array.name, index } }]);

function indexCall(f: Extract<Formula, { kind: 'call' }>, c: Context): Affine | undefined {
  const [only] = f.args;
  if ((f.name !== 'size' && f.name !== 'index') || f.args.length !== 1 || only?.kind !== 'name') return notAffine(f, c);
  if (!isAxis(only.name, c)) {
    unknownAxis(only.name, only.span, c);
    return undefined;
  }
  return f.name === 'index' ? axisIndex(only.name) : constantIndex(intSymbol({ kind: 'size', axis: baseAxis(only.name) }));
}

function indexBinary(f: Extract<Formula, { kind: 'binary' }>, c: Context): Affine | undefined {
  const [a, b] = [resolveIndex(f.a, c), resolveIndex(f.b, c)];
  if (!a || !b) return undefined;
  switch (f.op) {
    case '+': return sum(a, b, f, c);
    case '-': {
      const minus = scale(b, int(-1), f, c);
      return minus && sum(a, minus, f, c);
    }
    case '*':
      if (b.terms.length === 0 && isWhole(b)) return scale(a, b.constant, f, c);
      if (a.terms.length === 0 && isWhole(a)) return scale(b, a.constant, f, c);
      return notAffine(f, c);
    case '/': case '//': return quotient(a, b, f, c);
    default: return notAffine(f, c);
  }
}

const isWhole = (a: Affine): boolean => a.divisor.key === ONE.key;

/** a/d + b is (a + b*d)/d. */
function sum(a: Affine, b: Affine, f: Formula, c: Context): Affine | undefined {
  if (isWhole(a) && isWhole(b)) return affine([...a.terms, ...b.terms], addInt(a.constant, b.constant));
  if (isWhole(a)) return sum(b, a, f, c);
  if (!isWhole(b)) return notAffine(f, c);
  const over = b.terms.map((t) => ({ ...t, k: mulInt(t.k, a.divisor) }));
  return affine([...a.terms, ...over], addInt(a.constant, mulInt(b.constant, a.divisor)), a.divisor);
}

function scale(a: Affine, by: Int, f: Formula, c: Context): Affine | undefined {
  if (!isWhole(a) && by.key !== ONE.key && by.key !== negateInt(ONE).key) return notAffine(f, c);
  return affine(a.terms.map((t) => ({ ...t, k: mulInt(t.k, by) })), mulInt(a.constant, by), a.divisor);
}

function quotient(a: Affine, b: Affine, f: Extract<Formula, { kind: 'binary' }>, c: Context): Affine | undefined {
  if (b.terms.length > 0 || !isWhole(b) || !isWhole(a)) return notAffine(f, c);
  const divisor = intValue(b.constant, c.env);
  if (divisor === 0) return refuseDivision(`\`${textOf(f.span)}\` divides by 0`, f.span, c);
  if (a.terms.length > 0) {
    if (f.op === '/' && c.backward) return divisor < 0 ? notAffine(f, c) : affine(a.terms, a.constant, b.constant);
    return notAffine(f, c, c.backward ? 'a running index divides with `/`; where it leaves a rest, it is outside' : undefined);
  }
  const value = intValue(a.constant, c.env);
  if (f.op === '/' && value % divisor !== 0) {
    return refuseDivision(`\`${textOf(f.span)}\` is ${value} / ${divisor}, which leaves a rest`, f.span, c, 'write `//` to round down');
  }
  if (isNumber(a.constant) && isNumber(b.constant)) return constantIndex(int(Math.floor(value / divisor)));
  return constantIndex(intSymbol({ kind: 'quotient', a: a.constant, b: b.constant, exact: f.op === '/' }));
}

const isNumber = (i: Int): boolean => i.key === ZERO.key || i.terms.every((t) => t.symbols.length === 0);

// --------------------------------------------------------------------------------------------------------- errors

/** True for an axis of the layer, in claims also for a copy of one. */
export function isAxis(name: string, c: Context): boolean {
  return c.axes.includes(c.backward ? baseAxis(name) : name);
}

/** Reports a name that is no axis here. */
export function unknownAxis(name: string, span: Span, c: Context): void {
  const base = baseAxis(name);
  if (base !== name && c.axes.includes(base)) {
    c.problems.add({
      code: 'unknown-axis', span, message: `\`${name}\` is a copy of ${base}, which only formulas of \`backward\` have`,
      help: `declare another axis of that size: \`axes: { ${base}2: ${base} }\``,
    });
    return;
  }
  c.problems.add({ code: 'unknown-axis', span, message: `no shape of this layer has the axis ${name}`, help: didYouMean(name, c.axes) ?? `its axes are ${c.axes.join(', ')}` });
}

function notInteger(what: string, span: Span, c: Context): undefined {
  c.problems.add({ code: 'not-an-integer', span, message: `${what} no integer, and an index is made of integers` });
  return undefined;
}

function realIndex(name: string, span: Span, c: Context): undefined {
  c.problems.add({
    code: 'index-not-affine', span, message: `\`${name}\` is no integer tensor and cannot stand in an index`,
    help: 'an input of `dtype: i32` can',
  });
  return undefined;
}

function notAffine(f: Formula, c: Context, help = 'sums of axes times integers, integer options, and elements of integer tensors are'): undefined {
  c.problems.add({ code: 'index-not-affine', span: f.span, message: `\`${textOf(f.span)}\` is no index`, help });
  return undefined;
}

function refuseDivision(message: string, span: Span, c: Context, help?: string): undefined {
  c.problems.add({ code: 'does-not-divide', span, message, ...maybe('help', help) });
  return undefined;
}

