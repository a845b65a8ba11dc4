/**
 * The exported functions of a WebAssembly module: the signature and the checks of the TypeScript ones, then a call. Where all
 * arrays lie in the memory that the module is attached to, their addresses are all it takes; else they are copied to the
 * module's own memory, and what was written back.
 */
import type { CodeBlockWriter } from 'ts-morph';
import {
  checkText, docLines, drawn, fieldsUsed, identifier, takenCache, takes, typeOf, writeCache, writeChecks, writeHolds, writeParameters,
} from '../functions.ts';
import { ARRAYS, shapeOf, type FunctionShape } from '../interface.ts';
import { tensorsOf } from '../metadata.ts';
import { arraysPattern } from '../bound.ts';
import { member, quoted, wrapped } from '../text.ts';
import { drawWords, passedOf, type Passed, type WasmShape } from './shape.ts';

/** Writes one exported function. */
export function writeWasmFunction(w: CodeBlockWriter, n: number, m: WasmShape): void {
  const f = m.functions[n]!;
  w.newLine().writeLine('/**');
  for (const line of docLines(f, m)) w.writeLine(line === '' ? ' *' : ` * ${line}`);
  w.writeLine(' */');
  w.write(`export function ${f.name}(`);
  const taken = takenCache(f, fieldsUsed(f, m.nests[n]!, m), m);
  writeParameters(w, takes(f, m).map((a) => `${a.kind === 'cache' ? taken : identifier(a, m)}: ${typeOf(a)}`));
  w.write('): void ').inlineBlock(() => {
    writeChecks(w, f, m);
    writeCache(w, f, m.nests[n]!, m, taken !== 'cache');
    writeCall(w, n, m);
  }).newLine();
}

/** The call over arrays of the caller, wherever they are. */
function writeCall(w: CodeBlockWriter, n: number, m: WasmShape): void {
  const passed = passedOf(n, m);
  const { name } = m.functions[n]!;
  const words = drawWords(m.code.functions[n]!);
  const at = new Map(m.home.arrays.map((a) => [a.name, a.address]));
  const { own } = m;
  const call = (on: string, addresses: readonly string[]): string => `${on}.${name}(${[...addresses, ...words].join(', ')});`;
  w.write(`if (${isShared(passed.map((p) => p.name), m)}) `).inlineBlock(() => {
    writeLong(w, call(own.shared, passed.map((p) => `${p.name}.byteOffset`)));
    w.writeLine('return;');
  }).newLine();
  w.writeLine(`const ${own.own} = ${own.home} ??= ${own.makeHome}();`);
  for (const p of passed) if (p.isRead) w.writeLine(`${own.own}.${p.name}.set(${p.name});`);
  writeLong(w, call(`${own.own}.${own.kernels}`, passed.map((p) => String(at.get(p.name)))));
  for (const p of passed) if (p.isWritten) w.writeLine(`${p.name}.set(${own.own}.${p.name});`);
}

/** A test: every array lies in the memory that the module is attached to. */
function isShared(arrays: readonly string[], { own }: WasmShape): string {
  return [own.shared, ...[...new Set(arrays)].map((a) => `${a}.buffer === ${own.sharedBuffer}`)].join(' && ');
}

/** A statement on one line, or with its arguments on lines of their own. */
function writeLong(w: CodeBlockWriter, statement: string): void {
  if (statement.length <= 110) return void w.writeLine(statement);
  const open = statement.indexOf('(');
  w.writeLine(statement.slice(0, open + 1)).indent(() => { w.writeLine(`${statement.slice(open + 1, -2)},`); }).writeLine(');');
}

// ----------------------------------------------------------------------------------------------------------- bound

