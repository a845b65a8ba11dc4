/**
 * A module of kernels, put together from plain ts-morph structures and printed once: header, constants, `spec`, cache,
 * functions, `bind`, private helpers.
 */
import {
  IndentationText, NewLineKind, Project, QuoteKind, StructureKind, VariableDeclarationKind, type CodeBlockWriter, type StatementStructures,
} from 'ts-morph';
import type { Buffer } from '../../../ir/loop.ts';
import { constantsIn, functionsIn, wholeBody } from '../../../ir/loop-walk.ts';
import type { Tensor } from '../../../ir/tensor.ts';
import { boundStatements, hasBody, type BoundShape } from './bound.ts';
import { checksOf, fieldsUsed, sizesOf, writeFunction } from './functions.ts';
import { headerLines } from './header.ts';
import { neededHelpers } from './helpers.ts';
import { ARRAYS, shapeOf, type Field } from './interface.ts';
import { specData, tensorsOf, writeData } from './metadata.ts';
import { comment, property } from './text.ts';

export interface ModuleParts extends BoundShape {
  readonly scratch: readonly Buffer[];
}

type Statement = StatementStructures | ((w: CodeBlockWriter) => void);

/** The text of a module. */
export function moduleText(m: ModuleParts): string {
  const project = new Project({
    useInMemoryFileSystem: true, skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single, newLineKind: NewLineKind.LineFeed },
  });
  const statements: Statement[] = [
    header(m), ...constants(m), spec(m), ...cache(m), ...owned(m), ...scratch(m),
    ...m.functions.map((f, n): Statement => (w) => writeFunction(w, f, m.nests[n]!, m)),
    ...boundStatements(m), ...privateFunctions(m),
  ];
  return withoutUnused(project.createSourceFile('kernel.ts', { statements }).getFullText(), [...m.names.constants.keys()]);
}

/** Drops constants that folding left nothing of: `row + 2 * PAD - 2` at PAD = 1 is `row`. */
function withoutUnused(text: string, names: readonly string[]): string {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const words = new Map<string, number>();
  for (const word of code.match(/[A-Za-z_$][\w$]*/g) ?? []) words.set(word, (words.get(word) ?? 0) + 1);
  const unused = names.filter((name) => words.get(name) === 1 && text.includes(`\nconst ${name} = `));
  if (unused.length === 0) return text;
  const lines = text.split('\n').filter((line) => !unused.some((name) => line.startsWith(`const ${name} = `)));
  return withoutUnused(lines.join('\n'), names);
}

function header(m: ModuleParts): Statement {
  return (w) => {
    w.writeLine('/**');
    for (const line of headerLines(m.derived)) w.writeLine(line === '' ? ' *' : ` * ${line}`);
    w.writeLine(' */');
  };
}

/** The sizes and options that something uses, those they are made of before them. */
function constants(m: ModuleParts): Statement[] {
  const used = new Set([...m.nests.flatMap((n) => [...constantsIn(wholeBody(n))]), ...m.functions.flatMap((f, n) => sizesOf(f, m.nests[n]!, m))]);
  const wanted = new Set<string>();
  const visit = (name: string): void => {
    m.names.constants.get(name)?.uses.forEach(visit);
    wanted.add(name);
  };
  [...m.names.constants.keys()].filter((name) => used.has(name)).forEach(visit);
  if (wanted.size === 0) return [];
  return [(w) => {
    for (const [name, { value, text }] of m.names.constants) {
      // A product is written out: minifiers put numbers in the place of a name, but do not multiply.
      if (wanted.has(name)) w.writeLine(/^[^ ]*$/.test(text) ? `const ${name} = ${text};` : `const ${name} = ${value};   // ${text}`);
    }
  }];
}

function spec(m: ModuleParts): Statement {
  return (w) => {
    w.newLine().writeLine('/** What this module is, for runtimes, tests and benchmarks. */');
    w.write('export const spec = ');
    writeData(w, specData(m));
    w.write(' as const;').newLine();
  };
}

