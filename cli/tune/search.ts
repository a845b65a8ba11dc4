/**
 * The search for a function's schedule: place by place, every candidate is measured in turns with the others, the rest of
 * the schedule as good as it is known. The slow ones drop out after the first round. What is measured is handed in, so
 * that a test can put numbers in its place.
 */
import type { ChoicePoint } from '../../compiler/index.ts';

/** Answers by place. */
export type Answered = ReadonlyMap<string, string>;

export interface Bench {
  /** The places that the scheduler asks about, given these answers. */
  pointsOf(answers: Answered): readonly ChoicePoint[];
  /** Microseconds of one call, in a process of its own. */
  measure(answers: Answered): Promise<number>;
  /** Called before each measurement with how many there were and how many are still to come, as far as is known. */
  progress(done: number, left: number): void;
}

export interface Found {
  readonly answers: Answered;
  /** Microseconds of the cost model's schedule and of the one that was found. */
  readonly before: number;
  readonly after: number;
}

const ROUNDS = 3;
/** After the first round only candidates this close to the best go on. */
const CLOSE = 1.12;
/** A candidate replaces the cost model's choice if it is this much faster. */
const FASTER = 0.98;

/** Finds the fastest of the schedules that differ from the known best in one place. */
export async function search(bench: Bench): Promise<Found> {
  let answers: Answered = new Map();
  let done = 0;
  let [before, after] = [Infinity, Infinity];
  const settled = new Set<string>();
  const open = (): readonly ChoicePoint[] => bench.pointsOf(answers).filter((p) => p.labels.length > 1 && !settled.has(p.point));
  for (let points = open(); points.length > 0; points = open()) {
    const [point] = points as [ChoicePoint];
    settled.add(point.point);
    const others = points.slice(1).reduce((n, p) => n + p.labels.length + 2 * (ROUNDS - 1), 0);
    const best = new Map(point.labels.map((label) => [label, Infinity]));
    let running = [...point.labels];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [n, label] of running.entries()) {
        bench.progress(done, running.length - n + (ROUNDS - 1 - round) * Math.min(3, running.length) + others);
        best.set(label, Math.min(best.get(label)!, await bench.measure(new Map([...answers, [point.point, label]]))));
        done++;
      }
      const least = Math.min(...best.values());
      running = point.labels.filter((label) => best.get(label)! <= CLOSE * least);
    }
    const usual = best.get(point.taken)!;
    const [label, time] = [...best].reduce((a, b) => (b[1] < a[1] ? b : a));
    const wins = time < FASTER * usual;
    if (before === Infinity) before = usual;
    after = Math.min(after, wins ? time : usual);
    answers = new Map([...answers, [point.point, wins ? label : point.taken]]);
  }
  if (before === Infinity) before = after = await bench.measure(answers);
  return { answers, before, after };
}
