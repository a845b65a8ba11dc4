/**
 * PyTorch beside the peers: skipped where there is none, held to our results where there is. A script that speaks as torch_worker.py does
 * stands in for it, so that this is tested without it.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernel } from '../../bench/peers/kernel.ts';
import type { PeerTiming, WorkloadReport } from '../../bench/peers/report.ts';
import { isRefusal } from '../../bench/peers/report.ts';
import { findTorch, withTorch } from '../../bench/peers/torch.ts';
import { prepareOurs } from '../../bench/peers/workload.ts';

const effort = { rounds: 2, batchMs: 1, warmMs: 1, budgetMs: 100 };
const time = { medianUs: 1, minUs: 1, rounds: 1 };
const fileOf = (name: string): string => fileURLToPath(new URL(`../../generated/${name}.ts`, import.meta.url));
const empty = (name: string): WorkloadReport =>
  ({ name, layer: name, label: name, passes: (['forward', 'backward', 'both'] as const).map((pass) => ({ pass, plain: time, peers: {} })) });

/** What becomes of a kernel under a Python. */
async function timings(python: string, name: string): Promise<PeerTiming[]> {
  const { passes } = await withTorch(python, { name, file: fileOf(name), wasm: '' }, empty(name), effort);
  return passes.map((p) => p.peers['torch']!);
}

/** A script to run in place of Python, which answers a job with `answer`, given the job as `job` and our results as `expected`. */
async function withScript(answer: string, use: (python: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-torch-'));
  try {
    const { workload } = prepareOurs('norm', await import(fileOf('layernorm_4x16')) as Kernel);
    const script = join(folder, 'python.cjs');
    writeFileSync(script, `#!${process.execPath}
      const { readFileSync, writeFileSync } = require('node:fs');
      const expected = ${JSON.stringify(Object.fromEntries(Object.entries(workload.expected).map(([name, a]) => [name, Array.from(a)])))};
      if (process.argv[2] === '-c') console.log('9.9');
      else { const job = JSON.parse(readFileSync(process.argv[3], 'utf8')); console.log(JSON.stringify((() => { ${answer} })())); }
    `);
    chmodSync(script, 0o755);
    await use(script);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Two forms, the second of them spoiled. */
const write = `const spoiled = { ...expected, dgamma: expected.dgamma.map((v) => v + 1) };
  writeFileSync(job.results, new Float32Array([...Object.values(expected), ...Object.values(spoiled)].flat()));
  const lengths = Object.fromEntries(Object.entries(expected).map(([name, a]) => [name, a.length]));
  return { results: { one: lengths, two: lengths } };`;

test('where no Python has it, it takes no part, and says how to get it', () => {
  for (const python of [['no-such-python'], [process.execPath]]) {
    const { python: found, info } = findTorch(python);
    assert.is(found, undefined);
    assert.equal(info, { name: 'torch', kind: 'native', versions: {}, refused: `\`${python[0]!} -c 'import torch'\` fails; Debian has it as python3-torch` });
  }
});

test('one that agrees is timed, with the arrays of the workload', () => withScript(`if ('results' in job) { ${write} }
  const floats = new Float32Array(new Uint8Array(readFileSync(job.floats)).buffer);
  const shapes = Object.entries(job.shapes);
  if (floats.length !== shapes.flatMap(([, s]) => s.reduce((a, b) => a * b, 1)).reduce((a, b) => a + b)) throw new Error('other arrays');
  if (job.forms.join() !== 'one' || job.layer !== 'layernorm' || job.options.eps !== 1e-5 || job.effort.rounds !== 2) throw new Error('another job');
  return { samples: { one: { forward: [3, 1, 2], backward: [20, 30, 10] }, other: { forward: [9, 9, 9], backward: [5, 6, 4] } } };`, async (python) => {
  assert.equal(findTorch(['no-such-python', python]), { python, info: { name: 'torch', kind: 'native', versions: { torch: '9.9' } } });
  const found = await timings(python, 'layernorm_4x16');
  const [one, other] = [{ rounds: 3, form: 'one' }, { rounds: 3, form: 'other' }];
  assert.equal(found, [{ medianUs: 2, minUs: 1, ...one }, { medianUs: 5, minUs: 4, ...other }, { medianUs: 14, minUs: 13, ...other }]);
}));

test('one that does not agree, or fails, is not timed', async () => {
  await withScript(`if (!('results' in job)) throw new Error('timed'); expected.dx[3] += 1; ${write}`, async (python) => {
    for (const found of await timings(python, 'layernorm_4x16')) assert.match(isRefusal(found) ? found.refused : '', /^wrong: dx differs from ours/);
  });
  await withScript('console.error("Traceback\\nMemoryError: no room"); process.exit(1);', async (python) => {
    for (const found of await timings(python, 'layernorm_4x16')) assert.equal(found, { refused: 'MemoryError: no room' });
  });
});

test('PyTorch itself, where it is, agrees with ours', async () => {
  const { python } = findTorch();
  if (python === undefined) return;
  for (const name of ['batchnorm_100x500', 'conv2d_32x1x28x28x8x5x5']) {
    const found = await timings(python, name);
    assert.equal(found.flatMap((t) => (isRefusal(t) ? [`${name}: ${t.refused}`] : [])), []);
  }
  assert.equal(await timings(python, 'relu_100x500'), new Array(3).fill({ refused: 'no adapter for relu' }));
});

test.run();
