/** The words of the formula language: what a call can be, and the operators that are written as words. */
import type { ReduceOp, UnaryOp } from './tensor.ts';

export const FUNCTIONS: readonly UnaryOp[] = ['sqrt', 'rsqrt', 'exp', 'log', 'abs', 'sign', 'tanh', 'erf', 'sigmoid', 'floor'];

export const REDUCTIONS: readonly ReduceOp[] = ['sum', 'mean', 'max', 'min', 'prod'];

/** No layer can call anything so: a formula with that name could not be read back. */
export const WORDS: ReadonlySet<string> = new Set([...FUNCTIONS, ...REDUCTIONS, 'where', 'index', 'size', 'hit', 'and', 'or', 'not']);
