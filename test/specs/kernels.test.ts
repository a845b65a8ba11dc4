/**
 * The layers of this folder as kernels: each compiles in both types, is imported, and passes the proofs of its own
 * generated test.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { load, shown, specNames, valuesText } from './load.ts';
import { kernelProblems } from './module.ts';
import { runs } from './runs.ts';

for (const name of specNames) {
  const distinct = (runs[name] ?? []).filter((r) => r.domain !== 'tied');
  for (const [n, run] of distinct.entries()) {
    const dtype = n % 2 === 0 ? 'f64' : 'f32';
    const title = `${name}:${valuesText(run.sizes)}${valuesText(run.options)} ${dtype}`;
    test(title, async () => {
      const { sizes, options = {} } = run;
      assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype, staged: true })), []);
    });
    if (n > 0) continue;
    test(`${name}: added to, by a module that owns its arrays, f32`, async () => {
      const { sizes, options = {} } = run;
      assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype: 'f32', accumulate: true, buffers: 'module' })), []);
    });
  }
}

test.run();
