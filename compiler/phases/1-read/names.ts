/** What a name may look like, and the names that are taken. */
import { REDUCTIONS, WORDS } from '../../ir/words.ts';
import { LIMITS } from './limits.ts';

/** Words of JavaScript and TypeScript that no variable may be called, and those that would change what code means. */
const javascript: readonly string[] = [
  ...'await break case catch class const continue debugger default delete do else enum export extends false finally for'.split(' '),
  ...'function if implements import in instanceof interface let new null package private protected public return'.split(' '),
  ...'static super switch this throw true try typeof var void while with yield async of'.split(' '),
  ...'arguments eval undefined NaN Infinity globalThis prototype then'.split(' '),
  ...'Math Number Object Error RangeError Float32Array Float64Array Int32Array Uint8Array'.split(' '),
];

/** Exports and arguments of a generated module. Options are constants in it and may be called so. */
const generated: readonly string[] = [
  'spec', 'Cache', 'createCache', 'bind', 'cache', 'seed', 'step',
  ...['', 'Train', 'Test'].flatMap((mode) => [`forward${mode}`, `backward${mode}`, `backward${mode}Staged`]),
];

export const isReduction = (name: string): boolean => (REDUCTIONS as readonly string[]).includes(name);

/** Is `name` a letter, then letters, digits and underscores? */
export const isIdentifier = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= LIMITS.nameLength;

/** Is `name` written as an axis: capitals, digits and underscores? */
export const isAxisName = (name: string): boolean => /^[A-Z][A-Z0-9_]*$/.test(name) && name.length <= LIMITS.nameLength;

export type NameKind = 'tensor' | 'option' | 'axis' | 'definition' | 'layer';

/** Why nothing of that kind can be called `name`; undefined if it can. */
export function takenBy(name: string, kind: NameKind): string | undefined {
  // The variance is called so everywhere; a definition is a local, and the emitter calls its locals as it likes.
  if (name === 'var' && kind === 'definition') return undefined;
  if (javascript.includes(name) || name in Object.prototype) return 'JavaScript';
  if (kind === 'layer') return undefined;
  if (WORDS.has(name)) return 'the formula language';
  if ((kind === 'tensor' || kind === 'definition') && generated.includes(name)) return 'every generated module';
  return undefined;
}
