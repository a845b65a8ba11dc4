/**
 * Every case of test/fixtures/reference/golden: forward, each gradient and the running statistics of generated kernels
 * against PyTorch in float64, to 1e-6 of what is summed in a number (README there). Small cases run in f64 too, where hardly
 * anything may be lost.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXCEPTIONS, exceptionsOf } from './exceptions.ts';
import { kernelOf } from './kernels.ts';
import { count, readReference, tensor, type Case } from './reference.ts';
import { runAny } from './run.ts';

const cases = readReference('golden').cases;

/** f64 costs a second compilation: the plain cases, as far as they are small. */
const alsoDouble = (c: Case): boolean => c.tags.length === 0 && count(tensor(c, 'x').shape) < 200;

for (const c of cases) {
  test(c.id, async () => {
    assert.equal(await runAny(c, { make: kernelOf, dtype: 'f32', rtol: 1e-6 }, exceptionsOf(c)), []);
  });
}

for (const c of cases.filter((c) => !c.layer.includes('_') && alsoDouble(c))) {
  test(`${c.id} in f64`, async () => assert.equal(await runAny(c, { make: kernelOf, dtype: 'f64', rtol: 1e-13 }), []));
}

test('265 cases; what is excepted is tagged as a matter of convention', () => {
  assert.is(cases.length, 265);
  for (const id of EXCEPTIONS.keys()) {
    assert.ok(cases.find((c) => c.id === id)?.tags.some((tag) => tag.endsWith('convention')), id);
  }
});

test.run();
