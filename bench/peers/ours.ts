/**
 * Our kernels' times come from plain Node processes (alone.ts): the TypeScript loader and some peers detach ArrayBuffers, after which
 * V8 tests every access to every typed array. One such run stands before a workload's contest and one behind it.
 */
import { join } from 'node:path';
import { PlainModules, root, runPlain } from '../plain.ts';
import type { AloneJob, Samples } from './alone.ts';
import { sum, timing, type Effort } from './measure.ts';
import type { PassShown, Timing, WorkloadReport } from './report.ts';

const modules = new PlainModules(join(root, 'build/bench-plain'));

/** One of our kernels, and its modules in both targets. */
export interface OurKernel {
  readonly name: string;
  readonly file: string;
  readonly wasm: string;
}

/** Runs the workload of a kernel, each target in a process of its own, with these flags of V8's. */
export async function samplesOf({ name, file, wasm }: OurKernel, effort: Effort, v8: readonly string[] = []): Promise<Samples> {
  const script = modules.add(join(root, 'bench/peers/alone.ts'));
  const alone = async (job: AloneJob): Promise<Samples> => await runPlain(script, [JSON.stringify(job)], v8) as Samples;
  const job: AloneJob = { name, file: modules.add(file), effort };
  return { ...await alone(job), ...await alone({ ...job, wasm: modules.add(wasm) }) };
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
      const [bound, wasm] = [timed('bound', p.pass), timed('wasm', p.pass)];
      return { ...p, plain: timed('plain', p.pass) ?? p.plain, ...(bound ? { bound } : {}), ...(wasm ? { wasm } : {}) };
    }),
  };
}
