/** The exported functions of a module: signature, docstring, checks at the top, and the loops. */
import type { CodeBlockWriter } from 'ts-morph';
import type { Derived } from '../../../ir/derived.ts';
import type { LoopNest, Part } from '../../../ir/loop.ts';
import type { ModuleNames } from '../../../ir/names.ts';
import { slotsText } from '../../../ir/print.ts';
import type { Printer } from './expressions.ts';
import { ARRAYS, shapeOf, type Argument, type Field, type FunctionShape } from './interface.ts';
import { writeLocals, type Memory } from './memory.ts';
import { writeBody } from './statements.ts';
import { columns, comment, member, pair, quoted, wrapped } from './text.ts';

export interface ModuleShape {
  readonly derived: Derived;
  readonly names: ModuleNames;
  readonly printer: Printer;
  readonly fields: readonly Field[];
  readonly accumulate: boolean;
  readonly buffers: 'caller' | 'module';
  readonly memory: Memory;
}

/** Writes one exported function and its parts. */
export function writeFunction(w: CodeBlockWriter, f: FunctionShape, nest: LoopNest, m: ModuleShape): void {
  w.newLine().writeLine('/**');
  for (const line of docLines(f, m)) w.writeLine(line === '' ? ' *' : ` * ${line}`);
  w.writeLine(' */');
  w.write(`export function ${f.name}(`);
  const taken = takenCache(f, fieldsUsed(f, nest, m), m);
  writeParameters(w, takes(f, m).map((a) => `${a.kind === 'cache' ? taken : identifier(a, m)}: ${typeOf(a)}`));
  w.write('): void ').inlineBlock(() => {
    if (m.buffers === 'caller') {
      writeChecks(w, f, m);
      writeCache(w, f, nest, m, taken !== 'cache');
    } else if (f.arguments.some((a) => a.kind === 'seed')) w.writeLine('checkDraw(seed, step);');
    writeLocals(w, nest.body, m.memory);
    const given = new Map(nest.parts.map((p) => [p.name, m.buffers === 'module' ? [] : p.buffers.map((b) => b.name)]));
    writeBody(w, nest.body, { ...m.printer, arguments: given });
  }).newLine();
  for (const part of nest.parts) writePart(w, part, f, m);
}

/** A part of a function: V8 optimises several of middle size, but not one that is very large. */
function writePart(w: CodeBlockWriter, part: Part, f: FunctionShape, m: ModuleShape): void {
  w.newLine().writeLine(`/** A part of \`${f.name}\`. */`);
  w.write(`function ${part.name}(`);
  const arrays = m.buffers === 'caller' ? part.buffers.map((b) => `${b.name}: ${ARRAYS[b.elem]}`) : [];
  writeParameters(w, [...part.params.map((p) => `${p.v}: number`), ...arrays]);
  w.write('): void ').inlineBlock(() => {
    writeLocals(w, part.body, m.memory);
    writeBody(w, part.body, m.printer);
  }).newLine();
}

/** On one line if they are few, else on lines of their own. */
export function writeParameters(w: CodeBlockWriter, parameters: readonly string[]): void {
  const text = parameters.join(', ');
  if (text.length <= 70) return void w.write(text);
  w.newLine().indent(() => { for (const line of wrapped(`${parameters.map((x) => x.replaceAll(' ', '\u00a0')).join(', ')},`, 100)) w.writeLine(line.replaceAll('\u00a0', ' ')); });
}

/** What a function of this shape takes: all of its arguments, or only the draw where the module owns its arrays. */
export const takes = (f: FunctionShape, m: Pick<ModuleShape, 'buffers'>): readonly Argument[] =>
  (m.buffers === 'caller' ? f.arguments : f.arguments.filter((a) => a.kind === 'seed' || a.kind === 'step'));

/** The parameters of a function over bound arrays. */
export const drawn = (f: FunctionShape): string => takes(f, { buffers: 'module' }).map((a) => `${a.kind}: number`).join(', ');

export const identifier = (a: Argument, m: Pick<ModuleShape, 'names'>): string => (a.kind === 'tensor' ? m.names.array(a.tensor.name) : a.kind);
export const typeOf = (a: Argument): string => (a.kind === 'tensor' ? ARRAYS[a.tensor.dtype] : a.kind === 'cache' ? 'Cache' : 'number');

const TITLES: Readonly<Record<FunctionShape['pass'], string>> = { forward: 'Writes the outputs and fills the cache', backward: 'Writes the gradients' };

/** The lines of a docstring. */
export function docLines(f: FunctionShape, m: ModuleShape): string[] {
  const updates = f.arguments.flatMap((a) => (a.kind === 'tensor' && (a.access === 'updated' || (a.access === 'written' && a.tensor.role === 'state')) ? [a.tensor.name] : []));
  const what = f.pass === 'backward' && m.accumulate ? 'Adds to the gradients' : TITLES[f.pass];
  const how = f.staged ? ', by the unsimplified reverse sweep: the same results, one step of the chain rule at a time'
    : updates.length > 0 ? ` and updates ${updates.join(', ')}` : '';
  const mode = f.mode.mode ? `, ${f.mode.mode} mode` : '';
  const lines = [...wrapped(`${what}${how}${mode}. Arrays are row-major and must not overlap.`, 100), ''];
  const rows = takes(f, m).map((a) => ['@param', identifier(a, m), ...about(a, f, m)]);
  if (rows.length > 0) lines.push(...columns(rows));
  if (m.buffers === 'caller') lines.push('@throws RangeError if an array has the wrong length, TypeError if it has the wrong type');
  return lines.map(comment);
}

