/** The command line: finds the command, runs it, and turns whatever happens into an exit code: 0, 1 (the user), 2 (us). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { closest } from '../compiler/support/suggest.ts';
import { commonFlags, parseArguments } from './arguments.ts';
import type { Flags } from './arguments.ts';
import type { Command } from './command.ts';
import { packageFolder } from './library.ts';
import { report } from './report.ts';
import { leaveWhenPipesClose, openTerminal } from './terminal.ts';

/** Each is loaded when it is asked for: what one needs (the compiler, a differ) need not slow down the start of another. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  build: async () => (await import('./build.ts')).buildCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  new: async () => (await import('./new.ts')).newCommand,
  tune: async () => (await import('./tune/index.ts')).tuneCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
};

const commandNamed = async (name: string): Promise<Command | undefined> => (Object.hasOwn(commands, name) ? commands[name]!() : undefined);

/** Runs the command line; sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  leaveWhenPipesClose();
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const terminal = openTerminal(own.includes('--json'), own.includes('--no-color'));
  try {
    process.exitCode = await dispatch(args, terminal);
  } catch (error) {
    process.exitCode = report(error, terminal);
  }
}

async function dispatch([name, ...rest]: readonly string[], terminal: ReturnType<typeof openTerminal>): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const asked = rest[0] === undefined ? undefined : await commandNamed(rest[0]);
    terminal.print(asked ? commandHelp(asked) : await help());
    return name === undefined ? 1 : 0;
  }
  if (name === '--version' || name === '-v') {
    terminal.print(version());
    return 0;
  }
  const command = await commandNamed(name);
  if (!command) throw new DiagnosticError([unknownCommand(name)]);
  const parsed = parseArguments(rest, command.flags, command.positionals);
  if (parsed.has('help')) {
    terminal.print(commandHelp(command));
    return 0;
  }
  return command.run(parsed, terminal);
}

function unknownCommand(name: string): ConstructorParameters<typeof DiagnosticError>[0][number] {
  const near = closest(name, Object.keys(commands));
  if (name.startsWith('-')) {
    return { code: 'unknown-flag', message: `there is no flag \`${name}\` before a command`, help: 'write the command first: `kernelwright build --out DIR`' };
  }
  return { code: 'unknown-command', message: `there is no command \`${name}\``,
    help: near ? `did you mean \`${near}\`?` : `the commands are ${Object.keys(commands).join(', ')}` };
}

async function help(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  return [
    'kernelwright compiles forward-only layer specs into TypeScript kernels, forward and derived backward.',
    '',
    'usage: kernelwright COMMAND [arguments] [flags]',
    '',
    ...columns(all.map((c) => [`${c.name} ${c.usage}`, c.about])),
    '',
    'kernelwright COMMAND --help tells more. Exit codes: 0 done, 1 a mistake in the input, 2 a bug of kernelwright.',
  ].join('\n');
}

function commandHelp(command: Command): string {
  return [`usage: kernelwright ${command.name} ${command.usage} [flags]`, '', command.about, '', ...flagHelp({ ...command.flags, ...commonFlags })].join('\n');
}

const flagHelp = (flags: Flags): string[] =>
  columns(Object.entries(flags).map(([name, flag]) => [`--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.about]));

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function version(): string {
  const parsed = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return parsed.version;
}
