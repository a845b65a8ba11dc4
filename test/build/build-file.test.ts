/** Build files: what is read from good ones, and what bad and hostile ones are told. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBuildFile } from '../../compiler/build/build-file.ts';
import type { BuildFile } from '../../compiler/build/build-file.ts';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import { positionAt } from '../../compiler/support/source.ts';

const read = (text: string): BuildFile => readBuildFile({ path: 'kernels.yaml', text });

/** `line:column code: message` of each problem. */
function problems(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map((d) => {
      const at = d.span ? positionAt(d.span.source, d.span.start) : undefined;
      return `${at ? `${at.line}:${at.column} ` : ''}${d.code}: ${d.message}${d.help === undefined ? '' : ` (${d.help})`}`;
    });
  }
  return [];
}

test('reads an entry with everything', () => {
  const file = read('out: gen/kernels\nkernels:\n  - layer: conv2d\n    sizes: { N: 2, C: 3 }\n    options: { pad: 1, ties: all }\n'
    + '    name: stem\n    dtype: f64\n    staged: true\n    accumulate: true\n    buffers: module\n    relaxed: false\n    target: ts\n');
  const [k] = file.kernels;
  assert.is(file.out, 'gen/kernels');
  assert.equal([k!.layer.value, k!.name?.value, k!.dtype, k!.staged, k!.accumulate, k!.buffers, k!.relaxed, k!.target],
    ['conv2d', 'stem', 'f64', true, true, 'module', false, 'ts']);
  assert.equal([...k!.sizes].map(([axis, size]) => [axis, size.value]), [['N', 2], ['C', 3]]);
  assert.equal([...k!.options].map(([name, value]) => [name, value.value]), [['pad', 1], ['ties', 'all']]);
  assert.equal(positionAt(file.source, k!.sizes.get('C')!.span.start), { line: 4, column: 23 });
});

test('fills in what is left out', () => {
  const file = read('kernels: [{ layer: relu }]');
  const [k] = file.kernels;
  assert.is(file.out, 'generated');
  assert.equal([k!.dtype, k!.staged, k!.accumulate, k!.buffers, k!.relaxed, k!.name], ['f32', false, false, 'caller', true, undefined]);
});

test('the top speaks for all entries, an entry for itself', () => {
  const file = read('dtype: f64\nstaged: true\nkernels: [{ layer: relu }, { layer: relu, dtype: f32 }]');
  assert.equal(file.kernels.map((k) => [k.dtype, k.staged]), [['f64', true], ['f32', true]]);
});

test('a target is one or both', () => {
  const file = read('target: wasm\nkernels: [{ layer: relu }, { layer: relu, target: ts }, { layer: relu, target: [ts, wasm] }]');
  assert.equal(file.kernels.map((k) => k.target), ['wasm', 'ts', ['ts', 'wasm']]);
});

