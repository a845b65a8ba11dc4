/**
 * PyTorch, native code on one thread, as a reference: what a machine can do that is not held to 128 bits. It takes part where a
 * `python3` with torch is found (Debian: `apt install python3-torch`), in processes of its own (torch_worker.py).
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../plain.ts';
import { disagreement } from './compare.ts';
import type { Kernel } from './kernel.ts';
import { sum, timing, type Effort } from './measure.ts';
import type { OurKernel } from './ours.ts';
import { isRefusal, type PassShown, type PeerInfo, type PeerTiming, type Refusal, type WorkloadReport } from './report.ts';
import { count, prepareOurs, type Results, type Workload } from './workload.ts';

const run = promisify(execFile);
const worker = fileURLToPath(new URL('torch_worker.py', import.meta.url));
const folder = join(root, 'build/bench-peers/torch');
const LIMIT_MS = 120_000;
/** Tensors come from the heap, and it is kept: else some processes get new pages at every call, which may take longer than the call. */
const KEEPS_MEMORY = { MALLOC_MMAP_THRESHOLD_: String(2 ** 25), MALLOC_TRIM_THRESHOLD_: String(2 ** 30) };

export const TORCH = 'torch';

/** A Python that has torch, and what the report says of it. */
export interface Torch {
  readonly info: PeerInfo;
  readonly python?: string;
}

/** Microseconds of every round, by form and pass. */
type TorchSamples = Readonly<Record<string, Readonly<Record<'forward' | 'backward', readonly number[]>>>>;

/** Looks for one. Debian's packages are for the system's own Python, which need not be the first on the path. */
export function findTorch(pythons = named(process.env['PYTHON'])): Torch {
  for (const python of pythons) {
    const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8', timeout: LIMIT_MS });
    if (status === 0) return { python, info: { name: TORCH, kind: 'native', versions: { torch: stdout.trim() } } };
  }
  const refused = `\`${pythons[0]!} -c 'import torch'\` fails; Debian has it as python3-torch`;
  return { info: { name: TORCH, kind: 'native', versions: {}, refused } };
}

/** A report with PyTorch beside the peers: its results are held to ours, then both passes are timed in a process of their own. */
export async function withTorch(python: string, { name, file }: OurKernel, report: WorkloadReport, effort: Effort): Promise<WorkloadReport> {
  const { workload } = prepareOurs(name, await import(pathToFileURL(file).href) as Kernel);
  const forms = await rightForms(python, workload);
  const found = isRefusal(forms) ? forms : await ask<{ readonly samples: TorchSamples }>(python, workload, { effort, forms });
  const timed = (pass: PassShown): PeerTiming => {
    if (isRefusal(found)) return found;
    const all = Object.entries(found.samples).map(([form, { forward, backward }]) => ({ ...timing({ forward, backward, both: sum(forward, backward) }[pass]), form }));
    return all.reduce((a, b) => (b.medianUs < a.medianUs ? b : a));
  };
  return { ...report, passes: report.passes.map((p) => ({ ...p, peers: { ...p.peers, [TORCH]: timed(p.pass) } })) };
}

/** The one that is asked for, else those that there may be. */
const named = (python: string | undefined): readonly string[] => (python === undefined ? ['python3', '/usr/bin/python3'] : [python]);

/** The forms whose results are ours. */
async function rightForms(python: string, workload: Workload): Promise<readonly string[] | Refusal> {
  const path = join(folder, `${workload.name}.results`);
  const answer = await ask<{ readonly results: Readonly<Record<string, Readonly<Record<string, number>>>> }>(python, workload, { results: path });
  if (isRefusal(answer)) return answer;
  const floats = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  let at = 0;
  const right: string[] = [];
  let refused = '';
  for (const [form, lengths] of Object.entries(answer.results)) {
    const results: Results = Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, floats.subarray(at, at += length)]));
    const wrong = disagreement(workload, results);
    if (wrong === undefined) right.push(form);
    else refused = `wrong: ${wrong}`;
  }
  return right.length > 0 ? right : { refused };
}

async function ask<T extends object>(python: string, workload: Workload, what: object): Promise<T | Refusal> {
  const { name, layer, sizes, options, arrays } = workload;
  const job = join(folder, `${name}.json`);
  const floats = join(folder, `${name}.floats`);
  const shapes = Object.fromEntries(Object.keys(arrays).map((a) => [a, workload.shapes[a]!]));
  const data = new Float32Array(Object.values(shapes).reduce((n, shape) => n + count(shape), 0));
  Object.values(arrays).reduce((at, array) => (data.set(array, at), at + array.length), 0);
  mkdirSync(folder, { recursive: true });
  writeFileSync(floats, data);
  writeFileSync(job, JSON.stringify({ layer, sizes, options, shapes, floats, ...what }));
  try {
    const { stdout } = await run(python, [worker, job], { timeout: LIMIT_MS, env: { ...process.env, ...KEEPS_MEMORY } });
    return JSON.parse(stdout) as T | Refusal;
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    return { refused: (stderr?.trim().split('\n').at(-1) || message).slice(0, 160) };
  }
}
