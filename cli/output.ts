/** A build file's kernels, put together to the files that a build would write, and what it would remove. Writes nothing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../compiler/build/build.ts';
import type { Build, CompiledKernel } from '../compiler/build/build.ts';
import { listedFiles, looksGenerated } from '../compiler/build/manifest.ts';
import { checkTuned } from '../compiler/build/tuning.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import type { Compiled } from '../compiler/index.ts';
import { readIfThere, reason, shownPath } from './files.ts';
import type { FileText } from './files.ts';
import { requestOf, type EntryRequest, type Sources } from './sources.ts';
import type { Terminal } from './terminal.ts';

export interface Project<K extends CompiledKernel = Compiled> {
  readonly build: Build<K>;
  /** The folder to write to. */
  readonly out: string;
  /** What it should hold, full paths. */
  readonly files: readonly FileText[];
  /** What earlier builds left there and this one does not make, full paths. */
  readonly stale: readonly string[];
}

/**
 * Makes every entry of a build file.
 * @throws DiagnosticError with every problem of it and of its specs
 */
export function makeProject<K extends CompiledKernel>(sources: Sources, out: string, terminal: Terminal, make: (request: EntryRequest) => K): Project<K> {
  const { file, library, tuning, tuningSource } = sources;
  const built = build(file, library, (entry, source) => make(requestOf(entry, source, sources)), (n) => {
    terminal.progress(`[${n + 1}/${file.kernels.length}] ${file.kernels[n]!.layer.value}`);
  });
  terminal.progress('');
  if (tuningSource) checkTuned(tuning, new Set(built.kernels.flatMap((k) => tunedNames(k.compiled))), tuningSource);
  const files = built.files.map(({ path, text }) => ({ path: join(out, path), text }));
  checkFolder(out, files);
  return { build: built, out, files, stale: staleFiles(out, files) };
}

/** What a tuning calls a kernel in each target, those that this build leaves out included (`--target`). */
const tunedNames = ({ name }: CompiledKernel): string[] => [name, `${name}.wasm`];

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
