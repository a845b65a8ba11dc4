/** The errors of phase 1, each pinned in read/: files as such, traps of YAML, the shape of a spec, names, formulas. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileCodes } from '../../compiler/diagnostics/codes/files.ts';
import { specCodes } from '../../compiler/diagnostics/codes/spec.ts';
import { decodeUtf8, readSpec } from '../../compiler/phases/1-read/index.ts';
import type { Source } from '../../compiler/support/source.ts';
import { pinned, pinnedCodes } from './harness.ts';

const source = (name: string, text: string): Source => ({ path: `specs/${name}.layer.yaml`, text });

/** A case whose file is `text`, beside other files by name. */
function spec(name: string, text: string, others: Readonly<Record<string, string>> = {}): void {
  pinned(`read/${name}`, () => readSpec(source('demo', text), (layer) => {
    const other = others[layer];
    return layer === 'demo' ? source('demo', text) : other === undefined ? undefined : source(layer, other);
  }));
}

const HEAD = 'layer: demo\ninputs: { x: [N, D] }\noutputs: { out: [N, D] }\n';
/** A case with one line under `forward:`, indented. */
const formula = (name: string, line: string): void => spec(name, `${HEAD}forward:\n  ${line}\n`);

// ---------------------------------------------------------------------------------------------------------- files
spec('empty', '');
spec('only-comments', '# a layer\n\n# will stand here\n');
spec('only-mark', '\ufeff');
pinned('read/latin-1', () => decodeUtf8(Uint8Array.from(Buffer.from('layer: demo\nsummary: Gr\xfc\xdfe\n', 'latin1')), 'specs/demo.layer.yaml'));
pinned('read/utf-16', () => decodeUtf8(Uint8Array.from([0xff, 0xfe, ...Buffer.from('layer: demo\n', 'utf16le')]), 'specs/demo.layer.yaml'));
pinned('read/cut-character', () => decodeUtf8(Uint8Array.from(Buffer.from('layer: demo # \u20ac').subarray(0, -1)), 'specs/demo.layer.yaml'));
pinned('read/nul-byte', () => decodeUtf8(Uint8Array.from(Buffer.from('layer: de\0mo\n')), 'specs/demo.layer.yaml'));
spec('nul-character', 'layer: de\0mo\n');
spec('control-character', 'layer: de\u001b[31mmo\n');
spec('reversed-text', 'layer: demo\nsummary: a \u202etxet desrever\n');
spec('lone-carriage-return', 'layer: demo\rabstract: true\r');
spec('file-too-large', `layer: demo\n${'# padding\n'.repeat(20_000)}`);
spec('brackets-too-deep', `${HEAD}cache: ${'['.repeat(10_000)}\n`);
spec('dashes-too-deep', `${HEAD}cache:\n  ${'- '.repeat(10_000)}x\n`);
spec('indented-too-far', Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'));
spec('too-many-tokens', `${HEAD}forward:\n${Array.from({ length: 9_000 }, (_, i) => `  a${i}: x\n`).join('')}`);
spec('too-many-definitions', `${HEAD}forward:\n${Array.from({ length: 600 }, (_, i) => `  a${i}: x\n`).join('')}`);

// ----------------------------------------------------------------------------------------------- features of YAML
spec('anchor-and-alias', 'layer: demo\ninputs: { x: &shape [N, D] }\noutputs: { out: *shape }\nforward: { out: x }\n');
spec('tag', 'layer: !!str demo\n');
spec('merge-key', 'layer: demo\n<<: { abstract: true }\n');
spec('directive', '%YAML 1.1\n---\nlayer: demo\n');
spec('two-documents', 'layer: demo\n---\nlayer: other\n');
spec('duplicate-key', `${HEAD}forward:\n  out: x\n  out: x + 1\n`);
spec('key-is-a-list', 'layer: demo\n[a, b]: c\n');

// -------------------------------------------------------------------------------------------------- traps of YAML
spec('tab-indentation', 'layer: demo\nforward:\n\tout: x\n');
formula('colon-in-formula', 'out: where(x > 0 : x : 0)');
formula('ternary', 'out: x > 0 ? x : 0');
formula('starts-with-star', 'out: *x + 1');
formula('starts-with-bang', 'out: !x');
formula('starts-with-ampersand', 'out: &x');
formula('starts-with-at', 'out: @x');
formula('starts-with-backtick', 'out: `x`');
formula('starts-with-percent', 'out: %x');
formula('starts-with-dash', 'out: - x');
formula('starts-with-question', 'out: ? x');
formula('starts-with-greater', 'out: > 0');
formula('starts-with-bar', 'out: |x|');
formula('starts-with-bracket', 'out: [x, 1]');
formula('starts-with-bracket-and-more', 'out: [x]*2');
formula('starts-with-brace', 'out: {x}');
formula('starts-with-quote', 'out: "x" + 1');
formula('quote-never-closed', 'out: "x + 1');
formula('formula-is-a-list', 'out:\n  - x + 1');
formula('formula-is-a-mapping', 'out:\n    value: x + 1');
formula('formula-is-nothing', 'out:');
formula('formula-is-a-comment', 'out: # x + 1');
formula('formula-is-null', 'out: ~');
formula('formula-is-a-truth-value', 'out: true');
formula('formula-is-infinity', 'out: -.inf');
formula('formula-is-nan', 'out: .nan');
formula('formula-is-hexadecimal', 'out: 0xFF');
formula('formula-is-octal', 'out: 0o17');
formula('formula-with-underscores', 'out: 1_000');
formula('comment-swallows', 'out: x + # the rest\n    1');
formula('comma-cuts-flow-map', 'out: { train: max(x, 0), test: 1 }');
spec('comma-cuts-section', `${HEAD}forward: { out: max(x, 0), y: min(x, 0) }\n`);
formula('bracket-in-flow-map', 'out: { train: x[N, D], test: 1 }');
formula('no-modes', 'out: {}');
formula('next-line-indented', 'mu: mean[D](x)\n    out: x - mu');
spec('no-colon', `${HEAD}forward:\n  out x + 1\n`);
spec('no-blank-after-colon', 'layer:demo\n');
spec('root-is-a-list', '- layer: demo\n');
spec('list-never-closed', 'layer: demo\ninputs: { x: [N, D }\n');

// ------------------------------------------------------------------------------------------------ shape of a spec
spec('unknown-sections', 'layer: demo\ninput: { x: [N, D] }\nparameters: { w: [D] }\nzzz: 1\n');
spec('section-is-a-list', 'layer: demo\ninputs:\n  - x\noptions:\n');
spec('wrong-types', 'layer: [demo]\nabstract: yes\nsummary: 2015\nextends: 3\n');
spec('shapes', 'layer: demo\nabstract: true\ninputs:\n  a: N\n  b: [100, 500]\n  c: [n, D]\n  d: [(G, K)]\n  e: [G*K]\n  f: [[G, K]]\n'
  + '  g: [N, N]\n  h: [N + 1]\n  i: { dtype: i32 }\n  j: { shape: [N], dtype: f32 }\n  k: { shape: [N], init: 0 }\n  l:\n');
spec('tensor-fields', 'layer: demo\nabstract: true\nparams: { w: { shape: [D], dtype: i32, init: zero } }\nrandom: { u: { shape: [D], uniform: [1, 0] }, v: { shape: [D], uniform: 1 } }\n');
spec('options', 'layer: demo\nabstract: true\noptions:\n  ties: last\n  eps: tiny\n  flag: true\n  none:\n  hex: 0x10\n  lead: 010\n  inf: .inf\n  under: 1_000\n'
  + '  kind: { default: c, choices: [a, b] }\n  half: { default: a }\n');
spec('cache', 'layer: demo\nabstract: true\ncache: [xhat, rstd, xhat, hit(out, hit(3), 1]\n');
spec('cache-is-a-word', 'layer: demo\nabstract: true\ncache: xhat\n');
spec('reduce', 'layer: demo\nabstract: true\nreduce: [d, 1]\n');
spec('reduce-is-a-word', 'layer: demo\nabstract: true\nreduce: D\n');
spec('modes', `${HEAD}forward:\n  out:\n    train: x\n    eval: 0\n`);
spec('missing-sections', 'layer: demo\n');
spec('missing-layer', 'summary: nothing more\nabstract: true\n');
spec('layer-name', 'layer: other\nabstract: true\n');
spec('rank', `layer: demo\nabstract: true\ninputs: { x: [${Array.from({ length: 13 }, (_, i) => `A${i}`).join(', ')}] }\n`);

// ---------------------------------------------------------------------------------------------------------- names
spec('bad-names', `layer: demo\nabstract: true\ninputs: { x-in: [N], 2x: [N], é: [N], ${'long'.repeat(20)}: [N] }\naxes: { oh: N }\noptions: { "a b": 1 }\n`);
spec('reserved-names', 'layer: demo\nabstract: true\ninputs: { class: [N], sum: [N], constructor: [N], __proto__: [N], seed: [N] }\n'
  + 'forward: { arguments: 1, train: 2, index: 3 }\noptions: { not: 1 }\n');
spec('reserved-layer', 'layer: constructor\nabstract: true\n');
spec('duplicate-names', 'layer: demo\nabstract: true\ninputs: { x: [N, D] }\nparams: { x: [D], N: [D] }\noptions: { D: 1 }\noutputs: { x: [N] }\nforward: { x: 1 }\n');
spec('gradient-in-forward', `${HEAD}forward:\n  dx: x - 1\n  out: dx\n`);
spec('gradient-as-input', 'layer: demo\nabstract: true\ninputs: { x: [N], dx: [N] }\n');

// -------------------------------------------------------------------------------------------------------- extends
spec('unknown-parent', 'layer: demo\nextends: normalisation\n');
spec('path-as-parent', 'layer: demo\nextends: ../../secret\n');
spec('extends-itself', 'layer: demo\nextends: demo\n');
spec('extends-in-a-circle', 'layer: demo\nextends: a\n', { a: 'layer: a\nextends: b\n', b: 'layer: b\nextends: a\n' });
spec('broken-parent', 'layer: demo\nextends: a\ninputs: { x: [n] }\n', { a: 'layer: a\nforward: { out: x ** 2 }\n' });
spec('parents-without-end', 'layer: demo\nextends: a0\n',
  Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a${i}`, `layer: a${i}\nextends: a${i + 1}\n`])));
spec('inherited-name-taken', 'layer: demo\nextends: a\nparams: { x: [D] }\n', { a: 'layer: a\nabstract: true\ninputs: { x: [N] }\n' });

// ------------------------------------------------------------------------------------------------------- formulas
const slips = [
  'x**2', 'x && y', 'x = y', 'x ! y', 'x % 2', 'x²', 'x × 2', 'x − 1', 'ε + 1', 'naïve + 1', 'np.exp(x)', 'x.T', 'x @ w', 'x[N, 0:2]', 'x[...]',
  '2x', '2(x + 1)', '(x)(y)', 'x y', 'max(x, 0', 'max(x, 0]', 'x)', 'x, y', '+x', '0 < x < 1', '1 + not x', 'x +', 'f()', '()', '(x, y)',
  'x[]', 'x[N,]', 'x[N][D]', 'sum[N]', 'sum[(G K)](x)', 'sum[](x)', '1e999', '1e', '1..2', 'x if y else z', 'hit(3)', 'x[(G K) + 1]', 'x <> y', 'x += 1',
];
spec('formula-slips', `${HEAD}forward:\n${slips.map((s, i) => `  a${i}: '${s}'\n`).join('')}`);
spec('formula-places', `${HEAD}forward:\n  a: >-\n    x +\n      y * (z\n  b: "x \\u002b \\\n    y z"\n  c: 'it''s'\n  d: x +\n    y **\n    2\n  e: |\n    x\n    % 2\n`);
spec('parentheses-too-deep', `${HEAD}forward:\n  out: ${'('.repeat(3_000)}x${')'.repeat(3_000)}\n`.replace(/\({3000}x\){3000}/, `${'('.repeat(1_900)}x${')'.repeat(1_900)}`));
spec('formula-too-long', `${HEAD}forward:\n  out: ${'('.repeat(10_000)}x${')'.repeat(10_000)}\n`);
spec('sum-too-long', `${HEAD}forward:\n  out: x${' + x'.repeat(900)}\n`);

// ----------------------------------------------------------------------------------------------------------------
test('every code of files and specs is pinned', () => {
  const elsewhere = ['file-unreadable', 'file-unwritable'];
  const codes = pinnedCodes('read');
  const missing = [...Object.keys(fileCodes), ...Object.keys(specCodes)].filter((c) => !codes.has(c) && !elsewhere.includes(c));
  assert.equal(missing, []);
});

test.run();
