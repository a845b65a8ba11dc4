/** Random specs as kernels, through the proofs of their generated tests; see derive.test.ts for how to run it longer. */
import { test } from 'uvu';
import { kernelProblems } from '../specs/module.ts';
import { fuzz, type Check } from './fuzz.ts';

const provedIn = (target: 'ts' | 'wasm'): Check => async (text, m, seed) => {
  const problems = await kernelProblems({
    source: { path: 'fuzz.layer.yaml', text }, load: () => undefined, sizes: m.sizes, target,
    dtype: seed % 2 === 0 ? 'f64' : 'f32', staged: seed % 3 === 0, accumulate: seed % 5 === 0,
    buffers: seed % 7 === 0 && target === 'ts' ? 'module' : 'caller',
  });
  // Where every extreme takes the gradient, copies of one element take it as often as they stand there.
  return m.options['ties'] === 'all' ? problems.filter((p) => !p.includes('differences')) : problems;
};

test('random specs make right kernels', () => fuzz(provedIn('ts')));
test('random specs make right kernels in WebAssembly', () => fuzz(provedIn('wasm')));

test.run();
