/** Mean and variance in one pass: as exact as in two, whatever the numbers, and only of floats. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../../compiler/ir/affine.ts';
import { interpret } from '../../../compiler/ir/interpret.ts';
import { moduleNames } from '../../../compiler/ir/names.ts';
import { Choices } from '../../../compiler/phases/5-schedule/choices.ts';
import { schedule } from '../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../compiler/phases/5-schedule/storage.ts';
import { compileFront, Trace } from '../../../compiler/pipeline.ts';
import { randomFrom, type Random } from '../../../compiler/testing/data.ts';
import { load } from '../../specs/load.ts';
import { runLoops, type Arrays } from './run-loops.ts';

const FORWARDS = ['forward', 'forwardTrain'];
const cases: readonly (readonly [layer: string, sizes: Readonly<Record<string, number>>])[] = [
  ['layernorm', { N: 3, D: 1021 }], ['batchnorm', { N: 999, D: 6 }], ['batchnorm', { N: 40, D: 9 }],
  ['spatial_batchnorm', { N: 7, C: 2, H: 11, W: 13 }], ['spatial_groupnorm', { N: 2, G: 2, K: 3, H: 5, W: 7 }],
];

/** Numbers in a row that try the difference of two sums. */
const rows: Readonly<Record<string, (n: number, random: Random) => number>> = {
  'far from 0': (_, random) => 1e4 + 0.01 * (random() - 0.5),
  'the first far from all others': (n, random) => (n === 0 ? 1e6 : 1e-3 * random()),
  'the last far from all others': (n, random) => (n % 7 === 6 ? -3e5 : random()),
  'all equal': () => 3.1,
};

const frontOf = (layer: string, sizes: Readonly<Record<string, number>>, dtype: 'f32' | 'f64') =>
  compileFront({ source: load(layer)!, load, sizes, dtype }, new Trace()).derived;

for (const [name, number] of Object.entries(rows)) {
  test(`one pass is as exact as two: ${name}`, () => {
    for (const [layer, sizes] of cases) {
      const derived = frontOf(layer, sizes, 'f32');
      const p = derived.modes.map((m) => m.forward).find((f) => FORWARDS.includes(f.name))!;
      const random = randomFrom(3);
      const reduced = layer === 'batchnorm' ? sizes['D']! : 1;
      const inputs = new Map(p.tensors.map((t) => {
        const length = t.axes.reduce((n, axis) => n * sizeOf(p.env, axis), 1);
        // Along the axes that are summed: a row of x, or every D-th element of it.
        return [t.name, Float64Array.from({ length }, (_, n) => Math.fround(t.name === 'x' ? number(Math.floor(n / reduced), random) : random()))];
      }));
      const want = interpret(p, inputs);
      for (const label of ['one', 'two']) {
        const names = moduleNames(derived.layer);
        const choices = new Choices(new Map([[`${p.name}/var/passes`, label]]));
        const nest = schedule(p, { names, pool: new ScratchPool(names.scope), accumulate: false, choices });
        assert.ok(choices.asked.some((c) => c.point === `${p.name}/var/passes` && c.taken === label), `${layer}: ${label}`);
        const arrays: Arrays = new Map(nest.buffers.filter((b) => b.tensor !== undefined)
          .map((b) => [b.name, inputs.get(b.tensor!)?.slice() ?? new Float64Array(b.length).fill(NaN)]));
        runLoops(nest, arrays, { seed: 1, step: 0 });
        for (const { tensor } of p.stores) {
          const got = arrays.get(nest.buffers.find((b) => b.tensor === tensor.name)!.name)!;
          const right = want.get(tensor.name)!;
          const scale = right.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
          right.forEach((v, n) => assert.ok(Math.abs(got[n]! - v) <= 1e-9 * scale, `${layer}, ${label}: ${tensor.name}[${n}] is ${got[n]}, not ${v}`));
        }
      }
    }
  });
}

test('doubles keep two passes, and so does a set of a few', () => {
  for (const [sizes, dtype] of [[{ N: 3, D: 100 }, 'f64'], [{ N: 3, D: 15 }, 'f32']] as const) {
    const derived = frontOf('layernorm', sizes, dtype);
    const names = moduleNames(derived.layer);
    const choices = new Choices();
    schedule(derived.modes[0]!.forward, { names, pool: new ScratchPool(names.scope), accumulate: false, choices });
    assert.not(choices.asked.some((c) => c.point.endsWith('/passes')));
  }
});

test.run();
