/**
 * Layers from the literature that do not ship, each a YAML file in test/specs and nothing else, through the whole compiler:
 * what is derived is right (test/specs/check.ts says what that means) at odd and unequal sizes, in every mode, under every
 * policy for ties.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Layer } from '../compiler/ir/tensor.ts';
import { readSpec } from '../compiler/phases/1-read/index.ts';
import { elaborate } from '../compiler/phases/2-elaborate/index.ts';
import { problemsOf } from './specs/check.ts';
import { load, shown, specNames, valuesText } from './specs/load.ts';
import { runs, type Run } from './specs/runs.ts';

function layerOf(name: string, run: Run): Layer {
  return elaborate(readSpec(load(name)!, load), {
    sizes: new Map(Object.entries(run.sizes)), options: new Map(Object.entries(run.options ?? {})), dtype: 'f64',
  });
}

for (const name of specNames) {
  for (const [n, run] of (runs[name] ?? []).entries()) {
    test(`${name}:${valuesText(run.sizes)}${valuesText(run.options)}${run.domain ? ` ${run.domain}` : ''}`, () => {
      assert.equal(shown(() => problemsOf(layerOf(name, run), { ...run, seed: n + 1, elements: 40 })), []);
    });
  }
}

test('every spec has runs, and every run a spec', () => assert.equal(Object.keys(runs).sort(), [...specNames]));

test.run();
