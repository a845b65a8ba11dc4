/** The main job runs as a user runs it, and its check can fail. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { differentiate } from '../../compiler/phases/3-differentiate/index.ts';
import { readSpec } from '../../compiler/phases/1-read/index.ts';
import { elaborate } from '../../compiler/phases/2-elaborate/index.ts';
import { check, remember } from '../../examples/start/check.ts';
import { table } from '../../examples/start/print.ts';
import { layer, type Kernel } from '../../runtime/index.ts';
import { oracleOf } from '../golden/oracle.ts';
import { sourceOf } from '../golden/specs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('npm start: kernels, the derived backward, digits, a table, a falling loss', () => {
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'examples/start/main.ts'], { cwd: root, encoding: 'utf8' });
  assert.is(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /dx +\[N, D\] = gamma \* rstd \/ N \* \(N\*dout - dbeta - xhat \* dgamma\)/);
  for (const row of ['conv2d', 'spatial_batchnorm', 'relu', 'maxpool2d', 'affine', 'softmax_loss']) {
    assert.match(run.stdout, new RegExp(`${row} +\\[.*\\] -> \\[.*\\].*e[-+]`), row);
  }
  assert.match(run.stdout, /everything holds/);
  assert.not.match(run.stderr, /[Ww]arning/);
  assert.match(run.stderr, /\[6\/6\] softmax_loss/, 'without a terminal, progress is a line a kernel');
});

test('a wrong number is seen, wherever it is', async () => {
  const request = { layer: 'layernorm', sizes: { N: 2, D: 3 } };
  const spec = elaborate(readSpec(sourceOf(request.layer), sourceOf), {
    sizes: new Map(Object.entries(request.sizes)), options: new Map(), dtype: 'f64',
  });
  const { oracle } = differentiate(spec, spec.modes[0]!);
  const step = { name: 'norm', layer: layer(await oracleOf(request) as Kernel, { params: { gamma: [1, 2, 3], beta: [4, 5, 6] } }) };
  step.layer.inputs.x!.set([1, 5, 2, 8, 3, 3]);
  step.layer.upstream.dout!.set([1, 2, 3, 4, 5, 7]);
  const before = remember(step);
  const run = (): number => check(step, before, oracle).error;
  step.layer.forward();
  step.layer.backward();
  assert.is(run(), 0);
  for (const array of [step.layer.outputs.out!, step.layer.grads.x!, step.layer.grads.gamma!, step.layer.grads.beta!]) {
    const right = array[1]!;
    array[1] = right + 1e-3;
    assert.ok(run() > 1e-5);
    array[1] = NaN;
    assert.is(run(), Infinity);
    array[1] = right;
  }
});

test('a table is as wide as what it holds', () => {
  assert.is(table(['what', 'ms'], [['a', '1.5'], ['longer', '10']], ['ms']), 'what      ms\na        1.5\nlonger    10');
});

test.run();
