/** The oracle against PyTorch in float64, as exact as f64 is: what every kernel is held against is itself right. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exceptionsOf } from './exceptions.ts';
import { oracleOf } from './oracle.ts';
import { count, readReference, tensor } from './reference.ts';
import { runAny } from './run.ts';

/** The interpreter is slow: what it takes a blink for. Dropout's mask is drawn, so that its cases are for kernels. */
const cases = readReference('golden').cases.filter((c) => c.layer !== 'dropout' && !c.layer.endsWith('_sequence'))
  .filter((c) => count(tensor(c, 'x').shape) < 700);

for (const c of cases) {
  test(c.id, async () => assert.equal(await runAny(c, { make: oracleOf, dtype: 'f64', rtol: 1e-9 }, exceptionsOf(c)), []));
}

test.run();
