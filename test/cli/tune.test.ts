/** The search for schedules with numbers in place of measurements, the file it writes, and real runs for both targets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answersOf, readTuning, tuningText } from '../../compiler/build/tuning.ts';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import { measureFunction } from '../../cli/tune/measure.ts';
import { search } from '../../cli/tune/search.ts';
import { contents, hasStack, kernelwright, withFolder } from './harness.ts';

/** A scheduler with two places, the second of which is there only where the first says `packed`. */
const points = (answers: ReadonlyMap<string, string>) => {
  const form = { point: 'f/form', labels: ['loops', 'packed'], taken: answers.get('f/form') ?? 'loops' };
  const tile = { point: 'f/tile', labels: ['1x1', '2x2', '4x1'], taken: answers.get('f/tile') ?? '1x1' };
  return form.taken === 'packed' ? [form, tile] : [form];
};

test('each place takes its fastest candidate, those that appear on the way too', async () => {
  const times: Readonly<Record<string, number>> = { loops: 100, 'packed 1x1': 80, 'packed 2x2': 50, 'packed 4x1': 60 };
  const found = await search({
    pointsOf: points, progress: () => {},
    measure: async (a) => times[a.get('f/form') === 'loops' ? 'loops' : `packed ${a.get('f/tile') ?? '1x1'}`]!,
  });
  assert.equal([...found.answers], [['f/form', 'packed'], ['f/tile', '2x2']]);
  assert.equal([found.before, found.after], [100, 50]);
});

test('noise does not beat the cost model, and a slow candidate is measured once', async () => {
  const measured: string[] = [];
  const found = await search({
    pointsOf: points, progress: () => {},
    measure: async (a) => {
      const form = a.get('f/form')!;
      measured.push(form);
      return form === 'loops' ? 100 : 99;
    },
  });
  assert.is(found.answers.get('f/form'), 'loops');
  const slow: string[] = [];
  await search({ pointsOf: points, progress: () => {}, measure: async (a) => (slow.push(a.get('f/form')!), a.get('f/form') === 'loops' ? 100 : 300) });
  assert.is(slow.filter((x) => x === 'packed').length, 1);
  assert.is(measured.filter((x) => x === 'packed').length, 3);
});

test('a tuning file reads back as it was written, and a wrong one is refused with its place', () => {
  const tuning = new Map([['k', new Map([['forward', new Map([['out/tile', '4x1'], ['out/pack-w', 'blocks']])], ['backward', new Map<string, string>()]])]]);
  const text = tuningText(tuning, 'Measured nowhere.');
  assert.equal(readTuning({ path: 'kernels.tuning.yaml', text }), tuning);
  assert.equal([...answersOf(tuning, 'k')], [['forward/out/tile', '4x1'], ['forward/out/pack-w', 'blocks']]);
  for (const bad of ['kernels: fast', 'kernels: { k: [1] }', 'kernels: { k: { forward: 3 } }', '[]']) {
    assert.throws(() => readTuning({ path: 'x', text: bad }), (e: unknown) => e instanceof DiagnosticError && e.diagnostics[0]!.code === 'tuning-format');
  }
});

test('tune measures, writes a file, goes on where it was, and build follows it', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: affine, sizes: { N: 2, D: 3, M: 2 }, name: small }\n',
}, async (folder) => {
  await kernelwright(folder, ['build']);
  const untuned = contents(join(folder, 'generated'))['small.ts'];
  const tuned = await kernelwright(folder, ['tune', '--ms', '2', '--json']);
  assert.is(tuned.code, 0, tuned.err);
  const { results } = JSON.parse(tuned.out) as { results: { kernel: string; function: string; after: number }[] };
  assert.equal(results.map((r) => `${r.kernel} ${r.function}`), ['small forward', 'small backward']);
  assert.ok(results.every((r) => r.after > 0 && Number.isFinite(r.after)));
  const again = await kernelwright(folder, ['tune', '--ms', '2']);
  assert.match(again.out, 'nothing left to tune');
  const path = join(folder, 'kernels.tuning.yaml');
  const tuning = readTuning({ path, text: readFileSync(path, 'utf8') });
  assert.ok(answersOf(tuning, 'small').has('backward/dw/form'));
  const chosen = readFileSync(path, 'utf8').replace(/out\/form: \w+/, 'out/form: packed');
  await withFolder({ 'kernels.yaml': readFileSync(join(folder, 'kernels.yaml'), 'utf8'), 'kernels.tuning.yaml': chosen }, async (other) => {
    assert.is((await kernelwright(other, ['build'])).code, 0);
    const followed = contents(join(other, 'generated'))['small.ts'];
    assert.match(followed!, 'forwardOut');
    assert.not.match(untuned!, 'forwardOut');
    assert.is((await kernelwright(other, ['check'])).code, 0);
  });
}));

