/**
 * Times contestants against each other: warm each one up, then round after round a batch of calls of each in turn, so that what
 * disturbs the machine disturbs all of them. One whose calls take long runs in fewer rounds.
 */
import type { Timing } from './report.ts';

export interface Contestant {
  readonly name: string;
  readonly enter?: () => Promise<void>;
  readonly call: () => void | Promise<void>;
}

export interface Effort {
  readonly rounds: number;
  /** How long a batch lasts, at least one call. */
  readonly batchMs: number;
  readonly warmMs: number;
  /** What one contestant may take in all, besides its first call. */
  readonly budgetMs: number;
}

/** Milliseconds; a test has a clock of its own. */
type Clock = () => number;

const realClock: Clock = () => performance.now();

export const thorough: Effort = { rounds: 9, batchMs: 15, warmMs: 120, budgetMs: 3000 };
export const quick: Effort = { rounds: 3, batchMs: 6, warmMs: 40, budgetMs: 600 };

interface Lane {
  readonly contestant: Contestant;
  readonly calls: number;
  readonly rounds: number;
  /** Microseconds of a call, one for each round. */
  readonly samples: number[];
}

/** @returns by name, what a call took in each round, in microseconds */
export async function race(
  contestants: readonly Contestant[], effort: Effort, starting: (name: string) => void, now: Clock = realClock,
): Promise<Map<string, readonly number[]>> {
  const lanes: Lane[] = [];
  for (const contestant of contestants) {
    starting(contestant.name);
    lanes.push(await warm(contestant, effort, now));
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (const lane of lanes) {
      if (round >= lane.rounds) continue;
      starting(lane.contestant.name);
      await lane.contestant.enter?.();
      lane.samples.push(await batch(lane.contestant.call, lane.calls, now));
    }
  }
  return new Map(lanes.map(({ contestant, samples }) => [contestant.name, samples]));
}

/** Runs the contestant until the engine has compiled it, and plans its batches by the last call. */
async function warm({ enter, call, ...rest }: Contestant, { rounds, batchMs, warmMs, budgetMs }: Effort, now: Clock): Promise<Lane> {
  await enter?.();
  const contestant = { ...rest, call, ...(enter ? { enter } : {}) };
  const until = now() + warmMs;
  let us = await batch(call, 1, now);
  if (us > budgetMs * 1000) return { contestant, calls: 1, rounds: 0, samples: [us] };
  us = await batch(call, 1, now);
  for (let calls = 1; now() < until; calls = Math.ceil(Math.min(calls * 2, (until - now()) * 1000 / us))) {
    us = await batch(call, Math.max(1, calls), now);
  }
  const calls = Math.max(1, Math.round((batchMs * 1000) / us));
  const most = Math.max(1, Math.floor((budgetMs * 1000) / (us * calls)));
  return { contestant, calls, rounds: Math.min(rounds, most), samples: [] };
}

/** Microseconds of one of so many calls. */
async function batch(call: Contestant['call'], calls: number, now: Clock): Promise<number> {
  const start = now();
  for (let n = 0; n < calls; n++) {
    const pending = call();
    if (pending) await pending;
  }
  return ((now() - start) * 1000) / calls;
}

export const median = (samples: readonly number[]): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** What is published: to a tenth of a nanosecond. */
export function timing(samples: readonly number[]): Timing {
  const round = (us: number): number => Number(us.toFixed(4));
  return { medianUs: round(median(samples)), minUs: round(Math.min(...samples)), rounds: samples.length };
}

/** Two passes, one after the other, round by round. */
export const sum = (first: readonly number[], second: readonly number[]): number[] =>
  second.slice(0, first.length).map((us, round) => us + first[round]!);

/** Below this share of the forward, a backward that was timed with it is lost in what the forward's time varies. */
const TELLS = 0.03;

/** A backward that was timed with its forward, round by round; nothing if their difference tells nothing. */
export function without(both: readonly number[], forward: readonly number[]): number[] | undefined {
  const usual = median(forward);
  const rest = both.map((us, round) => us - (forward[round] ?? usual));
  return median(rest) > usual * TELLS ? rest.map((us) => Math.max(us, 0)) : undefined;
}
