/** Layers, nets and optimisers in files: what is written is read back, by Python too, and nothing else is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adam, layer, load, save, sgd, uniform, type Optimizer } from '../../runtime/index.ts';
import { noise, scale } from './modules.ts';
import { batch, netOf, numbersOf, type Net } from './nets.ts';

interface Training { readonly net: Net; readonly optimizer: Optimizer }

const start = async (seed = 1): Promise<Training> => {
  const net = await netOf({}, { seed });
  return { net, optimizer: adam(net, { rate: 0.01 }) };
};

/** The losses of steps `from` to `to`. */
function train({ net, optimizer }: Training, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    const loss = (net.forward(...batch(from + i)) as Float32Array)[0]!;
    net.backward();
    optimizer.step();
    return loss;
  });
}

const headerOf = (file: Uint8Array): Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> & { __metadata__: Record<string, string> } => {
  const end = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(file.subarray(8, end))) as ReturnType<typeof headerOf>;
};

const memoryOf = (o: Optimizer): number[] => [...o.storage.tensors.flatMap(([, , array]) => [...array]), o.steps];

test('a checkpoint goes on as if nothing had been: the same bits', async () => {
  const losses = train(await start(), 0, 40);
  const first = await start();
  assert.equal(train(first, 0, 20), losses.slice(0, 20), 'a seed is a curve');
  const file = save({ ...first }, { epoch: '3' });
  const second = await start();
  train(second, 7, 12);
  assert.equal(load(file, { ...second }), { ...headerOf(file).__metadata__ });
  assert.equal(numbersOf(second.net), numbersOf(first.net));
  assert.equal(memoryOf(second.optimizer), memoryOf(first.optimizer));
  assert.equal(train(second, 20, 40), losses.slice(20));
  assert.not.equal(train(await start(2), 0, 3), losses.slice(0, 3), 'another seed is another curve');
});

test('each part by itself', async () => {
  const a = await start();
  train(a, 0, 5);
  const b = await start(9);
  assert.is(b.net.load(a.net.save()), b.net);
  assert.is(b.optimizer.load(a.optimizer.save().buffer as ArrayBuffer), b.optimizer);
  assert.equal(numbersOf(b.net), numbersOf(a.net));
  assert.equal(memoryOf(b.optimizer), memoryOf(a.optimizer));
  const conv = layer(a.net.layers[0]!.kernel).load(a.net.layers[0]!.save());
  assert.equal(conv.params, a.net.layers[0]!.params);
});

test('names, shapes, running statistics and counts', async () => {
  const training = await start();
  train(training, 0, 2);
  const { __metadata__: metadata, ...tensors } = headerOf(save({ ...training }, { 'épôque': 'deux' }));
  const names = ['0.w', '0.b', '1.gamma', '1.beta', '5.w', '5.b'];
  assert.equal(Object.keys(tensors).sort(), [
    ...names.map((n) => `net.${n}`), 'net.1.running_mean', 'net.1.running_var',
    ...names.flatMap((n) => [`optimizer.${n}.m`, `optimizer.${n}.v`]),
  ].sort());
  assert.equal(tensors['optimizer.0.w.v']!.shape, [2, 1, 3, 3]);
  assert.is(metadata['optimizer.step'], '2');
  assert.is(metadata['net.4.step'], '2');
  assert.is(metadata['épôque'], 'deux');
});

test('numbers of eight bytes stand before those of four', () => {
  const file = save({ a: layer(scale, { params: { w: [1, 2, 3] } }), b: layer(noise) });
  const { __metadata__: _, ...tensors } = headerOf(file);
  for (const { dtype, data_offsets } of Object.values(tensors)) assert.is(data_offsets[0]! % (dtype === 'F64' ? 8 : 4), 0);
  assert.is(tensors['b.total']!.data_offsets[0], 0);
});

test('an optimiser without memory has a count', async () => {
  const net = await netOf();
  const a = sgd(net, { rate: 0 }), b = sgd(net, { rate: 0 });
  a.step();
  a.step();
  assert.is(b.load(a.save()).steps, 2);
});

test('a model in a file of an optimiser, or one part too few, is refused', async () => {
  const { net, optimizer } = await start();
  const [loss] = [numbersOf(net)];
  assert.throws(() => net.load(optimizer.save()), /cannot load: unknown tensor 0\.w\.m/);
  assert.throws(() => load(save({ net }), { net, optimizer }), /cannot load: optimizer\.0\.w\.m is missing/);
  assert.throws(() => load(save({ net, optimizer }), { net }), /cannot load: unknown tensor optimizer/);
  assert.throws(() => sgd(net, { rate: 1, momentum: 0.5 }).load(optimizer.save()), /cannot load: unknown tensor/);
  assert.throws(() => save({ 'a': net, 'a.0': net.layers[0]! }), /a\.0\.w would stand in the file twice/);
  assert.equal(numbersOf(net), loss);
});

/** A file with another header in the place of its own. */
function withHeader(file: Uint8Array, change: (header: ReturnType<typeof headerOf>) => void): Uint8Array {
  const header = headerOf(file);
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const data = file.subarray(8 + Number(new DataView(file.buffer).getBigUint64(0, true)));
  const made = new Uint8Array(8 + text.length + data.length);
  new DataView(made.buffer).setBigUint64(0, BigInt(text.length), true);
  made.set(text, 8);
  made.set(data, 8 + text.length);
  return made;
}

