/** A file of text and places in it. Offsets count UTF-16 units from 0; lines and columns count from 1. */

export interface Source {
  /** As shown in diagnostics: relative to where the user stands, `/` between folders. */
  readonly path: string;
  readonly text: string;
}

export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset. */
export function positionAt(source: Source, offset: number): Position {
  const before = source.text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
