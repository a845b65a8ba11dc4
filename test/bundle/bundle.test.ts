/** What is published shakes: a page that uses one kernel gets that kernel, and importing a module runs nothing. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rollup, type RollupOptions } from 'rollup';
import { minify } from 'rollup-plugin-esbuild';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernel, javascriptOf } from '../../compiler/index.ts';
import { load } from '../specs/load.ts';
// @ts-expect-error: a configuration, without types
import { builds } from '../../rollup.config.js';

const test = suite<{ dist: string }>('bundle');

test.before(async (context) => {
  context.dist = mkdtempSync(join(tmpdir(), 'kernelwright-'));
  for (const options of (builds as (files: string[], dir: string) => RollupOptions[])(
    ['runtime/index.ts', 'generated/index.ts'], context.dist)) {
    const bundle = await rollup(options);
    await bundle.write(options.output as { dir: string });
    await bundle.close();
  }
});

test.after(({ dist }) => rmSync(dist, { recursive: true }));

/** A user's file, bundled with what it imports of dist/; an import of anything else is a warning, and that a failure. */
async function bundleOf(dist: string, code: string, small = false): Promise<string> {
  const entry = join(dist, 'user.js');
  writeFileSync(entry, code);
  const bundle = await rollup({
    input: entry, plugins: small ? [minify()] : [],
    onwarn: (warning) => { if (warning.code !== 'EMPTY_BUNDLE') assert.unreachable(warning.message); },
  });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  return output[0].code;
}

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length;

const kernels = (dist: string): string[] => readdirSync(join(dist, 'generated'))
  .filter((file) => file.endsWith('.js') && file !== 'index.js').map((file) => file.slice(0, -3));

test('a page that uses the forward of one kernel gets nothing else', async ({ dist }) => {
  const names = kernels(dist);
  assert.ok(names.length > 10, names.join());
  const one = names.find((name) => name.startsWith('layernorm'))!;
  const bundle = await bundleOf(dist, `import { ${one} } from './generated/index.js';\nglobalThis.run = ${one}.forward;`);
  const whole = readFileSync(join(dist, 'generated', `${one}.js`), 'utf8');
  assert.ok(bundle.length < whole.length, `${bundle.length} of ${whole.length} characters`);
  assert.match(bundle, /function forward/);
  assert.not.match(bundle, /function (backward|createCache|bind|layer|threefry)\b/);
  assert.not.match(bundle, /const spec =/);
  const all = names.map((name) => readFileSync(join(dist, 'generated', `${name}.js`), 'utf8').length);
  assert.ok(bundle.length * names.length < all.reduce((sum, n) => sum + n));
});

test('whoever binds gets no plain function that has a body over bound arrays, and the other way round', async ({ dist }) => {
  const one = kernels(dist).find((name) => name.startsWith('layernorm'))!;
  const plain = await bundleOf(dist, `import { forward, backward } from './generated/${one}.js';\nglobalThis.run = [forward, backward];`);
  assert.match(plain, /function forward\b/);
  assert.not.match(plain, /function (bind|bound\w*)\b/);
  const bound = await bundleOf(dist, `import { bind } from './generated/${one}.js';\nglobalThis.run = bind;`);
  assert.match(bound, /function boundForward\b/);
  assert.not.match(bound, /function (forward|backward)\b/);
});

test('plain and bound functions in one bundle compress into little more than one of them', async ({ dist }) => {
  const one = kernels(dist).find((name) => name.startsWith('layernorm') && !name.includes('4x16'))!;
  const size = async (names: string): Promise<number> =>
    gzipped(await bundleOf(dist, `import { ${names} } from './generated/${one}.js';\nglobalThis.run = [${names}];`, true));
  const [plain, both] = [await size('forward, backward'), await size('forward, backward, bind')];
  assert.ok(both < 1.35 * plain, `${both} of ${plain} bytes`);
});

test('importing everything runs nothing and leaves nothing', async ({ dist }) => {
  assert.is((await bundleOf(dist, "import './generated/index.js';\nimport './runtime/index.js';")).trim(), '');
});

test('of a kernel in both targets a page gets what it uses', async ({ dist }) => {
  const made = compileKernel({ source: load('layernorm')!, load, sizes: { N: 4, D: 16 }, name: 'k', target: ['ts', 'wasm'] });
  for (const f of made.files) if (!f.path.includes('.test.')) writeFileSync(join(dist, f.path.replace(/ts$/, 'js')), javascriptOf(f.text));
  assert.is((await bundleOf(dist, "import './k.any.js';")).trim(), '');
  const forward = await bundleOf(dist, "import { forward } from './k.any.js';\nglobalThis.run = forward;");
  assert.match(forward, /const CODE = '/);
  assert.not.match(forward, /function (backward|bind|attach|createCache)\b|const spec =/);
  const types = await bundleOf(dist, "import { spec } from './k.any.js';\nglobalThis.run = spec;");
  assert.not.match(types, /CODE|function/);
});

test('the runtime has less than 2 kB, its generator only where it is used', async ({ dist }) => {
  const bundle = await bundleOf(dist, "import { layer } from './runtime/index.js';\nglobalThis.layer = layer;", true);
  assert.ok(gzipped(bundle) < 2048, `${gzipped(bundle)} bytes`);
  assert.not.match(bundle, /0xd2511f53|3528531795/);
});

test('a kernel has a few hundred bytes a pass', async ({ dist }) => {
  const one = kernels(dist).find((name) => name.startsWith('layernorm'))!;
  const bundle = await bundleOf(dist, `import { forward, backward } from './generated/${one}.js';\nglobalThis.run = [forward, backward];`, true);
  assert.ok(gzipped(bundle) < 2500, `${gzipped(bundle)} bytes`);
});

test('declarations describe what is there', ({ dist }) => {
  const one = kernels(dist).find((name) => name.startsWith('layernorm'))!;
  const file = join(dist, 'user.ts');
  writeFileSync(file, `import { ${one} } from './generated/index.js';
import { createArena, layer } from './runtime/index.js';
const { buffers: [buffers, again] } = createArena(${one}, ${one});
const bound: { readonly forward: () => void } = ${one}.bind(buffers);
bound.forward();
const rstd: Float32Array = again.cache.rstd;
// @ts-expect-error: no such tensor
buffers.y;
const l = layer(${one}, { seed: 1 });
const out: Float32Array = l.forward(new Float32Array(4));
const dgamma: Float32Array = l.grads.gamma;
// @ts-expect-error: no such parameter
l.params.delta;
// @ts-expect-error: one input, not two
l.forward(out, dgamma);
`);
  const program = ts.createProgram([file], {
    strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext, lib: ['lib.es2023.d.ts'], types: [],
  });
  const problems = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  assert.equal(problems, []);
  assert.ok(existsSync(join(dist, 'generated/index.d.ts')));
});

test.run();
