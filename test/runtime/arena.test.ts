/** `createArena`: arrays of several kernels in one memory, worked on in place, whatever the kernels are written in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createArena, layer, type Kernel } from '../../runtime/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import type { Module, Request } from '../golden/specs.ts';
import { scale } from './modules.ts';

type Arrays = Readonly<Record<string, Float32Array>> & { readonly cache: Readonly<Record<string, Float32Array>> };
type Functions = Readonly<Record<string, (...draw: number[]) => void>>;

const CONV: Request = { layer: 'conv2d', sizes: { N: 2, C: 3, H: 6, W: 5, F: 4, HH: 3, WW: 3 }, options: { pad: 1 } };
const WIDE: Request = { layer: 'conv2d', sizes: { N: 1, C: 2, H: 9, W: 9, F: 3, HH: 5, WW: 5 }, options: { pad: 2 } };
const NORM: Request = { layer: 'layernorm', sizes: { N: 6, D: 7 } };
const LOSS: Request = { layer: 'softmax_loss', sizes: { N: 5, C: 7 } };

const arena = (...kernels: Module[]): Arrays[] => createArena(...kernels as Kernel[]).buffers as unknown as Arrays[];
const bind = (k: Module, buffers: Arrays): Functions => (k.bind as (b: Arrays) => Functions)(buffers);

/** The same numbers every time, in whatever is read. */
function fill(k: Module, arrays: Arrays): void {
  for (const [name, t] of Object.entries(k.spec.tensors)) {
    if (t.role === 'output' || t.role === 'gradient') continue;
    arrays[name]!.set(Array.from(arrays[name]!, (_, i) => (t.dtype === 'i32' ? i % 3 : Math.sin(i * 1.3 + name.length))));
  }
}

function passes(k: Module, f: Functions): void {
  for (const name of Object.keys(k.spec.arguments)) f[name]!();
}

/** What a kernel computes of these numbers over arrays of its own. */
function alone(k: Module): Record<string, number[]> {
  const l = layer(k as Kernel, { params: Object.fromEntries(Object.entries(k.spec.tensors).filter(([, t]) => t.role === 'param')
    .map(([name, t]) => [name, new Array<number>(t.shape.reduce((a, b) => a * b, 1)).fill(0)])) });
  fill(k, { ...l.params, ...l.inputs, ...l.upstream } as unknown as Arrays);
  l.forward();
  l.backward();
  return Object.fromEntries([...Object.entries(l.outputs), ...Object.entries(l.grads).map(([n, a]) => [`d${n}`, a] as const)].map(([n, a]) => [n, [...a]]));
}

const results = (k: Module, arrays: Arrays): Record<string, number[]> => Object.fromEntries(Object.entries(k.spec.tensors)
  .filter(([, t]) => t.role === 'output' || t.role === 'gradient').map(([n]) => [n, [...arrays[n]!]]));

test('kernels of both targets share one memory and give what each gives alone', async () => {
  const kernels = await Promise.all([CONV, WIDE, NORM, LOSS].flatMap((r) => [kernelOf({ ...r, target: 'wasm' }), kernelOf(r)]));
  const wants = kernels.map(alone);
  const sets = arena(...kernels);
  assert.is(new Set(sets.flatMap((s) => Object.values({ ...s, cache: s.cache[Object.keys(s.cache)[0]!] }).filter((a) => a?.length).map((a) => (a as Float32Array).buffer))).size, 1);
  const functions = kernels.map((k, n) => bind(k, sets[n]!));
  // Twice, each after all others: scratch that is shared must be dead, scratch that has to stay 0 must have stayed so.
  for (let round = 0; round < 2; round++) {
    kernels.forEach((k, n) => fill(k, sets[n]!));
    for (const pass of ['forward', 'backward']) functions.forEach((f) => f[pass]!());
    kernels.forEach((k, n) => assert.equal(results(k, sets[n]!), wants[n], k.spec.layer));
  }
});

test('arrays are aligned, apart, of their length and where `init` says', async () => {
  const kernels = await Promise.all([kernelOf({ ...NORM, target: 'wasm' }), kernelOf({ layer: 'maxpool2d', sizes: { N: 1, C: 1, H: 4, W: 4 } })]);
  const sets = arena(...kernels);
  const all = sets.flatMap((s, n) => [...Object.entries(s), ...Object.entries(s.cache)].flatMap(([name, a]) => (ArrayBuffer.isView(a) ? [{ name, a, spec: kernels[n]!.spec }] : [])));
  const spans = all.map(({ a }) => [a.byteOffset, a.byteOffset + a.byteLength] as const).sort(([p], [q]) => p - q);
  spans.forEach(([from], n) => assert.ok(n === 0 || spans[n - 1]![1] <= from));
  for (const { name, a, spec } of all) {
    assert.is(a.byteOffset % 64, 0);
    if (name in spec.tensors) assert.is(a.length, spec.tensors[name]!.shape.reduce((x, y) => x * y, 1));
  }
  assert.equal([...sets[0]!.gamma!], new Array(7).fill(1));
  assert.equal([...sets[0]!.x!], new Array(42).fill(0));
});

test('a kernel named twice has two sets of arrays', async () => {
  const k = await kernelOf({ ...NORM, target: 'wasm' });
  const want = alone(k);
  const [a, b] = arena(k, k) as [Arrays, Arrays];
  assert.is.not(a.x!.byteOffset, b.x!.byteOffset);
  for (const set of [a, b]) {
    fill(k, set);
    passes(k, bind(k, set));
  }
  assert.equal([results(k, a), results(k, b)], [want, want]);
});

test('the output of one kernel is the input of the next, without a copy', async () => {
  const [conv, relu] = [await kernelOf({ ...CONV, target: 'wasm' }), await kernelOf({ layer: 'relu', sizes: { N: 2, D: 120 }, target: 'wasm' })];
  const [a, b] = arena(conv, relu) as [Arrays, Arrays];
  fill(conv, a);
  const [f, g] = [bind(conv, a), bind(relu, { ...b, x: a.out!, dx: a.dout! } as unknown as Arrays)];
  f.forward!();
  g.forward!();
  assert.equal([...b.out!], [...a.out!].map((v) => Math.max(v, 0)));
  b.dout!.fill(1);
  g.backward!();
  assert.equal([...a.dout!], [...a.out!].map((v) => Number(v > 0)));
});

test('a layer works in an arena', async () => {
  const k = await kernelOf({ ...LOSS, target: 'wasm' });
  const want = alone(k);
  const [buffers] = arena(k) as [Arrays];
  const l = layer(k as Kernel, { buffers });
  fill(k, buffers);
  l.forward();
  l.backward();
  assert.equal(results(k, buffers), want);
  assert.is(l.outputs.out, buffers.out);
});

test('kernels without WebAssembly need none', () => {
  const host = globalThis as { WebAssembly?: unknown };
  const kept = host.WebAssembly;
  delete host.WebAssembly;
  try {
    const { buffers: [set], bytes } = createArena(scale);
    set.x.set([1, 2, 3, 4, 5, 6]);
    set.w.fill(2);
    const cache = { x: new Float32Array(0) };
    scale.forward(set.x, set.y, set.w, set.b, set.out, cache);
    assert.equal([...set.out], [4, 6, 8, 10, 12, 14]);
    assert.is(bytes, 9 * 64);
  } finally {
    host.WebAssembly = kept;
  }
});

test.run();
