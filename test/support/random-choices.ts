/** Takes schedules at random, so that tests meet those that no cost model would choose. */
import { Choices, type Candidate } from '../../compiler/phases/5-schedule/choices.ts';

export class RandomChoices extends Choices {
  readonly #random: () => number;

  /** @param random numbers from 0 to below 1 */
  constructor(random: () => number) {
    super();
    this.#random = random;
  }

  override pick<T>(point: string, candidates: readonly [Candidate<T>, ...(readonly Candidate<T>[])]): T {
    const taken = candidates[Math.floor(this.#random() * candidates.length)]!;
    this.asked.push({ point, labels: candidates.map((c) => c.label), taken: taken.label });
    return taken.value;
  }
}
