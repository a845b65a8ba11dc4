/**
 * The module around WebAssembly: the interface of the TypeScript one, for arrays anywhere. What the kernels compute is for
 * their proofs, test/specs/kernels.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernel, DiagnosticError, javascriptOf } from '../../../compiler/index.ts';
import { load } from '../../specs/load.ts';
import { importText, textsOf, type Kernel, type Subject } from './load-kernel.ts';

interface Memory { readonly buffer: ArrayBuffer; grow(pages: number): number }
const wasm = (globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => Memory } }).WebAssembly;

type Arrays = Record<string, Float32Array | Int32Array>;

const NORM: Subject = { spec: 'layernorm', sizes: { N: 3, D: 5 } };
const kernelOf = (s: Subject, target: 'ts' | 'wasm' = 'wasm'): Promise<Kernel> => importText(textsOf({ ...s, target }).module);

/** Numbers for every tensor of a kernel; `at` says where an array of so many elements is. */
function arraysOf(k: Kernel, at: (length: number) => Float32Array = (n) => new Float32Array(n)): Arrays {
  return Object.fromEntries(Object.entries(k.spec.tensors).map(([name, t]) => {
    const length = t.shape.reduce((x, y) => x * y, 1);
    if (t.dtype === 'i32') return [name, Int32Array.from({ length }, (_, i) => i % 3)];
    return [name, at(length).map((_, i) => Math.fround(Math.sin(i * 1.7 + name.length)))];
  }));
}

/** Arrays one after another in a memory, from an address on. */
function inMemory(memory: Memory, from = 4): (length: number) => Float32Array {
  let address = from;
  return (length) => {
    const array = new Float32Array(memory.buffer, address, length);
    address += 4 * length;
    return array;
  };
}

/** Puts numbers where `map` would make a copy. */
function placed(k: Kernel, at: (length: number) => Float32Array): Arrays {
  const values = arraysOf(k);
  return Object.fromEntries(Object.entries(values).map(([name, a]) => {
    if (a instanceof Int32Array) return [name, a];
    const array = at(a.length);
    array.set(a);
    return [name, array];
  }));
}

function run(k: Kernel, arrays: Arrays, cache = k['createCache']!()): Arrays {
  for (const name of ['forward', 'backward']) k[name]!(...k.spec.arguments[name]!.map((a) => (a === 'cache' ? cache : arrays[a])));
  return arrays;
}

const close = (a: Arrays, b: Arrays): void => {
  for (const [name, array] of Object.entries(a)) {
    array.forEach((v, i) => assert.ok(Math.abs(v - b[name]![i]!) <= 4e-6, `${name}[${i}] is ${v}, not ${b[name]![i]}`));
  }
};

test('exports what the TypeScript module exports, and the two that have to do with memory', async () => {
  const [ts, own] = [await kernelOf(NORM, 'ts'), await kernelOf(NORM)];
  assert.equal(Object.keys(own).sort(), [...Object.keys(ts), 'attach', 'canRun'].sort());
  const bytes = (k: Kernel): object => ({ ...k.spec.bytes, scratch: 0 });
  assert.equal({ ...own.spec, target: 'ts', bytes: bytes(own), scratch: undefined }, { ...ts.spec, bytes: bytes(ts), scratch: undefined });
  assert.is((own.spec as unknown as { target: string }).target, 'wasm');
});

test('arrays from elsewhere, in the memory, and some of each: the numbers of TypeScript, the same bits everywhere', async () => {
  const want = run(await kernelOf(NORM, 'ts'), arraysOf(await kernelOf(NORM, 'ts')));
  const k = await kernelOf(NORM);
  const elsewhere = run(k, arraysOf(k));
  close(elsewhere, want);
  const memory = new wasm.Memory({ initial: 2 });
  k['attach']!(memory, 65536);
  const inside = run(k, placed(k, inMemory(memory)));
  assert.equal(inside, elsewhere, 'a cache from elsewhere');
  const take = inMemory(memory);
  const whole = run(k, placed(k, take), { xhat: take(15), rstd: take(3) });
  assert.equal(whole, elsewhere, 'all in one memory');
  const other = new wasm.Memory({ initial: 1 });
  assert.equal(run(k, placed(k, inMemory(other))), elsewhere, 'a memory that the module is not attached to');
});

