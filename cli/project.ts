/** A build file of a user, compiled: what `build`, `check` and `watch` have in common. Writes nothing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from '../compiler/build/build.ts';
import type { Build } from '../compiler/build/build.ts';
import { readBuildFile } from '../compiler/build/build-file.ts';
import type { KernelEntry } from '../compiler/build/build-file.ts';
import { listedFiles, looksGenerated } from '../compiler/build/manifest.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { answersOf, checkTuned, readTuning, tuningPath, type Tuning } from '../compiler/build/tuning.ts';
import { Choices, compileKernel, openKernel } from '../compiler/index.ts';
import type { Compiled, KernelRequest, OpenKernel } from '../compiler/index.ts';
import type { Source, Span } from '../compiler/support/source.ts';
import { readIfThere, reason, readSource, shownPath } from './files.ts';
import type { FileText } from './files.ts';
import { openLibrary, type Library } from './library.ts';
import { Memory } from './memory.ts';
import type { Terminal } from './terminal.ts';

export interface Project {
  readonly build: Build<Compiled>;
  /** The folder to write to. */
  readonly out: string;
  /** What it should hold, full paths. */
  readonly files: readonly FileText[];
  /** What earlier builds left there and this one does not make, full paths. */
  readonly stale: readonly string[];
}

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

/** A build file whose kernels are derived, but not yet scheduled. */
export interface OpenProject {
  readonly kernels: readonly OpenKernel[];
  readonly tuning: Tuning;
  readonly tuningFile: string;
}

/** Derives every entry of a build file. @throws DiagnosticError with every problem of it and of its specs */
export function openProject(place: Place): OpenProject {
  const file = readBuildFile(readSource(place.buildFile, 'the build file'));
  const library = openLibrary(place.folder);
  const { tuning } = tuningOf(place);
  const kernels = build(file, library, (entry, source) => ({ ...openKernel(requestOf(entry, source, library)), files: [] })).kernels;
  return { kernels: kernels.map((k) => k.compiled), tuning, tuningFile: tuningPath(place.buildFile) };
}

/** What `kernelwright tune` has left beside the build file. */
function tuningOf(place: Place): { readonly tuning: Tuning; readonly source?: Source } {
  const path = tuningPath(place.buildFile);
  if (!existsSync(path)) return { tuning: new Map() };
  const source = readSource(path, 'the tuning file');
  return { tuning: readTuning(source), source };
}

const requestOf = (entry: KernelEntry, source: Source, library: Library): KernelRequest => ({
  source,
  load: (layer) => library.load(layer),
  sizes: values(entry.sizes),
  options: values(entry.options),
  ...(entry.name ? { name: entry.name.value } : {}),
  at: { sizes: spans(entry.sizes), options: spans(entry.options), entry: entry.span },
  dtype: entry.dtype, staged: entry.staged, accumulate: entry.accumulate, buffers: entry.buffers,
});

/**
 * Compiles a whole build file; kernels that `memory` has from the last build and that have not changed are taken from there.
 * @throws DiagnosticError with every problem of it and of its specs
 */
export function compileProject(place: Place, out: string | undefined, terminal: Terminal, memory: Memory = new Memory()): Project {
  const file = readBuildFile(readSource(place.buildFile, 'the build file'));
  const library = openLibrary(place.folder);
  const { tuning, source: tuningSource } = tuningOf(place);
  const compile = (entry: KernelEntry, source: Source): Compiled =>
    memory.compile({ ...requestOf(entry, source, library), choices: (name) => new Choices(answersOf(tuning, name)) }, compileKernel);
  memory.begin(tuningSource?.text);
  const built = build(file, library, compile, (n) => {
    terminal.progress(`[${n + 1}/${file.kernels.length}] ${file.kernels[n]!.layer.value}`);
  });
  memory.end();
  terminal.progress('');
  if (tuningSource) checkTuned(tuning, new Set(built.kernels.map((k) => k.compiled.name)), tuningSource);
  const folder = out === undefined ? join(place.folder, ...file.out.split('/')) : resolve(out);
  const files = built.files.map(({ path, text }) => ({ path: join(folder, path), text }));
  checkFolder(folder, files);
  return { build: built, out: folder, files, stale: staleFiles(folder, files) };
}

const spans = (map: ReadonlyMap<string, { readonly span: Span }>): Map<string, Span> => new Map([...map].map(([key, at]) => [key, at.span]));
const values = <T>(map: ReadonlyMap<string, { readonly value: T }>): Map<string, T> => new Map([...map].map(([key, at]) => [key, at.value]));

/** Refuses a folder that is a file, and one where a file that nobody generated would be overwritten. */
function checkFolder(folder: string, files: readonly FileText[]): void {
  const fail = (message: string, help: string): never => {
    throw new DiagnosticError([{ code: 'output-folder', message, help }]);
  };
  if (existsSync(folder) && !statSync(folder).isDirectory()) fail(`\`${shownPath(folder)}\` is a file, not a folder`, 'name another with `out:` or `--out`');
  const listed = new Set(listedFiles(readIfThere(join(folder, 'manifest.json'))).map((name) => join(folder, name)));
  for (const { path } of files) {
    const old = readIfThere(path);
    if (old === undefined || old === '' || listed.has(path) || looksGenerated(old)) continue;
    fail(`\`${shownPath(path)}\` was not generated and would be overwritten`, 'move it away, or name another folder with `out:` or `--out`');
  }
}

/** Generated files that no entry makes any more. */
function staleFiles(folder: string, files: readonly FileText[]): string[] {
  if (!existsSync(folder)) return [];
  const wanted = new Set(files.map((f) => f.path));
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new DiagnosticError([{ code: 'output-folder', message: `\`${shownPath(folder)}\` cannot be read: ${reason(error)}` }]);
  }
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
    .filter((path) => !wanted.has(path) && looksGenerated(readIfThere(path) ?? ''));
}
