/** Holds the folders to who may import whom, and the compiler to knowing no layer by name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
}

function sources(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`).filter((file) => file.endsWith('.ts'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^\s*import\s+'([^']+)'/gm);
  return [...found].map((m) => {
    const to = (m[1] ?? m[2] ?? m[3])!;
    return { from: file, to: to.startsWith('.') ? relative(root, join(root, dirname(file), to)).replaceAll('\\', '/') : to };
  });
}

/** Each layer of the architecture, and the folders it may import besides itself. */
const allowed: readonly (readonly [folder: string, others: readonly string[]])[] = [
  ['compiler/support/', []],
  ['compiler/diagnostics/', ['compiler/support/']],
  ['compiler/ir/', ['compiler/support/', 'compiler/diagnostics/']],
  ['compiler/testing/', ['compiler/support/', 'compiler/diagnostics/', 'compiler/ir/', 'compiler/phases/', 'compiler/pipeline.ts', 'compiler/index.ts']],
  ['compiler/phases/', ['compiler/support/', 'compiler/diagnostics/', 'compiler/ir/']],
  ['compiler/build/', ['compiler/support/', 'compiler/diagnostics/', 'compiler/ir/']],
  ['runtime/', []],
  ['cli/', ['compiler/build/', 'compiler/support/', 'compiler/diagnostics/', 'compiler/index.ts', 'compiler/stages.ts']],
];

/** Packages that stay behind one door each, so that they can be replaced. */
const doors: readonly (readonly [name: RegExp, folders: readonly string[]])[] = [
  [/^yaml$/, ['compiler/phases/1-read/', 'compiler/build/', 'test/']],
  [/^ajv(\/|$)/, ['compiler/phases/1-read/', 'compiler/build/', 'test/']],
  [/^ts-morph$/, ['compiler/phases/6-emit/ts/', 'compiler/phases/6-emit/test/', 'test/']],
  [/^code-block-writer$/, ['compiler/phases/6-emit/']],
  [/^diff$/, ['cli/', 'test/']],
];

const everything = ['compiler', 'cli', 'runtime', 'test', 'generated', 'examples'].flatMap(sources);

test('folders import only what stands below them', () => {
  const wrong = everything.flatMap(importsOf).filter(({ from, to }) => {
    if (!to.includes('/') || !to.endsWith('.ts')) return false;
    const rule = allowed.find(([folder]) => from.startsWith(folder));
    return rule && !to.startsWith(rule[0]) && !rule[1].some((folder) => to.startsWith(folder));
  });
  assert.equal(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

test('phases do not import each other', () => {
  const phase = (path: string): string | undefined => /^compiler\/phases\/([^/]+)\//.exec(path)?.[1];
  const wrong = everything.filter((f) => phase(f) !== undefined).flatMap(importsOf)
    .filter(({ from, to }) => phase(to) !== undefined && phase(to) !== phase(from));
  assert.equal(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

test('a package is imported through its own door only', () => {
  const wrong = everything.flatMap(importsOf).filter(({ from, to }) =>
    doors.some(([name, folders]) => name.test(to) && !folders.some((folder) => from.startsWith(folder))));
  assert.equal(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

test('nothing imports a test, the command line, or the compiler from the runtime', () => {
  const wrong = everything.flatMap(importsOf).filter(({ from, to }) =>
    (to.startsWith('test/') && !from.startsWith('test/'))
    || (to.startsWith('cli/') && !/^(cli|test|examples)\//.test(from))
    || (/^(node:|[a-z@])/.test(to) && !to.endsWith('.ts') && from.startsWith('runtime/')));
  assert.equal(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

test('a generated kernel imports nothing', () => {
  const kernels = sources('generated').filter((f) => !f.endsWith('.test.ts') && f !== 'generated/index.ts');
  // The module that picks a target imports the two it picks from.
  const siblings = (from: string): string[] => (from.endsWith('.any.ts') ? ['.js', '.wasm.js'].map((e) => from.replace('.any.ts', e)) : []);
  assert.equal(kernels.flatMap(importsOf).filter(({ from, to }) => !siblings(from).includes(to)).map(({ from, to }) => `${from} imports ${to}`), []);
});

test('the compiler asks for no layer by its name', () => {
  const layers = readdirSync(join(root, 'specs')).filter((f) => f.endsWith('.layer.yaml')).map((f) => f.replace('.layer.yaml', ''));
  // `affine` is also a kind of index; as a layer it would stand in quotes.
  const named = new RegExp(`(['"\`])(${layers.join('|')})(\\.layer\\.yaml)?\\1`);
  const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  const wrong = sources('compiler').filter((f) => !f.startsWith('compiler/diagnostics/codes/'))
    .filter((f) => named.test(code(readFileSync(join(root, f), 'utf8'))));
  assert.equal(wrong, []);
});

test('nothing in the compiler prints', () => {
  const wrong = [...sources('compiler'), ...sources('runtime')].filter((f) => /\bconsole\.|process\.std(out|err)/.test(readFileSync(join(root, f), 'utf8')));
  assert.equal(wrong, []);
});

test.run();
