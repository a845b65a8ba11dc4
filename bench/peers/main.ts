/**
 * `npm run bench:peers`: our kernels, in TypeScript and in WebAssembly, against TensorFlow.js, ONNX Runtime, jax-js and ConvNetJS, each
 * on one thread, with PyTorch as a reference where a `python3` has it. Installs the peers from the package in this folder, compiles
 * bench/kernels.yaml, and compares every peer's results with ours before it times them.
 *
 *   npm run bench:peers                       every workload, every peer; writes docs/bench/results.json and chart.svg
 *   npm run bench:peers -- --filter conv2d    only names that contain the word; writes nothing
 *   npm run bench:peers -- --peer jax-js      only this peer (may be given again); writes nothing
 *   npm run bench:peers -- --rounds 20        more rounds; --quick: few and short ones
 *   npm run bench:peers -- --json FILE        the results as data
 *   npm run bench:peers -- --v8 FLAG          ours with a flag of V8's, such as experimental-wasm-relaxed-simd; writes nothing
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { write } from '../../cli/build.ts';
import { compileProject, findProject } from '../../cli/project.ts';
import { openTerminal } from '../../cli/terminal.ts';
import { measureBundles } from './bundle.ts';
import { drawChart } from './chart.ts';
import { infoOf, install } from './install.ts';
import { match } from './match.ts';
import { quick, thorough } from './measure.ts';
import { samplesOf, withOurs } from './ours.ts';
import { peers } from './peers.ts';
import type { Report, WorkloadReport } from './report.ts';
import { printTable } from './table.ts';
import { findTorch, TORCH, withTorch } from './torch.ts';

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' }, peer: { type: 'string', multiple: true, default: [] }, rounds: { type: 'string' },
    quick: { type: 'boolean', default: false }, json: { type: 'string' }, v8: { type: 'string', multiple: true, default: [] },
  },
});
const names = [...peers.map((peer) => peer.name), TORCH];
const unknown = values.peer.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`there is no peer \`${unknown[0]!}\`; the peers are ${names.join(', ')}`);
  process.exit(1);
}
const usual = values.quick ? quick : thorough;
const rounds = Number(values.rounds ?? usual.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds takes a number of rounds, not \`${values.rounds!}\``);
  process.exit(1);
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const terminal = openTerminal(false, true);
terminal.progress('installing the peers');
const failure = install();
const isAsked = ({ name }: { readonly name: string }): boolean => values.peer.length === 0 || values.peer.includes(name);
const asked = peers.filter(isAsked).map((peer) => infoOf(peer, failure));
const there = asked.filter((peer) => peer.refused === undefined);
const torch = isAsked({ name: TORCH }) ? findTorch() : undefined;
if (torch?.info.refused !== undefined) terminal.complain(`torch is skipped: ${torch.info.refused}`);

const project = compileProject(findProject(join(root, 'bench/kernels.yaml')), join(root, 'build/bench-peers'), terminal);
write(project);
const kernels = project.build.kernels.map(({ compiled }) => ({
  name: compiled.name, file: join(project.out, `${compiled.name}.ts`), wasm: join(project.out, `${compiled.name}.wasm.ts`),
}));
const chosen = kernels.filter(({ name }) => name.includes(values.filter));
const workloads: WorkloadReport[] = [];
const began = performance.now();
for (const [n, kernel] of chosen.entries()) {
  const job = { ...kernel, peers: there.map((peer) => peer.name), effort: { ...usual, rounds }, given: {} };
  const place = `[${n + 1}/${chosen.length}] ${kernel.name}`;
  try {
    terminal.progress(`${place}: alone`);
    const before = await samplesOf(kernel, job.effort, values.v8);
    const contest = await match(job, (what) => terminal.progress(`${place}: ${what}`));
    const report = withOurs(contest, [before, await samplesOf(kernel, job.effort, values.v8)]);
    workloads.push(torch?.python === undefined ? report : await withTorch(torch.python, kernel, report, job.effort));
    terminal.complain(`${place} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
  } catch (error) {
    terminal.complain(`${place} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
terminal.progress('measuring bundles');
const bundles = await measureBundles(chosen, there.map((peer) => peer.name));
terminal.progress('');

const report: Report = {
  machine: { cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node, v8: process.versions.v8 },
  settings: { rounds, quick: values.quick }, peers: [...asked, ...(torch ? [torch.info] : [])], workloads, bundles,
};
console.log(printTable(report));
const json = `${JSON.stringify(report, undefined, 1)}\n`;
if (values.json !== undefined) writeFileSync(values.json, json);
const whole = workloads.length === kernels.length && there.length === peers.length && !values.quick && values.v8.length === 0;
if (whole) {
  mkdirSync(join(root, 'docs/bench'), { recursive: true });
  writeFileSync(join(root, 'docs/bench/results.json'), json);
  writeFileSync(join(root, 'docs/bench/chart.svg'), drawChart(report));
}
