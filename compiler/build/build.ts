/**
 * Compiles every entry of a build file: a list of files to write, or every problem of every entry. Pure: specs come
 * from a loader, and nothing is written here.
 */
import { DiagnosticError, Problems } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Source, Span } from '../support/source.ts';
import { closest } from '../support/suggest.ts';
import type { BuildFile, KernelEntry } from './build-file.ts';
import { printIndex, printManifest } from './manifest.ts';
import { fileKey, wrongName } from './names.ts';

/** Where specs come from. */
export interface SpecLibrary {
  /** The spec of a layer, or undefined if there is none. @throws DiagnosticError if its file cannot be read */
  load(layer: string): Source | undefined;
  names(): readonly string[];
}

export interface GeneratedFile {
  /** A name without folders. */
  readonly path: string;
  readonly text: string;
}

/** One entry, compiled. */
export interface CompiledKernel {
  readonly name: string;
  readonly files: readonly GeneratedFile[];
}

/** Compiles one entry from its spec. @throws DiagnosticError */
export type CompileEntry<K extends CompiledKernel> = (entry: KernelEntry, source: Source) => K;

export interface Build<K extends CompiledKernel> {
  readonly kernels: readonly { readonly entry: KernelEntry; readonly compiled: K; readonly ms: number }[];
  /** Kernels, tests, index.ts and, last, manifest.json. */
  readonly files: readonly GeneratedFile[];
}

/**
 * Compiles a build file.
 * @param progress called before each entry with its number, from 0
 * @throws DiagnosticError with the problems of all entries, each once
 */
export function build<K extends CompiledKernel>(
  file: BuildFile, library: SpecLibrary, compile: CompileEntry<K>, progress: (entry: number) => void = () => {},
): Build<K> {
  const problems = new Problems();
  const seen = new Set<string>();
  const kernels: { entry: KernelEntry; compiled: K; ms: number }[] = [];
  const names = new Map<string, KernelEntry>();
  file.kernels.forEach((entry, n) => {
    progress(n);
    const before = performance.now();
    try {
      const compiled = compile(entry, specOf(entry, library));
      claimName(compiled.name, entry, names);
      kernels.push({ entry, compiled, ms: performance.now() - before });
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      for (const d of error.diagnostics) addOnce(d, problems, seen);
    }
  });
  problems.stop();
  const files = kernels.flatMap((k) => k.compiled.files);
  const index = { path: 'index.ts', text: printIndex(kernels.map((k) => k.compiled)) };
  return { kernels, files: [...files, index, { path: 'manifest.json', text: printManifest(kernels, [...files, index]) }] };
}

function specOf(entry: KernelEntry, library: SpecLibrary): Source {
  const source = library.load(entry.layer.value);
  if (source) return source;
  const near = closest(entry.layer.value, library.names());
  throw new DiagnosticError([{ code: 'unknown-layer', message: `there is no layer \`${entry.layer.value}\``, span: entry.layer.span,
    help: near !== undefined ? `did you mean \`${near}\`?` : `the layers are ${library.names().join(', ')}` }]);
}

/** Takes a name for one entry, or says who has it. */
function claimName(name: string, entry: KernelEntry, names: Map<string, KernelEntry>): void {
  const span: Span = entry.name?.span ?? entry.span;
  const wrong = wrongName(name);
  if (wrong !== undefined) {
    throw new DiagnosticError([{ code: 'bad-name', message: `the name \`${name}\` ${wrong}`, span, help: 'give the entry a `name:`' }]);
  }
  const first = names.get(fileKey(name));
  if (first) {
    throw new DiagnosticError([{ code: 'duplicate-kernel', message: `two kernels are named \`${name}\``, span,
      help: 'give one of them a `name:`', notes: [{ message: 'the first is here', span: first.name?.span ?? first.span }] }]);
  }
  names.set(fileKey(name), entry);
}

/** A spec that twenty entries use is wrong once, not twenty times. */
function addOnce(d: Diagnostic, problems: Problems, seen: Set<string>): void {
  const key = [d.code, d.message, d.span?.source.path, d.span?.start].join('\0');
  if (seen.has(key)) return;
  seen.add(key);
  problems.add(d);
}
