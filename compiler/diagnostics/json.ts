/** A diagnostic as data for programs. */
import { positionAt, type Span } from '../support/source.ts';
import type { Diagnostic } from './diagnostic.ts';

export interface JsonPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface JsonDiagnostic extends Partial<JsonPlace> {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly notes: readonly ({ readonly message: string } & Partial<JsonPlace>)[];
}

function jsonPlace(span: Span | undefined): Partial<JsonPlace> {
  if (!span) return {};
  const start = positionAt(span.source, span.start);
  const end = positionAt(span.source, span.end);
  return { file: span.source.path, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

/** The diagnostic as plain data, for `--json`: places count from 1, the end is behind the last character. */
export function diagnosticJson(d: Diagnostic): JsonDiagnostic {
  return {
    code: d.code, message: d.message, ...(d.help === undefined ? {} : { help: d.help }), ...jsonPlace(d.span),
    notes: (d.notes ?? []).map((n) => ({ message: n.message, ...jsonPlace(n.span) })),
  };
}
