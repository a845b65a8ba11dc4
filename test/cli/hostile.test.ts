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
  ['ten thousand kernels', `kernels:\n${'  - { layer: relu, sizes: { N: 1, D: 1 } }\n'.repeat(10_000)}`, /error\[limit-exceeded\].*10000/],
  ['brackets', '['.repeat(200_000), /error\[limit-exceeded\]/],
  ['a layer that is a path', entry('{ layer: ../../../etc/passwd, sizes: { N: 1 } }'), /error\[unknown-layer\]/],
  ['a layer called __proto__', entry('{ layer: __proto__, sizes: { N: 1 } }'), /error\[unknown-layer\]/],
  ['a layer called constructor', entry('{ layer: constructor, sizes: { N: 1 } }'), /error\[unknown-layer\]/],
  ['a name with code in it', entry('{ layer: relu, sizes: { N: 1, D: 1 }, name: "x; process.exit()" }'), /error\[bad-name\]/],
  ['a size for __proto__', entry('{ layer: relu, sizes: { N: 1, D: 1, __proto__: 3 } }'), /error\[size-unknown\]/],
  ['an option called constructor', entry('{ layer: relu, sizes: { N: 1, D: 1 }, options: { constructor: 3 } }'), /error\[unknown-option\]/],
  ['a size that is missing', entry('{ layer: relu, sizes: { N: 1 } }'), /error\[size-missing\]/],
  ['a terabyte', entry('{ layer: relu, sizes: { N: 2000000000, D: 2000000000 } }'), /error\[(limit-exceeded|size-invalid)\]/],
  ['escape codes', entry('{ layer: "\\e[31mred", sizes: { N: 1 } }'), /error\[unknown-layer\]/],
];

for (const [title, bytes, expected] of buildFiles) {
  test(`a build file with ${title}`, () => withFolder({ 'kernels.yaml': bytes }, async (folder) => {
    const before = performance.now();
    const run = await kernelwright(folder, ['build']);
    assert.is(run.code, 1, run.out + run.err);
    assert.match(run.err, expected);
    assert.not(hasStack(run), run.err);
    assert.not(run.err.includes('\u001b'), 'an escape code reached the terminal');
    assert.not(existsSync(join(folder, 'generated')));
    assert.ok(performance.now() - before < 10_000);
  }));
}

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

const specs: readonly (readonly [title: string, bytes: string | Uint8Array, expected: RegExp])[] = [
  ['nothing in it', '', /error\[empty-file\]/],
  ['bytes that are not UTF-8', Uint8Array.of(0x6c, 0xc3, 0x28), /error\[bad-utf8\]/],
  ['ten thousand definitions', `${HEAD}forward:\n  out: x\n${Array.from({ length: 10_000 }, (_, i) => `  d${i}: x + ${i}`).join('\n')}\n`, /error\[limit-exceeded\]/],
  ['ten thousand parentheses', `${HEAD}forward:\n  out: ${'('.repeat(10_000)}x${')'.repeat(10_000)}\n`, /error\[limit-exceeded\]/],
  ['ten thousand minus signs', `${HEAD}forward:\n  out: ${'-'.repeat(10_000)}x\n`, /error\[limit-exceeded\]/],
  ['a tensor called constructor', 'layer: bad\ninputs: { constructor: [N] }\noutputs: { out: [N] }\nforward: { out: constructor }\n', /error\[/],
  ['a tensor called __proto__', 'layer: bad\ninputs: { __proto__: [N] }\noutputs: { out: [N] }\nforward: { out: __proto__ }\n', /error\[/],
  ['itself as its parent', `extends: bad\n${HEAD}forward: { out: x }\n`, /error\[extends-cycle\]/],
  ['another name than its file', 'layer: good\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x }\n', /error\[layer-name\]/],
  ['five megabytes', `summary: ${'x'.repeat(5_000_000)}\n${HEAD}forward: { out: x }\n`, /error\[limit-exceeded\]/],
];

for (const [title, bytes, expected] of specs) {
  test(`a spec with ${title}`, () => withFolder({ 'kernels.yaml': entry('{ layer: bad, sizes: { N: 4 } }'), 'specs/bad.layer.yaml': bytes }, async (folder) => {
    const before = performance.now();
    const run = await kernelwright(folder, ['build']);
    assert.is(run.code, 1, run.out + run.err);
    assert.match(run.err, expected);
    assert.not(hasStack(run), run.err);
    assert.not(existsSync(join(folder, 'generated')));
    assert.ok(performance.now() - before < 10_000);
  }));
}

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
