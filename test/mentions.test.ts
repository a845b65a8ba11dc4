/** Files that comments and documents name exist: a reader who follows a pointer arrives. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folders whose paths are checked wherever they are written. */
const PATH = /(?<![\w./@-])(?:compiler|specs|runtime|cli|test|docs|examples|bench)\/[\w./-]*\w/g;

function files(folder: string, endings: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((f) => `${folder}/${f.replaceAll('\\', '/')}`).filter((f) => endings.test(f));
}

const code = ['compiler', 'cli', 'runtime', 'test', 'examples'].flatMap((folder) => files(folder, /\.ts$/));
const documents = [...files('docs', /\.md$/), ...readdirSync(root).filter((f) => /\.md$/.test(f))];

const comments = (text: string): string => (text.match(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm) ?? []).join('\n');

/** A path with a placeholder (NAME, LAYER, *) is a pattern, not a file. */
const isPattern = (path: string): boolean => /[A-Z]{4,}(?!\.md)|\*/.test(path) && !/README|CONTRIBUTING|LICENSE/.test(path);

const missing = (file: string, text: string): string[] =>
  [...text.matchAll(PATH)].map((m) => m[0]).filter((path) => !isPattern(path) && !existsSync(join(root, path)))
    .map((path) => `${file} names ${path}`);

test('files named in comments exist', () => {
  assert.equal(code.flatMap((f) => missing(f, comments(readFileSync(join(root, f), 'utf8')))), []);
});

test('files named in documents exist', () => {
  const unfenced = (text: string): string => text.replace(/```[\s\S]*?```/g, '');
  assert.equal(documents.flatMap((f) => missing(f, unfenced(readFileSync(join(root, f), 'utf8')))), []);
});

test('links in documents lead somewhere', () => {
  const prose = (text: string): string => text.replace(/```[\s\S]*?```|`[^`\n]*`|^ {4}.*$/gm, '');
  const broken = documents.flatMap((f) => [...prose(readFileSync(join(root, f), 'utf8')).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)/g)]
    .filter((m) => !existsSync(join(root, dirname(f), m[1]!))).map((m) => `${f} links to ${m[1]!}`));
  assert.equal(broken, []);
});

test.run();
