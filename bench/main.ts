/**
 * `npm run bench`: every workload forward and backward, warm, with benny. Prints the median time, GFLOP/s and GB/s, and what
 * share of this machine's own JavaScript roofline that is.
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
import { measureRoofline } from './roofline.ts';
import { passesOf, type Kernel } from './workload.ts';

interface Row {
  readonly kernel: string;
  readonly pass: string;
  readonly medianUs: number;
  readonly minUs: number;
  readonly gflops: number;
  readonly gbytes: number;
  /** Of whichever limit is nearer. */
  readonly ofRoofline: number;
}

const { values } = parseArgs({ options: { filter: { type: 'string', default: '' }, json: { type: 'string' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const project = compileProject(findProject(join(root, 'bench/kernels.yaml')), join(root, 'build/bench'), openTerminal(false, true));
write(project);
const roofline = measureRoofline();
console.log(`roofline of this run: ${roofline.gflops.toFixed(1)} GFLOP/s in registers, ${roofline.gbytes.toFixed(1)} GB/s in cache\n`);
console.log(`${'kernel'.padEnd(30)} ${'pass'.padEnd(14)} ${'median us'.padStart(11)} ${'min us'.padStart(11)} ${'GFLOP/s'.padStart(8)} ${'GB/s'.padStart(7)}  of roofline`);

const rows: Row[] = [];
for (const { compiled } of project.build.kernels) {
  if (!compiled.name.includes(values.filter)) continue;
  const kernel = await import(pathToFileURL(join(project.out, `${compiled.name}.ts`)).href) as Kernel;
  const passes = passesOf(kernel);
  for (const pass of passes) for (let call = 0; call < 5; call++) pass.run();
  const cases = passes.map((pass) => benny.add(pass.name, () => { pass.run(); }, { maxTime: 0.5, minSamples: 8 }));
  const summary = await benny.suite(compiled.name, ...cases);
  passes.forEach((pass, n) => {
    const { median, min } = summary.results[n]!.details;
    const gflops = pass.flops / median / 1e9;
    const gbytes = pass.bytes / median / 1e9;
    const row: Row = {
      kernel: compiled.name, pass: pass.name, medianUs: median * 1e6, minUs: min * 1e6, gflops, gbytes,
      ofRoofline: Math.max(gflops / roofline.gflops, gbytes / roofline.gbytes),
    };
    rows.push(row);
    console.log(`${row.kernel.padEnd(30)} ${row.pass.padEnd(14)} ${row.medianUs.toFixed(1).padStart(11)} ${row.minUs.toFixed(1).padStart(11)} `
      + `${gflops.toFixed(2).padStart(8)} ${gbytes.toFixed(2).padStart(7)}  ${(row.ofRoofline * 100).toFixed(0).padStart(4)} %`);
  });
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ roofline, rows }, undefined, 2)}\n`);