test('bound functions work in place, or copy', async () => {
  const k = await kernelOf(NORM);
  const want = run(k, arraysOf(k));
  const memory = new wasm.Memory({ initial: 2 });
  k['attach']!(memory, 65536);
  const take = inMemory(memory);
  const inside = placed(k, take);
  const elsewhere = arraysOf(k);
  for (const buffers of [{ ...inside, cache: { xhat: take(15), rstd: take(3) } }, { ...elsewhere, cache: k['createCache']!() }]) {
    const bound = k['bind']!(buffers) as Record<string, () => void>;
    bound['forward']!();
    bound['backward']!();
  }
  assert.equal(inside, want);
  assert.equal(elsewhere, want);
});

test('what was bound before another memory was attached stays in its own', async () => {
  const k = await kernelOf(NORM);
  const want = run(k, arraysOf(k));
  const bound = [0, 1].map(() => {
    const memory = new wasm.Memory({ initial: 2 });
    k['attach']!(memory, 65536);
    const take = inMemory(memory);
    const arrays = placed(k, take);
    return { arrays, functions: k['bind']!({ ...arrays, cache: { xhat: take(15), rstd: take(3) } }) as Record<string, () => void> };
  });
  for (const { functions } of bound) functions['forward']!();
  for (const { functions } of bound) functions['backward']!();
  for (const { arrays } of bound) assert.equal(arrays, want);
});

test('views of one buffer, side by side and in any order, are arrays like others', async () => {
  const k = await kernelOf(NORM);
  const want = run(k, arraysOf(k));
  const whole = new Float32Array(200);
  let end = 200;
  const arrays = placed(k, (n) => whole.subarray(end -= n, end + n));
  assert.equal(run(k, arrays), want);
  const x = arrays['x']!.slice();
  k['forward']!(arrays['x'], arrays['gamma'], arrays['beta'], arrays['x'], k['createCache']!());
  assert.equal(arrays['x'], want['out'], 'an output over its input, where everything is read before');
  assert.not.equal(x, arrays['x']);
});

test('a memory that grows leaves the module with stale views, and new ones are copied', async () => {
  const k = await kernelOf(NORM);
  const want = run(k, arraysOf(k));
  const memory = new wasm.Memory({ initial: 2 });
  k['attach']!(memory, 65536);
  const before = placed(k, inMemory(memory));
  memory.grow(1);
  assert.throws(() => run(k, before), (e: Error) => e instanceof RangeError && e.message === 'x: expected [3, 5], got length 0');
  assert.equal(run(k, placed(k, inMemory(memory))), want);
});

test('arrays that were found in the memory once are known again, but not those of a memory that is attached no more', async () => {
  const k = await kernelOf(NORM);
  const want = run(k, arraysOf(k));
  const [first, second] = [0, 1].map(() => new wasm.Memory({ initial: 2 })) as [Memory, Memory];
  const placesIn = (memory: Memory): { arrays: Arrays; cache: Record<string, Float32Array> } => {
    const take = inMemory(memory);
    return { arrays: placed(k, take), cache: { xhat: take(15), rstd: take(3) } };
  };
  const [a, b] = [placesIn(first), placesIn(second)];
  for (const { memory, places } of [{ memory: first, places: a }, { memory: second, places: b }]) {
    k['attach']!(memory, 65536);
    a.arrays['out']!.fill(0);
    assert.equal(run(k, a.arrays, a.cache), want, 'the first memory, attached or not');
    // Each array in its turn is not the one that was seen.
    for (let times = 0; times < 3; times++) assert.equal(run(k, places.arrays, places.cache), want);
    for (const name of Object.keys(places.arrays)) {
      const elsewhere = { ...places.arrays, [name]: new Float32Array(places.arrays[name]!) };
      assert.equal(run(k, elsewhere, places.cache), want, name);
      assert.equal(run(k, places.arrays, places.cache), want, name);
    }
  }
  second.grow(1);
  assert.throws(() => run(k, b.arrays, b.cache), (e: Error) => e instanceof RangeError && e.message === 'x: expected [3, 5], got length 0');
});

