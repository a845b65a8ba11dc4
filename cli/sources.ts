/** What a build starts from: the build file, its specs, its tuning, and of them one request for each entry. Loads no compiler. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readBuildFile } from '../compiler/build/build-file.ts';
import type { BuildFile, KernelEntry } from '../compiler/build/build-file.ts';
import { answersOf, readTuning, tuningPath, type Tuning } from '../compiler/build/tuning.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import type { KernelRequest } from '../compiler/index.ts';
import type { Source, Span } from '../compiler/support/source.ts';
import { readSource, shownPath } from './files.ts';
import { openLibrary, type Library } from './library.ts';

/** Where a build file and its specs are. */
export interface Place {
  readonly buildFile: string;
  readonly folder: string;
  readonly specs: string;
}

/** @throws DiagnosticError if there is no build file */
export function findProject(asked: string | undefined): Place {
  const path = resolve(asked ?? 'kernels.yaml');
  if (!existsSync(path)) {
    throw new DiagnosticError([{ code: 'build-file-missing', message: `there is no build file \`${shownPath(path)}\``,
      help: asked === undefined ? 'name one: `kernelwright build path/to/kernels.yaml`' : 'is the path right?' }]);
  }
  const folder = dirname(path);
  return { buildFile: path, folder, specs: join(folder, 'specs') };
}

export interface Sources {
  readonly place: Place;
  readonly file: BuildFile;
  readonly library: Library;
  readonly tuning: Tuning;
  /** The text of the tuning file, if there is one. */
  readonly tuningSource?: Source;
}

/**
 * @param target stands in for those of all entries
 * @throws DiagnosticError with what is wrong in the build file or in the tuning file
 */
export function openSources(place: Place, target?: KernelEntry['target']): Sources {
  const written = readBuildFile(readSource(place.buildFile, 'the build file'));
  const file = target === undefined ? written : { ...written, kernels: written.kernels.map((k) => ({ ...k, target })) };
  const path = tuningPath(place.buildFile);
  const tuningSource = existsSync(path) ? readSource(path, 'the tuning file') : undefined;
  return {
    place, file, library: openLibrary(place.folder),
    ...(tuningSource ? { tuning: readTuning(tuningSource), tuningSource } : { tuning: new Map() }),
  };
}

/** The folder that a build writes to: the one asked for, else the one that the build file names. */
export const outputFolder = ({ place, file }: Sources, asked: string | undefined): string =>
  (asked === undefined ? join(place.folder, ...file.out.split('/')) : resolve(asked));

/** All that a kernel is made of. */
export interface EntryRequest extends Omit<KernelRequest, 'choices'> {
  /** What the tuning says of the kernel of this name. */
  readonly answers: (name: string) => ReadonlyMap<string, string>;
}

export const requestOf = (entry: KernelEntry, source: Source, { library, tuning }: Sources): EntryRequest => ({
  source,
  load: (layer) => library.load(layer),
  sizes: values(entry.sizes),
  options: values(entry.options),
  ...(entry.name ? { name: entry.name.value } : {}),
  at: { sizes: spans(entry.sizes), options: spans(entry.options), entry: entry.span },
  dtype: entry.dtype, staged: entry.staged, accumulate: entry.accumulate, buffers: entry.buffers, relaxed: entry.relaxed, target: entry.target,
  answers: (name) => answersOf(tuning, name),
});

const spans = (map: ReadonlyMap<string, { readonly span: Span }>): Map<string, Span> => new Map([...map].map(([key, at]) => [key, at.span]));
const values = <T>(map: ReadonlyMap<string, { readonly value: T }>): Map<string, T> => new Map([...map].map(([key, at]) => [key, at.value]));

/** All of a request but the specs that its own extends and its tuning: what in it is not a function or a place. */
export function keyOf({ load: _, at: __, answers: ___, source, ...rest }: EntryRequest): string {
  return JSON.stringify([source.path, source.text, rest], (_key, value: unknown) => (value instanceof Map ? [...value as Map<string, unknown>] : value));
}

/** Other specs that were asked for on the way, and what they were. */
export type Loaded = Map<string, Source | undefined>;

/** The request, and which other specs it has asked for so far. */
export function noting<R extends EntryRequest>(request: R): { readonly request: R; readonly loaded: Loaded } {
  const loaded: Loaded = new Map();
  const load = (layer: string): Source | undefined => {
    const source = request.load(layer);
    loaded.set(layer, source);
    return source;
  };
  return { request: { ...request, load }, loaded };
}