function about(a: Argument, f: FunctionShape, m: ModuleShape): string[] {
  if (a.kind === 'cache') return [f.pass === 'forward' ? 'written' : 'read', ''];
  if (a.kind !== 'tensor') return ['read', 'an integer from 0 to 2^53 - 1'];
  const access = a.access === 'written' && a.tensor.role === 'gradient' && m.accumulate ? 'added to' : a.access;
  return [access, shapeText(a.tensor.slots, shapeOf(a.tensor, m.derived))];
}

const shapeText = (slots: readonly (readonly string[])[], shape: readonly number[]): string =>
  (slots.length === 0 ? '[], one number' : `${slotsText(slots)} = [${shape.join(', ')}]`);

// ---------------------------------------------------------------------------------------------------------- checks

/** Refuses what a caller may hand over wrongly. */
export function writeChecks(w: CodeBlockWriter, f: FunctionShape, m: ModuleShape): void {
  writeArrayChecks(w, f, m);
  writeDrawCheck(w, f);
}

/** Refuses arrays of another type or length: all, or those of some names. */
export function writeArrayChecks(w: CodeBlockWriter, f: FunctionShape, m: ModuleShape, isMeant = (_: string): boolean => true): void {
  for (const a of f.arguments) {
    if (a.kind !== 'tensor' || !isMeant(identifier(a, m))) continue;
    w.writeLine(checkText('checkArray', identifier(a, m), a.tensor.dtype, a.tensor.slots, shapeOf(a.tensor, m.derived), a.tensor.name, m));
  }
}

/** Refuses what the generator cannot take apart into words. */
export function writeDrawCheck(w: CodeBlockWriter, f: FunctionShape): void {
  if (f.arguments.some((a) => a.kind === 'seed')) w.writeLine('checkDraw(seed, step);');
}

/** A call that refuses an array of another type or length than this. */
export function checkText(
  check: string, array: string, elem: Field['elem'], slots: readonly (readonly string[])[], shape: readonly number[],
  name: string, m: ModuleShape,
): string {
  const axes = slots.flat();
  const length = axes.length === 0 ? '1' : axes.map((a) => m.names.size(a).name).join(' * ');
  // The helpers take an array for one of the kernel's own type where nothing else is said.
  const type = elem === m.derived.layer.dtype ? '' : `, ${quoted(ARRAYS[elem])}`;
  return `${check}(${array}, ${quoted(name)}, ${length}, ${quoted(`[${shape.join(', ')}]`)}${type});`;
}

/** The fields of the cache that a body uses, by the name it has for them; those it has as arguments left out. */
export function fieldsUsed(f: FunctionShape, nest: LoopNest, m: ModuleShape): { readonly name: string; readonly field: Field }[] {
  return nest.buffers.flatMap((b) => {
    const field = b.role === 'field' ? m.fields.find((x) => x.name === b.field) : undefined;
    return field && !f.arguments.some((a) => a.kind === 'tensor' && identifier(a, m) === b.name) ? [{ name: b.name, field }] : [];
  });
}

/**
 * How a function takes its cache: apart, where it does no more with it than to read these fields, else whole. A forward that leaves
 * its inputs there needs it whole.
 */
export function takenCache(f: FunctionShape, fields: readonly { readonly name: string; readonly field: Field }[], m: Pick<ModuleShape, 'fields'>): string {
  if (fields.length === 0 || (f.pass === 'forward' && m.fields.some((x) => x.held))) return 'cache';
  return `{ ${fields.map(({ name, field }) => pair(field.name, name)).join(', ')} }`;
}

/** Checks the fields of the cache that the body uses, taken out of it where it is not `apart` already; forward puts the inputs it holds in. */
export function writeCache(w: CodeBlockWriter, f: FunctionShape, nest: LoopNest, m: ModuleShape, apart = false): void {
  for (const { name, field } of fieldsUsed(f, nest, m)) {
    if (!apart) w.writeLine(`const ${name} = cache${member(field.name)};`);
    w.writeLine(fieldCheck(name, field, m));
  }
  writeHolds(w, f, m);
}

/** A call that refuses a field of another type or length, and one that no forward has filled. */
export const fieldCheck = (name: string, field: Field, m: ModuleShape): string =>
  checkText(field.held ? 'checkHeld' : 'checkArray', name, field.elem, field.slots, field.shape, `cache.${field.name}`, m);

/** Forward leaves the inputs that backward reads again in the cache. */
export function writeHolds(w: CodeBlockWriter, f: FunctionShape, m: ModuleShape): void {
  if (f.pass !== 'forward') return;
  for (const field of m.fields) if (field.held) w.writeLine(`cache${member(field.name)} = ${m.names.array(field.tensor.name)};`);
}

/** Helpers that the checks of a function call. */
export function checksOf(f: FunctionShape, nest: LoopNest, m: ModuleShape): string[] {
  const out: string[] = [];
  if (f.arguments.some((a) => a.kind === 'seed')) out.push('checkDraw');
  if (m.buffers === 'module') return out;
  if (f.arguments.some((a) => a.kind === 'tensor')) out.push('checkArray');
  for (const b of nest.buffers) if (b.role === 'field') out.push(m.fields.find((x) => x.name === b.field)?.held ? 'checkHeld' : 'checkArray');
  return out;
}

/** Names of constants that the checks of a function use. */
export function sizesOf(f: FunctionShape, nest: LoopNest, m: ModuleShape): string[] {
  if (m.buffers === 'module') return [];
  const slots = [...f.arguments.flatMap((a) => (a.kind === 'tensor' ? a.tensor.slots : [])),
    ...nest.buffers.flatMap((b) => (b.role === 'field' ? m.fields.find((x) => x.name === b.field)?.slots ?? [] : []))];
  return slots.flat().map((a) => m.names.size(a).name);
}

