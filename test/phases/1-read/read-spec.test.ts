/** readSpec: the shipped layers, inheritance, every way to write a value, and hostile files. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticError } from '../../../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../../../compiler/diagnostics/render.ts';
import type { Formula } from '../../../compiler/ir/formula.ts';
import type { Spec, SpecDefinition } from '../../../compiler/ir/spec.ts';
import { decodeUtf8, LIMITS, readSpec } from '../../../compiler/phases/1-read/index.ts';
import type { Source, Span } from '../../../compiler/support/source.ts';

const folder = new URL('../../../specs/', import.meta.url);
const shipped = readdirSync(folder).filter((f) => f.endsWith('.layer.yaml')).map((f) => f.replace('.layer.yaml', ''));
const load = (layer: string): Source | undefined =>
  shipped.includes(layer) ? decodeUtf8(readFileSync(new URL(`${layer}.layer.yaml`, folder)), `specs/${layer}.layer.yaml`) : undefined;

const text = (span: Span): string => span.source.text.slice(span.start, span.end);
const formula = (f: Formula | undefined): string => (f ? text(f.span) : '-');
const line = (d: SpecDefinition): string => `${d.name.value}: ${d.both ? formula(d.both) : `${formula(d.train)} | ${formula(d.test)}`}`;
const read = (body: string, others: Readonly<Record<string, string>> = {}): Spec =>
  readSpec({ path: 'demo.yaml', text: body }, (n) => (others[n] === undefined ? undefined : { path: `${n}.layer.yaml`, text: others[n] }));

for (const layer of shipped) {
  test(`${layer} can be read`, () => {
    const spec = readSpec(load(layer)!, load);
    assert.is(spec.layer.value, layer);
    assert.is.not(spec.summary, '');
    assert.match(spec.source.text, /^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  });
}

test('a redefinition takes the place of the inherited line', () => {
  const spec = readSpec(load('spatial_batchnorm')!, load);
  assert.equal(spec.ancestors, ['batchnorm.layer.yaml', 'normalization.layer.yaml']);
  assert.not.ok(spec.abstract);
  assert.equal(spec.forward.map(line), [
    'mu: mean(x) | running_mean', 'var: mean((x - mu)^2) | running_var', 'rstd: 1 / sqrt(var + eps)', 'xhat: (x - mu) * rstd', 'out: gamma * xhat + beta',
  ]);
  assert.equal(spec.options.map((o) => [o.name.value, o.value.value]), [['eps', 1e-5], ['momentum', 0.9]]);
  assert.equal(spec.reduce?.value.map((a) => a.name), ['N', 'H', 'W']);
  assert.is(spec.forward[2]!.name.span.source.path, 'specs/normalization.layer.yaml');
  assert.is(spec.forward[0]!.name.span.source.path, 'specs/batchnorm.layer.yaml');
  assert.is(spec.inputs[0]!.name.span.source.path, 'specs/spatial_batchnorm.layer.yaml');
});

test('a child may replace a mode, a cache and a summary, and inherits what it does not say', () => {
  const parent = 'layer: a\nabstract: true\nsummary: Parent.\noptions: { eps: 1, k: 2 }\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward:\n  m: { train: x, test: 1 }\n  out: m\ncache: [m]\n';
  const spec = read('layer: demo\nextends: a\noptions: { k: 3 }\nforward: { m: x + 1, n: x }\n', { a: parent });
  assert.is(spec.summary, 'Parent.');
  assert.equal(spec.forward.map(line), ['m: x + 1', 'out: m', 'n: x']);
  assert.equal(spec.options.map((o) => o.value.value), [1, 3]);
  assert.is(spec.cache?.kind, 'list');
  assert.is(read('layer: demo\nextends: a\ncache: auto\n', { a: parent }).cache?.kind, 'auto');
  const empty = read('layer: demo\nextends: a\ncache: []\nsummary: ""\n', { a: parent });
  assert.equal([empty.cache?.kind === 'list' && empty.cache.entries, empty.summary], [[], '']);
});

test('tensors, options and cache in every spelling', () => {
  const spec = read([
    'layer: demo', 'options:', '  ties: split', '  kind: { default: near, choices: [near, far] }', '  eps: 1e-5', '  n: -3', '  half: .5',
    'axes: { PH: 2, OW: "(W - PH) // 2 + 1" }',
    'inputs:', '  x: { shape: [N, (G K), W], outside: -1.5 }', '  y: { shape: [ N ], dtype: i32 }', '  z: []', '  v: { shape: [W], outside: -.inf }',
    'params: { w: { shape: [( G  K )], init: 1 } }', 'random: { u: [N], r: { shape: [N], uniform: [-1, 1] } }', 'state: { s: { shape: [], init: 0 } }',
    'outputs: { out: [N], aux: [W] }', 'forward:', '  out: >-', '    sum[W](', '      v) + z', '  aux: "v \\', '    + 1"', 'update: { s: s + 1 }', 'cache: [x, hit(out), hit( aux )]',
  ].join('\r\n'));
  assert.equal(spec.options.map((o) => [o.name.value, o.value.value, o.choices]), [
    ['ties', 'split', ['first', 'all', 'split']], ['kind', 'near', ['near', 'far']], ['eps', 1e-5, undefined], ['n', -3, undefined], ['half', 0.5, undefined],
  ]);
  assert.equal(spec.axes.map((a) => [a.name.value, formula(a.size)]), [['PH', '2'], ['OW', '(W - PH) // 2 + 1']]);
  const [x, y, z, v] = spec.inputs;
  assert.equal(x!.shape.map((s) => s.axes.map((a) => a.name)), [['N'], ['G', 'K'], ['W']]);
  assert.equal(x!.shape.flatMap((s) => s.axes.map((a) => text(a.span))), ['N', 'G', 'K', 'W']);
  assert.equal([x!.outside?.value, y!.dtype?.value, z!.shape, v!.outside?.value], [-1.5, 'i32', [], -Infinity]);
  assert.equal(spec.params[0]!.shape.map((s) => s.axes.map((a) => text(a.span))), [['G', 'K']]);
  assert.equal(spec.random.map((t) => t.uniform?.value), [[0, 1], [-1, 1]]);
  assert.equal(spec.forward.map((d) => d.both!.span.end - d.both!.span.start > 0), [true, true]);
  assert.equal(spec.cache?.kind === 'list' && spec.cache.entries.map((e) => (e.kind === 'hit' ? `hit ${e.of}` : e.name)), ['x', 'hit out', 'hit aux']);
});

test('`y`, `n`, `on` and `off` are names like others in YAML 1.2', () => {
  const spec = read('layer: demo\ninputs: { y: [Y], n: [N], on: [ON], off: [NO] }\noutputs: { no: [N] }\nforward: { no: n }\n');
  assert.equal(spec.inputs.map((t) => t.name.value), ['y', 'n', 'on', 'off']);
  assert.equal(spec.inputs.map((t) => t.shape[0]!.axes[0]!.name), ['Y', 'N', 'ON', 'NO']);
});

test('`__proto__` as a key does nothing', () => {
  for (const body of ['__proto__: { abstract: true }\nlayer: demo\n', 'layer: demo\ninputs: { __proto__: [N] }\n', 'layer: demo\nforward: { toString: 1, __proto__: 2 }\n']) {
    assert.throws(() => read(body), (e: unknown) => e instanceof DiagnosticError);
  }
  assert.is(({} as Record<string, unknown>)['abstract'], undefined);
});

test('a summary is one line', () => {
  assert.is(read('layer: demo\nabstract: true\nsummary: |\n  */ first\n\n  second   third\n').summary, '*/ first second third');
});

