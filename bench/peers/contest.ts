/**
 * One workload: our kernel against every peer, in one process. A peer's results are compared with ours before it is timed; of
 * several forms the fastest counts. Forked by match.ts, so that a peer that hangs or crashes takes down one workload's process.
 */
import { pathToFileURL } from 'node:url';
import { disagreement } from './compare.ts';
import type { Kernel } from './kernel.ts';
import { quick, race, sum, timing, without } from './measure.ts';
import type { Contestant, Effort } from './measure.ts';
import type { Case, Prepared } from './peer.ts';
import { peers } from './peers.ts';
import { isRefusal } from './report.ts';
import type { PassName, PassReport, PassShown, PeerTiming, Refusal, Timing, WorkloadReport } from './report.ts';
import { prepareOurs } from './workload.ts';
import type { Ours, Workload } from './workload.ts';

export interface Job {
  readonly name: string;
  /** The generated module. */
  readonly file: string;
  readonly peers: readonly string[];
  readonly effort: Effort;
  /** What an earlier try of this job knows, by `peer pass`: the form that was chosen, or why there is none. */
  readonly given: Readonly<Record<string, Verdict>>;
}

export type Verdict = { readonly form: string } | Refusal;

/** What the process says: what it is about to do, what it decided, and at last what it found. */
export type News =
  | { readonly kind: 'at'; readonly what: string }
  | { readonly kind: 'decided'; readonly what: string; readonly verdict: Verdict }
  | { readonly kind: 'done'; readonly report: WorkloadReport };

/** A peer that takes longer for a call is not timed. */
const SLOWEST_SECONDS = 10;

const passes: readonly PassName[] = ['forward', 'backward'];

/** A peer in a pass: what is timed, or why it is not. */
interface Entry {
  readonly peer: string;
  readonly pass: PassName;
  readonly chosen: Case | Refusal;
  readonly includesForward: boolean;
}

export async function contest(job: Job, tell: (news: News) => void): Promise<WorkloadReport> {
  const at = (what: string): void => tell({ kind: 'at', what });
  at('ours');
  const ours = prepareOurs(job.name, await import(pathToFileURL(job.file).href) as Kernel);
  const entries: Entry[] = [];
  for (const peer of job.peers) entries.push(...await enter(peer, ours.workload, job, tell));
  const samples = await race([...ourContestants(ours), ...entries.flatMap(contestantOf)], job.effort, at);
  return {
    name: job.name, layer: ours.workload.layer, label: ours.workload.label,
    passes: ([...passes, 'both'] as const).map((pass) => passReport(pass, entries, samples)),
  };
}

function ourContestants({ plain, bound }: Ours): Contestant[] {
  return passes.flatMap((pass) => [
    { name: `plain ${pass}`, call: plain[pass] },
    ...(bound ? [{ name: `bound ${pass}`, call: bound[pass] }] : []),
  ]);
}

const contestantOf = ({ peer, pass, chosen }: Entry): Contestant[] =>
  (isRefusal(chosen) ? [] : [{ name: `${peer} ${pass}`, call: chosen.call, ...(chosen.enter ? { enter: chosen.enter } : {}) }]);

async function enter(name: string, workload: Workload, job: Job, tell: (news: News) => void): Promise<Entry[]> {
  let prepared: Prepared | Refusal;
  try {
    tell({ kind: 'at', what: `${name} forward` });
    const peer = await peers.find((p) => p.name === name)!.load();
    await peer.open();
    prepared = await peer.prepare(workload);
  } catch (error) {
    prepared = { refused: firstLine(error) };
  }
  const entries: Entry[] = [];
  for (const pass of passes) {
    const what = `${name} ${pass}`;
    const chosen = isRefusal(prepared) ? prepared
      : await decide(prepared[pass], job.given[what], workload, job.effort, () => tell({ kind: 'at', what }));
    tell({ kind: 'decided', what, verdict: isRefusal(chosen) ? chosen : { form: chosen.form } });
    entries.push({ peer: name, pass, chosen, includesForward: pass === 'backward' && !isRefusal(prepared) && prepared.backwardIncludesForward });
  }
  return entries;
}

