/**
 * The exported functions of a WebAssembly module: the signature and the checks of the TypeScript ones, then a call. Where all
 * arrays lie in the memory that the module is attached to, their addresses are all it takes; else they are copied to the
 * module's own memory, and what was written back.
 */
import type { CodeBlockWriter } from 'ts-morph';
import {
  checkText, docLines, drawn, fieldCheck, fieldsUsed, identifier, takenCache, takes, typeOf, writeArrayChecks, writeDrawCheck, writeHolds,
  writeParameters,
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
    const fields = fieldsUsed(f, m.nests[n]!, m);
    if (taken === 'cache') for (const { name, field } of fields) w.writeLine(`const ${name} = cache${member(field.name)};`);
    const names = new Set(passedOf(n, m).map((p) => p.name));
    writeArrayChecks(w, f, m, (name) => !names.has(name));
    writeLook(w, [...names], () => {
      writeArrayChecks(w, f, m, (name) => names.has(name));
      for (const { name, field } of fields) w.writeLine(fieldCheck(name, field, m));
    }, m);
    writeDrawCheck(w, f);
    writeHolds(w, f, m);
    writeCall(w, n, m);
  }).newLine();
}

/**
 * Finds out whether all arrays lie in the memory that the module is attached to. To ask an array for its buffer takes V8 25 ns,
 * so those of the last calls are remembered, with their addresses; they have been checked, too. Their memory may have grown
 * since, and left them without elements.
 */
function writeLook(w: CodeBlockWriter, names: readonly string[], check: () => void, m: WasmShape): void {
  const { own } = m;
  const places = placesOf(m);
  const statement = (head: string, terms: readonly string[]): void => { w.writeLine(`${head} = ${all(terms)};`); };
  statement(`let ${own.isHere}`, [...names.map((name) => `${name} === ${own.seen}[${places.get(name)}]`), `${names[0]}?.length > 0`]);
  w.write(`if (!${own.isHere}) `).inlineBlock(() => {
    check();
    statement(`${own.isHere}`, names.map((name) => `${own.liesHere}(${name}, ${places.get(name)})`));
  }).newLine();
}

/** What numbers arrays go by among those seen. */
const placesOf = (m: WasmShape): ReadonlyMap<string, number> => new Map(m.home.arrays.map((a, i) => [a.name, i]));

/** The call over arrays of the caller, wherever they are. */
function writeCall(w: CodeBlockWriter, n: number, m: WasmShape): void {
  const passed = passedOf(n, m);
  const { name } = m.functions[n]!;
  const words = drawWords(m.code.functions[n]!);
  const [at, places] = [new Map(m.home.arrays.map((a) => [a.name, a.address])), placesOf(m)];
  const { own } = m;
  const call = (on: string, addresses: readonly string[]): string => `${on}.${name}(${[...addresses, ...words].join(', ')});`;
  w.write(`if (${own.isHere}) `).inlineBlock(() => {
    writeLong(w, call(`${own.shared}!`, passed.map((p) => `${own.addresses}[${places.get(p.name)}]`)));
    w.writeLine('return;');
  }).newLine();
  w.writeLine(`const ${own.own} = ${own.home} ??= ${own.makeHome}();`);
  for (const p of passed) if (p.isRead) w.writeLine(`${own.own}.${p.name}.set(${p.name});`);
  writeLong(w, call(`${own.own}.${own.kernels}`, passed.map((p) => String(at.get(p.name)))));
  for (const p of passed) if (p.isWritten) w.writeLine(`${p.name}.set(${own.own}.${p.name});`);
}

/** A conjunction, on as many lines as it takes. */
const all = (terms: readonly string[]): string =>
  wrapped(terms.map((t) => t.replaceAll(' ', '\u00a0')).join(' &&\u00a0'), 100).join('\n  ').replaceAll('\u00a0', ' ');

/** A test: every array lies in the memory that the module is attached to. */
const isShared = (arrays: readonly string[], { own }: WasmShape): string =>
  all([own.shared, ...[...new Set(arrays)].map((a) => `${a}.buffer === ${own.sharedBuffer}`)]);

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
    w.write(`${isShared([...arrays.values()], m)})) `).inlineBlock(() => {
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
