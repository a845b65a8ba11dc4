/**
 * What a plain Node process does for our kernels, without the TypeScript loader and without peers: `node alone.js JOB` times one
 * workload and prints its samples, both as JSON.
 */
import { pathToFileURL } from 'node:url';
import type { Kernel } from './kernel.ts';
import { race, type Effort } from './measure.ts';
import { prepareOurs } from './workload.ts';

export interface AloneJob {
  readonly name: string;
  /** The module, JavaScript. */
  readonly file: string;
  readonly effort: Effort;
}

/** Microseconds of every round, by `plain forward`, `bound backward`, ... */
export type Samples = Readonly<Record<string, readonly number[]>>;

const { name, file, effort } = JSON.parse(process.argv[2]!) as AloneJob;
const { plain, bound } = prepareOurs(name, await import(pathToFileURL(file).href) as Kernel);
const contestants = (['forward', 'backward'] as const).flatMap((pass) => [
  { name: `plain ${pass}`, call: plain[pass] }, ...(bound ? [{ name: `bound ${pass}`, call: bound[pass] }] : []),
]);
const samples: Samples = Object.fromEntries(await race(contestants, effort, () => undefined));
process.stdout.write(JSON.stringify(samples));
