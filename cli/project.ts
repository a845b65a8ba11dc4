/** A build file of a user, compiled: what `check`, `watch` and `tune` have in common. Writes nothing. */
import { build } from '../compiler/build/build.ts';
import { tuningPath, type Tuning } from '../compiler/build/tuning.ts';
import { Choices, compileKernel, openKernels } from '../compiler/index.ts';
import type { Compiled, KernelRequest, OpenKernel } from '../compiler/index.ts';
import { Memory } from './memory.ts';
import { makeProject, type Project } from './output.ts';
import { openSources, outputFolder, requestOf, type EntryRequest, type Place } from './sources.ts';
import type { Terminal } from './terminal.ts';

export { findProject, type Place } from './sources.ts';
export type { Project } from './output.ts';

/** A build file whose kernels are derived, but not yet scheduled. */
export interface OpenProject {
  readonly kernels: readonly OpenKernel[];
  readonly tuning: Tuning;
  readonly tuningFile: string;
}

/** Derives every entry of a build file. @throws DiagnosticError with every problem of it and of its specs */
export function openProject(place: Place): OpenProject {
  const sources = openSources(place);
  const { kernels } = build(sources.file, sources.library, (entry, source) => {
    const { name, kernels: open } = openKernels(requestOf(entry, source, sources));
    return { name, files: [], open };
  });
  return { kernels: kernels.flatMap((k) => k.compiled.open), tuning: sources.tuning, tuningFile: tuningPath(place.buildFile) };
}

/** Compiles one entry under its tuning. */
export function compileEntry({ answers, ...rest }: EntryRequest): Compiled {
  const request: KernelRequest = { ...rest, choices: (name) => new Choices(answers(name)) };
  return compileKernel(request);
}

/**
 * Compiles a whole build file; kernels that `memory` has from the last build and that have not changed are taken from there.
 * @throws DiagnosticError with every problem of it and of its specs
 */
export function compileProject(place: Place, out: string | undefined, terminal: Terminal, memory: Memory = new Memory()): Project {
  const sources = openSources(place);
  memory.begin(sources.tuningSource?.text);
  const project = makeProject(sources, outputFolder(sources, out), terminal, (request) => memory.compile(request, compileEntry));
  memory.end();
  return project;
}
