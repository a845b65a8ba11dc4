/**
 * Runs the whole suite: `npm test`, or `npm test -- cli norm` for the files whose path has one of the words. Files go to
 * two worker processes (test/worker.ts), slow ones first as the last run measured them. A file that crashes, hangs or
 * runs no test counts as a failure. The last line is `N passed, N failed`.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a worker says about one file. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly total: number;
  readonly skipped: number;
  /** The failures in full; empty if there are none. */
  readonly failures: string;
  readonly rss: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const WORKERS = 2;
const FILE_SECONDS = Number(process.env['KERNELWRIGHT_TEST_SECONDS'] ?? 300);
const WORKER_BYTES = 1.5e9;
const timesFile = join(root, '.kernelwright-test-times.json');

function testFiles(words: readonly string[]): string[] {
  const below = (folder: string): string[] => (existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((f) => `${folder}/${f.replaceAll('\\', '/')}`) : []);
  return [...below('test'), ...below('generated')].filter((f) => f.endsWith('.test.ts'))
    .filter((f) => words.length === 0 || words.some((w) => f.includes(w))).sort();
}

/** Milliseconds of each file in the last run; what is unknown counts as slow. */
function lastTimes(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

interface Running {
  readonly child: ChildProcess;
  output: string;
}

function startWorker(): Running {
  const child = fork(join(root, 'test/worker.ts'), [], {
    cwd: root, execArgv: ['--import', import.meta.resolve('tsx')], stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const running: Running = { child, output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => { running.output = (running.output + data.toString()).slice(-20_000); });
  }
  return running;
}

/** Runs one file in a worker; a worker that dies or hangs is a failure of the file. */
function runFile(worker: Running, file: string): Promise<FileResult | string> {
  return new Promise((resolve) => {
    worker.output = '';
    const { child } = worker;
    const end = (result: FileResult | string): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onError);
      resolve(result);
    };
    const onMessage = (message: unknown): void => end(message as FileResult);
    const onExit = (code: number | null, signal: string | null): void => {
      // What the worker wrote last may still be in the pipe.
      setTimeout(() => end(`the process ended (${signal ?? `exit code ${code}`}) before the tests did\n${worker.output}`), 50);
    };
    const onError = (error: Error): void => end(error.message);
    const timer = setTimeout(() => { end(`no result after ${FILE_SECONDS} s\n${worker.output}`); child.kill('SIGKILL'); }, FILE_SECONDS * 1000);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.on('error', onError);
    child.send(file, (error) => { if (error) end(`the worker is gone: ${error.message}`); });
  });
}

async function runAll(files: readonly string[]): Promise<{ passed: number; failed: number }> {
  const times = lastTimes();
  const queue = [...files].sort((a, b) => (times[b] ?? 1e6) - (times[a] ?? 1e6));
  let passed = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    let worker: Running | undefined;
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      if (!worker || worker.child.exitCode !== null || worker.child.signalCode !== null) worker = startWorker();
      const before = performance.now();
      const result = await runFile(worker, file);
      const ms = performance.now() - before;
      times[file] = Math.round(ms);
      const broken = typeof result === 'string' || result.total === 0;
      const bad = typeof result === 'string' ? 1 : result.total === 0 ? 1 : result.total - result.passed;
      passed += typeof result === 'string' ? 0 : result.passed;
      failed += bad;
      const counts = typeof result === 'string' ? 'crashed' : `${result.passed} of ${result.total}${result.skipped > 0 ? `, ${result.skipped} skipped` : ''}`;
      process.stdout.write(`${bad > 0 ? 'FAIL' : ' ok '} ${file} (${counts}, ${(ms / 1000).toFixed(1)} s)\n`);
      if (typeof result === 'string') process.stdout.write(`${indent(result)}\n`);
      else if (result.total === 0) process.stdout.write(`${indent(result.failures || 'no test ran: does the file end in test.run()?')}\n`);
      else if (bad > 0) process.stdout.write(`${result.failures}\n`);
      if (broken || (typeof result !== 'string' && result.rss > WORKER_BYTES)) {
        worker.child.kill('SIGKILL');
        worker = undefined;
      }
    }
    worker?.child.kill();
  };
  await Promise.all(Array.from({ length: WORKERS }, lane));
  try {
    writeFileSync(timesFile, JSON.stringify(times));
  } catch {
    // The order of the next run is all that is lost.
  }
  return { passed, failed };
}

const indent = (text: string): string => text.trimEnd().split('\n').map((line) => `    ${line}`).join('\n');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = testFiles(process.argv.slice(2));
  const { passed, failed } = await runAll(files);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
