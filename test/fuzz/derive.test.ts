/**
 * Random specs through the whole derivation (test/specs/check.ts says what must hold of them). Seeded: a failure prints its
 * seed and a shrunk spec. Two seconds by default; `FUZZ_SECONDS=60 FUZZ_SEED=1000 npx tsx test/fuzz/derive.test.ts` goes on
 * for longer, or elsewhere.
 */
import { test } from 'uvu';
import { readSpec } from '../../compiler/phases/1-read/index.ts';
import { elaborate } from '../../compiler/phases/2-elaborate/index.ts';
import { problemsOf } from '../specs/check.ts';
import { fuzz } from './fuzz.ts';

test('random specs derive right gradients', () => fuzz((text, m, seed) => {
  const spec = readSpec({ path: 'fuzz.layer.yaml', text }, () => undefined);
  const layer = elaborate(spec, { sizes: new Map(Object.entries(m.sizes)), options: new Map(), dtype: 'f64' });
  // Where every extreme takes the gradient, copies of one element take it as often as they stand there.
  return problemsOf(layer, { seed, elements: 12, domain: layer.ties === 'all' ? 'tied' : 'real' });
}));

test.run();
