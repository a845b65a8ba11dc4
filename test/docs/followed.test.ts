/** README.md and docs/extending.md, followed word for word: every command runs, and prints what the document shows. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { followReadme, followTutorial } from '../../docs/print.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('README.md shows what the tool prints now (npm run docs)', () => assert.fixture(read('README.md'), followReadme()));

test('docs/extending.md works as written (npm run docs)', () => assert.fixture(read('docs/extending.md'), followTutorial()));

test('the program in README.md runs', () => {
  const program = /```ts\n(import \{ layer \}[\s\S]*?)```/.exec(read('README.md'))![1]!
    .replace('kernelwright/runtime', './runtime/index.ts').replaceAll('./', new URL('../../', import.meta.url).href);
  const done = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' });
  assert.is(done.stderr, '');
  assert.match(done.stdout, /^Float32Array\(64\) \[/);
});

test('every command of the tutorial shows its output', () => {
  const silent = [...read('docs/extending.md').matchAll(/^\$ (.*)\n(?=\$ |```)/gm)].map((m) => m[1]!).filter((c) => !c.startsWith('sed -i'));
  assert.equal(silent, []);
});

test('no document shows a bug', () => {
  for (const path of ['README.md', 'docs/extending.md']) {
    assert.not.match(read(path), /internal error|cannot start|command not found|No such file/);
  }
});

test.run();