function cache(m: ModuleParts): Statement[] {
  if (m.buffers === 'module') return [];
  const type: Statement = m.fields.length === 0
    ? { kind: StructureKind.TypeAlias, isExported: true, name: 'Cache', type: 'Record<never, never>', docs: ['This layer hands nothing from `forward` to `backward`.'] }
    : { kind: StructureKind.Interface, isExported: true, name: 'Cache', docs: ['What `forward` leaves for `backward`.'],
        properties: m.fields.map((f) => ({ name: property(f.name), type: ARRAYS[f.elem], isReadonly: !f.held, docs: [fieldDoc(f)] })) };
  return [type, {
    kind: StructureKind.Function, isExported: true, name: 'createCache', returnType: 'Cache', docs: ['Makes the arrays of a cache.'],
    statements: (w) => {
      if (m.fields.length === 0) return void w.writeLine('return {};');
      w.write('return ').inlineBlock(() => {
        for (const f of m.fields) w.writeLine(`${property(f.name)}: new ${ARRAYS[f.elem]}(${f.held ? 0 : size(f.shape)}),`);
      }).write(';').newLine();
    },
  }];
}

const size = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);
const fieldDoc = (f: Field): string => comment(`[${f.slots.map((s) => s.join(' ')).join(', ')}] = [${f.shape.join(', ')}]${f.held ? ', held by reference' : ''}`);

// ---------------------------------------------------------------------------------------------------------- arrays

function arrayConstant(name: string, elem: Buffer['elem'], length: number): Statement {
  return { kind: StructureKind.VariableStatement, declarationKind: VariableDeclarationKind.Const,
    declarations: [{ name, initializer: `/*@__PURE__*/ new ${ARRAYS[elem]}(${length})` }] };
}

/** The arrays of a module that owns them; its tensors are exported, as bindings of their own, under the names of the spec. */
function owned(m: ModuleParts): Statement[] {
  if (m.buffers === 'caller') return [];
  const out: Statement[] = [];
  const renamed: string[] = [];
  for (const t of tensorsOf(m)) {
    const name = m.names.array(t.name);
    const memory = m.memory.get(name)!;
    out.push(arrayConstant(memory, t.dtype, size(shapeOf(t, m.derived))));
    out.push({ kind: StructureKind.VariableStatement, declarationKind: VariableDeclarationKind.Const, isExported: name === t.name,
      declarations: [{ name, initializer: memory }] });
    if (name !== t.name) renamed.push(`${name} as ${exportName(t, m)}`);
  }
  for (const f of m.fields) if (!f.held) out.push(arrayConstant(m.memory.get(m.names.field(f.name))!, f.elem, size(f.shape)));
  if (renamed.length > 0) out.push((w) => { w.writeLine(`export { ${renamed.join(', ')} };`); });
  return out;
}

/** What functions call the arrays of a module that owns them. */
export const ownedNames = (m: Pick<ModuleParts, 'names' | 'fields' | 'functions'>): string[] =>
  [...tensorsOf(m).map((t) => m.names.array(t.name)), ...m.fields.filter((f) => !f.held).map((f) => m.names.field(f.name))];

/** A name of the spec that the module exports already, as a function or `spec` itself, keeps the one it has inside. */
function exportName(t: Tensor, m: ModuleParts): string {
  const taken = ['spec', ...m.functions.map((f) => f.name), 'default', '__proto__'].includes(t.name);
  return taken ? m.names.array(t.name) : t.name;
}

/** Dead between calls, so all calls share it; marked pure, so that a bundle drops it with the functions that use it. */
function scratch(m: ModuleParts): Statement[] {
  return m.scratch.map((b) => arrayConstant(m.memory.get(b.name)!, b.elem, b.length + b.slack));
}

// --------------------------------------------------------------------------------------------------------- helpers

function privateFunctions(m: ModuleParts): Statement[] {
  const called = new Set([...m.nests.flatMap((n) => [...functionsIn(wholeBody(n))]), ...m.functions.flatMap((f, n) => checksOf(f, m.nests[n]!, m))]);
  if (m.buffers === 'caller' && m.functions.some((f, n) => hasBody(f, m.nests[n]!) && fieldsUsed(f, m.nests[n]!, m).some((x) => x.field.held))) called.add('checkBound');
  return neededHelpers(called, ARRAYS[m.derived.layer.dtype]).map((h): Statement => (w) => {
    w.newLine().writeLine(`/** ${h.doc} */`);
    w.write(h.signature).block(() => { for (const line of h.body) w.writeLine(line); });
  });
}

