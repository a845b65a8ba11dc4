/** Ten kernels in WebAssembly are ready at once. The bound is for a machine that has others to serve: alone it takes a tenth. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureInstantiation } from '../../bench/instantiate.ts';

test('ten kernels are compiled and instantiated in no time', () => {
  const [shortest] = measureInstantiation(8);
  assert.ok(shortest! > 0);
  assert.ok(shortest! < 40, `${shortest} ms`);
});

test.run();