test('the bytes are decoded by whatever there is', async () => {
  const want = run(await kernelOf(NORM), arraysOf(await kernelOf(NORM)));
  const { module } = textsOf({ ...NORM, target: 'wasm' });
  const [host, arrays] = [globalThis as { Buffer?: typeof Buffer }, Uint8Array as { fromBase64?: unknown }];
  const kept = { Buffer, fromBase64: arrays.fromBase64 };
  const of: Record<string, string[]> = { platform: [], Buffer: [] };
  const decode = (from: string) => (text: string): Uint8Array => {
    of[from]!.push(text);
    return kept.Buffer.from(text, 'base64');
  };
  try {
    for (const [title, fromBase64, buffer] of [
      ['Uint8Array.fromBase64', decode('platform'), undefined], ['Buffer', undefined, { from: decode('Buffer') }], ['neither', undefined, undefined],
    ] as const) {
      const k = await importText(`${module}\n// ${title}`);
      const given = arraysOf(k);
      arrays.fromBase64 = fromBase64;
      host.Buffer = buffer as unknown as typeof Buffer;
      k['canRun']!();
      Object.assign(host, { Buffer: kept.Buffer });
      assert.equal(run(k, given), want, title);
    }
  } finally {
    host.Buffer = kept.Buffer;
    if (kept.fromBase64 === undefined) delete arrays.fromBase64;
    else arrays.fromBase64 = kept.fromBase64;
  }
  assert.equal([of['platform']!.length, of['Buffer']!.length], [1, 1]);
});

test('errors are those of TypeScript', async () => {
  const message = (work: () => void): string => {
    try {
      work();
    } catch (e) {
      return `${(e as Error).name}: ${(e as Error).message}`;
    }
    return 'none';
  };
  const wrong = async (subject: Subject, replace: (k: Kernel) => Readonly<Record<string, unknown>>, names = ['forward', 'backward']): Promise<readonly string[]> => {
    const both = [];
    for (const target of ['ts', 'wasm'] as const) {
      const k = await kernelOf(subject, target);
      const values: Record<string, unknown> = { ...arraysOf(k), cache: k['createCache']!(), seed: 1, step: 1, ...replace(k) };
      both.push(names.map((n) => message(() => k[n]!(...k.spec.arguments[n]!.map((a) => values[a])))).join('; '));
    }
    assert.is(both[1], both[0]);
    return both;
  };
  assert.match((await wrong(NORM, () => ({ x: new Float32Array(14) })))[1]!, /RangeError: x: expected \[3, 5\]/);
  assert.match((await wrong(NORM, () => ({ gamma: new Float64Array(5) })))[1]!, /TypeError: gamma: expected/);
  assert.match((await wrong(NORM, () => ({ cache: { xhat: new Float32Array(3), rstd: new Float32Array(3) } })))[1]!, /cache\.xhat/);
  const loss: Subject = { spec: 'softmax_loss', sizes: { N: 3, C: 4 } };
  assert.match((await wrong(loss, () => ({ y: Int32Array.of(0, 9, 1) })))[1]!, /RangeError: y\[1\] is 9: must be 0 to 3, it indexes x/);
  assert.match((await wrong(loss, () => ({ y: Int32Array.of(0, 1, -1) })))[1]!, /RangeError: y\[2\] is -1/);
  const dropout: Subject = { spec: 'dropout', sizes: { N: 3, D: 4 } };
  assert.match((await wrong(dropout, () => ({ seed: -1 }), ['forwardTrain', 'forwardTest']))[1]!, /seed: expected an integer/);
  assert.match((await wrong({ spec: 'relu', sizes: { N: 3, D: 4 } }, () => ({}), ['backward']))[1]!, /forward has not run/);
});

