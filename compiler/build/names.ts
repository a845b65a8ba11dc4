/**
 * Names of kernels. A name becomes a file, a namespace of index.ts and part of a test's title, so it must be safe as
 * each of them, on every file system.
 */

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_LENGTH = 100;

/** Words that cannot name a namespace of an ES module, and those that read as if they were something else. */
const RESERVED = new Set(('arguments as async await break case catch class const constructor continue debugger default delete do else '
  + 'enum eval export extends false finally for from function get hasOwnProperty if implements import in instanceof interface '
  + 'let new null of package private protected prototype public return set static super switch this throw toString true try '
  + 'type typeof undefined valueOf var void while with yield __proto__').split(' '));

/** Names of devices that a file cannot have on Windows. */
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

/** Files that a build writes beside the kernels. */
const TAKEN = new Set(['index', 'manifest']);

/** Why `name` cannot name a kernel, as the end of a sentence; undefined if it can. */
export function wrongName(name: string): string | undefined {
  if (name.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (!IDENTIFIER.test(name)) return 'is not an identifier (letters, digits and _, not starting with a digit)';
  if (RESERVED.has(name)) return 'is a reserved word';
  if (TAKEN.has(name.toLowerCase())) return `is the name of a file that every build writes`;
  if (DEVICE.test(name)) return 'cannot be the name of a file on Windows';
  return undefined;
}

/** Two names are one file where the file system ignores case. */
export const fileKey = (name: string): string => name.toLowerCase();
