/** Every case of test/fixtures/reference/golden through kernels in WebAssembly, to 2e-6 where sums run in lanes of floats. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exceptionsOf } from './exceptions.ts';
import { kernelOf } from './kernels.ts';
import { readReference } from './reference.ts';
import { runAny } from './run.ts';

for (const c of readReference('golden').cases) {
  test(c.id, async () => {
    const make: typeof kernelOf = (request) => kernelOf({ ...request, target: 'wasm' });
    assert.equal(await runAny(c, { make, dtype: 'f32', rtol: 2e-6 }, exceptionsOf(c)), []);
  });
}

test.run();
