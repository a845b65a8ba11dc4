/** What every step of a derivation works with. */
import type { Express } from './express.ts';
import type { Folding } from './fold.ts';
import type { Letters } from './letters.ts';
import type { Log } from './log.ts';

export interface Context {
  readonly letters: Letters;
  readonly log: Log;
  readonly folding: Folding;
  /** Prints letters as their formulas. */
  readonly express: Express;
}
