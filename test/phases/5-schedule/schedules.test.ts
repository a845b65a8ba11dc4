/**
 * Every schedule that is offered, not only the one that is taken: each place of each function is answered with each of its
 * labels in turn, and what comes of it, run as loops in doubles, has to be what the interpreter of programs says. Twice with
 * other numbers, so that what a call leaves in scratch shows in the next.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../../compiler/ir/affine.ts';
import { interpret } from '../../../compiler/ir/interpret.ts';
import type { LoopNest } from '../../../compiler/ir/loop.ts';
import { verifyLoops } from '../../../compiler/ir/loop-verify.ts';
import { moduleNames } from '../../../compiler/ir/names.ts';
import type { Layer, Program } from '../../../compiler/ir/tensor.ts';
import { Choices, type ChoicePoint } from '../../../compiler/phases/5-schedule/choices.ts';
import { schedule } from '../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../compiler/phases/5-schedule/storage.ts';
import { compileFront, Trace } from '../../../compiler/pipeline.ts';
import { randomFrom, type Random } from '../../../compiler/testing/data.ts';
import { load } from '../../specs/load.ts';
import { runLoops, type Arrays } from './run-loops.ts';

type Values = Readonly<Record<string, number>>;

/** Layers whose schedules have many forms, at sizes that no tile divides. */
const cases: readonly (readonly [layer: string, sizes: Values, options?: Values, dtype?: 'f32'])[] = [
  ['conv2d', { N: 2, C: 3, H: 7, W: 9, F: 5, HH: 3, WW: 3 }, { pad: 1 }],
  ['conv2d', { N: 1, C: 2, H: 8, W: 11, F: 3, HH: 3, WW: 2 }, { stride: 2, pad: 1 }],
  ['conv2d', { N: 2, C: 1, H: 10, W: 7, F: 2, HH: 2, WW: 5 }, { stride: 3, pad: 2 }],
  ['conv2d', { N: 3, C: 5, H: 4, W: 3, F: 7, HH: 1, WW: 1 }],
  ['conv2d', { N: 1, C: 3, H: 5, W: 5, F: 2, HH: 1, WW: 1 }, { stride: 2 }],
  ['conv2d', { N: 2, C: 2, H: 3, W: 3, F: 3, HH: 7, WW: 7 }, { pad: 3 }],
  ['affine', { N: 7, D: 13, M: 5 }],
  ['depthwise_conv', { N: 2, C: 3, M: 2, H: 6, W: 5, HH: 3, WW: 2 }, { stride: 2 }],
  ['grouped_conv', { N: 2, G: 2, C: 3, F: 2, H: 5, W: 4, HH: 3, WW: 2 }],
  ['conv_transpose1d', { N: 2, C: 3, F: 4, T: 7 }],
  ['causal_conv1d', { N: 2, C: 3, F: 4, T: 9, K: 3 }, { dilation: 2 }],
  ['attention', { B: 2, T: 5, H: 3, E: 4, F: 7 }],
  ['bilinear', { N: 5, D: 3, E: 4, M: 3 }],
  ['style_loss', { N: 2, C: 5, H: 3, W: 4 }],
  ['layernorm', { N: 5, D: 13 }],
  ['batchnorm', { N: 9, D: 11 }],
  ['spatial_groupnorm', { N: 2, G: 2, K: 3, H: 3, W: 5 }],
  ['layernorm', { N: 5, D: 21 }, {}, 'f32'],
  ['batchnorm', { N: 19, D: 11 }, {}, 'f32'],
  ['maxpool2d', { N: 2, C: 1, H: 7, W: 23 }, {}, 'f32'],
];

function programsOf(layer: string, sizes: Values, options: Values, dtype: 'f32' | 'f64'): { layer: Layer; programs: Program[] } {
  const { derived } = compileFront({ source: load(layer)!, load, sizes, options, dtype }, new Trace());
  return { layer: derived.layer, programs: derived.modes.flatMap((m) => [m.forward, m.backward]) };
}

function drawn(p: Program, random: Random): Map<string, Float64Array> {
  return new Map(p.tensors.filter((t) => t.role !== 'random').map((t) => {
    const length = (t.hit?.of ?? t.axes).reduce((n, axis) => n * sizeOf(p.env, axis), 1);
    return [t.name, Float64Array.from({ length }, () => (t.dtype === 'i32' || t.hit ? 0 : 0.25 + random()))];
  }));
}

function scheduled(p: Program, layer: Layer, answers: ReadonlyMap<string, string>, target: 'ts' | 'wasm'): { nest: LoopNest; asked: readonly ChoicePoint[] } {
  const names = moduleNames(layer);
  const choices = new Choices(answers);
  const nest = schedule(p, { names, pool: new ScratchPool(names.scope), accumulate: false, choices, target });
  verifyLoops(nest);
  return { nest, asked: choices.asked };
}

/** The largest difference of any result, in parts of its scale. */
function difference(p: Program, nest: LoopNest, scratch: Arrays, random: Random): number {
  const inputs = drawn(p, random);
  const want = interpret(p, inputs, { seed: 1, step: 0 });
  const arrays: Arrays = new Map(nest.buffers.filter((b) => b.tensor !== undefined)
    .map((b) => [b.name, inputs.get(b.tensor!)?.slice() ?? new Float64Array(b.length).fill(NaN)]));
  runLoops(nest, arrays, { seed: 1, step: 0 }, scratch);
  return Math.max(...p.stores.map((s) => {
    const got = arrays.get(nest.buffers.find((b) => b.tensor === s.tensor.name)!.name)!;
    const right = want.get(s.tensor.name)!;
    const scale = right.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9);
    return right.reduce((most, v, n) => (Math.abs(got[n]! - v) <= most * scale ? most : Math.abs(got[n]! - v) / scale), 0);
  }));
}

for (const target of ['ts', 'wasm'] as const) for (const [layer, sizes, options = {}, own = 'f64'] of cases) {
  const dtype = target === 'ts' ? own : 'f32';
  test(`${target} ${layer} ${JSON.stringify({ ...sizes, ...options }).replace(/["{}]/g, '')} ${dtype}`, () => {
    const random = randomFrom(7);
    const own = programsOf(layer, sizes, options, dtype);
    let tried = 0;
    for (const p of own.programs) {
      const seen = new Set<string>();
      const visit = (answers: ReadonlyMap<string, string>): void => {
        const { nest, asked } = scheduled(p, own.layer, answers, target);
        const scratch: Arrays = new Map();
        for (let call = 0; call < 2; call++) {
          const off = difference(p, nest, scratch, random);
          assert.ok(off <= 1e-12, `${p.name}, call ${call}, off by ${off}: ${JSON.stringify([...answers])}`);
        }
        tried++;
        for (const point of asked) for (const label of point.labels) {
          // An answer opens places that were not asked before; one step from each is enough to meet all of them.
          const key = `${point.point} ${label}`;
          if (seen.has(key)) continue;
          seen.add(key);
          if (label !== point.taken) visit(new Map([...answers, [point.point, label]]));
        }
      };
      visit(new Map());
    }
    assert.ok(target === 'wasm' || tried > own.programs.length, 'nothing was offered');
  });
}

test.run();