test('importing a module does no work', async () => {
  const host = globalThis as { WebAssembly?: unknown };
  const { module } = textsOf({ ...NORM, target: 'wasm' });
  const kept = host.WebAssembly;
  delete host.WebAssembly;
  let k: Kernel;
  try {
    k = await importText(`${module}\n// without WebAssembly`);
    assert.throws(() => run(k, arraysOf(k)), 'WebAssembly');
    assert.is(k['canRun']!(), false);
  } finally {
    host.WebAssembly = kept;
  }
});

test('arrays of its own are for TypeScript', () => {
  assert.throws(() => textsOf({ ...NORM, target: 'wasm', buffers: 'module' }),
    (e: Error) => e instanceof DiagnosticError && e.diagnostics[0]!.code === 'target-buffers');
});

// ------------------------------------------------------------------------------------------------ the one that picks

/** The module that picks, and the two it picks from, imported from files. */
async function pickingFrom<T>(subject: Subject, use: (k: Kernel, ts: Kernel) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-any-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const { files } = compileKernel({ ...subject, source: load(subject.spec)!, load, name: 'k', target: ['ts', 'wasm'] });
    for (const f of files) if (!f.path.includes('.test.')) writeFileSync(join(folder, f.path.replace(/ts$/, 'js')), javascriptOf(f.text));
    const from = (file: string): Promise<Kernel> => import(pathToFileURL(join(folder, file)).href) as Promise<Kernel>;
    return await use(await from('k.any.js'), await from('k.js'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('both targets: the module that picks runs WebAssembly, and gives its bits', async () => {
  const want = run(await kernelOf(NORM), arraysOf(await kernelOf(NORM)));
  await pickingFrom(NORM, (k) => {
    assert.equal(run(k, arraysOf(k)), want);
    assert.is(k['canRun']!(), true);
    const arrays = arraysOf(k);
    const bound = k['bind']!({ ...arrays, cache: k['createCache']!() }) as Record<string, () => void>;
    bound['forward']!();
    bound['backward']!();
    assert.equal(arrays, want);
  });
});

const refusals: readonly (readonly [title: string, host: object | undefined])[] = [
  ['there is no WebAssembly', undefined],
  ['a policy forbids it', { ...globals(), Module: class { constructor() { throw new Error('Refused to compile: wasm-unsafe-eval'); } } }],
  ['lanes are unknown', { ...globals(), Module: class { constructor() { throw new SyntaxError('invalid opcode 0xfd'); } } }],
  ['there is no memory', { ...globals(), Memory: class { constructor() { throw new RangeError('could not allocate memory'); } } }],
];

function globals(): object {
  const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: Record<string, unknown> }).WebAssembly;
  return { Memory, Module, Instance };
}

for (const [title, standIn] of refusals) {
  test(`TypeScript runs where ${title}`, async () => {
    await pickingFrom(NORM, (k, ts) => {
      const want = run(ts, arraysOf(ts));
      const host = globalThis as { WebAssembly?: unknown };
      const kept = host.WebAssembly;
      const memory = new wasm.Memory({ initial: 2 });
      host.WebAssembly = standIn;
      try {
        if (title !== 'there is no memory') k['attach']!(memory, 0);
        assert.equal(run(k, arraysOf(k)), want);
        assert.is(k['canRun']!(), false);
      } finally {
        host.WebAssembly = kept;
      }
      assert.equal(run(k, arraysOf(k)), want, 'it has decided');
    });
  });
}

test.run();
