/**
 * What kernels are made from, against PyTorch in float64: the oracle, the derived formulas and the staged ones, interpreted
 * in doubles. A kernel that fails where these hold was scheduled or printed wrongly.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exceptionsOf } from './exceptions.ts';
import { formulasOf, oracleOf } from './oracle.ts';
import { count, readReference, tensor } from './reference.ts';
import { runAny } from './run.ts';

const WAYS = {
  oracle: oracleOf,
  derived: formulasOf,
  staged: (request: Parameters<typeof formulasOf>[0]) => formulasOf({ ...request, staged: true }),
};

/** The interpreter is slow: what it takes a blink for. Dropout's mask is drawn, so that its cases are for kernels. */
const cases = readReference('golden').cases.filter((c) => c.layer !== 'dropout' && !c.layer.endsWith('_sequence'))
  .filter((c) => count(tensor(c, 'x').shape) < 700);

for (const [way, make] of Object.entries(WAYS)) {
  for (const c of cases) {
    test(`${way}: ${c.id}`, async () => assert.equal(await runAny(c, { make, dtype: 'f64', rtol: 1e-9 }, exceptionsOf(c)), []));
  }
}

test.run();
