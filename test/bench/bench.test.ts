/** The parts of the benchmark: every committed kernel can be called by its spec, in a plain process too, and the roofline is a number. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PlainModules, root, runPlain } from '../../bench/plain.ts';
import { measureRoofline, type Roofline } from '../../bench/roofline.ts';
import type { TimedPass } from '../../bench/worker.ts';
import { passesOf, type Kernel } from '../../bench/workload.ts';

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

function sane({ gflops, gbytes }: Roofline): void {
  assert.ok(gflops > 0.1 && gflops < 1000, `${gflops} GFLOP/s`);
  assert.ok(gbytes > 0.1 && gbytes < 10000, `${gbytes} GB/s`);
}

test('the roofline', () => sane(measureRoofline()));

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
    sane(await runPlain(worker, []) as Roofline);
    const passes = await runPlain(worker, [kernel, '1']) as TimedPass[];
    assert.equal(passes.map((p) => p.pass), ['forwardTrain', 'backwardTrain']);
    for (const { plain, bound, naive } of passes) {
      for (const times of [plain, bound]) assert.ok(times.minUs > 0 && times.minUs <= times.medianUs && times.medianUs < 1e6, JSON.stringify(times));
      assert.is(naive, undefined);
    }
    const [norm] = await runPlain(worker, [modules.add(join(root, 'generated/layernorm_4x16.ts')), '1']) as TimedPass[];
    assert.ok(norm!.naive!.medianUs > 0);
  } finally {
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
    rmSync(folder, { recursive: true });
  }
});

test.run();
