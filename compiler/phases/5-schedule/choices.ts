/**
 * Where a schedule may go several ways. Each place has a name and its candidates, the one the cost model likes best first;
 * a tuning file answers with a label, and whoever enumerates schedules (tuner, tests) sees every place that was asked.
 */

export interface Candidate<T> {
  /** Says what it is in a word: `4x1`, `rows`, `lanes 8`. Unique among the candidates of its place. */
  readonly label: string;
  readonly value: T;
}

export interface ChoicePoint {
  /** `forward/out/tile`: the function, the definition, what is chosen. */
  readonly point: string;
  readonly labels: readonly string[];
  /** The label that was taken. */
  readonly taken: string;
}

/** Answers of a tuning file, and a record of all that was asked. */
export class Choices {
  readonly asked: ChoicePoint[] = [];
  readonly #answers: ReadonlyMap<string, string>;

  constructor(answers: ReadonlyMap<string, string> = new Map()) {
    this.#answers = answers;
  }

  /** The candidate that was chosen for a place, else the first. A label that is no longer offered counts as no answer. */
  pick<T>(point: string, candidates: readonly [Candidate<T>, ...(readonly Candidate<T>[])]): T {
    const chosen = candidates.find((c) => c.label === this.#answers.get(point)) ?? candidates[0];
    this.asked.push({ point, labels: candidates.map((c) => c.label), taken: chosen.label });
    return chosen.value;
  }
}
