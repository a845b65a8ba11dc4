/**
 * What a plain process of `npm run bench` does: `node worker.js MODULE MS` times every pass of a kernel, some MS milliseconds a round,
 * `node worker.js` what the machine can do at most. Prints JSON. Kernels in WebAssembly are timed in place: bound to arrays in the
 * memory that they work on.
 */
import { pathToFileURL } from 'node:url';
import benny from 'benny';
import { naiveOf } from './naive.ts';
import { measureWasmRoofline } from './roofline-wasm.ts';
import { measureRoofline, type Limit } from './roofline.ts';
import { passesOf, type Kernel } from './workload.ts';

/** By target. */
export type Roofline = Readonly<Record<Kernel['spec']['target'], Limit>>;

export interface Times {
  readonly medianUs: number;
  readonly minUs: number;
}

/** One pass of a kernel. */
export interface TimedPass {
  readonly pass: string;
  readonly bound: Times;
  /** Of a kernel in TypeScript. */
  readonly plain?: Times;
  readonly naive?: Times;
  readonly flops: number;
  readonly bytes: number;
}

const ROUNDS = 3;

const [file, ms] = process.argv.slice(2);
const found = file === undefined ? { ts: measureRoofline(), wasm: measureWasmRoofline() } satisfies Roofline : await timePasses(file, Number(ms));
process.stdout.write(JSON.stringify(found));

async function timePasses(path: string, roundMs: number): Promise<TimedPass[]> {
  const kernel = await import(pathToFileURL(path).href) as Kernel;
  const timed: TimedPass[] = [];
  for (const { name, run, bound, values, flops, bytes } of passesOf(kernel)) {
    run();
    const isPlain = kernel.spec.target === 'ts';
    const reference = naiveOf(kernel, name, values);
    const [own, plain] = await timesOf(isPlain ? [bound, run] : [bound], roundMs);
    timed.push({ pass: name, bound: own!, ...(plain ? { plain } : {}), ...(isPlain && reference ? { naive: timeOf(reference) } : {}), flops, bytes });
  }
  return timed;
}

/** Each function warm, then several rounds in turn, so that what disturbs the machine disturbs all. */
async function timesOf(functions: readonly (() => void)[], roundMs: number): Promise<Times[]> {
  for (const run of functions) {
    const start = performance.now();
    for (let call = 0; call < 12 || performance.now() - start < roundMs * 1.5; call++) run();
  }
  const rounds: { readonly median: number; readonly min: number }[][] = functions.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    const cases = functions.map((run, n) => benny.add(String(n), () => { run(); }, { maxTime: roundMs / 1000, minSamples: 5 }));
    const { results } = await quietly(() => benny.suite('kernel', ...cases));
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