test('a kernel in both targets has answers for each, and each build follows its own', () => withFolder({
  'kernels.yaml': 'target: [ts, wasm]\nkernels:\n  - { layer: affine, sizes: { N: 2, D: 3, M: 4 }, name: small }\n',
  'kernels.tuning.yaml': 'kernels:\n  small:\n    forward:\n      out/form: packed\n',
}, async (folder) => {
  const tuned = await kernelwright(folder, ['tune', '--filter', '.wasm', '--ms', '2', '--json']);
  assert.is(tuned.code, 0, tuned.err);
  const { results } = JSON.parse(tuned.out) as { results: { kernel: string; function: string; after: number }[] };
  assert.equal(results.map((r) => `${r.kernel} ${r.function}`), ['small.wasm forward', 'small.wasm backward']);
  assert.ok(results.every((r) => r.after > 0 && Number.isFinite(r.after)));
  assert.match((await kernelwright(folder, ['tune', '--filter', '.wasm', '--ms', '2'])).out, 'nothing left to tune');

  const path = join(folder, 'kernels.tuning.yaml');
  const text = readFileSync(path, 'utf8');
  const tuning = readTuning({ path, text });
  assert.equal([...answersOf(tuning, 'small')], [['forward/out/form', 'packed']]);
  assert.ok(answersOf(tuning, 'small.wasm').has('forward/out/form'), text);

  // Another answer for one target: the other one's module stays as it was.
  const [plain, wasm] = text.split('  small.wasm:');
  const scalar = `${plain!}  small.wasm:${wasm!.replace(/out\/form: (\w+)/, (_, form) => `out/form: ${form === 'loops' ? 'packed' : 'loops'}`)}`;
  assert.is.not(scalar, text);
  await kernelwright(folder, ['build']);
  const before = contents(join(folder, 'generated'));
  await withFolder({ 'kernels.yaml': readFileSync(join(folder, 'kernels.yaml'), 'utf8'), 'kernels.tuning.yaml': scalar }, async (other) => {
    assert.is((await kernelwright(other, ['build'])).code, 0);
    const followed = contents(join(other, 'generated'));
    assert.is(followed['small.ts'], before['small.ts']);
    assert.is.not(followed['small.wasm.ts'], before['small.wasm.ts']);
    assert.is((await kernelwright(other, ['check'])).code, 0);
    // A build of one target leaves the answers for the other alone.
    for (const target of ['ts', 'wasm']) assert.is((await kernelwright(other, ['build', '--target', target, '--out', `only-${target}`])).code, 0);
    assert.is(contents(join(other, 'only-wasm'))['small.wasm.ts'], followed['small.wasm.ts']);
  });
}));

test('a kernel in WebAssembly is measured in place: all of its arrays lie in the memory that it is attached to, apart', async () => {
  const text = `
    export const spec = {
      tensors: { x: { shape: [5], dtype: 'f32' }, y: { shape: [3], dtype: 'i32' } }, bytes: { scratch: 100 },
      cache: { mask: { shape: [7], dtype: 'u8' }, x: { shape: [5], dtype: 'f32', held: true } }, arguments: { forward: ['x', 'y', 'cache'] },
    };
    export const createCache = () => ({ mask: new Uint8Array(7), x: new Float32Array(0) });
    let buffer;
    export const attach = (memory, scratch) => { if (scratch % 16 === 0) buffer = memory.buffer; };
    export const bind = ({ x, y, cache }) => ({ forward: () => {
      const arrays = [x, y, cache.mask];
      if (arrays.some((a) => a.buffer !== buffer || a.byteOffset % 64 !== 0)) throw new Error('elsewhere');
      if (arrays.map((a) => a.byteOffset).join() !== '128,192,256' || arrays.map((a) => a.length).join() !== '5,3,7') throw new Error('not apart');
      if (x.some((v) => v < 0.5) || cache.x.length !== 0) throw new Error('not filled');
    } });`;
  await withFolder({}, async (folder) => {
    assert.ok(await measureFunction(text, 'forward', folder, 1) > 0);
    let refused = '';
    await measureFunction(text.replace('buffer = memory.buffer', 'buffer = 0'), 'forward', folder, 1).catch((error: unknown) => { refused = String(error); });
    assert.match(refused, 'elsewhere');
  });
});

test('a kernel that the build file does not have is named', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: relu, sizes: { N: 2, D: 3 } }\n',
  'kernels.tuning.yaml': 'kernels:\n  gelu_2x3:\n    forward: {}\n',
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.match(run.err, 'error[tuning-unknown]: no entry of the build file makes a kernel `gelu_2x3`');
  assert.match(run.err, 'kernels.tuning.yaml:2:3');
  assert.not.ok(hasStack(run));
  const bad = await kernelwright(folder, ['tune', '--ms', 'soon']);
  assert.match(bad.err, 'error[flag-value]');
}));

test.run();
