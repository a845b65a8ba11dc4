/** The parts of the benchmark: every committed kernel can be called by its spec, and the roofline is a number. */
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureRoofline } from '../../bench/roofline.ts';
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

test('the roofline', () => {
  const { gflops, gbytes } = measureRoofline();
  assert.ok(gflops > 0.1 && gflops < 1000, `${gflops} GFLOP/s`);
  assert.ok(gbytes > 0.1 && gbytes < 10000, `${gbytes} GB/s`);
});

test.run();
