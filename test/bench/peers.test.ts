/** The parts of `npm run bench:peers` that need no peer: what it prints and draws, what it compares, how it times. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawChart } from '../../bench/peers/chart.ts';
import { disagreement } from '../../bench/peers/compare.ts';
import type { Kernel } from '../../bench/peers/kernel.ts';
import { CHANNELS_LAST, FILTERS_LAST, inverse, permute, reordered } from '../../bench/peers/layout.ts';
import { race, sum, timing, without } from '../../bench/peers/measure.ts';
import { samplesOf, withOurs } from '../../bench/peers/ours.ts';
import type { Report } from '../../bench/peers/report.ts';
import { printTable } from '../../bench/peers/table.ts';
import { prepareOurs } from '../../bench/peers/workload.ts';
import type { Results, Workload } from '../../bench/peers/workload.ts';
import { compileKernel } from '../../compiler/index.ts';
import { kernelOf as compiled } from '../golden/kernels.ts';
import { sourceOf } from '../golden/specs.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const fixture = JSON.parse(read('test/bench/fixtures/results.json')) as Report;

test('the table', () => {
  assert.fixture(printTable(fixture), [
    'workload           pass  plain  bound    wasm  plain-one  plain-two  wasm-one   torch          best JS          best WASM              native',
    'norm 4×16           fwd  2.000  1.000  0.2500      200.0      100.0    0.5000  0.1250  50.0× 100× 400×  0.25× 0.50× 2.00×  0.063× 0.13× 0.50×',
    'norm 4×16           bwd  12.35  10.00              12346        [1]       [2]              1000× 1235×                  –                   –',
    'pool 8×8 stride 2   fwd  5.000                       [3]        [1]     5.000                        –              1.00×                   –',
    '',
    'Median microseconds of a call. The last columns: the best peer\'s time over ours, plain, bound and wasm; above 1, ours is faster.',
    '[1] plain-two has no such layer',
    '[2] wasm-one wrong: dx differs from ours by 0.5 of its largest value',
    '[3] plain-one has no such layer',
    'wasm-two took no part: wasm-two not installed (no network)',
    '',
    'Minified and gzipped:',
    'ours: norm_4x16   0.5 kB',
    'plain-one        90.1 kB',
  ].join('\n'));
});

interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

/** Every text of a chart with the room it takes: glyphs of 11 px monospace are 6.62 px wide. */
function boxes(svg: string): Box[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, content]) => {
    const value = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(` ${attributes!}`)?.[1];
    const text = content!.replaceAll(/&\w+;/g, '?');
    const width = text.length * (value('class') === 'title' ? 8 : 6.62);
    const x = Number(value('x')) - { middle: width / 2, end: width, start: 0 }[value('text-anchor') ?? 'start']!;
    return { text, left: x, right: x + width, bottom: Number(value('y')) };
  });
}

const shown = existsSync(new URL('docs/bench/results.json', root)) ? [JSON.parse(read('docs/bench/results.json')) as Report] : [];

test('no two texts of a chart overlap, and none leaves it', () => {
  for (const report of [fixture, ...shown]) {
    const svg = drawChart(report);
    const width = Number(/ width="(\d+)"/.exec(svg)![1]);
    const all = boxes(svg);
    assert.ok(all.length > 20);
    for (const [n, a] of all.entries()) {
      assert.ok(a.left >= 0 && a.right <= width, `${a.text} ends at ${a.right}`);
      const over = all.slice(n + 1).find((b) => Math.abs(a.bottom - b.bottom) < 12 && a.left < b.right && b.left < a.right);
      assert.is(over && `${a.text} is over ${over.text}`, undefined);
    }
  }
});

