/**
 * What a plain Node process does for our kernels, without the TypeScript loader and without peers: `node alone.js JOB` times one
 * workload and prints its samples, both as JSON. A kernel in WebAssembly has a process of its own, in which its results are held to
 * those of the one in TypeScript before it is timed.
 */
import { pathToFileURL } from 'node:url';
import { disagreement } from './compare.ts';
import type { Kernel } from './kernel.ts';
import { race, type Contestant, type Effort } from './measure.ts';
import { prepareOurs, type Ours } from './workload.ts';

export interface AloneJob {
  readonly name: string;
  /** The module, JavaScript. */
  readonly file: string;
  /** The one in WebAssembly; with it, that one is timed. */
  readonly wasm?: string;
  readonly effort: Effort;
}

/** Microseconds of every round, by `plain forward`, `bound backward`, `wasm forward`, ... */
export type Samples = Readonly<Record<string, readonly number[]>>;

const { name, file, wasm, effort } = JSON.parse(process.argv[2]!) as AloneJob;
const load = async (path: string): Promise<Ours> => prepareOurs(name, await import(pathToFileURL(path).href) as Kernel);
const ours = await load(file);
const contestants = wasm === undefined ? contestantsOf({ plain: ours.plain, ...(ours.bound ? { bound: ours.bound } : {}) })
  : contestantsOf({ wasm: held(await load(wasm)) });
const samples: Samples = Object.fromEntries(await race(contestants, effort, () => undefined));
process.stdout.write(JSON.stringify(samples));

/** The functions of the kernel in WebAssembly over arrays bound in place. */
function held({ workload, bound }: Ours): NonNullable<Ours['bound']> {
  const wrong = disagreement(ours.workload, workload.expected);
  if (wrong !== undefined) throw new Error(`${name} in WebAssembly is wrong: ${wrong}`);
  return bound!;
}

function contestantsOf(ways: Readonly<Record<string, Ours['plain']>>): Contestant[] {
  return (['forward', 'backward'] as const).flatMap((pass) => Object.entries(ways).map(([how, calls]) => ({ name: `${how} ${pass}`, call: calls[pass] })));
}
