/**
 * Random programs, scheduled, verified and run as loops, against the interpreter of programs. A failure prints its seed;
 * `SEED=n COUNT=1` runs it alone.
 */
import { test } from 'uvu';
import { sizeOf } from '../../../compiler/ir/affine.ts';
import { hit } from '../../../compiler/ir/expr.ts';
import { interpret } from '../../../compiler/ir/interpret.ts';
import { verifyLoops } from '../../../compiler/ir/loop-verify.ts';
import { moduleNames } from '../../../compiler/ir/names.ts';
import { printProgram } from '../../../compiler/ir/print.ts';
import type { Dtype, Layer, Program } from '../../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../../compiler/ir/verify.ts';
import { schedule } from '../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../compiler/phases/5-schedule/storage.ts';
import { randomFrom } from '../../../compiler/testing/data.ts';
import { workOf } from '../../../compiler/testing/program.ts';
import { RandomChoices } from '../../support/random-choices.ts';
import { ProgramMaker } from './random-program.ts';
import { runLoops, type Arrays } from './run-loops.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['COUNT'] ?? 100);
const DRAW = { seed: 5, step: 2 };

/** The parts of a layer that names are made of. */
function layerOf(p: Program): Layer {
  return {
    name: 'fuzz', summary: '', file: 'fuzz.layer.yaml', dtype: 'f64', env: p.env, givenAxes: [...p.env.sizes.keys()], derivedAxes: [], ties: 'first',
    inputs: [], params: [], state: [], random: [], outputs: [], cache: 'auto', modes: [],
  };
}

function make(seed: number): Program {
  const p = new ProgramMaker(randomFrom(seed)).make();
  // Hits come from the factory like every other expression.
  return { ...p, definitions: p.definitions.map((d) => (d.formula.kind === 'hit' ? { ...d, formula: hit(d.formula.of, d.formula.ties) } : d)) };
}

/** The same program over floats, which go into lanes. */
function inFloats(p: Program): Program {
  const float = <T extends { readonly dtype: Dtype }>(t: T): T => (t.dtype === 'f64' ? { ...t, dtype: 'f32' } : t);
  return { ...p, tensors: p.tensors.map(float), stores: p.stores.map((s) => ({ ...s, tensor: float(s.tensor) })) };
}

function check(seed: number, target: 'ts' | 'wasm'): 'run' | 'refused' | 'skipped' {
  const p = target === 'ts' ? make(seed) : inFloats(make(seed));
  verifyProgram(p);
  if (workOf(p) > 3e5) return 'skipped';
  const random = randomFrom(seed + 1e6);
  const least = Math.min(...p.env.sizes.values());
  const wild = random() < 0.1;
  const inputs = new Map(p.tensors.filter((t) => t.role !== 'random').map((t) => {
    const n = t.axes.reduce((k, a) => k * sizeOf(p.env, a), 1);
    return [t.name, Float64Array.from({ length: n }, () => (t.dtype === 'i32' ? Math.floor(random() * (wild ? 14 : least)) : random() < 0.03 ? 0 : 4 * random() - 2))];
  }));
  const names = moduleNames(layerOf(p));
  const nest = schedule(p, { names, pool: new ScratchPool(names.scope), accumulate: false, choices: new RandomChoices(random), target });
  verifyLoops(nest);
  let want: Map<string, Float64Array>;
  try {
    want = interpret(p, inputs, DRAW);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'refused';   // an index out of range where nothing says what is outside: the loops may find it elsewhere
  }
  const arrays: Arrays = new Map();
  for (const b of nest.buffers) {
    if (b.tensor === undefined) continue;
    const given = inputs.get(b.tensor);
    arrays.set(b.name, given ? given.slice() : new Float64Array(b.length).fill(NaN));
  }
  try {
    runLoops(nest, arrays, DRAW);
  } catch (error) {
    // A gather from a definition is refused by the loops; to the interpreter what is outside it is 0.
    if (wild && error instanceof RangeError) return 'refused';
    throw error;
  }
  for (const s of p.stores) {
    const got = arrays.get(nest.buffers.find((b) => b.tensor === s.tensor.name)!.name)!;
    // A mask of shares holds the number of hits of a window where the interpreter has 1.
    compare(s.tensor.name, s.tensor.hit?.form === 'mask' ? got.map((v) => Math.sign(v)) : got, want.get(s.tensor.name)!);
  }
  return 'run';
}

function compare(name: string, got: Float64Array, want: Float64Array): void {
  const scale = want.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  for (let n = 0; n < want.length; n++) {
    const [g, w] = [got[n]!, want[n]!];
    // A sum leaves out points where a factor is 0 because it is outside; 0 * Infinity would be NaN.
    if (!Number.isFinite(w)) continue;
    if (Object.is(g, w) || g === w || Math.abs(g - w) <= 1e-10 * scale) continue;
    throw new Error(`${name}[${n}] is ${g}, wanted ${w}`);
  }
}

for (const target of ['ts', 'wasm'] as const) test(`random programs run as loops for ${target} as they are interpreted`, () => {
  let run = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      if (check(seed, target) === 'run') run++;
    } catch (error) {
      throw new Error(`SEED=${seed}: ${(error as Error).stack}\n${printProgram(make(seed))}`, { cause: error });
    }
  }
  if (run < count / 4) throw new Error(`only ${run} of ${count} programs ran`);
});

test.run();
