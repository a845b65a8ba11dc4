/** Sections of a module that are the same whatever runs its loops: header, constants, `spec`, cache, private helpers. */
import type { CodeBlockWriter, StatementStructures } from 'ts-morph';
import type { ModuleNames } from '../../../ir/names.ts';
import type { ModuleShape } from './functions.ts';
import { headerLines } from './header.ts';
import { neededHelpers } from './helpers.ts';
import { ARRAYS, type Field } from './interface.ts';
import { specData, writeData, type Metadata } from './metadata.ts';
import { morph } from './morph.ts';
import { comment, property } from './text.ts';

export type Statement = StatementStructures | ((w: CodeBlockWriter) => void);

/** Prints statements, once. */
export function sourceText(statements: Statement[], m: { readonly names: Pick<ModuleNames, 'constants'> }): string {
  const { IndentationText, NewLineKind, Project, QuoteKind } = morph();
  const project = new Project({
    useInMemoryFileSystem: true, skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single, newLineKind: NewLineKind.LineFeed },
  });
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

/** The comment at the top. */
export function header(m: ModuleShape): Statement {
  return (w) => {
    w.writeLine('/**');
    for (const line of headerLines(m.derived)) w.writeLine(line === '' ? ' *' : ` * ${line}`);
    w.writeLine(' */');
  };
}

/** The sizes and options of some names, those they are made of before them. */
export function constants(m: ModuleShape, names: readonly string[]): Statement[] {
  const used = new Set(names);
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

/** `spec`. */
export function spec(m: Metadata): Statement {
  return (w) => {
    w.newLine().writeLine('/** What this module is, for runtimes, tests and benchmarks. */');
    w.write('export const spec = ');
    writeData(w, specData(m));
    w.write(' as const;').newLine();
  };
}

/** `Cache` and `createCache`. */
export function cache(m: ModuleShape): Statement[] {
  const { StructureKind } = morph();
  const type: Statement = m.fields.length === 0
    ? { kind: StructureKind.TypeAlias, isExported: true, name: 'Cache', type: 'Record<never, never>', docs: ['This layer hands nothing from `forward` to `backward`.'] }
    : { kind: StructureKind.Interface, isExported: true, name: 'Cache', docs: ['What `forward` leaves for `backward`.'],
        properties: m.fields.map((f) => ({ name: property(f.name), type: ARRAYS[f.elem], isReadonly: !f.held, docs: [fieldDoc(f)] })) };
  return [type, {
    kind: StructureKind.Function, isExported: true, name: 'createCache', returnType: 'Cache', docs: ['Makes the arrays of a cache.'],
    statements: (w) => {
      if (m.fields.length === 0) return void w.writeLine('return {};');
      w.write('return ').inlineBlock(() => {
        for (const f of m.fields) w.writeLine(`${property(f.name)}: new ${ARRAYS[f.elem]}(${f.held ? 0 : countOf(f.shape)}),`);
      }).write(';').newLine();
    },
  }];
}

export const countOf = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);
const fieldDoc = (f: Field): string => comment(`[${f.slots.map((s) => s.join(' ')).join(', ')}] = [${f.shape.join(', ')}]${f.held ? ', held by reference' : ''}`);

/** The private functions that some names call for. */
export function helpersOf(called: ReadonlySet<string>, m: ModuleShape): Statement[] {
  return neededHelpers(called, ARRAYS[m.derived.layer.dtype]).map((h): Statement => (w) => {
    w.newLine().writeLine(`/** ${h.doc} */`);
    w.write(h.signature).block(() => { for (const line of h.body) w.writeLine(line); });
  });
}
