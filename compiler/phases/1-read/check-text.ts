/** Bytes -> text, and what a text may not hold before anyone looks at it as YAML. */
import { DiagnosticError, type Diagnostic, type Problems } from '../../diagnostics/diagnostic.ts';
import type { Source } from '../../support/source.ts';
import { LIMITS } from './limits.ts';
import { spanOf } from './yaml-tree.ts';

/**
 * The text of a file. A byte-order mark is dropped.
 *
 * @param bytes  the file
 * @param path   as shown in diagnostics
 * @throws DiagnosticError `bad-utf8` with the place of the first byte that is not UTF-8, or is NUL
 */
export function decodeUtf8(bytes: Uint8Array, path: string): Source {
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
  const source: Source = { path, text };
  const bad = firstBadByte(bytes);
  if (bad === undefined) return source;
  const start = new TextDecoder('utf-8').decode(bytes.subarray(0, bad)).length;
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const shown = `0x${bytes[bad]!.toString(16).toUpperCase().padStart(2, '0')}`;
  throw new DiagnosticError([{
    code: 'bad-utf8',
    message: bytes[bad] === 0 ? 'the file holds a NUL byte: it is not text' : `byte ${bad + 1} (${shown}) is not UTF-8`,
    span: spanOf(source, start, start + 1),
    help: utf16 ? 'the file is UTF-16; save it as UTF-8' : 'save the file as UTF-8',
  }]);
}

/** The offset of the first byte that no UTF-8 text of printable characters has. */
function firstBadByte(bytes: Uint8Array): number | undefined {
  const nul = bytes.indexOf(0);
  if (isUtf8(bytes)) return nul < 0 ? undefined : nul;
  // The longest good prefix: a cut inside a character is bad too, so the search is for where good ends for good.
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isUtf8Prefix(bytes.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  // A character that is begun and not ended is bad from its first byte.
  while (low > 0 && !isUtf8(bytes.subarray(0, low))) low--;
  return nul >= 0 && nul < low ? nul : low;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Like `isUtf8`, but the last character may be cut. */
function isUtf8Prefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const MARK = 0xfeff;

/** Adds what is wrong with the characters of a file: too many, none, or some that no text file has. */
export function checkText(source: Source, problems: Problems): void {
  const { text } = source;
  if (text.length > LIMITS.fileLength) {
    problems.add({ code: 'limit-exceeded', message: `the file has ${text.length} characters; ${LIMITS.fileLength} are the limit`, span: spanOf(source, 0, 1) });
    return;
  }
  if (text.replace(/^\ufeff/, '').trim() === '') {
    problems.add({ code: 'empty-file', message: 'the file is empty', span: spanOf(source, 0, 0) });
    return;
  }
  const bad = [...text.matchAll(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff]|\r(?!\n)/g)].find((m) => m.index > 0 || m[0].charCodeAt(0) !== MARK);
  if (bad) problems.add(badCharacter(source, bad[0], bad.index));
}

function badCharacter(source: Source, character: string, at: number): Diagnostic {
  const span = spanOf(source, at, at + 1);
  if (character === '\0') return { code: 'bad-utf8', message: 'the file holds a NUL byte: it is not text', span, help: 'save the file as UTF-8' };
  if (character === '\r') {
    return { code: 'yaml-syntax', message: 'a carriage return stands alone', span, help: 'end lines with a line feed' };
  }
  const hex = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return { code: 'yaml-syntax', message: `the character U+${hex} does not belong in a text`, span, help: 'delete it' };
}
