/**
 * Every case of test/fixtures/reference/golden: forward, each gradient and the running statistics of generated kernels
 * against PyTorch in float64, to 1e-6 of what is summed in a number (README there). Small cases run in f64 too, where hardly
 * anything may be lost.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { count, readReference, tensor, type Case } from './reference.ts';
import { runAny, type Exceptions } from './run.ts';

/** Where implementations differ on purpose: what is not compared, and why. */
const EXCEPTIONS = new Map<string, { readonly why: string; readonly except: Exceptions }>([]);

const cases = readReference('golden').cases;

/** f64 costs a second compilation: the plain cases, as far as they are small. */
const alsoDouble = (c: Case): boolean => c.tags.length === 0 && count(tensor(c, 'x').shape) < 200;

for (const c of cases) {
  test(c.id, async () => {
    const excepted = EXCEPTIONS.get(c.id)?.except;
    assert.equal(await runAny(c, { dtype: 'f32', rtol: 1e-6 }, excepted), []);
  });
}

for (const c of cases.filter((c) => !c.layer.includes('_') && alsoDouble(c))) {
  test(`${c.id} in f64`, async () => assert.equal(await runAny(c, { dtype: 'f64', rtol: 1e-13 }), []));
}

test('265 cases; all that are tagged as a matter of convention and differ are named', () => {
  assert.is(cases.length, 265);
  for (const id of EXCEPTIONS.keys()) assert.ok(cases.find((c) => c.id === id)?.tags.some((t) => t.endsWith('convention')), id);
});

test.run();
