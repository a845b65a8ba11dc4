/** `--emit`: prints what the stages of the compiler made, or writes each to a file of its own. */
import { join, resolve } from 'node:path';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import type { Compiled, StageText } from '../compiler/index.ts';
import { stageNames } from '../compiler/stages.ts';
import { closest } from '../compiler/support/suggest.ts';
import type { Arguments, Flags } from './arguments.ts';
import { writeAll } from './files.ts';
import type { Terminal } from './terminal.ts';

export const stageFlags: Flags = {
  emit: { value: 'STAGES', about: `print stages of the compiler: ${stageNames.join(',')}`, many: true },
  'emit-dir': { value: 'DIR', about: 'write every stage to a file there: 01-spec.txt, 02-ir.txt, ...' },
};

/** The stages that `--emit` asks for. @throws DiagnosticError for one that does not exist */
export function askedStages(args: Arguments): readonly string[] {
  const asked = (args.get('emit') ?? '').split(',').map((s) => s.trim()).filter((s) => s !== '');
  for (const name of asked) {
    if (stageNames.includes(name)) continue;
    const near = closest(name, stageNames);
    throw new DiagnosticError([{ code: 'unknown-stage', message: `there is no stage \`${name}\``,
      help: near ? `did you mean \`${near}\`?` : `the stages are ${stageNames.join(', ')}` }]);
  }
  return asked;
}

/** Does what `--emit` and `--emit-dir` ask for with the kernels of a build. */
export function emitStages(kernels: readonly Compiled[], args: Arguments, terminal: Terminal): void {
  const asked = askedStages(args);
  const folder = args.get('emit-dir');
  for (const kernel of kernels) {
    const kept = kernel.stages.filter((s) => asked.length === 0 || asked.includes(s.stage));
    if (folder !== undefined) {
      const target = resolve(folder, kernel.name);
      writeAll(kept.map((s, n) => ({ path: join(target, fileName(s, n)), text: s.text })));
    } else if (asked.length > 0 && !terminal.json) {
      for (const s of kept) terminal.print(`--- ${kernel.name} ${s.stage}\n${s.text}`);
    }
  }
}

const fileName = (s: StageText, n: number): string => `${String(n + 1).padStart(2, '0')}-${s.stage}.txt`;