/** What was decided before holds: the numbers are the same in every try. */
async function decide(
  cases: readonly Case[] | Refusal, given: Verdict | undefined, workload: Workload, effort: Effort, alive: () => void,
): Promise<Case | Refusal> {
  alive();
  if (isRefusal(cases)) return cases;
  if (given === undefined) return choose(cases, workload, effort, alive);
  return isRefusal(given) ? given : cases.find((one) => one.form === given.form)!;
}

/** The fastest of the forms that run and agree with us. */
async function choose(cases: readonly Case[], workload: Workload, effort: Effort, alive: () => void): Promise<Case | Refusal> {
  const right: Case[] = [];
  let refused = '';
  for (const one of cases) {
    try {
      alive();
      const start = performance.now();
      const results = await one.results();
      const seconds = (performance.now() - start) / 1000;
      if (seconds > SLOWEST_SECONDS) return { refused: `takes ${seconds.toFixed(0)} s a call` };
      const wrong = disagreement(workload, results);
      if (wrong === undefined) right.push(one);
      // Where a call takes long, the first form that is right will do.
      if (wrong === undefined && seconds * 1000 > effort.budgetMs) break;
      else refused = `wrong: ${wrong}`;
    } catch (error) {
      refused = firstLine(error);
    }
  }
  if (right.length < 2) return right[0] ?? { refused };
  const samples = await race(right.map((one) => ({ ...one, name: one.form })), { ...quick, rounds: 3 }, alive);
  const best = (one: Case): number => Math.min(...samples.get(one.form)!);
  return right.reduce((a, b) => (best(b) < best(a) ? b : a));
}

type Samples = ReadonlyMap<string, readonly number[]>;

function passReport(pass: PassShown, entries: readonly Entry[], samples: Samples): PassReport {
  const our = (how: string): Timing | undefined => {
    const [forward, backward] = [samples.get(`${how} forward`), samples.get(`${how} backward`)];
    if (!forward || !backward) return undefined;
    return timing({ forward, backward, both: sum(forward, backward) }[pass]);
  };
  const bound = our('bound');
  const names = [...new Set(entries.map(({ peer }) => peer))];
  return {
    pass, plain: our('plain')!, ...(bound ? { bound } : {}),
    peers: Object.fromEntries(names.map((name) => [name, peerTiming(pass, entries.filter(({ peer }) => peer === name), samples)])),
  };
}

/** A peer's time for a pass, from what could be measured: a backward alone or with its forward. */
function peerTiming(pass: PassShown, entries: readonly Entry[], samples: Samples): PeerTiming {
  const [forward, backward] = passes.map((each) => entries.find((entry) => entry.pass === each)!);
  const needed = pass === 'both' ? [forward!, backward!] : [pass === 'forward' ? forward! : backward!];
  if (pass === 'backward' && backward!.includesForward) needed.push(forward!);
  for (const { chosen } of needed) if (isRefusal(chosen)) return chosen;
  const taken = (entry: Entry): readonly number[] => samples.get(`${entry.peer} ${entry.pass}`)!;
  const form = (entry: Entry): string => (entry.chosen as Case).form;
  if (pass === 'forward') return { ...timing(taken(forward!)), form: form(forward!) };
  if (pass === 'both') {
    return { ...timing(backward!.includesForward ? taken(backward!) : sum(taken(forward!), taken(backward!))), form: form(backward!) };
  }
  if (!backward!.includesForward) return { ...timing(taken(backward!)), form: form(backward!) };
  const rest = without(taken(backward!), taken(forward!));
  if (!rest) return { refused: 'takes no longer with its backward than its forward varies' };
  return { ...timing(rest), form: `${form(backward!)}, less its forward` };
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 160);

if (process.send) {
  process.once('disconnect', () => process.exit());
  const tell = (news: News): void => { process.send?.(news); };
  process.once('message', (job: Job) => {
    contest(job, tell).then(
      (report) => { tell({ kind: 'done', report }); process.disconnect?.(); },
      (error: unknown) => { console.error(error); process.exitCode = 1; process.disconnect?.(); },
    );
  });
}
