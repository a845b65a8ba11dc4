/** What `cache: auto` chooses, where cost alone would choose badly. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernel } from '../compiler/index.ts';

const HEAD = 'layer: demo\ninputs: { x: [N, D] }\nparams: { gamma: [D] }\noutputs: { out: [N, D] }\nforward:\n  mu: mean[D](x)\n';

function chosen(lines: string): string[] {
  const source = { path: 'specs/demo.layer.yaml', text: `${HEAD}${lines}` };
  const { derived } = compileKernel({ source, load: () => undefined, sizes: { N: 7, D: 33 }, options: {}, dtype: 'f32' });
  return [...derived.cache, ...derived.held].map((t) => t.name).sort();
}

test('a mean that is taken from its own tensor is computed again, not rounded', () => {
  assert.equal(chosen('  v: mean[D]((x - mu)^2)\n  out: gamma * (x - mu) / sqrt(v + 1.0e-5)\n'), ['v', 'x']);
  assert.equal(chosen('  out: gamma * (x - mu)^3\n'), ['x']);
});

test('a difference that has a name is kept in its place', () => {
  assert.equal(chosen('  v: mean[D]((x - mu)^2)\n  xhat: (x - mu) / sqrt(v + 1.0e-5)\n  out: gamma * xhat\n'), ['v', 'xhat']);
});

test.run();
