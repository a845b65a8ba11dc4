/** What a command is: its table of flags, its help, and the function that runs it. */
import type { Arguments, Flags } from './arguments.ts';
import type { Terminal } from './terminal.ts';

export interface Command {
  readonly name: string;
  /** What follows the name: `[kernels.yaml]`. */
  readonly usage: string;
  readonly about: string;
  readonly flags: Flags;
  readonly positionals: readonly [min: number, max: number, what: string];
  /** @returns the exit code; throws DiagnosticError for a mistake of the user */
  run(args: Arguments, terminal: Terminal): number | Promise<number>;
}
