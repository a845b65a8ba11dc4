/** Optimisers, schedules and clipping against the formulas of PyTorch's documents, written out plainly and in doubles. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  adam, adamw, clipNorm, clipValue, constant, cosine, gradientsOf, layer, parametersOf, rateAt, sequential, sgd, stepped, uniform,
  warmup, type Layer, type Optimizer,
} from '../../runtime/index.ts';
import { scale } from './modules.ts';

/** A kernel that does nothing, with parameters of either type. */
const holder = (dtype: 'f32' | 'f64') => ({
  spec: {
    layer: 'holder', dtype,
    tensors: {
      p: { role: 'param', shape: [5], dtype }, q: { role: 'param', shape: [], dtype },
      dp: { role: 'gradient', shape: [5], dtype }, dq: { role: 'gradient', shape: [], dtype },
    },
    arguments: { forward: [], backward: [] },
  },
} as const);

const START = [1, -2, 0.5, 0, 1e-3, 3];
const grads = (step: number): number[] => START.map((_, element) => uniform({ seed: 3, step, tensor: 0, element }, -2, 2));

const make = (dtype: 'f32' | 'f64' = 'f64'): Layer<ReturnType<typeof holder>> =>
  layer(holder(dtype), { params: { p: START.slice(0, 5), q: START.slice(5) } });
const valuesOf = (l: ReturnType<typeof make>): number[] => [...l.params.p, ...l.params.q];

/** Thirty steps with these gradients. */
function run(optimizer: Optimizer, l: ReturnType<typeof make>): number[] {
  for (let step = 0; step < 30; step++) {
    const g = grads(step);
    l.grads.p.set(g.slice(0, 5));
    l.grads.q.set(g.slice(5));
    optimizer.step();
  }
  return valuesOf(l);
}

/** One parameter after thirty steps, by a function from (p, g, t) to p with t = 1, 2, ... */
const reference = (update: () => (p: number, g: number, t: number) => number): number[] => START.map((start, i) => {
  const step = update();
  let p = start;
  for (let t = 1; t <= 30; t++) p = step(p, grads(t - 1)[i]!, t);
  return p;
});

function near(got: readonly number[], want: readonly number[], tolerance: number): void {
  got.forEach((v, i) => assert.ok(Math.abs(v - want[i]!) <= tolerance * Math.max(1, Math.abs(want[i]!)), `${i}: ${v}, not ${want[i]}`));
}

interface Case { readonly make: (l: ReturnType<typeof make>) => Optimizer; readonly update: () => (p: number, g: number, t: number) => number }

const CASES: Readonly<Record<string, Case>> = {
  'sgd': { make: (l) => sgd(l, { rate: 0.1 }), update: () => (p, g) => p - 0.1 * g },
  'sgd with decay': { make: (l) => sgd(l, { rate: 0.1, weightDecay: 0.3 }), update: () => (p, g) => p - 0.1 * (g + 0.3 * p) },
  'sgd with momentum': {
    make: (l) => sgd(l, { rate: 0.1, momentum: 0.9, weightDecay: 0.01 }),
    update: () => {
      // torch.optim.SGD: the buffer is the first gradient at first, then momentum * buffer + gradient.
      let buffer: number | undefined;
      return (p, g) => {
        const d = g + 0.01 * p;
        buffer = buffer === undefined ? d : 0.9 * buffer + d;
        return p - 0.1 * buffer;
      };
    },
  },
  'sgd after Nesterov': {
    make: (l) => sgd(l, { rate: 0.1, momentum: 0.8, nesterov: true }),
    update: () => {
      let buffer: number | undefined;
      return (p, g) => {
        buffer = buffer === undefined ? g : 0.8 * buffer + g;
        return p - 0.1 * (g + 0.8 * buffer);
      };
    },
  },
  'adam': {
    make: (l) => adam(l, { rate: 0.05, beta1: 0.8, beta2: 0.95, eps: 1e-6, weightDecay: 0.2 }),
    update: () => {
      let m = 0, v = 0;
      return (p, gradient, t) => {
        const g = gradient + 0.2 * p;
        m = 0.8 * m + 0.2 * g;
        v = 0.95 * v + 0.05 * g * g;
        return p - 0.05 * (m / (1 - 0.8 ** t)) / (Math.sqrt(v / (1 - 0.95 ** t)) + 1e-6);
      };
    },
  },
  'adamw': {
    make: (l) => adamw(l, { rate: 0.05 }),
    update: () => {
      let m = 0, v = 0;
      return (start, g, t) => {
        const p = start - 0.05 * 0.01 * start;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        return p - 0.05 * (m / (1 - 0.9 ** t)) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      };
    },
  },
  'a schedule': {
    make: (l) => sgd(l, { rate: warmup(10, cosine(0.5, { steps: 25, end: 0.1 })) }),
    update: () => (p, g, t) => {
      const step = t - 1, part = Math.min(step / 25, 1);
      return p - (0.1 + 0.4 * (1 + Math.cos(Math.PI * part)) / 2) * Math.min(1, t / 10) * g;
    },
  },
};

for (const [name, { make: optimizer, update }] of Object.entries(CASES)) {
  test(`${name}: thirty steps`, () => {
    const doubles = make('f64'), floats = make('f32');
    const o = optimizer(doubles);
    near(run(o, doubles), reference(update), 1e-12);
    assert.is(o.steps, 30);
    near(run(optimizer(floats), floats), reference(update), 1e-5);
  });
}

test('adam, the first step by hand', () => {
  const l = make();
  l.grads.q[0] = 0.5;
  adam(l, { rate: 0.1 }).step();
  // m / 0.1 = 0.5, v / 0.001 = 0.25: 3 - 0.1 * 0.5 / (0.5 + 1e-8)
  assert.ok(Math.abs(l.params.q[0]! - 2.900000002) < 1e-14);
  assert.equal([...l.params.p], START.slice(0, 5), 'where the gradient is 0 nothing moves');
});

