/**
 * ts-morph, loaded when something is emitted: with it comes the whole TypeScript compiler, most of a program's start. By `require`,
 * which waits for nobody; `import` would also read all of it once more, for the names that it exports.
 */
import { createRequire } from 'node:module';
import type * as TsMorph from 'ts-morph';

type Morph = typeof TsMorph;

let loaded: Morph | undefined;

export const morph = (): Morph => (loaded ??= createRequire(import.meta.url)('ts-morph') as Morph);
