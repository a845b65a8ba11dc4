/** Input that is wrong on purpose gets a diagnostic and exit code 1: never a stack, never a half-written file. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hasStack, kernelwright, SMALL, withFolder } from './harness.ts';

const entry = (text: string): string => `kernels:\n  - ${text}\n`;

/** A build file, and what the message must have. */
const buildFiles: readonly (readonly [title: string, bytes: string | Uint8Array, expected: RegExp])[] = [
  ['empty', '', /error\[empty-file\]/],
  ['not UTF-8', Uint8Array.of(0x6b, 0x65, 0x79, 0x3a, 0x20, 0xff, 0xfe), /error\[bad-utf8\]/],
  ['binary', Uint8Array.from({ length: 2000 }, (_, i) => (i * 37) % 256), /error\[bad-utf8\]/],
  ['ten thousand kernels', `kernels:\n${'  - { layer: relu, sizes: { N: 1, D: 1 } }\n'.repeat(10_000)}`, /error\[limit-exceeded\]/],
  ['brackets', '['.repeat(200_000), /error\[limit-exceeded\]/],
  ['a name with code in it', entry('{ layer: relu, sizes: { N: 1, D: 1 }, name: "x; process.exit()" }'), /error\[bad-name\]/],
];

for (const [title, bytes, expected] of buildFiles) {
  test(`a build file with ${title}`, () => withFolder({ 'kernels.yaml': bytes }, async (folder) => {
    const before = performance.now();
    const run = await kernelwright(folder, ['build']);
    assert.is(run.code, 1, run.out + run.err);
    assert.match(run.err, expected);
    assert.not(hasStack(run), run.err);
    assert.not(existsSync(join(folder, 'generated')));
    assert.ok(performance.now() - before < 10_000);
  }));
}

/** Entries that are wrong, and what each is told; all are told in one run. */
const entries: readonly (readonly [entry: string, expected: string])[] = [
  ['{ layer: ../../../etc/passwd, sizes: { N: 1 } }', 'unknown-layer'],
  ['{ layer: __proto__, sizes: { N: 1 } }', 'unknown-layer'],
  ['{ layer: constructor, sizes: { N: 1 } }', 'unknown-layer'],
  ['{ layer: "\\e[31mred", sizes: { N: 1 } }', 'unknown-layer'],
  ['{ layer: relu, sizes: { N: 1, D: 1, __proto__: 3 } }', 'size-unknown'],
  ['{ layer: relu, sizes: { N: 1, D: 1 }, options: { constructor: 3 } }', 'unknown-option'],
  ['{ layer: relu, sizes: { N: 1 } }', 'size-missing'],
  ['{ layer: relu }', 'size-missing'],
  ['{ layer: relu, sizes: { N: 200000000, D: 2000000000 } }', 'limit-exceeded'],
  ['{ layer: normalization, sizes: { N: 1 } }', 'abstract-layer'],
];

test('entries that are wrong are told all at once, each in its line', () => withFolder({
  'kernels.yaml': `kernels:\n${entries.map(([text]) => `  - ${text}\n`).join('')}`,
}, async (folder) => {
  const run = await kernelwright(folder, ['build', '--json']);
  assert.is(run.code, 1);
  const { diagnostics } = JSON.parse(run.out) as { diagnostics: { code: string; file: string; line: number }[] };
  for (const [n, [text, code]] of entries.entries()) {
    const found = diagnostics.filter((d) => d.file === 'kernels.yaml' && d.line === n + 2).map((d) => d.code);
    assert.ok(found.includes(code), `${text}: ${found.join() || 'nothing'}\n${run.out}`);
  }
  const shown = await kernelwright(folder, ['build']);
  assert.not(hasStack(shown));
  assert.not(shown.err.includes('\u001b'), 'an escape code reached the terminal');
  assert.not(existsSync(join(folder, 'generated')));
}));

test('a build file that is missing, a folder, or not there at all', () => withFolder({}, async (folder) => {
  const missing = await kernelwright(folder, ['build']);
  assert.equal([missing.code, /error\[build-file-missing\]/.test(missing.err)], [1, true]);
  mkdirSync(join(folder, 'kernels.yaml'));
  const isFolder = await kernelwright(folder, ['build']);
  assert.equal([isFolder.code, /error\[file-unreadable\].*is a folder/.test(isFolder.err)], [1, true], isFolder.err);
  const named = await kernelwright(folder, ['check', 'no/such.yaml']);
  assert.equal([named.code, /error\[build-file-missing\].*no\/such\.yaml/.test(named.err)], [1, true]);
  assert.not([missing, isFolder, named].some(hasStack));
}));

