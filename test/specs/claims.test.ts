/**
 * What is printed can be claimed: for each layer of this folder the derived backward, as printed, is written under its
 * `backward:` and found right; changed by a thousandth, every gradient of it is refused.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import { contextOf, printExpr } from '../../compiler/ir/print.ts';
import type { Derived, DerivedMode } from '../../compiler/ir/derived.ts';
import type { Definition } from '../../compiler/ir/tensor.ts';
import { compileFront, Trace } from '../../compiler/pipeline.ts';
import { load, shown, specNames, valuesText } from './load.ts';
import { runs, type Run } from './runs.ts';

function compile(name: string, run: Run, claims = ''): Derived {
  const source = load(name)!;
  const { sizes, options = {} } = run;
  return compileFront({ source: { ...source, text: `${source.text}${claims}` }, load, sizes, options, dtype: 'f64' }, new Trace()).derived;
}

/** The formulas of a backward that its forward does not have, by name. */
function formulas(m: DerivedMode): Map<string, string> {
  const context = contextOf(m.backward);
  const known = new Set(m.forward.definitions.map((d) => d.name));
  // What the compiler keeps of a state is a copy of it: a claim reads the state.
  const print = (d: Definition): string => printExpr(d.formula, context).replace(/\bheld_(\w+)/g, '$1');
  return new Map(m.backward.definitions.filter((d) => !known.has(d.name) && d.formula.kind !== 'hit').map((d) => [d.name, print(d)]));
}

/** A `backward:` block; a gradient that is zero throughout claims nothing. */
function claimsOf(d: Derived, change: (name: string, text: string) => string = (_, text) => text): string {
  const modes = d.modes.map((m) => ({ mode: m.mode, lines: formulas(m) }));
  const names = new Set(modes.flatMap((m) => [...m.lines.keys()]));
  const lines = [...names].flatMap((name) => {
    const own = modes.flatMap((m) => (m.lines.has(name) ? [{ mode: m.mode, text: change(name, m.lines.get(name)!) }] : []));
    const first = own[0]!;
    return first.mode === undefined ? [`  ${name}: ${first.text}`] : [`  ${name}:`, ...own.map((o) => `    ${o.mode}: ${o.text}`)];
  });
  return `\nbackward:\n${lines.join('\n')}\n`;
}

for (const name of specNames) {
  if (load(name)!.text.includes('backward:')) continue;
  const run = (runs[name] ?? [])[0]!;
  test(`${name}:${valuesText(run.sizes)}`, () => {
    const derived = shown(() => compile(name, run));
    const claimed = shown(() => compile(name, run, claimsOf(derived)));
    const gradients = derived.modes.flatMap((m) => m.backward.stores.map((s) => s.tensor.name));
    assert.equal(claimed.modes.flatMap((m) => m.claims.map((c) => c.name)).sort(), gradients.sort());
    const wrong = claimsOf(derived, (n, text) => (!gradients.includes(n) ? text : text === '0' ? '1' : `1.001 * (${text})`));
    assert.equal(refused(() => compile(name, run, wrong)), gradients.map((g) => `claim-wrong: ${g}`));
  });
}

/** What is refused, in order. */
function refused(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (e) {
    if (!(e instanceof DiagnosticError)) throw e;
    return e.diagnostics.map((d) => `${d.code}: ${/`(\w+)`/.exec(d.message)?.[1]}`).sort();
  }
}

test.run();
