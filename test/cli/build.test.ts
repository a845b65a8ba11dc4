/** `build` and `check` as a user runs them: what is written, what is kept, what is refused. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contents, hasStack, kernelwright, SMALL, withFolder } from './harness.ts';

test('writes kernels, tests, index and manifest, then nothing', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const first = await kernelwright(folder, ['build']);
  assert.is(first.code, 0, first.err);
  assert.is(first.err, '', 'progress stays away from a pipe');
  assert.is(first.out, '1 kernel in generated: 4 files written\n');
  const files = contents(join(folder, 'generated'));
  assert.equal(Object.keys(files).sort(), ['index.ts', 'manifest.json', 'relu_2x3.test.ts', 'relu_2x3.ts']);
  assert.match(files['index.ts']!, "export * as relu_2x3 from './relu_2x3.js';");
  const second = await kernelwright(folder, ['build']);
  assert.is(second.out, '1 kernel in generated: 4 unchanged\n');
  assert.equal(contents(join(folder, 'generated')), files);
  assert.is((await kernelwright(folder, ['check'])).code, 0);
}));

test('gives the same bytes from another folder', () => withFolder({ 'a/kernels.yaml': SMALL, 'b/c/kernels.yaml': SMALL }, async (folder) => {
  await kernelwright(folder, ['build', 'a/kernels.yaml']);
  await kernelwright(join(folder, 'b/c'), ['build', '--out', '../out']);
  assert.equal(contents(join(folder, 'a/generated')), contents(join(folder, 'b/out')));
}));

test('check shows what a build would change, and fails', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const missing = await kernelwright(folder, ['check']);
  assert.is(missing.code, 1);
  assert.match(missing.out, 'generated/relu_2x3.ts is missing');
  assert.match(missing.err, 'error[stale-output]');
  await kernelwright(folder, ['build']);
  const path = join(folder, 'generated/relu_2x3.ts');
  const good = contents(folder)['generated/relu_2x3.ts']!;
  writeFileSync(path, `${good}// edited\n`);
  const edited = await kernelwright(folder, ['check']);
  assert.is(edited.code, 1);
  assert.match(edited.out, '--- a/generated/relu_2x3.ts\n+++ b/generated/relu_2x3.ts\n');
  assert.match(edited.out, '-// edited');
  const json = JSON.parse((await kernelwright(folder, ['check', '--json'])).out) as { ok: boolean; stale: { how: string }[]; diagnostics: { code: string }[] };
  assert.is(json.ok, false);
  assert.equal(json.stale.map((s) => s.how), ['changed']);
  assert.equal(json.diagnostics.map((d) => d.code), ['stale-output']);
  writeFileSync(path, good.replaceAll('\n', '\r\n'));
  assert.match((await kernelwright(folder, ['check'])).out, 'CRLF');
}));

test('removes what an entry that is gone had made, and nothing else', () => withFolder({
  'kernels.yaml': `${SMALL}  - { layer: relu, sizes: { N: 4, D: 5 } }\n`,
}, async (folder) => {
  await kernelwright(folder, ['build']);
  writeFileSync(join(folder, 'generated/mine.ts'), 'export const mine = 1;\n');
  writeFileSync(join(folder, 'generated/tsconfig.json'), '{}\n');
  writeFileSync(join(folder, 'kernels.yaml'), SMALL);
  const check = await kernelwright(folder, ['check']);
  assert.is(check.code, 1);
  assert.match(check.out, 'generated/relu_4x5.ts is extra');
  const build = await kernelwright(folder, ['build']);
  assert.match(build.out, '2 removed');
  assert.equal(readdirSync(join(folder, 'generated')).sort(),
    ['index.ts', 'manifest.json', 'mine.ts', 'relu_2x3.test.ts', 'relu_2x3.ts', 'tsconfig.json']);
}));

test('a hostile manifest removes nothing', () => withFolder({
  'kernels.yaml': SMALL, 'precious.ts': '// mine', 'generated/manifest.json': '{"files":{"../precious.ts":"0","mine.ts":"0"}}', 'generated/mine.ts': '// mine',
}, async (folder) => {
  await kernelwright(folder, ['build', '--out', 'generated']);
  assert.is(contents(folder)['precious.ts'], '// mine');
  assert.is(contents(folder)['generated/mine.ts'], '// mine');
}));

test('a spec beside the build file goes before one that ships', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: relu, sizes: { N: 2 } }\n  - { layer: twice, sizes: { N: 2 } }\n',
  'specs/relu.layer.yaml': 'layer: relu\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: "max(x, 0)" }\n',
  'specs/twice.layer.yaml': 'layer: twice\nextends: relu\nforward: { out: 2 * x }\n',
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 0, run.err);
  assert.equal(Object.keys(contents(join(folder, 'generated'))).filter((f) => !f.includes('.test.')).sort(),
    ['index.ts', 'manifest.json', 'relu_2.ts', 'twice_2.ts']);
}));

test('writes nothing when one entry of many is wrong, and names every mistake', () => withFolder({
  'kernels.yaml': `${SMALL}  - { layer: rleu, sizes: { N: 2, D: 3 } }\n  - { layer: wrong, sizes: { N: 2 } }\n  - { layer: wrong, sizes: { N: 3 } }\n`,
  'specs/wrong.layer.yaml': 'layer: wrong\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: y }\n',
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.match(run.err, /error\[unknown-layer\].*`rleu`[\s\S]*kernels\.yaml:3:14[\s\S]*did you mean `relu`\?/);
  assert.is(run.err.match(/error\[unknown-tensor\]/g)?.length, 1, 'a mistake in a spec is told once');
  assert.match(run.err, /specs\/wrong\.layer\.yaml:4:17/);
  assert.not(existsSync(join(folder, 'generated')));
  const json = JSON.parse((await kernelwright(folder, ['build', '--json'])).out) as { ok: boolean; diagnostics: { code: string }[] };
  assert.equal([json.ok, json.diagnostics.map((d) => d.code).sort()], [false, ['unknown-layer', 'unknown-tensor']]);
}));

test('a failed build leaves the last good one', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  await kernelwright(folder, ['build']);
  const before = contents(join(folder, 'generated'));
  writeFileSync(join(folder, 'kernels.yaml'), `${SMALL}  - { layer: nothing_of_the_kind }\n`);
  assert.is((await kernelwright(folder, ['build'])).code, 1);
  assert.equal(contents(join(folder, 'generated')), before);
}));

test('two entries of one name are refused, whatever their case', () => withFolder({
  'kernels.yaml': `${SMALL}  - { layer: relu, sizes: { N: 2, D: 3 }, dtype: f64 }\n  - { layer: relu, sizes: { N: 9, D: 9 }, name: RELU_2x3 }\n`,
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.is(run.err.match(/error\[duplicate-kernel\]/g)?.length, 2);
}));

test('does not overwrite a file that it did not write', () => withFolder({ 'kernels.yaml': `out: src\n${SMALL}`, 'src/index.ts': 'export const app = 1;\n' }, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.match(run.err, /error\[output-folder\].*src\/index\.ts/);
  assert.equal(Object.keys(contents(join(folder, 'src'))), ['index.ts']);
}));

test('an output that is a file, or inside one, or has a folder in the way', () => withFolder({ 'kernels.yaml': SMALL, generated: 'x' }, async (folder) => {
  const file = await kernelwright(folder, ['build']);
  assert.match(file.err, /error\[output-folder\].*is a file/);
  const inside = await kernelwright(folder, ['build', '--out', 'generated/deep']);
  assert.is(inside.code, 1);
  assert.match(inside.err, /error\[(output-folder|file-unwritable)\]/);
  mkdirSync(join(folder, 'other/relu_2x3.ts'), { recursive: true });
  const blocked = await kernelwright(folder, ['build', '--out', 'other']);
  assert.is(blocked.code, 1);
  assert.match(blocked.err, /error\[file-unwritable\].*is a folder/);
  assert.equal(readdirSync(join(folder, 'other')), ['relu_2x3.ts'], 'no temporary file is left');
  assert.not([file, inside, blocked].some(hasStack));
}));

test('a folder that may not be written', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  if (process.getuid?.() === 0) return;   // root may write anywhere
  mkdirSync(join(folder, 'generated'));
  chmodSync(join(folder, 'generated'), 0o555);
  const run = await kernelwright(folder, ['build']);
  chmodSync(join(folder, 'generated'), 0o755);
  assert.is(run.code, 1);
  assert.match(run.err, /error\[file-unwritable\].*permission is missing/);
}));

test('a file system that refuses', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const run = await kernelwright(folder, ['build', '--out', '/proc/kernelwright']);
  assert.is(run.code, 1);
  assert.match(run.err, 'error[file-unwritable]');
  assert.not(hasStack(run));
}));

test('--json tells what was done', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const run = await kernelwright(folder, ['build', '--json']);
  const told = JSON.parse(run.out) as { ok: boolean; out: string; kernels: { name: string; layer: string; file: string }[]; written: string[] };
  assert.equal([told.ok, told.out, told.written.length], [true, 'generated', 4]);
  assert.equal(told.kernels.map((k) => [k.name, k.layer, k.file]), [['relu_2x3', 'relu', 'generated/relu_2x3.ts']]);
  assert.is(run.err, '');
}));

test('--time and --emit print, --emit-dir writes', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const time = await kernelwright(folder, ['build', '--time', '--emit=spec']);
  assert.is(time.code, 0, time.err);
  assert.match(time.out, /^relu_2x3 +\d+ ms/m);
  assert.match(time.out, '--- relu_2x3 spec\n');
  const bad = await kernelwright(folder, ['build', '--emit=sepc']);
  assert.match(bad.err, /error\[unknown-stage\][\s\S]*did you mean `spec`\?/);
  rmSync(join(folder, 'generated'), { recursive: true });
  await kernelwright(folder, ['build', '--emit-dir', 'stages']);
  assert.ok(contents(folder)['stages/relu_2x3/01-spec.txt']);
}));

test.run();
