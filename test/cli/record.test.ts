/** What a build may skip: nothing but a kernel that would come out as it lies there, whatever has happened in between. */
import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments } from '../../cli/arguments.ts';
import { buildCommand } from '../../cli/build.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { contents, root, withFolder } from './harness.ts';

const PARENT = 'layer: parent\nabstract: true\noptions: { k: 2 }\nforward: { out: k * x }\n';
const FILES = {
  'kernels.yaml': 'kernels:\n  - { layer: child, sizes: { N: 2 } }\n  - { layer: relu, sizes: { N: 2, D: 3 } }\n  - { layer: affine, sizes: { N: 2, D: 3, M: 2 } }\n',
  'specs/parent.layer.yaml': PARENT,
  'specs/child.layer.yaml': 'layer: child\nextends: parent\ninputs: { x: [N] }\noutputs: { out: [N] }\n',
  'node_modules/README': 'the record lies below\n',
};
const ALL = ['child_2', 'relu_2x3', 'affine_2x3x2'];

/** Builds. @returns the kernels that were compiled */
async function build(folder: string, ...flags: string[]): Promise<string[]> {
  const lines: string[] = [];
  const terminal: Terminal = { json: false, color: false, print: (text) => { lines.push(...text.split('\n')); }, complain: assert.unreachable, progress: () => {} };
  const args = parseArguments([join(folder, 'kernels.yaml'), '--time', ...flags], buildCommand.flags, buildCommand.positionals);
  assert.is(await buildCommand.run(args, terminal), 0);
  const kernels = lines.filter((line) => / ms {3}/.test(line));
  assert.ok(kernels.every((line) => line.endsWith('as it was') !== / ts \d/.test(line)), lines.join('\n'));
  return kernels.filter((line) => !line.endsWith('as it was')).map((line) => line.split(' ')[0]!);
}

let fresh = 0;

/** Builds, and holds what lies there to a build that remembers nothing. @returns the kernels that were compiled */
async function rebuild(folder: string): Promise<string[]> {
  const compiled = await build(folder);
  const other = join(folder, `fresh${fresh++}`);
  await build(folder, '--out', other);
  assert.equal(contents(join(folder, 'generated')), contents(other));
  return compiled;
}

const edit = (path: string, from: string | RegExp, to: string): void => {
  const text = readFileSync(path, 'utf8');
  assert.match(text, from);
  writeFileSync(path, text.replace(from, to));
};

const built = (use: (folder: string) => Promise<void>): Promise<void> => withFolder(FILES, async (folder) => {
  assert.equal(await build(folder), ALL);
  await use(folder);
});

const recordIn = (folder: string): string => {
  const cache = join(folder, 'node_modules/.cache/kernelwright');
  return join(cache, readdirSync(cache)[0]!);
};

test('what has not changed is not compiled again', () => built(async (folder) => {
  assert.equal(await rebuild(folder), []);
  assert.equal(await build(folder), []);
}));

test('a spec, and one that it extends', () => built(async (folder) => {
  edit(join(folder, 'specs/child.layer.yaml'), 'extends', 'summary: Twice.\nextends');
  assert.equal(await rebuild(folder), ['child_2']);
  edit(join(folder, 'specs/parent.layer.yaml'), 'k * x', 'k * x + 1');
  assert.equal(await rebuild(folder), ['child_2']);
  edit(join(folder, 'specs/parent.layer.yaml'), 'k: 2', 'k: 3');
  assert.equal(await rebuild(folder), ['child_2']);
  assert.equal(await rebuild(folder), []);
}));

test('a spec that comes to stand before one that ships', () => built(async (folder) => {
  writeFileSync(join(folder, 'specs/relu.layer.yaml'), readFileSync(join(root, 'specs/relu.layer.yaml'), 'utf8').replace(/max\(.*\)/, 'max(x, 1)'));
  assert.equal(await rebuild(folder), ['relu_2x3']);
}));

test('sizes, options, and how a module is emitted', () => built(async (folder) => {
  const file = join(folder, 'kernels.yaml');
  edit(file, 'sizes: { N: 2 }', 'sizes: { N: 2 }, options: { k: 5 }');
  assert.equal(await rebuild(folder), ['child_2']);
  edit(file, 'D: 3 }', 'D: 3 }, dtype: f64');
  assert.equal(await rebuild(folder), ['relu_2x3']);
  edit(file, 'M: 2 }', 'M: 2 }, buffers: module');
  assert.equal(await rebuild(folder), ['affine_2x3x2']);
  edit(file, 'N: 2, D: 3 }', 'N: 4, D: 3 }');
  assert.equal(await rebuild(folder), ['relu_4x3']);
  edit(file, 'kernels:', 'staged: true\nkernels:');
  assert.equal(await rebuild(folder), ['child_2', 'relu_4x3', 'affine_2x3x2']);
}));

