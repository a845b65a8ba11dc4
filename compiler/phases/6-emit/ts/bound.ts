/**
 * `bind` and the functions it returns. V8 takes the arrays of a closure for constants, and so knows their base and length in
 * the loops, where the closure is the first of its function and copies them to locals at its top. A function that works on the
 * arrays of its caller therefore has a second body here; one that works on scratch, which is constant anyhow, is only called.
 *
 * Whoever imports `bind` alone gets the bodies here alone, whoever imports the plain functions only those. Where both are
 * wanted the second bodies cost a bundle little, as names are declared in the same order and a minifier gives them the same
 * letters: hence `this`, which has no name. Sizes stand as numbers, because in a second instance V8 knows no constant of the module.
 */
import type { CodeBlockWriter } from 'ts-morph';
import type { LoopNest, Part } from '../../../ir/loop.ts';
import { trafficOf } from '../../../ir/loop-traffic.ts';
import { buffersIn } from '../../../ir/loop-walk.ts';
import type { Printer } from './expressions.ts';
import { checkText, drawn, fieldsUsed, identifier, takenCache, writeHolds, type ModuleShape } from './functions.ts';
import { ARRAYS, shapeOf, type FunctionShape } from './interface.ts';
import { writeLocals } from './memory.ts';
import { tensorsOf } from './metadata.ts';
import { morph } from './morph.ts';
import type { Statement } from './sections.ts';
import { writeBody } from './statements.ts';
import { member, pair, property, quoted, wrapped } from './text.ts';

export interface BoundShape extends ModuleShape {
  readonly functions: readonly FunctionShape[];
  /** One for each function, in the same order. */
  readonly nests: readonly LoopNest[];
}

/** A function that touches its caller's arrays less often than this share of all its loads and stores is called as it is. */
const LEAST_SHARE = 1 / 8;

/** Whether a function has a second body over bound arrays. The unsimplified sweep is there to be compared, not to be fast. */
export function hasBody(f: FunctionShape, nest: LoopNest): boolean {
  const { callers, all } = trafficOf(nest);
  return !f.staged && callers >= all * LEAST_SHARE;
}

/** The interfaces, `bind` and the bodies. */
export function boundStatements(m: BoundShape): Statement[] {
  if (m.buffers === 'module') return [];
  const own = m.functions.map((f, n) => ({ f, nest: m.nests[n]! })).filter(({ f, nest }) => hasBody(f, nest))
    .map(({ f, nest }) => ({ f, nest, name: m.names.scope.fresh(`bound${capital(f.name)}`) }));
  const names = new Map(own.map((o) => [o.f.name, o.name]));
  return [
    ...interfaces(m), (w) => writeBind(w, names, m),
    ...own.map(({ f, nest, name }): Statement => (w) => writeBound(w, f, nest, name, m)),
  ];
}

