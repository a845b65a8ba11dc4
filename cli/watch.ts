/** `kernelwright watch`: builds, then builds again whenever the build file or a spec beside it changes. */
import { existsSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import { tuningPath } from '../compiler/build/tuning.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { summaryText, write } from './build.ts';
import type { Command } from './command.ts';
import { reason, shownPath } from './files.ts';
import { Memory } from './memory.ts';
import { compileProject, findProject } from './project.ts';
import type { Place } from './project.ts';
import { report } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Editors write a file in several steps: the build waits for them to finish. */
const QUIET_MS = 60;

export const watchCommand: Command = {
  name: 'watch',
  usage: '[kernels.yaml]',
  about: 'build again whenever the build file or a spec changes',
  flags: { out: { value: 'DIR', about: 'write there instead of to the folder that the build file names' } },
  positionals: [0, 1, 'the build file'],
  run(args, terminal) {
    const place = findProject(args.positionals[0]);
    const memory = new Memory();
    const again = (): void => buildOnce(place, args.get('out'), terminal, memory);
    const watchers = follow(place, again);
    again();
    return new Promise((done) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => {
          for (const w of watchers) w.close();
          done(0);
        });
      }
    });
  },
};

/** A mistake in a spec is printed and waited out. */
function buildOnce(place: Place, out: string | undefined, terminal: Terminal, memory: Memory): void {
  try {
    const project = compileProject(place, out, terminal, memory);
    const text = summaryText(project, write(project));
    terminal.print(terminal.json ? JSON.stringify({ ok: true, summary: text }) : text);
  } catch (error) {
    report(error, terminal);
  }
}

/** Folders are watched, not files: editors replace a file, which ends a watch on it. */
function follow(place: Place, changed: () => void): FSWatcher[] {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET_MS);
  };
  const on = (folder: string, concerns: (file: string) => boolean): FSWatcher => {
    try {
      return watch(folder, (_, file) => { if (file === null || concerns(file)) soon(); });
    } catch (error) {
      throw new DiagnosticError([{ code: 'file-unreadable', message: `\`${shownPath(folder)}\` cannot be watched: ${reason(error)}` }]);
    }
  };
  const watchers: FSWatcher[] = [];
  const followSpecs = (): boolean => existsSync(place.specs) && watchers.push(on(place.specs, (file) => file.endsWith('.layer.yaml'))) > 0;
  let following = followSpecs();
  watchers.push(on(place.folder, (file) => {
    // `specs/` may come after the watch began.
    if (file === 'specs' && !following) following = followSpecs();
    return file === basename(place.buildFile) || file === basename(tuningPath(place.buildFile)) || file === 'specs';
  }));
  return watchers;
}
