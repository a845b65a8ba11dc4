/** Who owns the arrays: what `bind` promises beside the numbers, which every kernel's own test compares. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { trafficOf } from '../../../compiler/ir/loop-traffic.ts';
import type { Buffer, LoopNest, Stmt } from '../../../compiler/ir/loop.ts';
import { importText, textsOf } from './load-kernel.ts';

type Functions = Record<string, (...args: number[]) => void>;

const ones = (n: number): Float32Array => new Float32Array(n).fill(1);

test('an array that is swapped after binding changes nothing', async () => {
  const k = await importText(textsOf({ spec: 'layernorm', sizes: { N: 3, D: 5 } }).module);
  const buffers = { x: Float32Array.from({ length: 15 }, (_, i) => i), gamma: ones(5), beta: ones(5), out: ones(15), dout: ones(15), dx: ones(15),
    dgamma: ones(5), dbeta: ones(5), cache: k['createCache']!() };
  const out = buffers.out;
  const bound = k['bind']!(buffers) as Functions;
  buffers.out = ones(15);
  bound['forward']!();
  assert.equal([...buffers.out], [...ones(15)]);
  assert.not.equal([...out], [...ones(15)]);
});

test('backward over bound arrays takes the input that forward had', async () => {
  const k = await importText(textsOf({ spec: 'relu', sizes: { N: 2, D: 3 } }).module);
  const buffers = { x: ones(6), out: ones(6), dout: ones(6), dx: ones(6), cache: k['createCache']!() };
  const bound = k['bind']!(buffers) as Functions;
  const refusal = (error: Error): boolean => error instanceof RangeError && error.message === 'cache.x: forward has not run over the bound array';
  assert.throws(() => bound['backward']!(), refusal);
  k['forward']!(ones(6), ones(6), buffers.cache);
  assert.throws(() => bound['backward']!(), refusal);
  bound['forward']!();
  bound['backward']!();
  k['backward']!(ones(6), buffers.cache, ones(6));
});

test('an array of the wrong type is refused when it is bound', async () => {
  const k = await importText(textsOf({ spec: 'relu', sizes: { N: 2, D: 3 } }).module);
  const buffers = { x: ones(6), out: ones(6), dout: ones(6), dx: ones(6), cache: k['createCache']!() };
  for (const wrong of [new Float64Array(6), [1, 1, 1, 1, 1, 1], undefined]) {
    assert.throws(() => k['bind']!({ ...buffers, dout: wrong }), (error: Error) => error instanceof TypeError && error.message === 'dout: expected Float32Array');
  }
});

test('loads and stores are counted as often as they run, in parts too', () => {
  const buffer = (name: string, role: Buffer['role']): Buffer => ({ name, role, elem: 'f32', length: 60, slack: 0, access: 'both' });
  const at = { slots: [], flat: [] };
  const load = (name: string) => ({ kind: 'load', ty: 'f64', buffer: name, at, lanes: 1 }) as const;
  const loop = (to: number, step: number, body: readonly Stmt[]): Stmt => ({ kind: 'loop', v: 'i', from: [], to: [{ k: to }], step, size: to, within: [], body });
  const store = (into: string, from: string): Stmt => ({ kind: 'store', buffer: into, at, lanes: 1, op: '=', value: load(from) });
  const nest: LoopNest = {
    name: 'f', buffers: [buffer('x', 'argument'), buffer('held', 'field'), buffer('kept', 'scratch')], constants: new Map(), flops: 0,
    parts: [{ name: 'part', params: [], buffers: [], body: [loop(3, 1, [store('kept', 'x')])] }],
    body: [store('held', 'kept'), loop(20, 4, [{ kind: 'call', part: 'part', args: [] }])],
  };
  assert.equal(trafficOf(nest), { callers: 1 + 5 * 3, all: 2 + 5 * 3 * 2 });
});

test.run();
