/** README.md and docs/extending.md, followed word for word: every command runs, and prints what the document shows. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { followReadme, followTutorial } from '../../docs/print.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('README.md shows what the tool prints now (npm run docs)', () => assert.fixture(read('README.md'), followReadme()));

test('docs/extending.md works as written (npm run docs)', () => assert.fixture(read('docs/extending.md'), followTutorial()));

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
