/**
 * What the compiler makes of a layer before it makes code of it, dressed as a generated module and interpreted in doubles:
 * the oracle (forward and the raw reverse sweep), and the derived formulas, simplified or staged, over their cache. Every
 * other test holds kernels against the oracle; this lets the reference hold the oracle itself, and the derivation without
 * the code.
 */
import { sizeOf } from '../../compiler/ir/affine.ts';
import type { Derived } from '../../compiler/ir/derived.ts';
import { interpret } from '../../compiler/ir/interpret.ts';
import type { Layer, Mode, Program, Tensor } from '../../compiler/ir/tensor.ts';
import { differentiate } from '../../compiler/phases/3-differentiate/index.ts';
import { compileFront, Trace } from '../../compiler/pipeline.ts';
import type { KernelTensor } from '../../runtime/index.ts';
import { sourceOf, type Module, type Request } from './specs.ts';

type Arrays = ReadonlyMap<string, Float64Array>;

interface Pass {
  readonly mode?: Mode;
  readonly forward: Program;
  readonly backward: Program;
}

const suffixOf = ({ mode }: Pass): string => (mode === undefined ? '' : mode === 'train' ? 'Train' : 'Test');

/** Groups of a shape are one dimension each. */
function describe(t: Tensor, layer: Layer): KernelTensor {
  const shape = t.slots.map((slot) => slot.reduce((product, axis) => product * sizeOf(layer.env, axis), 1));
  return { role: t.role, shape, dtype: t.dtype, ...(t.init === undefined ? {} : { init: t.init }) };
}

const frontOf = ({ layer, sizes, options = {} }: Request): Derived =>
  compileFront({ source: sourceOf(layer), load: sourceOf, sizes, options, dtype: 'f64' }, new Trace()).derived;

/** A module with `bind`, as the runtime takes it. */
function moduleOf(layer: Layer, passes: readonly Pass[]): Module {
  const real = [...layer.inputs, ...layer.params].filter((t) => t.dtype !== 'i32');
  const upstream = layer.outputs.map((t): Tensor => ({ ...t, name: `d${t.name}`, role: 'upstream' }));
  const gradients = real.map((t): Tensor => ({ ...t, name: `d${t.name}`, role: 'gradient' }));
  const all = [...layer.inputs, ...layer.params, ...layer.state, ...layer.outputs, ...upstream, ...gradients];
  const kernel = {
    spec: {
      layer: layer.name, dtype: layer.dtype,
      tensors: Object.fromEntries(all.map((t) => [t.name, describe(t, layer)])),
      arguments: Object.fromEntries(passes.flatMap((p) => [[`forward${suffixOf(p)}`, []], [`backward${suffixOf(p)}`, []]])),
    },
    bind(buffers: Readonly<Record<string, Float64Array>>) {
      /** The cache, and the state as forward found it: an update must not reach its own backward. */
      let kept: Arrays = new Map();
      const run = (program: Program): Arrays =>
        interpret(program, new Map([...Object.entries(buffers), ...kept].filter(([name]) => program.tensors.some((t) => t.name === name))));
      const write = (results: Arrays, to: readonly Tensor[]): void => {
        for (const t of to) if (results.has(t.name)) buffers[t.name]!.set(results.get(t.name)!);
      };
      return Object.fromEntries(passes.flatMap((p) => [
        [`forward${suffixOf(p)}`, () => {
          kept = new Map();
          const results = run(p.forward);
          const held = [...layer.inputs, ...layer.state].map((t) => [t.name, buffers[t.name]!.slice()] as const);
          const cached = p.forward.stores.filter((s) => s.tensor.role === 'cache').map((s) => [s.tensor.name, results.get(s.tensor.name)!] as const);
          write(results, [...layer.outputs, ...layer.state]);
          kept = new Map([...held, ...cached]);
        }],
        [`backward${suffixOf(p)}`, () => write(run(p.backward), gradients)],
      ]));
    },
  };
  return kernel as unknown as Module;
}

/** The oracle. */
export async function oracleOf(request: Request): Promise<Module> {
  const { layer } = frontOf(request);
  const passes = layer.modes.map((mode): Pass => {
    const { oracle } = differentiate(layer, mode);
    return { ...(mode.mode ? { mode: mode.mode } : {}), forward: oracle, backward: oracle };
  });
  return Promise.resolve(moduleOf(layer, passes));
}

/** The derived formulas: `backward`, or `staged`, before simplification. */
export async function formulasOf(request: Request): Promise<Module> {
  const { layer, modes } = frontOf(request);
  const passes = modes.map((m): Pass => ({
    ...(m.mode ? { mode: m.mode } : {}), forward: m.forward, backward: request.staged ? m.staged : m.backward,
  }));
  return Promise.resolve(moduleOf(layer, passes));
}
