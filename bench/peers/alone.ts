/**
 * Our kernels in a plain Node process, without the TypeScript loader and without peers: both detach ArrayBuffers, after which V8
 * tests every access to every typed array of the process. One such run stands before a workload's contest and one behind it.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Kernel } from './kernel.ts';
import { race, sum, timing, type Effort } from './measure.ts';
import type { PassShown, Timing, WorkloadReport } from './report.ts';
import { prepareOurs } from './workload.ts';

/** Microseconds of every round, by `plain forward`, `bound backward`, ... */
export type Samples = Readonly<Record<string, readonly number[]>>;

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

/** Makes plain modules of this file and of the kernels. @returns the script, and where each kernel lies by its TypeScript file */
export async function plainModules(files: readonly string[], folder: string): Promise<{ script: string; kernels: ReadonlyMap<string, string> } | undefined> {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (!esbuild) return undefined;
  mkdirSync(folder, { recursive: true });
  const options = { bundle: true, format: 'esm' as const, platform: 'node' as const, target: 'node20', logLevel: 'silent' as const, external: ['esbuild'] };
  const script = join(folder, 'alone.mjs');
  await esbuild.build({ ...options, stdin: { contents: 'import { alone } from \'./alone.ts\';\nawait alone();', resolveDir: here, loader: 'ts' }, outfile: script });
  const kernels = new Map(files.map((file, n) => [file, join(folder, `kernel${n}.mjs`)]));
  for (const [file, outfile] of kernels) await esbuild.build({ ...options, bundle: false, external: [], entryPoints: [file], outfile });   // bundling makes `var` of `const`, no constant to V8
  return { script, kernels };
}

/** What the script does: one workload, its samples as JSON. */
export async function alone(): Promise<void> {
  const { name, file, effort, out } = JSON.parse(process.argv[2]!) as { name: string; file: string; effort: Effort; out: string };
  const { plain, bound } = prepareOurs(name, await import(pathToFileURL(file).href) as Kernel);
  const contestants = (['forward', 'backward'] as const).flatMap((pass) => [
    { name: `plain ${pass}`, call: plain[pass] }, ...(bound ? [{ name: `bound ${pass}`, call: bound[pass] }] : []),
  ]);
  writeFileSync(out, JSON.stringify(Object.fromEntries(await race(contestants, effort, () => undefined))));
}

/** Runs a workload in a process of its own. */
export async function samplesOf(script: string, name: string, file: string, effort: Effort, read: (path: string) => string): Promise<Samples> {
  const out = `${file}.json`;
  await run(process.execPath, [script, JSON.stringify({ name, file, effort, out })], { timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } });
  return JSON.parse(read(out)) as Samples;
}

/** A report with our times from processes of their own. */
export function withOurs(report: WorkloadReport, runs: readonly Samples[]): WorkloadReport {
  const timed = (how: string, pass: PassShown): Timing | undefined => {
    const of = (p: string): number[] => runs.flatMap((samples) => samples[`${how} ${p}`] ?? []);
    const [forward, backward] = [of('forward'), of('backward')];
    if (forward.length === 0 || backward.length === 0) return undefined;
    return timing({ forward, backward, both: sum(forward, backward) }[pass]);
  };
  return {
    ...report,
    passes: report.passes.map((p) => {
      const bound = timed('bound', p.pass);
      return { ...p, plain: timed('plain', p.pass) ?? p.plain, ...(bound ? { bound } : {}) };
    }),
  };
}
