/** How much a function leaves on the heap, to show that it leaves nothing. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const CALLS = 10_000;
/** What measuring itself leaves; a number a call would be 12 bytes or more. */
export const MOST_BYTES = 2 * CALLS;

/** Bytes that ten thousand calls leave on the heap; the least of some tries, as compiling and other work of the process allocate too. */
export function bytesOf(run: (step: number) => void): number {
  for (let n = 0; n < CALLS; n++) run(n);
  let least = Infinity;
  for (let attempt = 0; attempt < 10 && least > MOST_BYTES; attempt++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < CALLS; n++) run(n);
    least = Math.min(least, process.memoryUsage().heapUsed - before);
  }
  return least;
}
