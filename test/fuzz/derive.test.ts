/**
 * Random specs through the whole derivation (test/specs/check.ts says what must hold of them). Seeded: a failure prints its
 * seed and a shrunk spec. Two seconds by default; `FUZZ_SECONDS=60 FUZZ_SEED=1000 npx tsx test/fuzz/derive.test.ts` goes on
 * for longer, or elsewhere.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import type { Layer } from '../../compiler/ir/tensor.ts';
import { readSpec } from '../../compiler/phases/1-read/index.ts';
import { elaborate } from '../../compiler/phases/2-elaborate/index.ts';
import { problemsOf } from '../specs/check.ts';
import { generate } from './generate.ts';
import { printModel, type Model } from './model.ts';
import { shrink } from './shrink.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 1);
const MOST_FAILURES = 5;

function layerOf(m: Model): Layer {
  const text = printModel(m);
  const spec = readSpec({ path: 'fuzz.layer.yaml', text }, () => undefined);
  return elaborate(spec, { sizes: new Map(Object.entries(m.sizes)), options: new Map(), dtype: 'f64' });
}

/** What is wrong with a model: its first words stand for the kind. */
interface Outcome {
  readonly kind: 'right' | 'refused' | 'wrong';
  readonly what: string;
}

/** Whether backward must have all it needs: a cache that names inputs alone cannot stand for state. */
const held = (m: Model): boolean => m.cache === 'auto'
  || m.tensors.every((t) => t.section !== 'state' && (t.section !== 'inputs' || t.integer || m.cache.includes(t.name)));

function judge(m: Model, seed: number): Outcome {
  let layer: Layer;
  try {
    layer = layerOf(m);
  } catch (e) {
    return e instanceof DiagnosticError ? { kind: 'refused', what: e.message } : { kind: 'wrong', what: `elaborate: ${(e as Error).stack}` };
  }
  try {
    const [problem] = problemsOf(layer, { seed, elements: 12, domain: layer.ties === 'all' ? 'tied' : 'real' });
    return problem === undefined ? { kind: 'right', what: '' } : { kind: 'wrong', what: problem };
  } catch (e) {
    // A cache without all inputs may lack something.
    const lacking = e instanceof DiagnosticError && e.diagnostics.every((d) => d.code === 'cache-insufficient') && !held(m);
    return { kind: lacking ? 'refused' : 'wrong', what: e instanceof DiagnosticError ? `refused: ${e.message}` : (e as Error).stack ?? String(e) };
  }
}

/** The kind of a failure, so that shrinking does not wander off to another: its text up to the first name. */
const kindOf = (what: string): string => what.replace(/^(train|test): /, '').replace(/[\d.e+-]+/g, '#').split(/[:[(\n]/)[0]!.split(' ').slice(0, 2).join(' ');

test(`random specs derive right gradients, from seed ${FIRST}`, () => {
  const end = Date.now() + SECONDS * 1000;
  const failures: string[] = [];
  const counts = { right: 0, refused: 0, wrong: 0 };
  const seen = new Set<string>();
  for (let seed = FIRST; Date.now() < end && failures.length < MOST_FAILURES; seed++) {
    const model = generate(seed);
    const outcome = judge(model, seed);
    counts[outcome.kind]++;
    if (outcome.kind !== 'wrong') continue;
    const kind = kindOf(outcome.what);
    if (seen.has(kind)) continue;
    seen.add(kind);
    const small = shrink(model, (m) => { const o = judge(m, seed); return o.kind === 'wrong' && kindOf(o.what) === kind; });
    failures.push(`seed ${seed}: ${judge(small, seed).what}\nsizes ${JSON.stringify(small.sizes)}\n${printModel(small)}`);
  }
  const total = counts.right + counts.refused + counts.wrong;
  assert.ok(failures.length === 0, `${counts.wrong} of ${total} specs are wrong\n\n${failures.join('\n\n')}`);
  assert.ok(counts.refused <= total / 3, `${counts.refused} of ${total} specs were refused: the generator makes too few that say anything`);
  if (process.env['FUZZ_SECONDS']) process.stdout.write(`${counts.right} right, ${counts.refused} refused\n`);
});

test.run();