const big = LIMITS.fileLength - 100;
const hostile: Readonly<Record<string, string>> = {
  'ten thousand definitions': `layer: demo\nforward:\n${Array.from({ length: 10_000 }, (_, i) => `  a${i}: x\n`).join('')}`,
  'ten thousand options of a wrong type': `layer: demo\noptions: {${Array.from({ length: 10_000 }, (_, i) => `a${i}: ~`).join(',')}}\n`,
  'ten thousand bad names': `layer: demo\nforward: {${Array.from({ length: 10_000 }, (_, i) => `a-${i}: x`).join(',')}}\n`,
  'ten thousand axes': `layer: demo\ninputs: { x: [${Array.from({ length: 10_000 }, (_, i) => `A${i}`).join(',')}] }\n`,
  'brackets': '['.repeat(big), 'braces': '{a: '.repeat(big / 4), 'dashes': '- '.repeat(big / 2), 'questions': '? '.repeat(big / 2),
  'colons': 'a: '.repeat(big / 3), 'commas': `{${','.repeat(big)}`, 'closing': `a: b\n${'}\n'.repeat(big / 2)}`, 'line feeds': `a:${'\n'.repeat(big)}b`,
  'a long scalar': `layer: ${'x'.repeat(big)}`, 'a long formula': `layer: demo\nforward:\n  out: ${'(x + '.repeat(big / 5)}\n`,
  'many long formulas': `layer: demo\nforward:\n${Array.from({ length: 35 }, (_, i) => `  a${i}: ${'x+'.repeat(190)}x*${'yyyy*'.repeat(200)}1\n`).join('')}`,
  'a long quoted formula': `layer: demo\nforward:\n  out: "${'\\x41'.repeat(big / 4)}"\n`, 'anchors': '&a '.repeat(big / 3), 'aliases': '*a '.repeat(big / 3),
  'bad characters': '\u2028'.repeat(big), 'documents': '---\n'.repeat(big / 4), 'steps': Array.from({ length: 490 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
};
for (const [name, body] of Object.entries(hostile)) {
  test(`hostile: ${name}`, () => {
    const start = performance.now();
    assert.throws(() => read(body), (e: unknown) => e instanceof DiagnosticError && e.diagnostics.map((d) => renderDiagnostic(d, { color: false })).length > 0);
    assert.ok(performance.now() - start < 3_000, `${performance.now() - start} ms`);
  });
}

test('a spec with any letter changed is a spec or diagnostics', () => {
  let state = 7;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const letters = [...'[]{}(),:#&*!|>\'"%@`- \n\t?^/=~N0x.\\\u0000é<'];
  for (let round = 0; round < 600; round++) {
    const original = load(shipped[random(shipped.length)]!)!;
    let body = original.text;
    for (let edits = 1 + random(3); edits > 0; edits--) {
      const at = random(body.length);
      body = body.slice(0, at) + (random(3) > 0 ? letters[random(letters.length)]! : '') + body.slice(at + random(3));
    }
    try {
      readSpec({ path: original.path, text: body }, load);
    } catch (e) {
      if (!(e instanceof DiagnosticError)) throw new Error(`round ${round}: ${String(e)}\n${body}`, { cause: e });
      for (const d of e.diagnostics) {
        assert.ok(d.span && d.span.start >= 0 && d.span.end <= d.span.source.text.length + 1, `round ${round}: ${d.message}`);
        renderDiagnostic(d, { color: false });
      }
    }
  }
});

test.run();
