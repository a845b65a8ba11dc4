/** What the user got wrong, where, and what to write instead. */
import type { Span } from '../support/source.ts';
import type { Code } from './catalog.ts';

export interface Note {
  readonly message: string;
  readonly span?: Span;
}

export interface Diagnostic {
  readonly code: Code;
  /** One sentence, without a full stop; names of the language stand in `backticks`. */
  readonly message: string;
  /** Absent only where there is no text to point at (a file that cannot be read, a flag of the command line). */
  readonly span?: Span;
  /** Stands beside the carets: what to write instead. */
  readonly help?: string;
  readonly notes?: readonly Note[];
}

/** Carries every problem that a phase found. The only error that the compiler throws at a user. */
export class DiagnosticError extends Error {
  override readonly name = 'DiagnosticError';
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** Collects the problems of one phase, so that a user sees all of them at once. */
export class Problems {
  readonly found: Diagnostic[] = [];
  add(problem: Diagnostic): void {
    this.found.push(problem);
  }
  /** @throws DiagnosticError if anything was added. */
  stop(): void {
    if (this.found.length > 0) throw new DiagnosticError(this.found);
  }
}
