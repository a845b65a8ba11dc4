/**
 * `kernelwright tune`: looks for the fastest schedules of a build file on this machine and writes them down, so that every
 * later build gives the same kernels anywhere. It can be stopped at any time and goes on where it was.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { tuningText, type Answers, type Tuning } from '../../compiler/build/tuning.ts';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import { Choices, type ChoicePoint, type OpenKernel } from '../../compiler/index.ts';
import type { Command } from '../command.ts';
import { shownPath, writeAll } from '../files.ts';
import { findProject, openProject } from '../project.ts';
import type { Terminal } from '../terminal.ts';
import { measureFunction } from './measure.ts';
import { search, type Answered, type Found } from './search.ts';

const MS = 250;

export const tuneCommand: Command = {
  name: 'tune',
  usage: '[kernels.yaml]',
  about: 'measure schedules on this machine and write the fastest into kernels.tuning.yaml',
  flags: {
    filter: { value: 'WORD', about: 'only kernels whose names contain the word' },
    again: { about: 'measure again what the file already has' },
    ms: { value: 'N', about: `milliseconds to warm up and to measure each candidate (${MS})` },
  },
  positionals: [0, 1, 'the build file'],
  async run(args, terminal) {
    const project = openProject(findProject(args.positionals[0]));
    const tuning = new Map([...project.tuning].map(([kernel, functions]) => [kernel, new Map(functions)]));
    const chosen = project.kernels.filter((k) => k.name.includes(args.get('filter') ?? ''));
    const jobs = chosen.flatMap((kernel) => functionsOf(kernel).map((name) => ({ kernel, name })))
      .filter(({ kernel, name }) => args.has('again') || !isTuned(kernel, name, tuning.get(kernel.name)?.get(name)));
    const ms = milliseconds(args.get('ms'));
    const folder = mkdtempSync(join(tmpdir(), 'kernelwright-tune-'));
    const clock = new Clock(terminal, jobs.map(({ kernel, name }) => workOf(kernel, name)));
    const results: object[] = [];
    try {
      for (const { kernel, name } of jobs) {
        const found = await tuneFunction(kernel, name, folder, ms, clock);
        const functions = tuning.get(kernel.name) ?? new Map<string, Answers>();
        tuning.set(kernel.name, functions.set(name, within(found.answers, name)));
        writeAll([{ path: project.tuningFile, text: tuningText(ordered(tuning, project.kernels), machine()) }]);
        results.push({ kernel: kernel.name, function: name, before: found.before, after: found.after });
        if (!terminal.json) terminal.print(line(kernel.name, name, found));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
      terminal.progress('');
    }
    if (terminal.json) terminal.print(JSON.stringify({ ok: true, file: shownPath(project.tuningFile), results }, undefined, 2));
    else terminal.print(jobs.length > 0 ? `${shownPath(project.tuningFile)} written: \`kernelwright build\` follows it`
      : 'nothing left to tune: `--again` measures again');
    return 0;
  },
};

/** Written down in what the measurements hold for: another machine may like another schedule better. */
const machine = (): string => `Measured with Node ${process.versions.node} on ${cpus()[0]?.model.trim().replace(/\s+/g, ' ') ?? 'an unknown processor'}.`;

function milliseconds(text: string | undefined): number {
  const ms = Number(text ?? MS);
  if (Number.isFinite(ms) && ms > 0 && ms <= 60_000) return ms;
  throw new DiagnosticError([{ code: 'flag-value', message: `\`--ms ${text}\` is no number of milliseconds`, help: `write \`--ms ${MS}\`` }]);
}

/** What a module exports for use; the unsimplified sweep is there to be compared with, not to be fast. */
const functionsOf = (kernel: OpenKernel): string[] =>
  kernel.emit(new Choices()).functions.filter((name) => !name.endsWith('Staged'));

const prefixed = (answers: Answers | undefined, name: string): Answered => new Map([...answers ?? []].map(([place, label]) => [`${name}/${place}`, label]));
const within = (answers: Answered, name: string): Map<string, string> => new Map([...answers].map(([point, label]) => [point.slice(name.length + 1), label]));

/** The places of one function. */
function pointsOf(kernel: OpenKernel, name: string, answers: Answered): ChoicePoint[] {
  const choices = new Choices(answers);
  kernel.emit(choices);
  return choices.asked.filter((p) => p.point.startsWith(`${name}/`));
}

/** Whether a tuning answers everything that the scheduler still asks. */
function isTuned(kernel: OpenKernel, name: string, answers: Answers | undefined): boolean {
  const points = pointsOf(kernel, name, prefixed(answers, name)).filter((p) => p.labels.length > 1);
  return answers !== undefined && points.every((p) => answers.get(p.point.slice(name.length + 1)) === p.taken);
}

/** Measurements that a function takes, roughly. */
const workOf = (kernel: OpenKernel, name: string): number =>
  pointsOf(kernel, name, new Map()).reduce((n, p) => n + (p.labels.length > 1 ? p.labels.length + 4 : 0), 0);

async function tuneFunction(kernel: OpenKernel, name: string, folder: string, ms: number, clock: Clock): Promise<Found> {
  const found = await search({
    pointsOf: (answers) => pointsOf(kernel, name, answers),
    measure: (answers) => measureFunction(kernel.emit(new Choices(answers)).text, name, folder, ms),
    progress: (done, left) => clock.tick(`${kernel.name} ${name}`, done, left),
  });
  clock.next();
  return found;
}

/** Progress and how long the rest will take, from how long each measurement took so far. */
class Clock {
  readonly #terminal: Terminal;
  readonly #work: number[];
  readonly #start = performance.now();
  #before = 0;
  #here = 0;

  constructor(terminal: Terminal, work: readonly number[]) {
    this.#terminal = terminal;
    this.#work = [...work];
  }

  tick(what: string, done: number, left: number): void {
    this.#here = done;
    const measured = this.#before + done;
    const all = measured + left + this.#work.slice(1).reduce((n, k) => n + k, 0);
    const width = 24;
    const full = Math.round((width * measured) / Math.max(1, all));
    const seconds = measured === 0 ? undefined : ((performance.now() - this.#start) / 1000 / measured) * (all - measured);
    const rest = seconds === undefined ? '' : seconds > 90 ? `, ${Math.round(seconds / 60)} min left` : `, ${Math.ceil(seconds)} s left`;
    this.#terminal.progress(`[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${measured}/${all} ${what}${rest}`);
  }

  next(): void {
    this.#before += this.#here + 1;
    this.#here = 0;
    this.#work.shift();
  }
}

/** Kernels in the order of the build file; those it does not have are dropped. */
const ordered = (tuning: Tuning, kernels: readonly OpenKernel[]): Tuning =>
  new Map(kernels.flatMap((k) => (tuning.has(k.name) ? [[k.name, tuning.get(k.name)!] as const] : [])));

const line = (kernel: string, name: string, { before, after }: Found): string =>
  `${kernel.padEnd(32)} ${name.padEnd(14)} ${before.toFixed(1).padStart(10)} us -> ${after.toFixed(1).padStart(10)} us  ${(before / after).toFixed(2)}x`;
