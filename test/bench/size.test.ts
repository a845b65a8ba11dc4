/** No page of bench/sizes.yaml is over its limit, and the measurement sees what a page imports. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { excess, measureSizes, pages } from '../../bench/sizes.ts';

test('pages are within their limits', async () => {
  const sizes = await measureSizes(pages());
  assert.ok(sizes.length >= 5);
  assert.equal(sizes.flatMap((s) => excess(s) ?? []), []);
});

test('what is imported counts, what is not does not', async () => {
  const page = (names: string) => ({ name: names, limit: 300, kernels: 'examples/start/kernels.yaml', code: `export { ${names} } from 'kernels/relu.ts';` });
  const [cache, both] = await measureSizes([page('createCache'), page('createCache, forward, backward')]);
  assert.ok(cache!.bytes < 120 && both!.bytes > 350, `${cache!.bytes}, ${both!.bytes}`);
  assert.is(excess(cache!), undefined);
  assert.is(excess(both!), `createCache, forward, backward: ${both!.bytes} bytes, ${both!.bytes - 300} more than its limit of 300`);
});

test.run();