test('the memory of adam goes on after load, bit for bit, however small the powers', () => {
  for (const steps of [1, 3, 700, 60_000]) {
    const a = make(), b = make();
    const first = adam(a, { rate: 1e-3, beta1: 0.5 });
    a.grads.p.fill(1);
    for (let n = 0; n < steps; n++) first.step();
    b.params.p.set(a.params.p);
    b.grads.p.fill(1);
    const second = adam(b, { rate: 1e-3, beta1: 0.5 }).load(first.save());
    first.step();
    second.step();
    assert.equal([...b.params.p], [...a.params.p]);
    assert.is(second.steps, steps + 1);
  }
});

test('a rate can be changed', () => {
  const l = make();
  const o = sgd(l, { rate: 0 });
  l.grads.q[0] = 1;
  o.step();
  o.rate = 0.5;
  o.step();
  assert.is(l.params.q[0], 2.5);
  o.rate = constant(0.25);
  o.step();
  assert.is(l.params.q[0], 2.25);
  assert.throws(() => { o.rate = NaN; }, /rate: expected a number from 0 to below Infinity, got NaN/);
});

test('schedules', () => {
  const at = (s: Parameters<typeof rateAt>[0], ...steps: number[]): number[] => steps.map((step) => rateAt(s, step));
  assert.equal(at(0.5, 0, 9), [0.5, 0.5]);
  assert.equal(at(constant(0.5), 0, 9), [0.5, 0.5]);
  assert.equal(at(stepped(1, { every: 10, factor: 0.5 }), 0, 9, 10, 19, 20, 35), [1, 1, 0.5, 0.5, 0.25, 0.125]);
  assert.equal(at(warmup(4, 2), 0, 1, 2, 3, 4, 100), [0.5, 1, 1.5, 2, 2, 2]);
  const c = cosine(3, { steps: 1000, end: 1 });
  assert.is(rateAt(c, 0), 3);
  assert.equal(at(c, 1000, 1001, 1e9), [1, 1, 1]);
  for (let step = 0; step <= 1000; step++) assert.ok(Math.abs(rateAt(c, step) - (2 + Math.cos(Math.PI * step / 1000))) < 1e-15 * 4);
  for (const wrong of [0, -1, 1.5, NaN]) {
    assert.throws(() => cosine(1, { steps: wrong }), /steps: expected an integer from 1/);
    assert.throws(() => stepped(1, { every: wrong }), /every: expected an integer from 1/);
    assert.throws(() => warmup(wrong, 1), /steps: expected an integer from 1/);
  }
});

test('clipping', () => {
  const g = (): Float64Array[] => [Float64Array.of(3, -4), Float64Array.of(12)];
  const seen = new Float64Array(1);
  const clipped = g();
  clipNorm(6.5, seen)(clipped);
  assert.equal([...seen], [13]);
  assert.equal(clipped.map((a) => [...a]), [[1.5, -2], [6]]);
  const kept = g();
  clipNorm(13)(kept);
  assert.equal(kept, g(), 'at the limit nothing changes');
  const odd = [Float64Array.of(NaN, 100)];
  clipNorm(1, seen)(odd);
  assert.equal([...odd[0]!, ...seen], [NaN, 100, NaN]);
  const values = [Float64Array.of(3, -4, 0.5, NaN, -Infinity)];
  clipValue(2)(values);
  assert.equal([...values[0]!], [2, -2, 0.5, NaN, -2]);
  for (const wrong of [0, -1, NaN]) for (const clip of [clipNorm, clipValue]) assert.throws(() => clip(wrong), /clip: expected a limit above 0/);
  const l = make();
  l.grads.p.fill(3);
  l.grads.q.fill(2);
  sgd(l, { rate: 1, clip: clipNorm(7 / 2) }).step();
  assert.equal([...l.params.q], [2], 'over all parameters at once: the norm is 7');
});

test('settings out of range', () => {
  const l = make();
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => sgd(l, { rate: -1 }), /rate: expected a number from 0/], [() => sgd(l, { rate: Infinity }), /rate/],
    [() => sgd(l, { rate: 1, momentum: 1 }), /momentum: expected a number from 0 to below 1, got 1/],
    [() => sgd(l, { rate: 1, nesterov: true }), /nesterov: expected a momentum above 0/],
    [() => sgd(l, { rate: 1, weightDecay: NaN }), /weightDecay/], [() => adam(l, { beta1: 1 }), /beta1/],
    [() => adam(l, { beta2: -0.1 }), /beta2/], [() => adamw(l, { eps: -1 }), /eps/], [() => adamw(l, { weightDecay: -1 }), /weightDecay/],
  ];
  for (const [run, message] of wrong) assert.throws(run, (e: Error) => e instanceof RangeError && message.test(e.message));
});

test('layers that share a parameter change it once, and must share its gradient', () => {
  const first = layer(scale, { params: { w: [1, 1, 1] } });
  const both = { w: first.params.w, dw: first.grads.w };
  const net = sequential([first, layer(scale, { buffers: both })]);
  assert.equal(parametersOf(net).map((p) => p.name), ['0.w', '0.b', '1.b']);
  assert.is(gradientsOf(net).length, 3);
  first.grads.w.fill(1);
  sgd(net, { rate: 1 }).step();
  assert.equal([...first.params.w], [0, 0, 0]);
  assert.throws(() => parametersOf({ layers: [first, layer(scale, { buffers: { w: first.params.w } })] }), /0\.w and 1\.w are one array, but their gradients are two/);
});

test.run();