const wrong: readonly (readonly [title: string, text: string, expected: readonly string[]])[] = [
  ['nothing', '', ['1:1 empty-file: the build file is empty (list what to build under `kernels:`)']],
  ['comments only', '# soon\n', ['1:1 empty-file: the build file is empty (list what to build under `kernels:`)']],
  ['no kernels', 'out: x\n', ['1:1 missing-key: the build file has no `kernels` (list what to build under `kernels:`)']],
  ['an empty list', 'kernels: []\n', ['1:10 build-file-empty: `kernels` is empty (add an entry such as `- { layer: layernorm, sizes: { N: 8, D: 64 } }`)']],
  ['a slip', 'kernels:\n  - { layer: relu, size: { N: 3 } }\n', ['2:20 unknown-key: an entry has no `size` (did you mean `sizes`?)']],
  ['no layer', 'kernels:\n  - { sizes: { N: 3 } }\n', ['2:5 missing-key: this entry has no `layer` (name the spec to compile, `layer: layernorm`)']],
  ['sizes that are none', 'kernels:\n  - { layer: relu, sizes: { N: 0, D: 2.5, E: -1, F: .inf, G: 1e99, H: many } }\n', [
    '2:32 size-invalid: `N` is 0; a size is an integer from 1 to 2147483647',
    '2:38 size-invalid: `D` is 2.5; a size is an integer from 1 to 2147483647',
    '2:46 size-invalid: `E` is -1; a size is an integer from 1 to 2147483647',
    '2:53 size-invalid: `F` is Infinity; a size is an integer from 1 to 2147483647',
    '2:62 size-invalid: `G` is 1e+99; a size is an integer from 1 to 2147483647',
    '2:71 size-invalid: `H` is many; a size is an integer from 1 to 2147483647',
  ]],
  ['a dtype that is none', 'kernels:\n  - { layer: relu, dtype: f23 }\n', ['2:27 build-file-invalid: `dtype` cannot be f23 (did you mean f32?)']],
  ['a target that is none', 'kernels:\n  - { layer: relu, target: cuda }\n', ['2:28 unknown-target: `target` cannot be cuda (write ts, wasm or [ts, wasm])']],
  ['targets in another order', 'kernels:\n  - { layer: relu, target: [wasm] }\n', ['2:28 unknown-target: `target` cannot be a list (write ts, wasm or [ts, wasm])']],
  ['an alias', 'kernels:\n  - &a { layer: relu }\n  - *a\n', [
    '2:8 yaml-feature: the anchor `&a` is not allowed (write the value where it is needed)',
    '3:5 yaml-feature: the alias `*a` is not allowed (write the value out)',
  ]],
  ['a key twice', 'out: a\nout: b\nkernels: [{ layer: relu }]\n', ['2:1 duplicate-key: `out` stands twice']],
  ['two documents', 'kernels: [{ layer: relu }]\n---\nkernels: []\n', ['2:1 yaml-feature: a build file is one document']],
  ['names that are none', 'kernels:\n  - { layer: relu, name: __proto__ }\n  - { layer: relu, name: INDEX }\n  - { layer: relu, name: ../x }\n'
    + '  - { layer: relu, name: "a; evil()" }\n  - { layer: relu, name: class }\n  - { layer: relu, name: nul }\n', [
    '2:26 bad-name: the name `__proto__` is a reserved word',
    '3:26 bad-name: the name `INDEX` is the name of a file that every build writes',
    '4:26 bad-name: the name `../x` is not an identifier (letters, digits and _, not starting with a digit)',
    '5:26 bad-name: the name `a; evil()` is not an identifier (letters, digits and _, not starting with a digit)',
    '6:26 bad-name: the name `class` is a reserved word',
    '7:26 bad-name: the name `nul` cannot be the name of a file on Windows',
  ]],
  ['one name twice', 'kernels:\n  - { layer: relu, name: a }\n  - { layer: relu, name: A }\n', ['3:26 duplicate-kernel: two kernels are named `A`']],
  ['a folder elsewhere', 'out: ../../etc\nkernels: [{ layer: relu }]\n', [
    '1:6 output-folder: the folder `out` leaves the folder of the build file (write a folder beside the build file; `--out DIR` may name any)']],
  ['an absolute folder', 'out: /etc\nkernels: [{ layer: relu }]\n', [
    '1:6 output-folder: the folder `out` is absolute (write a folder beside the build file; `--out DIR` may name any)']],
];

for (const [title, text, expected] of wrong) test(`refuses ${title}`, () => assert.equal(problems(text), expected));

test('keys of Object mean nothing', () => {
  assert.equal(problems('__proto__: 1\nconstructor: 2\nkernels: [{ layer: relu, __proto__: {}, toString: 1 }]').map((p) => p.split(':')[2]!.split('(')[0]!.trim()),
    ['a build file has no `__proto__`', 'a build file has no `constructor`', 'an entry has no `__proto__`', 'an entry has no `toString`']);
  const sizes = read('kernels: [{ layer: relu, sizes: { __proto__: 3 } }]').kernels[0]!.sizes;
  assert.equal([...sizes.keys()], ['__proto__']);
});

const hostile: readonly (readonly [title: string, text: string])[] = [
  ['ten thousand kernels', `kernels:\n${'  - { layer: relu, sizes: { N: 1, D: 1 } }\n'.repeat(10_000)}`],
  ['ten thousand short kernels', `kernels:\n${'  - { layer: relu }\n'.repeat(10_000)}`],
  ['brackets without end', '['.repeat(100_000)],
  ['braces without end', '{a: '.repeat(50_000)],
  ['dashes without end', '- '.repeat(50_000)],
  ['indentation without end', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['two megabytes', `kernels: "${'x'.repeat(2_000_000)}"`],
];

test('thousands of unknown keys are fifty problems, soon', () => {
  const before = process.cpuUsage();
  assert.is(problems(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')).length, 50);
  assert.ok(process.cpuUsage(before).user < 2e6);
});

for (const [title, text] of hostile) {
  test(`gives up on ${title} in time`, () => {
    const before = process.cpuUsage();
    assert.match(problems(text)[0]!, 'limit-exceeded');
    const ms = process.cpuUsage(before).user / 1000;   // of this process: the machine may be busy
    assert.ok(ms < 2000, `${ms} ms`);
  });
}

test('the schemas are schemas', () => {
  for (const file of ['schema.json', 'build.schema.json']) {
    const ajv = new Ajv({ strict: false });
    assert.ok(ajv.validateSchema(JSON.parse(readFileSync(new URL(`../../specs/${file}`, import.meta.url), 'utf8')) as object), ajv.errorsText());
  }
});

test.run();
