/** A layer owns arrays, state and mode of any kernel that describes itself. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layer } from '../../runtime/index.ts';
import { noise, scale } from './modules.ts';

const throws = (run: () => unknown, type: new () => Error, text: string): void => {
  assert.throws(run, (error: unknown) => {
    assert.instance(error, type);
    assert.is((error as Error).message, text);
    return true;
  });
};

const x = Float32Array.of(1, 2, 3, 4, 5, 6);
const y = Int32Array.of(10, 20, 30);

test('forward and backward, without modes', () => {
  const l = layer(scale, { params: { w: [1, 2, 3] } });
  const out: Float32Array = l.forward(x, y);
  assert.equal([...out], [13, 26, 41, 16, 32, 50]);
  assert.is(out, l.outputs.out);
  const dx: Float32Array = l.backward([1, 0, 0, 0, 0, 1]);
  assert.equal([...dx], [1, 0, 0, 0, 0, 3]);
  assert.is(dx, l.grads.x);
  assert.equal([...l.grads.w], [1, 0, 6 * 1]);
  assert.equal([...l.grads.b], [2]);
  assert.equal(Object.keys(l.grads), ['x', 'w', 'b']);
  assert.equal(Object.keys(l.params), ['w', 'b']);
  assert.equal([...l.params.b], [2], 'init of the spec');
});

test('what is given is copied', () => {
  const w = Float32Array.of(1, 2, 3);
  const mine = x.slice();
  const l = layer(scale, { params: { w } });
  w.fill(0);
  l.forward(mine, y);
  mine.fill(0);
  l.backward(new Float32Array(6).fill(1));
  assert.equal([...l.grads.w], [5, 7, 9]);
});

test('without arguments a pass takes what stands in its arrays', () => {
  const l = layer(scale, { params: { w: [1, 1, 1], b: [0] } });
  l.inputs.x.set(x);
  assert.equal([...l.forward()], [1, 2, 3, 4, 5, 6]);
  l.upstream.dout.fill(2);
  assert.equal([...l.backward()], [2, 2, 2, 2, 2, 2]);
});

test('layers can share arrays', () => {
  const first = layer(scale, { params: { w: [1, 1, 1], b: [1] } });
  const second = layer(scale, {
    params: { w: [2, 2, 2], b: [0] },
    buffers: { x: first.outputs.out, dx: first.upstream.dout },
  });
  first.forward(x, [0, 0, 0]);
  assert.equal([...second.forward(first.outputs.out, [0, 0, 0])], [4, 6, 8, 10, 12, 14]);
  second.backward(new Float32Array(6).fill(1));
  assert.equal([...first.backward()], [2, 2, 2, 2, 2, 2]);
  throws(() => layer(scale, { buffers: { x: new Float32Array(5) } }), RangeError, 'buffers.x: expected Float32Array of 6');
  throws(() => layer(scale, { buffers: { x: new Float64Array(6) } }), RangeError, 'buffers.x: expected Float32Array of 6');
});

test('modes, state, seed and step', () => {
  const l = layer(noise, { seed: 3 });
  assert.is(l.mode, 'train');
  assert.equal([...l.state.total], [5]);
  const { out, twice } = l.forward([1, 2]);
  assert.equal([...out, ...twice], [3, 6, 6]);
  assert.is(l.step, 1);
  l.forward([1, 2]);
  assert.equal([...out], [3.01, 6.02], 'each train pass draws anew');
  assert.equal([...l.backward([1, 1], [0])], [3.01, 3.01], 'and its backward draws the same');
  assert.equal([...l.backward([2, 1], [0])], [6.02, 3.01]);
  assert.is(l.test().mode, 'test');
  assert.equal([...l.backward([1, 1], [0])], [3.01, 3.01], 'in the mode of the forward it belongs to');
  l.forward([1, 1]);
  assert.is(l.step, 2, 'test mode draws nothing');
  assert.equal([...out], [3.01, 3.01]);
  assert.equal([...l.backward([1, 0], [0])], [3.01, 0]);
  l.train().step = 7;
  l.forward([1, 1]);
  assert.equal([...out], [3.07, 3.07]);
});

test('the gradient of a scalar output starts at 1', () => {
  assert.equal([...layer(noise).upstream.dtwice], [1]);
});

test('two layers of one module are apart', () => {
  const a = layer(noise, { seed: 1 }), b = layer(noise, { seed: 2, state: { total: [9] } });
  a.forward([1, 1]);
  assert.equal([...b.test().forward([1, 1]).out], [9, 9]);
  assert.equal([...a.outputs.out], [1, 1]);
});

test('a module that binds is bound once', () => {
  let bindings = 0;
  const kernel = {
    ...noise,
    bind(b: { x: Float64Array; out: Float64Array; dout: Float64Array; dx: Float64Array }) {
      bindings++;
      return {
        forwardTrain: (seed: number, step: number) => b.out.set(b.x.map((v) => v * seed + step)),
        backwardTrain: (seed: number, step: number) => b.dx.set(b.dout.map((v) => v * seed + step)),
      };
    },
  };
  const l = layer(kernel, { seed: 2 });
  assert.equal([...l.forward([1, 2]).out], [2, 4]);
  assert.equal([...l.forward([1, 2]).out], [3, 5]);
  assert.equal([...l.backward([1, 1], [1])], [3, 3]);
  assert.is(bindings, 1);
});

test('a module that owns its arrays keeps them', () => {
  const own = new Float32Array(6);
  assert.is(layer({ ...scale, out: own }).outputs.out, own);
});

test('no array is made by a call', () => {
  const l = layer(scale, { params: { w: [1, 2, 3] } });
  const arrays = [l.forward(x, y), l.backward(x), ...Object.values(l.grads)];
  const again = [l.forward(x, y), l.backward(x), ...Object.values(l.grads)];
  arrays.forEach((array, i) => assert.is(array, again[i]));
});

test('mistakes are named', () => {
  const l = layer(scale, { params: { w: [1, 2, 3] } });
  throws(() => l.backward(x), Error, 'backward before forward');
  throws(() => l.forward(x.subarray(1), y), RangeError, 'x: expected 6 numbers for [2, 3], got 5');
  throws(() => l.forward(x, [1, 2.5, 3]), RangeError, 'y: expected integers, got 2.5 at 1');
  // @ts-expect-error: y is missing
  throws(() => l.forward(x), TypeError, 'forward: expected x,y, got 1 arguments');
  // @ts-expect-error: not an array
  throws(() => l.forward(undefined, y), RangeError, 'x: expected 6 numbers for [2, 3], got undefined');
  l.forward(x, y);
  throws(() => l.backward(y), RangeError, 'dout: expected 6 numbers for [2, 3], got 3');
  throws(() => layer(scale, { params: { v: [1] } as object }), TypeError, 'params.v: expected only w,b');
  throws(() => layer(scale, { params: {} }), RangeError, 'params.w: expected 3 numbers for [3], got undefined');
  throws(() => layer(scale, { params: { w: [1] } }), RangeError, 'params.w: expected 3 numbers for [3], got 1');
  // @ts-expect-error: no such parameter
  throws(() => layer(scale, { params: { w: [1, 2, 3], v: [1] } }), TypeError, 'params.v: expected only w,b');
  // @ts-expect-error: no such state
  throws(() => layer(noise, { state: { toString: [1] } }), TypeError, 'state.toString: expected only total');
  for (const seed of [-1, 0.5, 2 ** 53, NaN]) {
    throws(() => layer(noise, { seed }), RangeError, `seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }
});

test('parameters left out start at their init, else at 0', () => {
  const l = layer(scale);
  assert.equal([...l.params.w, ...l.params.b], [0, 0, 0, 2]);
});

test.run();
