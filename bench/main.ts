/**
 * `npm run bench`: every workload forward and backward, warm, with benny, each kernel in a plain Node process. Prints the median
 * and least time of the plain functions and of those over bound arrays, for the faster GFLOP/s, GB/s and the share of this machine's
 * own JavaScript roofline, and beside some of them the time of straightforward loops (naive.ts).
 *
 *   npm run bench -- --filter conv2d     only names that contain the word
 *   npm run bench -- --json FILE         also as data
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { write } from '../cli/build.ts';
import { compileProject, findProject } from '../cli/project.ts';
import { openTerminal } from '../cli/terminal.ts';
import { PlainModules, root, runPlain } from './plain.ts';
import type { Roofline } from './roofline.ts';
import type { TimedPass } from './worker.ts';

interface Row extends Omit<TimedPass, 'flops' | 'bytes'> {
  readonly kernel: string;
  /** By the lower median. */
  readonly gflops: number;
  readonly gbytes: number;
  /** Of whichever limit is nearer. */
  readonly ofRoofline: number;
}

/** Milliseconds of a round. */
const ROUND_MS = '150';

const { values } = parseArgs({ options: { filter: { type: 'string', default: '' }, json: { type: 'string' } } });
const terminal = openTerminal(false, true);
const project = compileProject(findProject(join(root, 'bench/kernels.yaml')), join(root, 'build/bench'), terminal);
write(project);
const modules = new PlainModules(join(root, 'build/bench/plain'));
const worker = modules.add(join(root, 'bench/worker.ts'));
const roofline = await runPlain(worker, []) as Roofline;
console.log(`roofline of this run: ${roofline.gflops.toFixed(1)} GFLOP/s in registers, ${roofline.gbytes.toFixed(1)} GB/s in cache\n`);
const header = ['plain us', 'min', 'bound us', 'min', 'GFLOP/s', 'GB/s', 'roofline', 'naive us'];
const line = (kernel: string, pass: string, cells: readonly string[]): string => [kernel.padEnd(30), pass.padEnd(13), ...cells.map((c) => c.padStart(10))].join(' ');
console.log(line('kernel', 'pass', header));

const rows: Row[] = [];
const chosen = project.build.kernels.map((k) => k.compiled.name).filter((name) => name.includes(values.filter));
for (const [n, name] of chosen.entries()) {
  terminal.progress(`[${n + 1}/${chosen.length}] ${name}`);
  const passes = await runPlain(worker, [modules.add(join(project.out, `${name}.ts`)), ROUND_MS]) as TimedPass[];
  terminal.progress('');
  for (const pass of passes) {
    const row = rowOf(name, pass);
    rows.push(row);
    const us = [row.plain, row.bound].flatMap((t) => [t.medianUs, t.minUs]).map((t) => t.toFixed(t < 10 ? 2 : 1));
    const share = `${(row.ofRoofline * 100).toFixed(0)} %`;
    console.log(line(name, row.pass, [...us, row.gflops.toFixed(2), row.gbytes.toFixed(2), share, row.naive?.medianUs.toFixed(1) ?? '']));
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ roofline, rows }, undefined, 2)}\n`);

function rowOf(kernel: string, { flops, bytes, ...pass }: TimedPass): Row {
  const seconds = Math.min(pass.plain.medianUs, pass.bound.medianUs) / 1e6;
  const gflops = flops / seconds / 1e9;
  const gbytes = bytes / seconds / 1e9;
  return { kernel, ...pass, gflops, gbytes, ofRoofline: Math.max(gflops / roofline.gflops, gbytes / roofline.gbytes) };
}
