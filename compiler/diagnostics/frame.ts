/**
 * The text around a span, with carets under it. Columns of the screen are not units of the text: tabs are shown as
 * blanks, wide characters take two columns, control characters are shown by number (a file must not drive the
 * terminal), and of a long line only a window is shown.
 */
import { positionAt, type Source, type Span } from '../support/source.ts';

export interface FrameLine {
  readonly number: number;
  readonly text: string;
  /** Where the carets start and how many there are, in columns of the screen; none for a line that is shown only. */
  readonly from: number;
  readonly count: number;
}

const WINDOW = 100;
const TAB = 4;
const MAX_LINES = 3;

/** The lines that a span touches: all of up to three, else the first two and the last. */
export function frame(span: Span): FrameLine[] {
  const { source } = span;
  const end = Math.min(Math.max(span.end, span.start + 1), source.text.length);
  const first = positionAt(source, Math.min(span.start, source.text.length)).line;
  const lines: FrameLine[] = [];
  let at = source.text.lastIndexOf('\n', span.start - 1) + 1;
  if (span.start === 0) at = 0;
  for (let number = first; at <= source.text.length; number++) {
    const text = lineAt(source, at);
    const line = frameLine(number, text, span.start - at, end - at);
    if (number === first || line.count > 0) lines.push(line);
    at = nextLine(source, at);
    if (at >= end) break;
  }
  return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), lines.at(-1)!] : lines;
}

function lineAt(source: Source, start: number): string {
  const end = source.text.indexOf('\n', start);
  return source.text.slice(start, end < 0 ? source.text.length : end).replace(/\r$/, '');
}

function nextLine(source: Source, start: number): number {
  const end = source.text.indexOf('\n', start);
  return end < 0 ? source.text.length + 1 : end + 1;
}

/** One line; carets under what lies between `from` and `to`, leading blanks excepted. */
function frameLine(number: number, text: string, from: number, to: number): FrameLine {
  const indent = text.length - text.trimStart().length;
  const start = from < 0 ? Math.min(indent, text.length) : Math.min(from, text.length);
  const end = Math.min(Math.max(to, from >= 0 ? start + 1 : start), Math.max(text.trimEnd().length, from >= 0 ? start + 1 : start));
  const [left, right] = windowAround(text, start, end);
  const before = left > 0 ? '…' : '';
  const after = right < text.length ? '…' : '';
  const shown = display(text.slice(left, right));
  const column = width(before) + width(display(text.slice(left, start)));
  const covered = width(display(text.slice(start, Math.min(end, right))));
  const inside = from >= 0 || end > start;
  return { number, text: (before + shown + after).trimEnd(), from: column, count: inside ? Math.max(1, covered) : 0 };
}

/** The part of a long line that is shown: the span and what stands around it. */
function windowAround(text: string, start: number, end: number): [number, number] {
  if (text.length <= WINDOW) return [0, text.length];
  const shown = Math.min(end, start + WINDOW - 20);
  const slack = WINDOW - (shown - start);
  const left = Math.max(0, Math.min(start - (slack >> 1), text.length - WINDOW));
  return [wholeCharacter(text, left), wholeCharacter(text, Math.min(text.length, left + WINDOW))];
}

const wholeCharacter = (text: string, at: number): number => (/[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at);

/** What a terminal is given for a text. */
export function display(text: string): string {
  return text.replace(/\t/g, ' '.repeat(TAB))
    .replace(/[\0-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`);
}

/** Columns of the screen: two for East Asian and emoji, none for marks that sit on other letters. */
function width(text: string): number {
  let columns = 0;
  for (const c of text) columns += /\p{M}/u.test(c) ? 0 : isWide(c.codePointAt(0)!) ? 2 : 1;
  return columns;
}

const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], [0x2e80, 0x303e], [0x3041, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f], [0xff00, 0xff60],
  [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f680, 0x1f6ff], [0x1f900, 0x1f9ff], [0x20000, 0x3fffd],
];
const isWide = (point: number): boolean => wide.some(([low, high]) => point >= low && point <= high);
