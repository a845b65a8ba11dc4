/** Prints a LoopNest: its loops, locals and stores, one a line. */
import type { LoopNest } from './loop.ts';

export const printNest = (nest: LoopNest): string => JSON.stringify(nest, null, 1);
