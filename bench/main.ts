/**
 * `npm run bench`: every workload forward and backward, warm, with benny, each kernel of each target in a plain Node process. Prints the
 * median and least time of the plain functions, of those over bound arrays, and of those in WebAssembly, bound in place; of the faster in
 * TypeScript and of WebAssembly what it computes or moves in a second, and what share that is of the machine's own limit for the target;
 * and beside some of them the time of straightforward loops (naive.ts).
 *
 *   npm run bench -- --filter conv2d     only names that contain the word
 *   npm run bench -- --target wasm       only one target
 *   npm run bench -- --json FILE         also as data
 *   npm run bench -- --v8 FLAG           with a flag of V8's, such as experimental-wasm-relaxed-simd (may be given again)
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { write } from '../cli/build.ts';
import { compileProject, findProject } from '../cli/project.ts';
import { openTerminal } from '../cli/terminal.ts';
import { PlainModules, root, runPlain } from './plain.ts';
import { columns, header, row, type Measured, type Row } from './table.ts';
import type { Roofline, TimedPass } from './worker.ts';

/** Milliseconds of a round. */
const ROUND_MS = '150';

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' }, target: { type: 'string' }, json: { type: 'string' },
    v8: { type: 'string', multiple: true, default: [] },
  },
});
const targets = (['ts', 'wasm'] as const).filter((t) => values.target === undefined || values.target === t);
if (targets.length === 0) {
  console.error(`there is no target \`${values.target!}\`; the targets are ts and wasm`);
  process.exit(1);
}
const terminal = openTerminal(false, true);
const project = compileProject(findProject(join(root, 'bench/kernels.yaml')), join(root, 'build/bench'), terminal);
write(project);
const modules = new PlainModules(join(root, 'build/bench/plain'));
const worker = modules.add(join(root, 'bench/worker.ts'));
const roofline = await runPlain(worker, [], values.v8) as Roofline;
for (const target of targets) {
  const { gflops, gbytes } = roofline[target];
  console.log(`roofline of this run, ${target}: ${gflops.toFixed(1)} GFLOP/s in registers, ${gbytes.toFixed(1)} GB/s in cache`);
}
console.log(`\n${header(columns(targets))}`);

const rows: Row[] = [];
const chosen = project.build.kernels.map((k) => k.compiled.name).filter((name) => name.includes(values.filter));
for (const [n, name] of chosen.entries()) {
  const timed: Partial<Record<typeof targets[number], TimedPass[]>> = {};
  for (const target of targets) {
    terminal.progress(`[${n + 1}/${chosen.length}] ${name} ${target}`);
    const file = modules.add(join(project.out, `${name}${target === 'wasm' ? '.wasm' : ''}.ts`));
    timed[target] = await runPlain(worker, [file, ROUND_MS], values.v8) as TimedPass[];
  }
  terminal.progress('');
  for (const [at, { pass }] of timed[targets[0]!]!.entries()) {
    const each = targets.map((target) => [target, measured(timed[target]![at]!, target)] as const);
    const made: Row = { kernel: name, pass, ...Object.fromEntries(each) };
    rows.push(made);
    console.log(row(made, columns(targets)));
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ roofline, rows }, undefined, 2)}\n`);

function measured({ flops, bytes, pass: _, ...times }: TimedPass, target: keyof Roofline): Measured {
  const us = Math.min(times.bound.medianUs, times.plain?.medianUs ?? Infinity);
  const [gflops, gbytes] = [flops / us / 1e3, bytes / us / 1e3];
  return { ...times, gflops, gbytes, ofRoofline: Math.max(gflops / roofline[target].gflops, gbytes / roofline[target].gbytes) };
}
