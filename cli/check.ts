/** `kernelwright check`: is what stands in the output folder what a build would write? Compares content, never times. */
import { createTwoFilesPatch } from 'diff';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { diagnosticJson } from '../compiler/diagnostics/json.ts';
import { renderDiagnostic } from '../compiler/diagnostics/render.ts';
import type { Command } from './command.ts';
import { readIfThere, shownPath } from './files.ts';
import type { FileText } from './files.ts';
import { compileProject, findProject } from './project.ts';
import type { Terminal } from './terminal.ts';

const MAX_LINES = 60;
const MAX_FILES = 10;

interface Difference {
  readonly path: string;
  readonly how: 'missing' | 'changed' | 'extra';
  readonly old: string;
  readonly new: string;
}

export const checkCommand: Command = {
  name: 'check',
  usage: '[kernels.yaml]',
  about: 'fail, with a diff, if the output is not what a build would write',
  flags: { out: { value: 'DIR', about: 'look there instead of in the folder that the build file names' } },
  positionals: [0, 1, 'the build file'],
  run(args, terminal) {
    const project = compileProject(findProject(args.positionals[0]), args.get('out'), terminal);
    const found = [...project.files.flatMap(compare), ...project.stale.map(extra)];
    if (terminal.json) {
      const stale = found.map((d) => ({ path: shownPath(d.path), how: d.how, diff: patch(d) }));
      const diagnostics = found.length === 0 ? [] : [diagnosticJson(staleOutput(found.length, shownPath(project.out)))];
      terminal.print(JSON.stringify({ ok: found.length === 0, out: shownPath(project.out), files: project.files.length, stale, diagnostics }, undefined, 2));
    } else if (found.length === 0) {
      terminal.print(`${shownPath(project.out)} is up to date: ${project.files.length} files`);
    } else printDifferences(found, shownPath(project.out), terminal);
    return found.length === 0 ? 0 : 1;
  },
};

function compare({ path, text }: FileText): Difference[] {
  const old = readIfThere(path);
  if (old === undefined) return [{ path, how: 'missing', old: '', new: text }];
  return old === text ? [] : [{ path, how: 'changed', old, new: text }];
}

const extra = (path: string): Difference => ({ path, how: 'extra', old: readIfThere(path) ?? '', new: '' });

function printDifferences(found: readonly Difference[], out: string, terminal: Terminal): void {
  for (const d of found.slice(0, MAX_FILES)) {
    terminal.print(`${shownPath(d.path)} is ${d.how}`);
    if (d.how === 'changed') terminal.print(patch(d));
  }
  if (found.length > MAX_FILES) terminal.print(`... and ${found.length - MAX_FILES} more`);
  terminal.complain(renderDiagnostic(staleOutput(found.length, out), { color: terminal.color }));
}

const staleOutput = (count: number, out: string): Diagnostic => ({
  code: 'stale-output', message: `${count === 1 ? 'a file' : `${count} files`} in \`${out}\` ${count === 1 ? 'is' : 'are'} not what the specs and the build file give`,
  help: 'run `kernelwright build`, and do not edit what it writes',
});

/** What a build would change, as a unified diff; long ones end early. */
function patch(d: Difference): string {
  if (d.how !== 'changed') return '';
  const name = shownPath(d.path);
  if (d.old.replace(/\r\n/g, '\n') === d.new) return 'only the ends of its lines differ: it has CRLF, a build writes LF';
  const text = createTwoFilesPatch(`a/${name}`, `b/${name}`, d.old, d.new, undefined, undefined, { context: 2, timeout: 2000 });
  if (text === undefined) return 'most of the file differs';
  const lines = text.split('\n').slice(1);
  return lines.length <= MAX_LINES ? lines.join('\n').trimEnd() : [...lines.slice(0, MAX_LINES), `... ${lines.length - MAX_LINES} more lines`].join('\n');
}
