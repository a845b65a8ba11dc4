/** What the loops are written in, as a user asks for it: in a build file, by `--target`, and to be read. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contents, kernelwright, SMALL, withFolder } from './harness.ts';

const both = SMALL.replace('} }', '}, target: [ts, wasm] }');

test('both targets make both modules and one that picks, which index.ts exports', () => withFolder({ 'kernels.yaml': both }, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.out, '1 kernel in generated: 7 files written\n', run.err);
  const files = contents(join(folder, 'generated'));
  assert.equal(Object.keys(files).sort(), ['index.ts', 'manifest.json', 'relu_2x3.any.ts', 'relu_2x3.test.ts', 'relu_2x3.ts', 'relu_2x3.wasm.test.ts', 'relu_2x3.wasm.ts']);
  assert.match(files['index.ts']!, "export * as relu_2x3 from './relu_2x3.any.js';");
  assert.match(files['relu_2x3.wasm.test.ts']!, "import * as kernel from './relu_2x3.wasm.js';");
  const manifest = JSON.parse(files['manifest.json']!) as { kernels: { target: unknown; files: string[] }[] };
  assert.equal([manifest.kernels[0]!.target, manifest.kernels[0]!.files.length], [['ts', 'wasm'], 5]);
  assert.is((await kernelwright(folder, ['check'])).code, 0);
  writeFileSync(join(folder, 'kernels.yaml'), SMALL);
  assert.match((await kernelwright(folder, ['build'])).out, '3 removed');
  assert.equal(readdirSync(join(folder, 'generated')).sort(), ['index.ts', 'manifest.json', 'relu_2x3.test.ts', 'relu_2x3.ts']);
}));

test('--target stands in for what the build file says', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const run = await kernelwright(folder, ['build', '--target', 'wasm', '--json']);
  const { kernels } = JSON.parse(run.out) as { kernels: { file: string }[] };
  assert.is(kernels[0]!.file, 'generated/relu_2x3.wasm.ts');
  const files = contents(join(folder, 'generated'));
  assert.match(files['index.ts']!, "export * as relu_2x3 from './relu_2x3.wasm.js';");
  assert.match(files['manifest.json']!, '"target": "wasm"');
  assert.match((await kernelwright(folder, ['build', '--target', 'cuda'])).err, /error\[unknown-target\][\s\S]*write ts, wasm or ts,wasm/);
}));

test('a module in WebAssembly that is to own its arrays is refused where it stands', () => withFolder({
  'kernels.yaml': SMALL.replace('} }', '}, target: wasm, buffers: module }'),
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.match(run.err, /error\[target-buffers\][\s\S]*kernels\.yaml:2:5/);
}));

test('relaxed: false leaves relaxed SIMD out', () => withFolder({
  'kernels.yaml': `kernels:
  - { layer: affine, sizes: { N: 16, D: 64, M: 32 }, target: wasm, name: fast }
  - { layer: affine, sizes: { N: 16, D: 64, M: 32 }, target: wasm, name: same, relaxed: false }
`,
}, async (folder) => {
  assert.is((await kernelwright(folder, ['build'])).code, 0);
  const files = contents(join(folder, 'generated'));
  assert.match(files['fast.wasm.ts']!, 'WebAssembly.validate');
  assert.not.match(files['same.wasm.ts']!, 'WebAssembly.validate');
  const { kernels } = JSON.parse(files['manifest.json']!) as { kernels: { relaxed?: boolean }[] };
  assert.equal(kernels.map((k) => k.relaxed), [undefined, false]);
}));

test('--emit=wat prints WebAssembly, with the formulas', () => withFolder({}, async (folder) => {
  const run = await kernelwright(folder, ['explain', 'relu', '--emit=wat']);
  assert.match(run.out, /^--- wat\n\(module/, run.err);
  assert.match(run.out, ';; out = max(x, 0)');
  assert.match(run.out, '(func $forward (export "forward")');
}));

test.run();
