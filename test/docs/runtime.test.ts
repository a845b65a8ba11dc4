/** The program in docs/runtime.md runs and trains; every function that the runtime exports stands in the document. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as runtime from '../../runtime/index.ts';

const document = readFileSync(new URL('../../docs/runtime.md', import.meta.url), 'utf8');

test('the program runs, and its net has learned', () => {
  const program = /```ts\n([\s\S]*?)```/.exec(document)![1]!
    .replace('kernelwright/runtime', './runtime/index.ts').replaceAll('./', new URL('../../', import.meta.url).href)
    .replace(/console\.log\((.*)\);/, 'console.log(JSON.stringify([...$1]));').replaceAll(']!', ']');
  const done = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' });
  assert.is(done.stderr, '');
  const row = JSON.parse(done.stdout) as number[];
  assert.is(row.length, 10);
  const off = row.reduce((sum, v, i) => sum + (v - i) ** 2, 0) / 10;
  assert.ok(off < 9, `${off} off; guessing 0 is 28.5: ${row}`);
});

test('what is exported is documented', () => {
  const documented = new Set(document.match(/\w+/g));
  const own = ['fanOf', 'uniform', 'uniformWithin', 'deriveSeed', 'parametersOf'];   // their comments are enough
  assert.equal(Object.keys(runtime).filter((name) => !documented.has(name) && !own.includes(name)), []);
});

test.run();
