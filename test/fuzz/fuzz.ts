/** Makes random specs, judges them for some seconds, and shrinks what fails. */
import * as assert from 'uvu/assert';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import { generate } from './generate.ts';
import { printModel, type Model } from './model.ts';
import { shrink } from './shrink.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 1);
const MOST_FAILURES = 5;

/** What is wrong with the layer of a spec. May throw a DiagnosticError where the spec itself is wrong. */
export type Check = (text: string, m: Model, seed: number) => Promise<readonly string[]> | readonly string[];

interface Outcome {
  readonly kind: 'right' | 'refused' | 'wrong';
  readonly what: string;
}

/** Whether backward must have all it needs: a cache that names inputs alone cannot stand for state. */
const held = (m: Model): boolean => m.cache === 'auto'
  || m.tensors.every((t) => t.section !== 'state' && (t.section !== 'inputs' || t.integer || m.cache.includes(t.name)));

async function judge(m: Model, seed: number, check: Check): Promise<Outcome> {
  try {
    const [problem] = await check(printModel(m), m, seed);
    return problem === undefined ? { kind: 'right', what: '' } : { kind: 'wrong', what: problem };
  } catch (e) {
    if (!(e instanceof DiagnosticError)) return { kind: 'wrong', what: e instanceof Error ? e.stack ?? e.message : String(e) };
    // The generator may write what the language refuses, and a cache that lacks something.
    const lacks = e.diagnostics.some((d) => d.code === 'cache-insufficient');
    return { kind: lacks && held(m) ? 'wrong' : 'refused', what: `refused: ${e.message}` };
  }
}

/** The kind of a failure, so that shrinking does not wander off to another: its first words without numbers. */
const kindOf = (what: string): string =>
  what.replace(/^(train|test|\w+ \(\w+\)|fuzz): /, '').replace(/[\d.e+-]+/g, '#').split(/[:[(\n]/)[0]!.split(' ').slice(0, 3).join(' ');

/** @throws assertion error with seeds and shrunk specs */
export async function fuzz(check: Check): Promise<void> {
  const end = Date.now() + SECONDS * 1000;
  const failures: string[] = [];
  const counts = { right: 0, refused: 0, wrong: 0 };
  const seen = new Set<string>();
  for (let seed = FIRST; Date.now() < end && failures.length < MOST_FAILURES; seed++) {
    const model = generate(seed);
    const outcome = await judge(model, seed, check);
    counts[outcome.kind]++;
    if (outcome.kind !== 'wrong') continue;
    const kind = kindOf(outcome.what);
    if (seen.has(kind)) continue;
    seen.add(kind);
    const small = await shrink(model, async (m) => {
      const o = await judge(m, seed, check);
      return o.kind === 'wrong' && kindOf(o.what) === kind;
    });
    failures.push(`seed ${seed}: ${(await judge(small, seed, check)).what}\nsizes ${JSON.stringify(small.sizes)}\n${printModel(small)}`);
  }
  const total = counts.right + counts.refused + counts.wrong;
  assert.ok(failures.length === 0, `${counts.wrong} of ${total} specs are wrong\n\n${failures.join('\n\n')}`);
  assert.ok(counts.refused <= total / 3, `${counts.refused} of ${total} specs were refused: the generator makes too few that say anything`);
  if (process.env['FUZZ_SECONDS']) process.stdout.write(`${counts.right} right, ${counts.refused} refused\n`);
}
