/** Says what went wrong: diagnostics for people or for programs, and one line for a mistake of ours. */
import { diagnosticJson } from '../compiler/diagnostics/json.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../compiler/diagnostics/render.ts';
import type { Terminal } from './terminal.ts';

const SHOWN = 50;

/** Prints an error and gives the exit code: 1 for a mistake of the user, 2 for one of ours. */
export function report(error: unknown, terminal: Terminal): 1 | 2 {
  if (error instanceof DiagnosticError) {
    reportDiagnostics(error, terminal);
    return 1;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const line = `internal error: ${message.split('\n')[0]!.slice(0, 500)}`;
  if (terminal.json) terminal.print(JSON.stringify({ ok: false, internal: line, diagnostics: [] }, undefined, 2));
  terminal.complain(`${line}\nThis is a bug of kernelwright. Please report the line above with the spec and the command that gave it.`);
  if (process.env['KERNELWRIGHT_DEBUG'] && error instanceof Error) terminal.complain(error.stack ?? '');
  return 2;
}

function reportDiagnostics({ diagnostics }: DiagnosticError, terminal: Terminal): void {
  if (terminal.json) {
    terminal.print(JSON.stringify({ ok: false, diagnostics: diagnostics.map(diagnosticJson) }, undefined, 2));
    return;
  }
  for (const d of diagnostics.slice(0, SHOWN)) terminal.complain(`${renderDiagnostic(d, { color: terminal.color }).trimEnd()}\n`);
  const rest = diagnostics.length - SHOWN;
  if (rest > 0) terminal.complain(`... and ${rest} more`);
  if (diagnostics.length > 1) terminal.complain(`${diagnostics.length} errors`);
}
