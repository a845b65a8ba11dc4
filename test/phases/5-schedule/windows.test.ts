/**
 * Windows and selections: specs with extreme elements of windows, and sums over what an index selects, at random sizes,
 * strides and paddings, with ties, NaN and infinities among the numbers; as loops, against the interpreter of programs.
 * A failure prints its seed; `SEED=n COUNT=1` runs it alone.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../../compiler/ir/affine.ts';
import { interpret } from '../../../compiler/ir/interpret.ts';
import { verifyLoops } from '../../../compiler/ir/loop-verify.ts';
import { moduleNames } from '../../../compiler/ir/names.ts';
import type { Layer, Program, Tensor } from '../../../compiler/ir/tensor.ts';
import { Choices } from '../../../compiler/phases/5-schedule/choices.ts';
import { schedule } from '../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../compiler/phases/5-schedule/storage.ts';
import { compileFront, Trace } from '../../../compiler/pipeline.ts';
import { randomFrom, type Random } from '../../../compiler/testing/data.ts';
import { load } from '../../specs/load.ts';
import { runLoops, type Arrays } from './run-loops.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['COUNT'] ?? 60);

interface Case {
  readonly layer: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number | string>>;
  /** What integers are below. */
  readonly below?: number;
  /** Sums of what is infinite or NaN have no one answer. */
  readonly plain?: true;
}

type Pick = <T>(list: readonly T[]) => T;
const ties = ['first', 'first', 'all', 'split'] as const;

const cases: readonly ((pick: Pick) => Case)[] = [
  (pick) => {
    const pool = { pool_height: pick([1, 2, 3, 4]), pool_width: pick([1, 2, 3, 5]) };
    const stride = pick([1, 2, 3]);
    const grid = { H: pool.pool_height + stride * pick([0, 1, 2, 4]), W: pool.pool_width + stride * pick([0, 1, 3, 4, 7]) };
    return { layer: 'maxpool2d', sizes: { N: pick([1, 2]), C: pick([1, 3]), ...grid }, options: { ...pool, stride, ties: pick(ties) } };
  },
  (pick) => {
    const [window, stride, pad] = [pick([2, 3, 4]), pick([1, 2, 3]), pick([0, 1, 2])];
    const size = (steps: number): number => Math.max(1, window + stride * steps - 2 * pad);
    const least = 1 + pad;
    const fit = (n: number): number => (n < least ? n + stride * Math.ceil((least - n) / stride) : n);
    return { layer: 'max_pool_overlap', sizes: { N: 1, C: pick([1, 2]), H: fit(size(pick([1, 2, 4]))), W: fit(size(pick([1, 3, 6]))) },
      options: { window, stride, pad, ties: pick(ties) } };
  },
  (pick) => {
    const [window, stride, dilation] = [pick([2, 3, 5]), pick([1, 2, 4]), pick([1, 2])];
    return { layer: 'min_pool1d', sizes: { N: pick([1, 3]), T: dilation * (window - 1) + 1 + stride * pick([0, 1, 3, 6]) },
      options: { window, stride, dilation, ties: pick(ties) } };
  },
  (pick) => ({ layer: 'maxout', sizes: { N: pick([1, 4]), D: pick([1, 3]), M: pick([1, 2, 5]), K: pick([2, 3, 7, 16, 17]) }, options: { ties: pick(ties) }, plain: true }),
  (pick) => {
    const V = pick([1, 3, 7]);
    return { layer: 'embedding', sizes: { B: pick([1, 3]), T: pick([1, 6]), V, E: pick([1, 3, 8]) }, options: { padding: pick([0, 2, 9]) }, below: V, plain: true };
  },
  (pick) => {
    const [R, S] = [pick([1, 3, 6]), pick([2, 5])];
    return { layer: 'gather_nd', sizes: { R, S, N: pick([1, 4]), K: pick([1, 3, 9]) }, options: {}, below: Math.min(R, S), plain: true };
  },
  (pick) => {
    const C = pick([1, 2, 5]);
    return { layer: 'group_permute', sizes: { N: pick([1, 3]), G: pick([1, 2]), C }, options: {}, below: C, plain: true };
  },
  (pick) => ({ layer: 'triplet_loss', sizes: { N: pick([1, 4]), D: pick([1, 5]), K: pick([1, 3]) }, options: {}, plain: true }),
];

function check(seed: number): void {
  const random = randomFrom(seed);
  const pick: Pick = (list) => list[Math.floor(random() * list.length)]!;
  const make = pick(cases);
  const c = make(pick);
  try {
    run(c, random);
  } catch (error) {
    throw new Error(`SEED=${seed}, ${JSON.stringify(c)}: ${(error as Error).stack}`, { cause: error });
  }
}

