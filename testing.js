// `kernelwright/testing`, which generated tests import. In the package that is what was built into dist/; in a clone, where
// the sources are, it is the sources, so that an edit is what runs (TypeScript: under tsx).
import { existsSync } from 'node:fs';

const source = new URL('./compiler/testing/index.ts', import.meta.url);
const built = new URL('./dist/compiler/testing/index.js', import.meta.url);

export const { proofsOf } = await import((existsSync(source) ? source : built).href);