test('the tuning of a kernel, and of no other', () => built(async (folder) => {
  writeFileSync(join(folder, 'kernels.tuning.yaml'), 'kernels: { affine_2x3x2: { forward: { out/form: packed } } }\n');
  const before = contents(join(folder, 'generated'));
  assert.equal(await rebuild(folder), ['affine_2x3x2']);
  assert.not.equal(contents(join(folder, 'generated')), before);
  rmSync(join(folder, 'kernels.tuning.yaml'));
  assert.equal(await rebuild(folder), ['affine_2x3x2']);
  assert.equal(contents(join(folder, 'generated')), before);
}));

test('output that someone edited, deleted or emptied', () => built(async (folder) => {
  const out = join(folder, 'generated');
  appendFileSync(join(out, 'relu_2x3.ts'), '// mine\n');
  assert.equal(await rebuild(folder), ['relu_2x3']);
  edit(join(out, 'affine_2x3x2.test.ts'), 'affine', 'another');
  assert.equal(await rebuild(folder), ['affine_2x3x2']);
  rmSync(join(out, 'child_2.test.ts'));
  assert.equal(await rebuild(folder), ['child_2']);
  writeFileSync(join(out, 'child_2.ts'), '');
  assert.equal(await rebuild(folder), ['child_2']);
  for (const file of ['index.ts', 'manifest.json']) {
    appendFileSync(join(out, file), ' ');
    assert.equal(await rebuild(folder), []);
  }
  rmSync(out, { recursive: true });
  assert.equal(await rebuild(folder), ALL);
}));

test('a record that is damaged, edited or another one', () => built(async (folder) => {
  const path = recordIn(folder);
  const good = readFileSync(path, 'utf8');
  type Record = { [key: string]: { name: string; loaded: string[]; files: string[]; proof: string } };
  const edited = (change: (record: Record, keys: readonly string[]) => void): string => {
    const record = JSON.parse(good) as Record;
    change(record, Object.keys(record));
    return JSON.stringify(record);
  };
  for (const bad of ['', good.slice(0, 100), 'null', '[]', '{"a":1}', good.replaceAll('"proof"', '"prove"'), good.replaceAll('"files"', '"file"')]) {
    writeFileSync(path, bad);
    assert.equal(await rebuild(folder), ALL, bad);
  }
  const [child, relu] = [0, 1];
  writeFileSync(path, edited((r, keys) => { r[keys[relu]!]!.files = r[keys[child]!]!.files; }));
  assert.equal(await rebuild(folder), ['relu_2x3']);
  writeFileSync(path, edited((r, keys) => { r[keys[relu]!] = r[keys[child]!]!; }));
  assert.equal(await rebuild(folder), ['relu_2x3']);
  writeFileSync(path, edited((r, keys) => { r[keys[child]!]!.loaded = []; }));
  assert.equal(await rebuild(folder), ['child_2']);
  writeFileSync(path, edited((r, keys) => { r[keys[child]!]!.files = ['../kernels.yaml']; r[keys[relu]!]!.name = '../relu'; }));
  assert.equal(await rebuild(folder), ['child_2', 'relu_2x3']);
}));

test('stages are printed of a kernel that has not changed, too', () => built(async (folder) => {
  assert.equal(await build(folder, '--emit-dir', join(folder, 'stages')), ALL);
  assert.ok(existsSync(join(folder, 'stages/relu_2x3/07-test.txt')));
}));

test('a mistake is told as in a first build, and what was good is still known', () => built(async (folder) => {
  const good = readFileSync(join(folder, 'specs/child.layer.yaml'), 'utf8');
  writeFileSync(join(folder, 'specs/child.layer.yaml'), good.replace('parent', 'parents'));
  let thrown: unknown;
  await build(folder).catch((error: unknown) => { thrown = error; });
  assert.match(String((thrown as Error).message), 'parents');
  writeFileSync(join(folder, 'specs/child.layer.yaml'), good);
  assert.equal(await rebuild(folder), []);
}));

test('without node_modules nothing is remembered, and nothing is written beside the output', () => {
  const { 'node_modules/README': _, ...files } = FILES;
  return withFolder(files, async (folder) => {
    assert.equal([await build(folder), await build(folder)], [ALL, ALL]);
    assert.equal(readdirSync(folder).sort(), ['generated', 'kernels.yaml', 'specs']);
  });
});

test('another compiler compiles everything', () => withFolder(FILES, async (folder) => {
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  for (const part of ['cli', 'compiler', 'specs', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const times = async (): Promise<string> => (await promisify(execFile)(process.execPath, [join(copy, 'cli/kernelwright.js'), 'build', '--time'], { cwd: folder })).stdout;
  const skipped = async (): Promise<number> => (await times()).split('as it was').length - 1;
  assert.equal([await skipped(), await skipped()], [0, 3]);
  const emitter = join(copy, 'compiler/phases/6-emit/ts/header.ts');
  edit(emitter, 'edit the spec, not this file', 'edit the spec, never this file');
  assert.is(await skipped(), 0);
  assert.match(contents(join(folder, 'generated'))['relu_2x3.ts']!, 'never this file');
  assert.is(await skipped(), 3);
}));

test.run();
