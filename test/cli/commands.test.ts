/** Commands, flags, help, colour and exit codes. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contents, hasStack, kernelwright, root, SMALL, withFolder } from './harness.ts';

test('help, version, and a command that is none', () => withFolder({}, async (folder) => {
  const help = await kernelwright(folder, ['--help']);
  assert.equal([help.code, help.err], [0, '']);
  for (const command of ['build', 'check', 'explain', 'new', 'watch']) assert.match(help.out, new RegExp(`^  ${command} `, 'm'));
  assert.is((await kernelwright(folder, [])).code, 1);
  assert.match((await kernelwright(folder, ['--version'])).out, /^\d+\.\d+\.\d+\n$/);
  assert.match((await kernelwright(folder, ['build', '--help'])).out, '--out DIR');
  const slip = await kernelwright(folder, ['biuld']);
  assert.is(slip.code, 1);
  assert.match(slip.err, /error\[unknown-command\].*`biuld`[\s\S]*did you mean `build`\?/);
}));

test('flags that are none, lack a value or have one too many', () => withFolder({ 'kernels.yaml': SMALL }, async (folder) => {
  const slip = await kernelwright(folder, ['build', '--oot=x', '--tiem']);
  assert.is(slip.code, 1);
  assert.match(slip.err, /did you mean `--out`\?[\s\S]*did you mean `--time`\?/);
  assert.match((await kernelwright(folder, ['build', '--out'])).err, 'error[flag-value]: `--out` needs a value');
  assert.match((await kernelwright(folder, ['build', '--out', '--json'])).out, 'flag-value');
  assert.match((await kernelwright(folder, ['build', '--time=3'])).err, 'error[flag-value]: `--time` takes no value');
  assert.match((await kernelwright(folder, ['build', 'a', 'b'])).err, 'error[unexpected-argument]');
  assert.match((await kernelwright(folder, ['explain'])).err, 'error[missing-argument]');
  assert.match((await kernelwright(folder, ['explain', 'relu', '--sizes', 'N'])).err, 'error[flag-value]');
  assert.match((await kernelwright(folder, ['explain', 'relu', '--sizes', 'N=0'])).err, 'error[size-invalid]');
  assert.match((await kernelwright(folder, ['explain', 'rleu'])).err, /error\[unknown-layer\][\s\S]*did you mean `relu`\?/);
  assert.match((await kernelwright(folder, ['explain', 'relu', '--emit=sepc'])).err, /error\[unknown-stage\][\s\S]*`spec`/);
}));

test('colour only where it is wanted', () => withFolder({}, async (folder) => {
  const colored = (run: { err: string }): boolean => run.err.includes('\u001b[');
  assert.not(colored(await kernelwright(folder, ['build'])));
  assert.ok(colored(await kernelwright(folder, ['build'], { FORCE_COLOR: '1' })));
  assert.not(colored(await kernelwright(folder, ['build'], { NO_COLOR: '1' })));
  assert.not(colored(await kernelwright(folder, ['build', '--no-color'], { FORCE_COLOR: '1' })));
  const json = await kernelwright(folder, ['build', '--json'], { FORCE_COLOR: '1' });
  assert.equal([json.code, json.err, JSON.parse(json.out).diagnostics[0].code], [1, '', 'build-file-missing']);
}));

test('explain prints the gradient', () => withFolder({}, async (folder) => {
  const run = await kernelwright(folder, ['explain', 'batchnorm']);
  assert.equal([run.code, run.err], [0, '']);
  assert.match(run.out, 'gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)');
  const json = await kernelwright(folder, ['explain', 'batchnorm', '--json']);
  assert.type(JSON.parse(json.out), 'object');
  const sizes = await kernelwright(folder, ['explain', 'batchnorm', '--sizes', 'N=4,D=5', '--options', 'eps=1e-3', '--mode', 'test', '--only', 'dx']);
  assert.equal([sizes.code, sizes.err], [0, '']);
  assert.match(sizes.out, 'dx');
}));

test('explain prints every stage', () => withFolder({}, async (folder) => {
  for (const stage of ['spec', 'ir', 'grad', 'simplified', 'loops', 'ts', 'test']) {
    const run = await kernelwright(folder, ['explain', 'relu', `--emit=${stage}`]);
    assert.equal([run.code, run.err], [0, ''], stage);
    assert.match(run.out, new RegExp(`^--- ${stage}\n.+\n`), stage);
    const json = JSON.parse((await kernelwright(folder, ['explain', 'relu', `--emit=${stage}`, '--json'])).out) as { stage: string }[];
    assert.equal(json.map((s) => s.stage), [stage]);
  }
}));

test('a summary does not steer the terminal', () => withFolder({
  'a.layer.yaml': 'layer: a\nsummary: "x\\e[31m\\u202ey"\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x / 2 }\n',
}, async (folder) => {
  const run = await kernelwright(folder, ['explain', './a.layer.yaml']);
  assert.equal([run.code, run.err], [0, '']);
  assert.match(run.out, 'x [31m y\n');
}));

test('explain takes a file', () => withFolder({ 'my/half.layer.yaml': 'layer: half\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x / 2 }\n' }, async (folder) => {
  const run = await kernelwright(folder, ['explain', 'my/half.layer.yaml']);
  assert.equal([run.code, run.err], [0, '']);
  assert.match(run.out, 'dout');
}));

test('new writes a spec that compiles, once', () => withFolder({ 'kernels.yaml': 'kernels:\n  - { layer: my_norm, sizes: { N: 4, D: 6 } }\n' }, async (folder) => {
  const run = await kernelwright(folder, ['new', 'my_norm']);
  assert.is(run.code, 0, run.err);
  assert.match(run.out, 'specs/my_norm.layer.yaml written');
  assert.match((await kernelwright(folder, ['new', 'my_norm'])).err, 'error[file-exists]');
  assert.match((await kernelwright(folder, ['new', 'layernorm'])).err, 'error[file-exists]');
  for (const name of ['../x', 'a b', '__proto__', 'constructor', 'Big', '9']) assert.match((await kernelwright(folder, ['new', name])).err, 'error[layer-name]');
  const built = await kernelwright(folder, ['build']);
  assert.is(built.code, 0, built.err);
}));

test('a reader that goes away is no error', () => withFolder({}, async (folder) => {
  const child = spawn(process.execPath, [join(root, 'cli/kernelwright.js'), 'explain', 'batchnorm'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (data: Buffer) => { err += data.toString(); });
  const code = await new Promise((done) => { child.on('close', done); });
  assert.equal([code, err], [0, '']);
}));

test('watch builds again when a spec or the build file changes', () => withFolder({
  'kernels.yaml': 'kernels:\n  - { layer: half, sizes: { N: 4 } }\n',
  'specs/half.layer.yaml': 'layer: half\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x / 2 }\n',
}, async (folder) => {
  const child = spawn(process.execPath, [join(root, 'cli/kernelwright.js'), 'watch'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => { seen += data.toString(); });
  const wait = async (pattern: RegExp): Promise<void> => {
    for (let n = 0; n < 400 && !pattern.test(seen); n++) await new Promise((done) => { setTimeout(done, 50); });
    assert.match(seen, pattern);
    seen = '';
  };
  try {
    await wait(/4 files written/);
    writeFileSync(join(folder, 'specs/half.layer.yaml'), 'layer: half\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: y / 2 }\n');
    await wait(/error\[unknown-tensor\]/);
    writeFileSync(join(folder, 'specs/half.layer.yaml'), 'layer: half\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x / 4 }\n');
    await wait(/files written/);
    assert.match(contents(folder)['generated/half_4.ts']!, 'x / 4');
    writeFileSync(join(folder, 'kernels.yaml'), 'kernels:\n  - { layer: half, sizes: { N: 5 } }\n');
    await wait(/removed/);
  } finally {
    child.kill('SIGTERM');
  }
  const code = await new Promise((done) => { child.on('close', done); });
  assert.is(code, 0);
}));

test('a bug of ours is one line and exit code 2', () => withFolder({ 'broken.mjs': 'process.stdout.write = () => { throw new TypeError("no stdout"); };' }, async (folder) => {
  const run = await kernelwright(folder, ['--version'], { NODE_OPTIONS: `--import ${join(folder, 'broken.mjs')}` });
  assert.is(run.code, 2);
  assert.match(run.err, /^internal error: TypeError: no stdout\n/);
  assert.not(hasStack(run));
}));

test.run();
