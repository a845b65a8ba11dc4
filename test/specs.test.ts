/**
 * Layers from the literature that do not ship, each a YAML file in test/specs and nothing else, through the whole compiler:
 * what is derived is right (test/specs/check.ts says what that means) at odd and unequal sizes, in every mode, under every
 * policy for ties.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Layer } from '../compiler/ir/tensor.ts';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../compiler/diagnostics/render.ts';
import { readSpec } from '../compiler/phases/1-read/index.ts';
import { elaborate } from '../compiler/phases/2-elaborate/index.ts';
import type { Source } from '../compiler/support/source.ts';
import { problemsOf } from './specs/check.ts';
import { runs, type Run } from './specs/runs.ts';

const folders = [new URL('specs/', import.meta.url), new URL('../specs/', import.meta.url)];

function load(layer: string): Source | undefined {
  const file = folders.map((f) => new URL(`${layer}.layer.yaml`, f)).find((f) => existsSync(f));
  return file && { path: `${layer}.layer.yaml`, text: readFileSync(file, 'utf8') };
}

const names = readdirSync(folders[0]!).filter((f) => f.endsWith('.layer.yaml')).map((f) => f.replace('.layer.yaml', '')).sort();

function layerOf(name: string, run: Run): Layer {
  return elaborate(readSpec(load(name)!, load), {
    sizes: new Map(Object.entries(run.sizes)), options: new Map(Object.entries(run.options ?? {})), dtype: 'f64',
  });
}

/** What a failing test says: a diagnostic as a user would see it. */
function shown<T>(run: () => T): T {
  try {
    return run();
  } catch (e) {
    if (e instanceof DiagnosticError) throw new Error(e.diagnostics.map((d) => renderDiagnostic(d, { color: false })).join('\n'), { cause: e });
    throw e;
  }
}

const valuesText = (values: Readonly<Record<string, unknown>> = {}): string => Object.entries(values).map(([k, v]) => ` ${k}=${String(v)}`).join('');

for (const name of names) {
  for (const [n, run] of (runs[name] ?? []).entries()) {
    test(`${name}:${valuesText(run.sizes)}${valuesText(run.options)}${run.domain ? ` ${run.domain}` : ''}`, () => {
      assert.equal(shown(() => problemsOf(layerOf(name, run), { ...run, seed: n + 1, elements: 40 })), []);
    });
  }
}

test('every spec has runs, and every run a spec', () => assert.equal(Object.keys(runs).sort(), names));

test.run();