const HEAD = 'layer: bad\ninputs: { x: [N] }\noutputs: { out: [N] }\n';

const specs: readonly (readonly [title: string, bytes: string | Uint8Array, code: string])[] = [
  ['nothing in it', '', 'empty-file'],
  ['bytes that are not UTF-8', Uint8Array.of(0x6c, 0xc3, 0x28), 'bad-utf8'],
  ['ten thousand definitions', `${HEAD}forward:\n  out: x\n${Array.from({ length: 10_000 }, (_, i) => `  d${i}: x + ${i}`).join('\n')}\n`, 'limit-exceeded'],
  ['ten thousand parentheses', `${HEAD}forward:\n  out: ${'('.repeat(10_000)}x${')'.repeat(10_000)}\n`, 'limit-exceeded'],
  ['ten thousand minus signs', `${HEAD}forward:\n  out: ${'-'.repeat(10_000)}x\n`, 'limit-exceeded'],
  ['a tensor called constructor', 'layer: bad\ninputs: { constructor: [N] }\noutputs: { out: [N] }\nforward: { out: constructor }\n', 'reserved-name'],
  ['a tensor called __proto__', 'layer: bad\ninputs: { __proto__: [N] }\noutputs: { out: [N] }\nforward: { out: __proto__ }\n', 'reserved-name'],
  ['itself as its parent', `extends: bad\n${HEAD}forward: { out: x }\n`, 'extends-cycle'],
  ['another name than its file', 'layer: good\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x }\n', 'layer-name'],
  ['five megabytes', `summary: ${'x'.repeat(5_000_000)}\n${HEAD}forward: { out: x }\n`, 'limit-exceeded'],
];

test('specs that are wrong are told all at once', () => withFolder({
  'kernels.yaml': `kernels:\n${specs.map((_, n) => `  - { layer: bad${n}, sizes: { N: 4 } }\n`).join('')}`,
  ...Object.fromEntries(specs.map(([, bytes], n) => [`specs/bad${n}.layer.yaml`, typeof bytes === 'string' ? bytes.replaceAll('bad', `bad${n}`) : bytes])),
}, async (folder) => {
  const before = performance.now();
  const run = await kernelwright(folder, ['build', '--json']);
  assert.is(run.code, 1, run.err);
  const { diagnostics } = JSON.parse(run.out) as { diagnostics: { code: string; message: string; file?: string }[] };
  for (const [n, [title, , code]] of specs.entries()) {
    const found = diagnostics.filter((d) => d.file === `specs/bad${n}.layer.yaml` || d.message.includes(`bad${n}.`)).map((d) => d.code);
    assert.ok(found.includes(code), `a spec with ${title}: ${found.join() || 'nothing'}`);
  }
  assert.not(hasStack(run), run.err);
  assert.not(existsSync(join(folder, 'generated')));
  assert.ok(performance.now() - before < 20_000);
}));

test('a spec that is a folder', () => withFolder({ 'kernels.yaml': SMALL, 'specs/relu.layer.yaml/x': '' }, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  assert.is(run.code, 1);
  assert.match(run.err, /error\[file-unreadable\].*is a folder/);
}));

test('code in a summary stays a comment', () => withFolder({
  'kernels.yaml': entry('{ layer: sly, sizes: { N: 4 } }'),
  'specs/sly.layer.yaml': 'layer: sly\nsummary: "a */ process.exit(9); /* b \\u2028 `${1}`"\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: 2 * x }\n',
}, async (folder) => {
  const run = await kernelwright(folder, ['build']);
  if (run.code !== 0) {
    assert.not(hasStack(run));
    return;
  }
  const { sly_4 } = await import(join(folder, 'generated/index.ts')) as { sly_4: { forward(x: Float32Array, out: Float32Array, cache: object): void; createCache(): object } };
  const out = new Float32Array(4);
  sly_4.forward(Float32Array.of(1, 2, 3, 4), out, sly_4.createCache());
  assert.equal([...out], [2, 4, 6, 8]);
}));

test.run();
