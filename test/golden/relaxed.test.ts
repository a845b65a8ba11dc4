/**
 * Bodies with relaxed SIMD: golden cases and larger kernels in a process of its own, with the flag that Node needs before 22;
 * skipped, with a line that says so, where there is no such flag. Without it the plain bodies run.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Found } from './relaxed-child.ts';

const FLAG = '--experimental-wasm-relaxed-simd';
const isOld = Number(process.versions.node.split('.')[0]) < 22;

function found(flags: readonly string[]): Found {
  const child = fileURLToPath(new URL('relaxed-child.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--import', import.meta.resolve('tsx'), child], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return JSON.parse(stdout) as Found;
}

function checkNumbers(f: Found): void {
  assert.equal(f.wrong, []);
  assert.ok(f.cases >= 5, `${f.cases} cases`);
  for (const k of f.kernels) {
    assert.ok(k.mayFuse, k.name);
    assert.ok(k.error <= 2e-6, `${k.name}: ${k.error}`);
  }
}

const flags = isOld ? [FLAG] : [];
const hasFlag = spawnSync(process.execPath, [...flags, '-e', '0']).status === 0;
const withFlag = hasFlag ? test : test.skip;
if (!hasFlag) console.log(`skipped: this Node does not know ${FLAG}`);

withFlag('products are added in one rounding where the engine has relaxed SIMD', () => {
  const f = found(flags);
  if (!f.able) return console.log('skipped: this engine has no relaxed SIMD');
  checkNumbers(f);
  // One rounding or two is up to the processor, but all that were tried have an instruction that rounds once.
  for (const k of f.kernels) assert.not.ok(k.isPlain, `${k.name}: the bits of the plain body`);
});

if (isOld) test('the plain body is taken where the engine has none', () => {
  const f = found([]);
  assert.is(f.able, false);
  checkNumbers(f);
  for (const k of f.kernels) assert.ok(k.isPlain, k.name);
});

test.run();
