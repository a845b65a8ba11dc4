/** The command line, parsed: flags of a command checked by its table, slips answered with what was meant. */
import { parseArgs } from 'node:util';
import { DiagnosticError, Problems } from '../compiler/diagnostics/diagnostic.ts';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { closest } from '../compiler/support/suggest.ts';

export interface Flag {
  /** What a value stands for in the help, `DIR`; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  /** May be given several times; the values are joined by commas. */
  readonly many?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

export interface Arguments {
  readonly positionals: readonly string[];
  has(flag: string): boolean;
  get(flag: string): string | undefined;
}

/** Flags that every command has. */
export const commonFlags: Flags = {
  json: { about: 'print results and diagnostics as JSON on stdout' },
  'no-color': { about: 'no colour (so does the environment variable NO_COLOR)' },
  help: { about: 'show this help' },
};

/**
 * Parses what follows the name of a command.
 * @throws DiagnosticError with every flag that is unknown, lacks its value or has one too many
 */
export function parseArguments(args: readonly string[], own: Flags, positionals: readonly [min: number, max: number, what: string]): Arguments {
  const flags: Flags = { ...own, ...commonFlags };
  const options = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, {
    type: flag.value === undefined ? 'boolean' as const : 'string' as const, ...(name === 'help' ? { short: 'h' } : {}),
  }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const problems = new Problems();
  const given = new Map<string, string>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    const problem = flagProblem(token, flag, given, flags);
    if (problem) { problems.add(problem); continue; }
    const before = given.get(token.name);
    given.set(token.name, before === undefined ? token.value ?? '' : `${before},${token.value ?? ''}`);
  }
  const [min, max, what] = positionals;
  if (!given.has('help')) {
    if (rest.length < min) problems.add({ code: 'missing-argument', message: `${what} is missing` });
    for (const extra of rest.slice(max)) problems.add({ code: 'unexpected-argument', message: `nothing takes the argument \`${extra}\`` });
  }
  problems.stop();
  return { positionals: rest, has: (name) => given.has(name), get: (name) => given.get(name) };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function flagProblem(token: OptionToken, flag: Flag | undefined, given: ReadonlyMap<string, string>, flags: Flags): Diagnostic | undefined {
  if (!flag) {
    const near = closest(token.name, Object.keys(flags));
    return { code: 'unknown-flag', message: `there is no flag \`${token.rawName}\``,
      help: near ? `did you mean \`--${near}\`?` : `the flags are ${Object.keys(flags).map((f) => `--${f}`).join(', ')}` };
  }
  if (flag.value === undefined && token.value !== undefined) {
    return { code: 'flag-value', message: `\`${token.rawName}\` takes no value` };
  }
  if (flag.value !== undefined && (token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('--')))) {
    return { code: 'flag-value', message: `\`${token.rawName}\` needs a value`, help: `write \`${token.rawName} ${flag.value}\`` };
  }
  if (given.has(token.name) && flag.value !== undefined && !flag.many) {
    return { code: 'flag-value', message: `\`${token.rawName}\` is given twice` };
  }
  return undefined;
}

/** `N=4,D=5` as pairs in order. @throws DiagnosticError where it is not that, or a name stands twice */
function parsePairs(flag: string, text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const m = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*[=:]\s*([^\s=]+)\s*$/.exec(part);
    const wrong = !m ? `\`--${flag}\` has \`${part}\`, which is not \`name=value\`` : pairs.has(m[1]!) ? `\`--${flag}\` has \`${m[1]!}\` twice` : undefined;
    if (wrong !== undefined) throw new DiagnosticError([{ code: 'flag-value', message: wrong, help: `write \`--${flag} N=4,D=5\`` }]);
    pairs.set(m![1]!, m![2]!);
  }
  return pairs;
}

/** The sizes of `--sizes`. @throws DiagnosticError for one that is not a positive integer */
export function parseSizes(text: string | undefined): Map<string, number> {
  const sizes = new Map<string, number>();
  if (text === undefined) return sizes;
  for (const [axis, value] of parsePairs('sizes', text)) {
    const size = Number(value);
    if (!/^[0-9]+$/.test(value) || size < 1 || size > 2147483647) {
      throw new DiagnosticError([{ code: 'size-invalid', message: `the size of ${axis} is ${value}; a size is an integer from 1 to 2147483647` }]);
    }
    sizes.set(axis, size);
  }
  return sizes;
}

/** The options of `--options`: numbers where they read as numbers, else words. */
export function parseOptions(text: string | undefined): Map<string, number | string> {
  const options = new Map<string, number | string>();
  if (text === undefined) return options;
  for (const [name, value] of parsePairs('options', text)) {
    options.set(name, Number.isFinite(Number(value)) ? Number(value) : value);
  }
  return options;
}

/** The target of `--target`. @throws DiagnosticError where it is none */
export function parseTarget(text: string): 'ts' | 'wasm' | readonly ['ts', 'wasm'] {
  if (text === 'ts' || text === 'wasm') return text;
  if (text === 'ts,wasm') return ['ts', 'wasm'];
  throw new DiagnosticError([{ code: 'unknown-target', message: `\`--target\` cannot be \`${text.slice(0, 60)}\``, help: 'write ts, wasm or ts,wasm' }]);
}

export const targetFlag: Flag = { value: 'ts|wasm|ts,wasm', about: 'what the loops are written in, whatever the build file says', many: true };
