/** Text files of a user: read with a clear word for everything that can be wrong, written whole or not at all. */
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import type { Code } from '../compiler/diagnostics/catalog.ts';
import type { Source } from '../compiler/support/source.ts';

const MAX_BYTES = 4_000_000;

/** A path as people see it: relative to where they stand, `/` between folders. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  const shown = short === '' ? '.' : short.startsWith(join('..', '..', '..')) ? path : short;
  return shown.split(sep).join('/');
}

const fail = (code: Code, message: string, help?: string): never => {
  throw new DiagnosticError([{ code, message, ...(help === undefined ? {} : { help }) }]);
};

/** Why the system refused, in words. */
export function reason(error: unknown): string {
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or folder', EACCES: 'permission is missing', EPERM: 'permission is missing',
    EISDIR: 'it is a folder', ENOTDIR: 'a part of its path is a file, not a folder', EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full', ENAMETOOLONG: 'its name is too long', ELOOP: 'its links go in circles', EMFILE: 'too many files are open',
  };
  const code = (error as NodeJS.ErrnoException).code;
  return (code !== undefined && words[code]) || (error instanceof Error ? error.message : String(error));
}

/**
 * Reads a file of UTF-8 text.
 * @throws DiagnosticError if there is none, it is a folder, too long, or not UTF-8
 */
export function readSource(path: string, what = 'the file'): Source {
  const shown = shownPath(path);
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return fail('file-unreadable', `${what} \`${shown}\` is a folder`);
    if (!stat.isFile()) return fail('file-unreadable', `${what} \`${shown}\` is not an ordinary file`);
    if (stat.size > MAX_BYTES) return fail('limit-exceeded', `${what} \`${shown}\` has ${stat.size} bytes; the limit is ${MAX_BYTES}`);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof DiagnosticError) throw error;
    return fail('file-unreadable', `${what} \`${shown}\` cannot be read: ${reason(error)}`);
  }
  return decode(bytes, shown);
}

function decode(bytes: Buffer, path: string): Source {
  const text = bytes.toString('utf8');
  const wrong = firstWrong(bytes, text);
  if (wrong !== undefined) {
    const source = { path, text: text.replace(/\0/g, '\ufffd') };
    throw new DiagnosticError([{ code: 'bad-utf8', message: text[wrong] === '\0' ? 'a NUL byte: this is not text' : 'this is not UTF-8',
      span: { source, start: wrong, end: wrong + 1 }, help: 'save the file as UTF-8' }]);
  }
  return { path, text: text.replace(/^\ufeff/, '') };
}

/** The index of the first character that the bytes do not spell. */
function firstWrong(bytes: Buffer, text: string): number | undefined {
  const nul = text.indexOf('\0');
  for (let i = text.indexOf('\ufffd'), at = 0, from = 0; i >= 0; i = text.indexOf('\ufffd', i + 1)) {
    at += Buffer.byteLength(text.slice(from, i));
    from = i;
    const spelled = bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
    if (!spelled) return nul >= 0 && nul < i ? nul : i;
  }
  return nul >= 0 ? nul : undefined;
}

/** The text of a file, or undefined where there is no file or it is no text of ours. */
export function readIfThere(path: string): string | undefined {
  try {
    return lstatSync(path).isDirectory() ? undefined : readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    return fail('file-unreadable', `\`${shownPath(path)}\` cannot be read: ${reason(error)}`);
  }
}

/** Like `mkdir -p`. Node's own never returns where the system answers that a parent is missing although it is there. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

export interface FileText {
  readonly path: string;
  readonly text: string;
}

/**
 * Replaces files: all are written beside their places first, then renamed, so that a full disk or a stopped program
 * leaves every file either old or new, never half.
 * @throws DiagnosticError if the system refuses
 */
export function writeAll(files: readonly FileText[], removed: readonly string[] = []): void {
  const temporary: { from: string; to: string }[] = [];
  let at = '';
  try {
    for (const { path, text } of files) {
      at = path;
      makeFolder(dirname(path));
      if (existsSync(path) && lstatSync(path).isDirectory()) fail('file-unwritable', `\`${shownPath(path)}\` is a folder`);
      const from = join(dirname(path), `.kernelwright-${process.pid}-${temporary.length}.tmp`);
      temporary.push({ from, to: path });
      writeFileSync(from, text);
    }
    for (const { from, to } of temporary) { at = to; renameSync(from, to); }
    for (const path of removed) { at = path; rmSync(path, { force: true }); }
  } catch (error) {
    for (const { from } of temporary) rmSync(from, { force: true });
    if (error instanceof DiagnosticError) throw error;
    fail('file-unwritable', `\`${shownPath(at)}\` cannot be written: ${reason(error)}`);
  }
}
