/**
 * `kernelwright build`: compiles every entry that has changed since the last build, then writes what changed. Until everything is
 * compiled nothing is written. The compiler is loaded only where something is to be compiled.
 */
import { join } from 'node:path';
import type { CompiledKernel } from '../compiler/build/build.ts';
import type { Compiled, StageText } from '../compiler/index.ts';
import { parseTarget, targetFlag } from './arguments.ts';
import type { Command } from './command.ts';
import { readIfThere, shownPath, writeAll } from './files.ts';
import { makeProject, type Project } from './output.ts';
import { BuildRecord } from './record.ts';
import { findProject, openSources, outputFolder, requestOf, type Sources } from './sources.ts';
import { askedStages, emitStages, stageFlags } from './stages.ts';
import type { Terminal } from './terminal.ts';

export const buildCommand: Command = {
  name: 'build',
  usage: '[kernels.yaml]',
  about: 'compile every entry of a build file',
  flags: {
    out: { value: 'DIR', about: 'write there instead of to the folder that the build file names' },
    target: targetFlag,
    time: { about: 'print the milliseconds of each stage' },
    ...stageFlags,
  },
  positionals: [0, 1, 'the build file'],
  async run(args, terminal) {
    const emits = askedStages(args).length > 0 || args.has('emit-dir');   // a slip in `--emit` is told before anything is written
    const sources = openSources(findProject(args.positionals[0]), args.has('target') ? parseTarget(args.get('target')!) : undefined);
    const out = outputFolder(sources, args.get('out'));
    if (emits) {
      const { compileEntry } = await import('./project.ts');
      const project = makeProject(sources, out, terminal, compileEntry);
      finish(project, args.has('time'), terminal);
      emitStages(project.build.kernels.map((k) => k.compiled), args, terminal);
    } else finish(await makeWithRecord(sources, out, terminal), args.has('time'), terminal);
    return 0;
  },
};

/** A kernel that was compiled, or one that lies on the disk as it would be compiled. */
type Made = CompiledKernel & Partial<Pick<Compiled, 'stages'>>;

async function makeWithRecord(sources: Sources, out: string, terminal: Terminal): Promise<Project<Made>> {
  const record = new BuildRecord(sources.place, out);
  const compileEntry = isKnown(sources, record) ? undefined : (await import('./project.ts')).compileEntry;
  const project = makeProject<Made>(sources, out, terminal, (request) => record.recall(request) ?? record.compile(request, compileEntry!));
  record.save();
  return project;
}

/** Whether the record has every entry. A spec that cannot be read is told of later, with the other mistakes. */
function isKnown(sources: Sources, record: BuildRecord): boolean {
  try {
    return sources.file.kernels.every((entry) => {
      const source = sources.library.load(entry.layer.value);
      return source === undefined || record.recall(requestOf(entry, source, sources)) !== undefined;
    });
  } catch {
    return false;
  }
}

function finish(project: Project<Made>, times: boolean, terminal: Terminal): void {
  const summary = write(project);
  if (terminal.json) terminal.print(JSON.stringify({ ok: true, ...summaryJson(project, summary) }, undefined, 2));
  else {
    if (times) printTimes(project, terminal);
    terminal.print(summaryText(project, summary));
  }
}

export interface Summary {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** Writes the files that differ and removes the stale ones. */
export function write(project: Project<Made>): Summary {
  const changed = project.files.filter(({ path, text }) => readIfThere(path) !== text);
  writeAll(changed, project.stale);
  return { written: changed.map((f) => f.path), removed: project.stale };
}

/** `12 kernels in generated: 3 files written, 1 removed, 22 unchanged`. */
export function summaryText(project: Project<Made>, { written, removed }: Summary): string {
  const parts = [
    written.length > 0 ? `${plural(written.length, 'file')} written` : '',
    removed.length > 0 ? `${removed.length} removed` : '',
    project.files.length > written.length ? `${project.files.length - written.length} unchanged` : '',
  ].filter((part) => part !== '');
  return `${plural(project.build.kernels.length, 'kernel')} in ${shownPath(project.out)}: ${parts.join(', ')}`;
}

function summaryJson(project: Project<Made>, { written, removed }: Summary): object {
  return {
    out: shownPath(project.out),
    kernels: project.build.kernels.map(({ entry, compiled, ms }) => ({
      name: compiled.name, layer: entry.layer.value, file: shownPath(join(project.out, compiled.files[0]!.path)),
      bytes: compiled.files.reduce((sum, f) => sum + Buffer.byteLength(f.text), 0), ms: Math.round(ms * 10) / 10,
    })),
    written: written.map(shownPath), removed: removed.map(shownPath),
  };
}

/** Each kernel with its stages. */
function printTimes(project: Project<Made>, terminal: Terminal): void {
  const line = (what: string, ms: number, rest: string): void => terminal.print(`${what.padEnd(32)} ${ms.toFixed(0).padStart(6)} ms   ${rest}`.trimEnd());
  for (const { compiled, ms } of project.build.kernels) line(compiled.name, ms, compiled.stages ? stagesText(compiled.stages) : 'as it was');
}

const stagesText = (stages: readonly StageText[]): string => stages.map((t) => `${t.stage} ${t.ms.toFixed(1)}`).join(', ');

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
