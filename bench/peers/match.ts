/** Runs a contest in a process of its own. If that hangs or dies, the peer that was at it is left out and the rest runs again. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job, News, Verdict } from './contest.ts';
import type { WorkloadReport } from './report.ts';

/** How long one step of a contest may say nothing: more than loading a peer on a busy machine, and the slowest call that is timed. */
const SILENCE_MS = 30_000;

interface Lost {
  readonly at: string;
  readonly why: string;
}

/** @throws Error if it is not a peer that fails */
export async function match(job: Job, progress: (what: string) => void): Promise<WorkloadReport> {
  const given: Record<string, Verdict> = { ...job.given };
  const lost = new Set<string>();
  for (;;) {
    const outcome = await attempt({ ...job, given }, progress, (what, verdict) => { given[what] ??= verdict; });
    if (!('at' in outcome)) return outcome;
    const { at, why } = outcome;
    if (!job.peers.some((peer) => at.startsWith(`${peer} `)) || lost.has(at)) throw new Error(`at ${at}: ${why}`);
    lost.add(at);
    given[at] = { refused: why };
  }
}

function attempt(job: Job, progress: (what: string) => void, decided: (what: string, verdict: Verdict) => void): Promise<WorkloadReport | Lost> {
  const child = fork(fileURLToPath(new URL('contest.ts', import.meta.url)), [], {
    execArgv: ['--import', import.meta.resolve('tsx')], stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve) => {
    let at = 'start';
    let complaint = '';
    let timer = setTimeout(() => undefined, 0);
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end({ at, why: `no answer in ${SILENCE_MS / 1000} s` }), SILENCE_MS);
    };
    const end = (outcome: WorkloadReport | Lost): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      resolve(outcome);
    };
    child.stderr?.on('data', (data: Buffer) => { complaint = (complaint + data.toString()).slice(-4000); });
    child.on('message', (news: News) => {
      watch();
      if (news.kind === 'done') return end(news.report);
      if (news.kind === 'decided') return decided(news.what, news.verdict);
      at = news.what;
      progress(at);
    });
    child.on('close', (code, signal) => end({ at, why: `its process ended (${signal ?? `exit code ${code}`}) ${errorLine(complaint)}`.trim() }));
    child.on('error', (error) => end({ at, why: error.message }));
    watch();
    child.send(job);
  });
}

/** The line of an uncaught error's report that says what it was. */
const errorLine = (report: string): string => /^\w*Error\b.*$/m.exec(report)?.[0].slice(0, 160) ?? '';
