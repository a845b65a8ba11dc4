/** `kernelwright build`: compiles every entry, then writes what changed. Until everything is compiled nothing is written. */
import { join } from 'node:path';
import type { Command } from './command.ts';
import { readIfThere, shownPath, writeAll } from './files.ts';
import { compileProject, findProject } from './project.ts';
import type { Project } from './project.ts';
import { askedStages, emitStages, stageFlags } from './stages.ts';
import type { Terminal } from './terminal.ts';

export const buildCommand: Command = {
  name: 'build',
  usage: '[kernels.yaml]',
  about: 'compile every entry of a build file',
  flags: {
    out: { value: 'DIR', about: 'write there instead of to the folder that the build file names' },
    time: { about: 'print the milliseconds of each stage' },
    ...stageFlags,
  },
  positionals: [0, 1, 'the build file'],
  run(args, terminal) {
    askedStages(args);   // a slip in `--emit` is told before anything is written
    const place = findProject(args.positionals[0]);
    const project = compileProject(place, args.get('out'), terminal);
    const summary = write(project);
    if (terminal.json) terminal.print(JSON.stringify({ ok: true, ...summaryJson(project, summary) }, undefined, 2));
    else {
      if (args.has('time')) printTimes(project, terminal);
      terminal.print(summaryText(project, summary));
    }
    emitStages(project.build.kernels.map((k) => k.compiled), args, terminal);
    return 0;
  },
};

export interface Summary {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** Writes the files that differ and removes the stale ones. */
export function write(project: Project): Summary {
  const changed = project.files.filter(({ path, text }) => readIfThere(path) !== text);
  writeAll(changed, project.stale);
  return { written: changed.map((f) => f.path), removed: project.stale };
}

/** `12 kernels in generated: 3 files written, 1 removed, 22 unchanged`. */
export function summaryText(project: Project, { written, removed }: Summary): string {
  const parts = [
    written.length > 0 ? `${plural(written.length, 'file')} written` : '',
    removed.length > 0 ? `${removed.length} removed` : '',
    project.files.length > written.length ? `${project.files.length - written.length} unchanged` : '',
  ].filter((part) => part !== '');
  return `${plural(project.build.kernels.length, 'kernel')} in ${shownPath(project.out)}: ${parts.join(', ')}`;
}

function summaryJson(project: Project, { written, removed }: Summary): object {
  return {
    out: shownPath(project.out),
    kernels: project.build.kernels.map(({ entry, compiled, ms }) => ({
      name: compiled.name, layer: entry.layer.value, file: shownPath(join(project.out, `${compiled.name}.ts`)),
      bytes: compiled.files.reduce((sum, f) => sum + Buffer.byteLength(f.text), 0), ms: Math.round(ms * 10) / 10,
    })),
    written: written.map(shownPath), removed: removed.map(shownPath),
  };
}

function printTimes(project: Project, terminal: Terminal): void {
  for (const { compiled, ms } of project.build.kernels) {
    const stages = compiled.stages.map((t) => `${t.stage} ${t.ms.toFixed(1)}`).join(', ');
    terminal.print(`${compiled.name.padEnd(32)} ${ms.toFixed(0).padStart(6)} ms   ${stages}`);
  }
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
