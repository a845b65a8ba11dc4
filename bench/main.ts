/**
 * `npm run bench`: every workload forward and backward, warm, with benny. Prints the median and least time of the plain functions
 * and of those over bound arrays, for the faster GFLOP/s, GB/s and the share of this machine's own JavaScript roofline, and
 * beside some of them the time of straightforward loops (naive.ts).
 *
 *   npm run bench -- --filter conv2d     only names that contain the word
 *   npm run bench -- --json FILE         also as data
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import benny from 'benny';
import { write } from '../cli/build.ts';
import { compileProject, findProject } from '../cli/project.ts';
import { openTerminal } from '../cli/terminal.ts';
import { naiveOf } from './naive.ts';
import { measureRoofline } from './roofline.ts';
import { passesOf, type Kernel } from './workload.ts';

interface Times {
  readonly medianUs: number;
  readonly minUs: number;
}

interface Row {
  readonly kernel: string;
  readonly pass: string;
  readonly plain: Times;
  readonly bound: Times;
  readonly naive?: Times;
  /** By the lower median. */
  readonly gflops: number;
  readonly gbytes: number;
  /** Of whichever limit is nearer. */
  readonly ofRoofline: number;
}

const ROUNDS = 3;

const { values } = parseArgs({ options: { filter: { type: 'string', default: '' }, json: { type: 'string' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const project = compileProject(findProject(join(root, 'bench/kernels.yaml')), join(root, 'build/bench'), openTerminal(false, true));
write(project);
const roofline = measureRoofline();
console.log(`roofline of this run: ${roofline.gflops.toFixed(1)} GFLOP/s in registers, ${roofline.gbytes.toFixed(1)} GB/s in cache\n`);
const header = ['plain us', 'min', 'bound us', 'min', 'GFLOP/s', 'GB/s', 'roofline', 'naive us'];
const line = (kernel: string, pass: string, cells: readonly string[]): string => [kernel.padEnd(30), pass.padEnd(13), ...cells.map((c) => c.padStart(10))].join(' ');
console.log(line('kernel', 'pass', header));

const terminal = openTerminal(false, true);
const rows: Row[] = [];
const chosen = project.build.kernels.map((k) => k.compiled.name).filter((name) => name.includes(values.filter));
for (const [n, name] of chosen.entries()) {
  terminal.progress(`[${n + 1}/${chosen.length}] ${name}`);
  const kernel = await import(pathToFileURL(join(project.out, `${name}.ts`)).href) as Kernel;
  for (const pass of passesOf(kernel)) {
    pass.run();
    const reference = naiveOf(kernel, pass.name, pass.values);
    const [plain, bound] = await timesOf(name, [pass.run, pass.bound]);
    const naive = reference && timeOf(reference);
    const seconds = Math.min(plain!.medianUs, bound!.medianUs) / 1e6;
    const gflops = pass.flops / seconds / 1e9;
    const gbytes = pass.bytes / seconds / 1e9;
    const row: Row = { kernel: name, pass: pass.name, plain: plain!, bound: bound!, ...(naive ? { naive } : {}), gflops, gbytes, ofRoofline: Math.max(gflops / roofline.gflops, gbytes / roofline.gbytes) };
    rows.push(row);
    const us = [plain!.medianUs, plain!.minUs, bound!.medianUs, bound!.minUs].map((t) => t.toFixed(t < 10 ? 2 : 1));
    terminal.progress('');
    console.log(line(name, pass.name, [...us, gflops.toFixed(2), gbytes.toFixed(2), `${(row.ofRoofline * 100).toFixed(0)} %`, naive?.medianUs.toFixed(1) ?? '']));
  }
}

/** Each function warm, then several rounds in turn, so that what disturbs the machine disturbs all. */
async function timesOf(name: string, functions: readonly (() => void)[]): Promise<Times[]> {
  for (const run of functions) {
    const start = performance.now();
    for (let call = 0; call < 12 || performance.now() - start < 250; call++) run();
  }
  const rounds: { readonly median: number; readonly min: number }[][] = functions.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    const cases = functions.map((run, n) => benny.add(String(n), () => { run(); }, { maxTime: 0.15, minSamples: 5 }));
    const { results } = await quietly(() => benny.suite(name, ...cases));
    results.forEach((r, n) => rounds[n]!.push(r.details));
  }
  return rounds.map((all) => ({
    medianUs: all.map((r) => r.median).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]! * 1e6, minUs: Math.min(...all.map((r) => r.min)) * 1e6,
  }));
}

/** A few calls of what is slow: it is there to be seen beside, not to be told apart from its like. */
function timeOf(run: () => void): Times {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) * 1e3;
  }).sort((a, b) => a - b);
  return { medianUs: times[2]!, minUs: times[0]! };
}

/** benny announces every suite; the table is enough. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => undefined;
  try {
    return await run();
  } finally {
    console.log = log;
  }
}

if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ roofline, rows }, undefined, 2)}\n`);