/** The forward, then the backward over the cache that it left. */
function run(c: Case, random: Random): void {
  const { derived } = compileFront({ source: load(c.layer)!, load, sizes: c.sizes, options: c.options, dtype: 'f64' }, new Trace());
  const wild = c.plain ? 0 : random() < 0.5 ? 0 : 0.1;
  const number = (): number => (random() < wild ? [NaN, Infinity, -Infinity, 0][Math.floor(random() * 4)]! : Math.floor(random() * 7) - 3);
  const known = new Map<string, Float64Array>();
  for (const mode of derived.modes) {
    for (const program of [mode.forward, mode.backward, mode.staged]) {
      for (const t of program.tensors) {
        if (t.role === 'random' || t.role === 'cache' || known.has(t.name)) continue;
        const integer = (): number => Math.floor(random() * (c.below ?? 1));
        const plain = t.role === 'upstream' || t.role === 'param';
        known.set(t.name, Float64Array.from({ length: lengthOf(t, program) }, t.dtype === 'i32' ? integer : plain ? () => random() - 0.5 : number));
      }
      const want = interpret(program, new Map(program.tensors.filter((t) => known.has(t.name)).map((t) => [t.name, known.get(t.name)!])));
      for (const accumulate of [true, false]) {
        const got = runScheduled(derived.layer, program, known, accumulate, random);
        for (const { tensor } of program.stores) {
          const values = got.get(tensor.name)!;
          compare(`${program.name}: ${tensor.name}`, tensor.hit?.ties === 'split' ? values.map((v) => Math.sign(v)) : values, want.get(tensor.name)!);
          known.set(tensor.name, values);
        }
      }
    }
  }
}

function lengthOf(t: Tensor, p: Program): number {
  return t.axes.reduce((n, a) => n * sizeOf(p.env, a), 1);
}

/** What the loops store, as many windows side by side as is drawn; of gradients that are added to what stands there, the sum less that. */
function runScheduled(layer: Layer, p: Program, known: ReadonlyMap<string, Float64Array>, accumulate: boolean, random: Random): Map<string, Float64Array> {
  const names = moduleNames(layer);
  const choices = new Choices(new Map([[`${p.name}/out/windows`, `windows ${[2, 4, 8][Math.floor(random() * 3)]}`]]));
  const nest = schedule(p, { names, pool: new ScratchPool(names.scope), accumulate, choices });
  verifyLoops(nest);
  const isAddedTo = (name: string): boolean => accumulate && p.stores.some((s) => s.tensor.name === name && s.tensor.role === 'gradient');
  const arrays: Arrays = new Map();
  for (const b of nest.buffers) {
    if (b.tensor === undefined) continue;
    const given = p.tensors.some((t) => t.name === b.tensor) ? known.get(b.tensor) : undefined;
    arrays.set(b.name, given?.slice() ?? new Float64Array(b.length).fill(isAddedTo(b.tensor) ? 5 : NaN));
  }
  runLoops(nest, arrays, { seed: 1, step: 1 });
  return new Map(p.stores.map(({ tensor }) => {
    const values = arrays.get(nest.buffers.find((b) => b.tensor === tensor.name)!.name)!;
    return [tensor.name, isAddedTo(tensor.name) ? values.map((v) => v - 5) : values];
  }));
}

function compare(name: string, got: Float64Array, want: Float64Array): void {
  for (let n = 0; n < want.length; n++) {
    const [g, w] = [got[n]!, want[n]!];
    if (Object.is(g, w) || g === w || Math.abs(g - w) <= 1e-10 * Math.max(1, Math.abs(w))) continue;
    throw new Error(`${name}[${n}] is ${g}, wanted ${w}`);
  }
}

test('windows and selections run as loops as they are interpreted', () => {
  for (let seed = first; seed < first + count; seed++) check(seed);
});

test('a cached offset that its window does not have is refused, wherever it stands', () => {
  for (const [layer, sizes] of [['maxpool2d', { N: 1, C: 2, H: 6, W: 8 }], ['max_pool_overlap', { N: 1, C: 2, H: 7, W: 7 }]] as const) {
    const { derived } = compileFront({ source: load(layer)!, load, sizes, dtype: 'f64' }, new Trace());
    const { backward } = derived.modes[0]!;
    for (const wrong of [-1, 9, 1e9]) {
      const known = new Map(backward.tensors.map((t) => [t.name, new Float64Array((t.hit?.of ?? t.axes).reduce((n, a) => n * sizeOf(backward.env, a), 1))]));
      const hits = known.get('hit(out)')!;
      assert.not.throws(() => runScheduled(derived.layer, backward, known, false, () => 0));
      hits[hits.length - 2] = wrong;
      assert.throws(() => runScheduled(derived.layer, backward, known, false, () => 0), (e: unknown) => e instanceof RangeError && e.message.includes('hit(out)'));
    }
  }
});

test.run();