test('an optimiser without its count, or with a wrong one, is refused and nothing changes, in no part', async () => {
  const from = await start();
  train(from, 0, 3);
  const file = save({ ...from });
  for (const step of [undefined, '', '-1', '1.5', '1e3', 'x', '9007199254740992', null, 3, []]) {
    const to = await start(2);
    train(to, 0, 1);
    const before = [numbersOf(to.net), memoryOf(to.optimizer)];
    const broken = withHeader(file, (h) => { (h.__metadata__ as Record<string, unknown>)['optimizer.step'] = step; });
    assert.throws(() => load(broken, { ...to }), /cannot load: expected a whole number for optimizer\.step in the metadata/);
    assert.equal([numbersOf(to.net), memoryOf(to.optimizer)], before);
  }
  const without = withHeader(file, (h) => { delete (h as Partial<typeof h>).__metadata__; });
  assert.throws(() => load(without, { ...from }), /optimizer\.step/);
  const huge = withHeader(file, (h) => { h.__metadata__['optimizer.step'] = '9007199254740991'; });
  load(huge, { ...from });
  assert.is(from.optimizer.steps, 9007199254740991);
});

test('fuzz: a file with any bytes changed is loaded whole or refused whole', async () => {
  const from = await start();
  train(from, 0, 2);
  const file = save({ ...from });
  const to = await start(2);
  let refused = 0, loaded = 0;
  const headerEnd = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  for (let round = 0; round < 3000; round++) {
    const draw = (tensor: number, high: number): number => Math.floor(uniform({ seed: 11, step: round, tensor, element: 0 }, 0, high));
    let bad = file.slice(0, round % 5 === 0 ? draw(0, file.length) : file.length);
    for (let n = 0; n < 1 + draw(1, 3) && bad.length > 0; n++) bad[draw(2 + n, Math.min(bad.length, headerEnd))] = draw(6 + n, 256);
    if (round % 7 === 0) bad = Uint8Array.from([...bad, ...bad.subarray(0, draw(9, 20))]);
    const before = [numbersOf(to.net), memoryOf(to.optimizer)];
    try {
      load(bad, { ...to });
      loaded++;
      // What could be changed and still be whole: metadata, or spaces.
      assert.equal(numbersOf(to.net).filter((_, i) => i < 18), numbersOf(from.net).filter((_, i) => i < 18));
    } catch (error) {
      refused++;
      assert.match((error as Error).message, /^cannot load: /, String(error));
      assert.equal([numbersOf(to.net), memoryOf(to.optimizer)], before);
    }
  }
  assert.ok(refused > 2000 && loaded > 10, `${refused} refused, ${loaded} loaded`);
});

/** Reads the format with what Python has at hand, checks it, and writes each tensor plus 1 in the order of their names. */
const PYTHON = `
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
size = struct.unpack('<Q', data[:8])[0]
header = json.loads(data[8:8 + size])
metadata = header.pop('__metadata__')
assert all(isinstance(v, str) for v in metadata.values())
assert sorted(t['data_offsets'][0] for t in header.values())[0] == 0
assert max(t['data_offsets'][1] for t in header.values()) == len(data) - 8 - size
out, body = {'__metadata__': dict(metadata, by='python')}, b''
for name in sorted(header):
    start, end = header[name]['data_offsets']
    kind, width = {'F32': ('f', 4), 'F64': ('d', 8), 'I32': ('i', 4)}[header[name]['dtype']]
    count = 1
    for n in header[name]['shape']: count *= n
    assert count * width == end - start
    numbers = struct.unpack('<%d%s' % (count, kind), data[8 + size + start:8 + size + end])
    out[name] = dict(header[name], data_offsets=[len(body), len(body) + end - start])
    body += struct.pack('<%d%s' % (count, kind), *[n + 1 for n in numbers])
head = json.dumps(out, indent=1).encode()
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(head)) + head + body)
`;

const python = spawnSync('python3', ['--version']).status === 0;
(python ? test : test.skip)(`to Python and back${python ? '' : ': skipped, there is no python3'}`, async () => {
  const from = await start();
  train(from, 0, 2);
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-'));
  try {
    const [there, back] = [join(folder, 'a.safetensors'), join(folder, 'b.safetensors')];
    writeFileSync(there, save({ ...from }));
    const run = spawnSync('python3', ['-c', PYTHON, there, back], { encoding: 'utf8' });
    assert.is(run.status, 0, run.stderr);
    const to = await start(5);
    assert.is(load(readFileSync(back), { ...to }).by, 'python');
    const one = (array: ArrayLike<number>): number[] => Array.from(array, (n) => Math.fround(n + 1));
    from.net.layers.forEach((l, i) => {
      for (const [name, array] of Object.entries({ ...l.params, ...l.state })) {
        assert.equal([...({ ...to.net.layers[i]!.params, ...to.net.layers[i]!.state })[name]!], one(array), `${i}.${name}`);
      }
    });
    from.optimizer.storage.tensors.forEach(([name, , array], i) => assert.equal([...to.optimizer.storage.tensors[i]![2]], one(array), name));
    assert.is(to.optimizer.steps, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