/** `Buffers` and `Bound`. */
export function interfaces(m: ModuleShape & Pick<BoundShape, 'functions'>): Statement[] {
  const { StructureKind } = morph();
  return [
    { kind: StructureKind.Interface, isExported: true, name: 'Buffers', docs: ['The arrays of all functions.'],
      properties: [
        ...tensorsOf(m).map((t) => ({ name: property(t.name), type: ARRAYS[t.dtype], isReadonly: true })),
        { name: 'cache', type: 'Cache', isReadonly: true },
      ] },
    { kind: StructureKind.Interface, isExported: true, name: 'Bound', docs: ['The functions over arrays that were bound once.'],
      properties: m.functions.map((f) => ({ name: f.name, type: `(${drawn(f)}) => void`, isReadonly: true })) },
  ];
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The arrays of all functions under the names that these have for them: a pattern and a record alike. */
export function arraysPattern(w: CodeBlockWriter, m: Pick<BoundShape, 'functions' | 'names'>): void {
  const pairs = [...tensorsOf(m).map((t) => pair(t.name, m.names.array(t.name)).replace(' ', '\u00a0')), 'cache'].join(', ');
  if (pairs.length <= 90) return void w.write(`{ ${pairs.replaceAll('\u00a0', ' ')} }`);
  w.inlineBlock(() => { for (const line of wrapped(`${pairs},`, 100)) w.writeLine(line.replaceAll('\u00a0', ' ')); });
}

function writeBind(w: CodeBlockWriter, names: ReadonlyMap<string, string>, m: BoundShape): void {
  w.newLine().writeLine('/**').writeLine(' * Binds arrays once: the functions it returns take only what changes from call to call.').writeLine(' *');
  w.writeLine(' * @throws RangeError if an array has the wrong length, TypeError if it has the wrong type').writeLine(' */');
  w.write('export function bind(');
  arraysPattern(w, m);
  w.write(': Buffers): Bound ').inlineBlock(() => writeBinding(w, names, m)).newLine();
}

function writeBinding(w: CodeBlockWriter, names: ReadonlyMap<string, string>, m: BoundShape): void {
  for (const t of tensorsOf(m)) w.writeLine(checkText('checkArray', m.names.array(t.name), t.dtype, t.slots, shapeOf(t, m.derived), t.name, m));
  for (const f of m.fields) {
    if (!f.held) w.writeLine(checkText('checkArray', `cache${member(f.name)}`, f.elem, f.slots, f.shape, `cache.${f.name}`, m));
  }
  if (names.size > 0) {
    w.write('const bound: Buffers = ');
    arraysPattern(w, m);
    w.write(';').newLine();
  }
  w.write('return ').inlineBlock(() => {
    for (const f of m.functions) {
      const own = names.get(f.name);
      const args = f.arguments.map((a) => identifier(a, m));
      w.writeLine(own === undefined ? `${f.name}: (${drawn(f)}) => ${f.name}(${args.join(', ')}),` : `${f.name}: ${own}.call(bound),`);
    }
  }).write(';').newLine();
}

/** Writes the body of a function over bound arrays, and those of its parts after it. */
function writeBound(w: CodeBlockWriter, f: FunctionShape, nest: LoopNest, name: string, m: BoundShape): void {
  const printer: Printer = { ...m.printer, literal: true };
  const parts = nest.parts.filter((p) => p.buffers.length > 0).map((part) => ({ part, name: m.names.scope.fresh(`bound${capital(part.name)}`) }));
  w.newLine().writeLine(`/** \`${f.name}\` over bound arrays. */`);
  w.write(`function ${name}(this: Buffers): (${drawn(f)}) => void `).inlineBlock(() => {
    for (const p of parts) w.writeLine(`const ${p.part.name} = ${p.name}.call(this);`);
    w.write(`return (${drawn(f)}) => `).inlineBlock(() => {
      writeArrays(w, buffersIn(nest.body), f, nest, m);
      if (f.arguments.some((a) => a.kind === 'seed')) w.writeLine('checkDraw(seed, step);');
      writeHolds(w, f, m);
      writeLocals(w, nest.body, m.memory);
      writeBody(w, nest.body, printer);
    }).write(';').newLine();
  }).newLine();
  for (const p of parts) writeBoundPart(w, p.part, p.name, f, nest, { ...m, printer });
}

function writeBoundPart(w: CodeBlockWriter, part: Part, name: string, f: FunctionShape, nest: LoopNest, m: BoundShape): void {
  const takes = part.params.map((p) => `${p.v}: number`).join(', ');
  w.newLine().writeLine(`/** \`${part.name}\` over bound arrays. */`);
  w.write(`function ${name}(this: Buffers): (${takes}) => void `).inlineBlock(() => {
    w.write(`return (${takes}) => `).inlineBlock(() => {
      writeArrays(w, new Set(part.buffers.map((b) => b.name)), f, nest, m);
      writeLocals(w, part.body, m.memory);
      writeBody(w, part.body, m.printer);
    }).write(';').newLine();
  }).newLine();
}

/** Copies the arrays that a body uses to locals, in the order in which the plain function declares them. */
function writeArrays(w: CodeBlockWriter, used: ReadonlySet<string>, f: FunctionShape, nest: LoopNest, m: BoundShape): void {
  const fields = fieldsUsed(f, nest, m).filter((x) => used.has(x.name));
  const forward = f.pass === 'forward' ? m.fields.filter((x) => x.held).map((x) => m.names.array(x.tensor.name)) : [];
  const cache = fields.some((x) => x.field.held) ? 'cache' : takenCache(f, fields, m);
  const taken = f.arguments.flatMap((a) => {
    if (a.kind === 'cache') return fields.length > 0 || forward.length > 0 ? [cache === 'cache' ? cache : `cache: ${cache}`] : [];
    const name = identifier(a, m);
    return a.kind === 'tensor' && (used.has(name) || forward.includes(name)) ? [pair(a.tensor.name, name)] : [];
  });
  for (const { name, field } of fields) if (field.held) taken.push(pair(field.tensor.name, name));
  if (taken.length > 0) w.writeLine(`const { ${taken.join(', ')} } = this;`);
  for (const { name, field } of fields) {
    if (field.held) w.writeLine(`checkBound(cache${member(field.name)}, ${name}, ${quoted(`cache.${field.name}`)});`);
    else if (cache === 'cache') w.writeLine(`const ${name} = cache${member(field.name)};`);
  }
}