test('marks stand where the ratio is', () => {
  const svg = drawChart(fixture);
  const gridline = (label: string): number => Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${label}</text>`).exec(svg)![1]);
  const discs = [...svg.matchAll(/<circle class="js" cx="([\d.]+)"/g)].map((m) => Number(m[1])).slice(1);
  assert.is(discs[0], gridline('100×'));
  assert.ok(discs[1]! > gridline('1,000×') && discs[1]! < gridline('10,000×'));
  const diamonds = [...svg.matchAll(/<path class="wasm" d="M([\d.]+) /g)].map((m) => Number(m[1])).slice(1);
  assert.ok(diamonds[0]! > gridline('0.1×') && diamonds[0]! < gridline('1×'));
  assert.is(diamonds[1], gridline('1×'));
  assert.is(discs.length + diamonds.length, 4);
  // Of ours in WebAssembly, which only one pass has: beside the best peer there, and beside PyTorch.
  const squares = [...svg.matchAll(/<rect class="lanes" x="([\d.]+)"/g)].map((m) => Number(m[1]) + 3.5).slice(1);
  assert.is(squares.length, 1);
  assert.ok(squares[0]! > gridline('1×') && squares[0]! < gridline('10×'));
  const triangles = [...svg.matchAll(/<path class="native" d="M([\d.]+) /g)].map((m) => Number(m[1])).slice(1);
  assert.is(triangles.length, 1);
  assert.ok(triangles[0]! > gridline('0.1×') && triangles[0]! < gridline('1×'));
});

test('a chart without kernels in WebAssembly says nothing of them', () => {
  const without = { ...fixture, workloads: fixture.workloads.map((w) => ({ ...w, passes: w.passes.map(({ wasm: _, ...pass }) => pass) })) };
  assert.match(drawChart(fixture), 'WebAssembly against');
  assert.not.match(drawChart(without), 'WebAssembly against');
});

test('a chart is well formed, whatever a machine is called, and knows both schemes', () => {
  const svg = drawChart(fixture);
  assert.match(svg, 'A &lt;fast> &amp; small machine');
  assert.match(svg, 'prefers-color-scheme: dark');
  const open: string[] = [];
  for (const [, closing, name, own] of svg.matchAll(/<(\/?)(\w+)(?:\s[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (closing) assert.is(open.pop(), name);
    else if (!own) open.push(name!);
  }
  assert.equal(open, []);
  assert.is(svg.match(/</g)!.length, [...svg.matchAll(/<\/?\w/g)].length);
});

test('the chart in the documents shows the results beside it (npm run bench:peers)', () => {
  for (const report of shown) assert.fixture(read('docs/bench/chart.svg'), drawChart(report));
});

test('a layout is undone by its inverse, and moves what it says', () => {
  const shape = [2, 3, 4, 5];
  const array = Float32Array.from({ length: 120 }, (_, i) => i);
  for (const order of [CHANNELS_LAST, FILTERS_LAST]) {
    const there = permute(array, shape, order);
    assert.not.equal(there, array);
    assert.equal(permute(there, reordered(shape, order), inverse(order)), array);
  }
  const [n, c, h, w] = [1, 2, 3, 4];
  assert.is(permute(array, shape, CHANNELS_LAST)[((n * 4 + h) * 5 + w) * 3 + c], array[((n * 3 + c) * 4 + h) * 5 + w]);
});

const kernelOf = async (name: string): Promise<Kernel> => await import(new URL(`generated/${name}.ts`, root).href) as Kernel;

/** Our own results with one element changed. */
function spoiled(workload: Workload, name: string, change: (value: number) => number): Results {
  const array = Float32Array.from(workload.expected[name]!);
  array[7] = change(array[7]!);
  return { ...workload.expected, [name]: array };
}

test('a workload brings our results, and a peer that differs is told how', async () => {
  const { workload, plain, bound } = prepareOurs('norm', await kernelOf('layernorm_4x16'));
  assert.is(disagreement(workload, workload.expected), undefined);
  assert.is(workload.label, '4×16');
  assert.equal(Object.keys(workload.expected), ['out', 'dx', 'dgamma', 'dbeta']);
  assert.match(disagreement(workload, spoiled(workload, 'dx', (v) => v + 0.1))!, /^dx differs from ours by 0\.0\d+ of its largest value$/);
  assert.match(disagreement(workload, spoiled(workload, 'dgamma', () => NaN))!, /^dgamma differs from ours by NaN/);
  assert.is(disagreement(workload, { out: new Float32Array(3) }), 'out has 3 elements, ours 64');
  for (const passes of [plain, bound!]) {
    passes.forward();
    passes.backward();
  }
});

test('a kernel in WebAssembly has the workload of the one in TypeScript, in place', async () => {
  for (const layer of ['layernorm', 'dropout']) {
    const [wasm, ours] = await Promise.all((['wasm', 'ts'] as const).map(async (target) =>
      prepareOurs('k', await compiled({ layer, sizes: { N: 4, D: 16 }, target }) as unknown as Kernel)));
    assert.equal(wasm!.workload.arrays, ours!.workload.arrays);
    assert.is(disagreement(ours!.workload, wasm!.workload.expected), undefined);
    // The same draws, not only the same law.
    if (layer === 'dropout') assert.equal(wasm!.workload.expected, ours!.workload.expected);
  }
});

test('ours are timed in plain processes, one for each target, and not where the two differ', async () => {
  // Inside the repository: there the modules find what they import.
  const folder = mkdtempSync(join(fileURLToPath(root), '.kernelwright-bench-'));
  const effort = { rounds: 2, batchMs: 1, warmMs: 1, budgetMs: 100 };
  const build = (target: 'ts' | 'wasm', eps: number, file: string): string => {
    const sizes = new Map([['N', 4], ['D', 16]]);
    const { files } = compileKernel({ source: sourceOf('layernorm'), load: sourceOf, sizes, options: new Map([['eps', eps]]), name: 'norm', target });
    writeFileSync(join(folder, file), files[0]!.text);
    return join(folder, file);
  };
  try {
    const kernel = { name: 'norm', file: build('ts', 1e-5, 'norm.ts'), wasm: build('wasm', 1e-5, 'norm.wasm.ts') };
    const samples = await samplesOf(kernel, effort);
    assert.equal(Object.keys(samples).sort(), ['bound backward', 'bound forward', 'plain backward', 'plain forward', 'wasm backward', 'wasm forward']);
    for (const each of Object.values(samples)) assert.ok(each.length === 2 && each.every((us) => us > 0 && us < 1e5));
    const [pass] = fixture.workloads[0]!.passes;
    const [timed] = withOurs({ ...fixture.workloads[0]!, passes: [pass!] }, [samples, { 'wasm forward': [0.001], 'wasm backward': [1] }]).passes;
    assert.equal(timed!.wasm, timing([...samples['wasm forward']!, 0.001]));

    let refused = '';
    await samplesOf({ ...kernel, wasm: build('wasm', 1, 'other.wasm.ts') }, effort).catch((error: unknown) => { refused = String(error); });
    assert.match(refused, /norm in WebAssembly is wrong: out differs from ours by 0\.\d+ of its largest value/);
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(fileURLToPath(new URL(`build/bench-plain/${basename(folder)}`, root)), { recursive: true, force: true });
  }
});

test('a layer that draws numbers is held to its law', async () => {
  const { workload, bound } = prepareOurs('dropout', await kernelOf('dropout_100x500'));
  bound!.forward();
  const { expected, arrays, options } = workload;
  assert.is(disagreement(workload, expected), undefined);
  const unscaled = Object.fromEntries(Object.entries(expected).map(([name, a]) => [name, Float32Array.from(a, (v) => v * options['p']!)]));
  assert.is(disagreement(workload, unscaled), undefined);
  assert.is(disagreement(workload, { out: arrays['x']! }), 'keeps 1.000 of the values, not 0.5');
  assert.is(disagreement(workload, { ...expected, dx: arrays['dout']! }), 'dx does not follow the mask of out');
  assert.is(disagreement(workload, { out: Float32Array.from(expected['out']!, (v) => v * 3) }), 'out is neither 0 nor x by one factor');
});

test('a race gives each contestant its rounds, and a slow one fewer', async () => {
  let clock = 0;
  const turns: string[] = [];
  const takes = (ms: number): void => { clock += ms; };
  const contestants = [
    { name: 'fast', call: () => takes(0.25) },
    { name: 'slow', call: () => takes(30), enter: () => { turns.push('enter'); return Promise.resolve(); } },
    { name: 'late', call: async () => { await Promise.resolve(); takes(2); } },
    { name: 'endless', call: () => takes(120) },
  ];
  const samples = await race(contestants, { rounds: 4, batchMs: 2, warmMs: 2, budgetMs: 70 }, (name) => turns.push(name), () => clock);
  assert.equal(Object.fromEntries(samples), {
    fast: [250, 250, 250, 250], slow: [30_000, 30_000], late: [2000, 2000, 2000, 2000], endless: [120_000],
  });
  const round = ['fast', 'slow', 'enter', 'late'];
  assert.equal(turns, [...round, 'endless', ...round, ...round, 'fast', 'late', 'fast', 'late']);
  assert.equal(timing(samples.get('fast')!), { medianUs: 250, minUs: 250, rounds: 4 });
});

test('a backward that was timed with its forward', () => {
  assert.equal(without([30, 40, 51], [10, 12, 11]), [20, 28, 40]);
  assert.equal(without([30, 5, 31], [10, 9, 11]), [20, 0, 20]);
  assert.is(without([10.1, 10.2], [10]), undefined);
  assert.equal(sum([1, 2, 3], [10, 20]), [11, 22]);
  assert.equal(timing([3, 1, 2, 10]), { medianUs: 2.5, minUs: 1, rounds: 4 });
});

test.run();