/** Writes `bind`: addresses are found once where they can be; else the plain functions run. */
export function writeWasmBind(w: CodeBlockWriter, m: WasmShape): void {
  w.newLine().writeLine('/**');
  w.writeLine(' * Binds arrays once: the functions it returns take only what changes from call to call. Arrays of the memory that');
  w.writeLine(' * the module is attached to are worked on in place, then and ever after.').writeLine(' *');
  w.writeLine(' * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type').writeLine(' */');
  w.write('export function bind(');
  arraysPattern(w, m);
  w.write(': Buffers): Bound ').inlineBlock(() => {
    const arrays = boundArrays(m);
    for (const t of tensorsOf(m)) {
      w.writeLine(checkText('checkArray', m.names.array(t.name), t.dtype, t.slots, shapeOf(t, m.derived), t.name, m));
    }
    for (const f of m.fields) {
      if (!f.held) w.writeLine(checkText('checkArray', `cache${member(f.name)}`, f.elem, f.slots, f.shape, `cache.${f.name}`, m));
    }
    w.write('if (!(');
    wrapped(isShared([...arrays.values()], m), 100).forEach((line, i) => w.write(i > 0 ? `\n  ${line}` : line));
    w.write(')) ').inlineBlock(() => {
      w.write('return ').inlineBlock(() => m.functions.forEach((_, n) => writeElsewhere(w, n, m))).write(';').newLine();
    }).newLine();
    const { own } = m;
    w.writeLine(`const ${own.inPlace} = ${own.shared};`);
    const address = new Map([...arrays].map(([name, array]) => [name, { name: m.names.scope.fresh(`${name}At`), array }]));
    for (const { name, array } of address.values()) w.writeLine(`const ${name} = ${array}.byteOffset;`);
    w.write('return ').inlineBlock(() => m.functions.forEach((f, n) => {
      const addresses = passedOf(n, m).map((p) => address.get(p.name)!.name);
      const call = `${own.inPlace}.${f.name}(${[...addresses, ...drawWords(m.code.functions[n]!)].join(', ')})`;
      writeBound(w, f, passedOf(n, m), call, m);
    })).write(';').newLine();
  }).newLine();
}

/** Every array that some function hands over, by the name that functions have for it, and how `bind` has it. */
function boundArrays(m: WasmShape): Map<string, string> {
  const out = new Map<string, string>();
  m.functions.forEach((_, n) => {
    for (const { name, field } of passedOf(n, m)) out.set(name, field && !field.held ? `cache${member(field.name)}` : name);
  });
  return out;
}

function writeElsewhere(w: CodeBlockWriter, n: number, m: WasmShape): void {
  const f = m.functions[n]!;
  writeBound(w, f, passedOf(n, m), `${f.name}(${f.arguments.map((a) => identifier(a, m)).join(', ')})`, m, true);
}

/** One function that `bind` returns. `isPlain`: the call leaves held inputs in the cache itself, and checks the draw. */
function writeBound(
  w: CodeBlockWriter, f: FunctionShape, passed: readonly Passed[], call: string, m: WasmShape, isPlain = false,
): void {
  const held = passed.flatMap((p) => (p.field?.held ? [{ name: p.name, field: p.field.name }] : []));
  const holds = !isPlain && f.pass === 'forward' && m.fields.some((x) => x.held);
  const draws = !isPlain && f.arguments.some((a) => a.kind === 'seed');
  if (held.length === 0 && !holds && !draws) return void w.writeLine(`${f.name}: (${drawn(f)}) => ${call},`);
  w.write(`${f.name}: (${drawn(f)}) => `).inlineBlock(() => {
    for (const { name, field } of held) w.writeLine(`checkBound(cache${member(field)}, ${name}, ${quoted(`cache.${field}`)});`);
    if (draws) w.writeLine('checkDraw(seed, step);');
    if (holds) writeHolds(w, f, m);
    w.writeLine(`${call};`);
  }).write(',').newLine();
}

/** The types of the arrays of a module's own memory, for its interface. */
export const homeTypes = (m: WasmShape): [string, string][] => m.home.arrays.map((a) => [a.name, ARRAYS[a.elem]]);
