/** A watch compiles again what changed and nothing else, fast. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memory } from '../../cli/memory.ts';
import { compileProject, findProject, type Project } from '../../cli/project.ts';
import { openTerminal } from '../../cli/terminal.ts';
import { root, withFolder } from './harness.ts';

/** The aim is 300 ms; machines that run tests are busy. */
const MOST_MS = 1500;

const text = (spec: string): string => readFileSync(join(root, 'specs', `${spec}.layer.yaml`), 'utf8');
const project = (folder: string, memory: Memory): Project =>
  compileProject(findProject(join(folder, 'kernels.yaml')), undefined, openTerminal(true, true), memory);
const compiled = (p: Project): unknown[] => p.build.kernels.map((k) => k.compiled);
const unchanged = (a: Project, b: Project): boolean[] => compiled(a).map((k, n) => k === compiled(b)[n]);

test('only the kernels of a spec that changed are compiled again', () => withFolder({
  'kernels.yaml': readFileSync(join(root, 'kernels.yaml'), 'utf8'), 'specs/layernorm.layer.yaml': text('layernorm'),
}, async (folder) => {
  const memory = new Memory();
  const first = project(folder, memory);
  assert.ok(unchanged(first, project(folder, memory)).every(Boolean));
  writeFileSync(join(folder, 'specs/layernorm.layer.yaml'), text('layernorm').replace('summary: ', 'summary: Another - '));
  const start = performance.now();
  const second = project(folder, memory);
  const ms = performance.now() - start;
  const changed = first.build.kernels.filter((_, n) => !unchanged(first, second)[n]).map((k) => k.entry.layer.value);
  assert.equal(changed, ['layernorm', 'layernorm', 'layernorm']);
  assert.match(second.files.find((f) => f.path.endsWith('layernorm_4x16.ts'))!.text, 'Another - ');
  assert.ok(ms / changed.length < MOST_MS, `${(ms / changed.length).toFixed(0)} ms a kernel`);
  assert.equal(second.files, project(folder, new Memory()).files);
}));

test('a spec that another extends is part of it', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: child, sizes: { N: 2 } }\n  - { layer: relu, sizes: { N: 2, D: 3 } }\n',
  'specs/parent.layer.yaml': 'layer: parent\nabstract: true\nforward: { out: 2 * x }\n',
  'specs/child.layer.yaml': 'layer: child\nextends: parent\ninputs: { x: [N] }\noutputs: { out: [N] }\n',
}, async (folder) => {
  const memory = new Memory();
  const first = project(folder, memory);
  writeFileSync(join(folder, 'specs/parent.layer.yaml'), 'layer: parent\nabstract: true\nforward: { out: 3 * x }\n');
  const second = project(folder, memory);
  assert.equal(unchanged(first, second), [false, true]);
  writeFileSync(join(folder, 'kernels.yaml'), 'kernels:\n  - { layer: child, sizes: { N: 3 } }\n  - { layer: relu, sizes: { N: 2, D: 3 }, dtype: f64 }\n');
  assert.equal(unchanged(second, project(folder, memory)), [false, false]);
}));

test('another tuning is another schedule', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: relu, sizes: { N: 2, D: 3 } }\n',
}, async (folder) => {
  const memory = new Memory();
  const first = project(folder, memory);
  writeFileSync(join(folder, 'kernels.tuning.yaml'), 'kernels: { relu_2x3: {} }\n');
  const second = project(folder, memory);
  assert.equal([unchanged(first, second), unchanged(second, project(folder, memory))], [[false], [true]]);
}));

test('a build that fails forgets nothing', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: relu, sizes: { N: 2, D: 3 } }\n  - { layer: mine, sizes: { N: 2 } }\n',
  'specs/mine.layer.yaml': 'layer: mine\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: 2 * x }\n',
}, async (folder) => {
  const memory = new Memory();
  const first = project(folder, memory);
  const good = readFileSync(join(folder, 'specs/mine.layer.yaml'), 'utf8');
  writeFileSync(join(folder, 'specs/mine.layer.yaml'), good.replace('2 * x', '2 * y'));
  assert.throws(() => project(folder, memory));
  writeFileSync(join(folder, 'specs/mine.layer.yaml'), good);
  assert.equal(unchanged(first, project(folder, memory)), [true, true]);
}));

test.run();
