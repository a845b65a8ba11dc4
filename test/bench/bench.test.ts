/** The parts of the benchmark: every committed kernel can be called by its spec, in a plain process too, and the rooflines are numbers. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PlainModules, root, runPlain } from '../../bench/plain.ts';
import { measureWasmRoofline } from '../../bench/roofline-wasm.ts';
import { measureRoofline, type Limit } from '../../bench/roofline.ts';
import { columns, header, row, type Measured } from '../../bench/table.ts';
import type { Roofline, TimedPass } from '../../bench/worker.ts';
import { passesOf, type Kernel } from '../../bench/workload.ts';
import { compileKernel } from '../../compiler/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import { sourceOf } from '../golden/specs.ts';

const folder = new URL('../../generated/', import.meta.url);

for (const file of readdirSync(folder).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && f !== 'index.ts')) {
  test(file, async () => {
    const kernel = await import(new URL(file, folder).href) as Kernel;
    const passes = passesOf(kernel);
    assert.match(passes[0]!.name, /^forward/);
    assert.match(passes[1]!.name, /^backward/);
    for (const pass of passes) {
      pass.run();
      pass.bound();
      assert.ok(pass.flops > 0 && pass.bytes > 0, pass.name);
    }
  });
}

function sane({ gflops, gbytes }: Limit): void {
  assert.ok(gflops > 0.1 && gflops < 1000, `${gflops} GFLOP/s`);
  assert.ok(gbytes > 0.1 && gbytes < 10000, `${gbytes} GB/s`);
}

test('the roofline', () => sane(measureRoofline()));

test('the roofline of lanes is above that of single numbers', () => {
  const [lanes, plain] = [measureWasmRoofline(), measureRoofline()];
  sane(lanes);
  assert.ok(lanes.gflops > plain.gflops, `${lanes.gflops} and ${plain.gflops} GFLOP/s`);
});

test('a kernel in WebAssembly works in place, draws included, and leaves its numbers there', async () => {
  for (const layer of ['layernorm', 'dropout']) {
    const passes = passesOf(await kernelOf({ layer, sizes: { N: 4, D: 16 }, target: 'wasm' }) as unknown as Kernel);
    const { cache, seed, step, ...arrays } = Object.fromEntries(passes[0]!.values) as Record<string, Float32Array> & { cache: Record<string, Float32Array> };
    assert.equal([seed, step], [1, 0]);
    const all = [...Object.values(arrays), ...Object.values(cache)].filter((a) => a.length > 0);
    assert.is(new Set(all.map((a) => a.buffer)).size, 1);
    for (const pass of passes) pass.bound();
    const bound = arrays['dx']!.slice();
    assert.ok(bound.some((v) => v !== 0));
    arrays['dx']!.fill(0);
    for (const pass of passes) pass.run();
    assert.equal(arrays['dx'], bound);
  }
});

test('the table has a row for a pass, with what each target takes', () => {
  const times = { medianUs: 12.34, minUs: 9.876 };
  const [ts, wasm]: Measured[] = [{ plain: times, bound: times, naive: times, gflops: 1, gbytes: 2, ofRoofline: 0.5 }, { bound: times, gflops: 3, gbytes: 4, ofRoofline: 0.25 }];
  const words = (text: string): string[] => text.trim().split(/ {2,}/);
  assert.equal(words(header(columns(['wasm']))), ['kernel', 'pass', 'wasm us', 'min', 'GFLOP/s', 'GB/s', 'roofline']);
  const both = words(row({ kernel: 'k', pass: 'forward', ts: ts!, wasm: wasm! }, columns(['ts', 'wasm'])));
  assert.equal(both, ['k', 'forward', '12.3', '9.88', '12.3', '9.88', '1.00', '2.00', '50 %', '12.3', '9.88', '3.00', '4.00', '25 %', '12.3']);
  assert.equal(words(row({ kernel: 'k', pass: 'forward', wasm: wasm! }, columns(['wasm']))), ['k', 'forward', '12.3', '9.88', '3.00', '4.00', '25 %']);
});

test('a plain process times a kernel from modules that are as they were written', async () => {
  // Inside the repository: there the modules find the packages that they import.
  const folder = mkdtempSync(join(root, '.kernelwright-bench-'));
  const options = process.env['NODE_OPTIONS'];
  try {
    process.env['NODE_OPTIONS'] = '--require=./what-is-not-there.cjs';
    const modules = new PlainModules(folder);
    const worker = modules.add(join(root, 'bench/worker.ts'));
    const kernel = modules.add(join(root, 'generated/dropout_100x500.ts'));
    assert.match(readFileSync(kernel, 'utf8'), /^const \w+ = \/\*@__PURE__\*\/ new Float32Array/m);
    writeFileSync(join(folder, 'flags.ts'), 'process.stdout.write(JSON.stringify(process.execArgv));\n');
    const flags = modules.add(join(folder, 'flags.ts'));
    assert.equal([await runPlain(flags, []), await runPlain(flags, [], ['no-opt', 'expose-gc'])], [[], ['--no-opt', '--expose-gc']]);
    const { ts, wasm } = await runPlain(worker, []) as Roofline;
    for (const limit of [ts, wasm]) sane(limit);
    const passes = await runPlain(worker, [kernel, '1']) as TimedPass[];
    assert.equal(passes.map((p) => p.pass), ['forwardTrain', 'backwardTrain']);
    for (const { plain, bound, naive } of passes) {
      for (const times of [plain!, bound]) assert.ok(times.minUs > 0 && times.minUs <= times.medianUs && times.medianUs < 1e6, JSON.stringify(times));
      assert.is(naive, undefined);
    }
    const [norm] = await runPlain(worker, [modules.add(join(root, 'generated/layernorm_4x16.ts')), '1']) as TimedPass[];
    assert.ok(norm!.naive!.medianUs > 0);

    const sources = join(folder, 'sources');
    mkdirSync(sources);
    const { files } = compileKernel({ source: sourceOf('layernorm'), load: sourceOf, sizes: new Map([['N', 4], ['D', 16]]), name: 'norm', target: 'wasm' });
    writeFileSync(join(sources, 'norm.wasm.ts'), files[0]!.text);
    const lanes = await runPlain(worker, [modules.add(join(sources, 'norm.wasm.ts')), '1']) as TimedPass[];
    assert.equal(lanes.map((p) => [p.pass, p.plain, p.naive]), [['forward', undefined, undefined], ['backward', undefined, undefined]]);
    assert.ok(lanes.every((p) => p.bound.minUs > 0 && p.flops > 0));
  } finally {
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
    rmSync(folder, { recursive: true });
  }
});

test.run();
