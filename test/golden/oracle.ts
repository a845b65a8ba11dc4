/**
 * The oracle dressed as a generated module: forward and the raw reverse sweep, interpreted in doubles. Every other test
 * holds kernels against the oracle; this lets the reference hold the oracle itself.
 */
import { sizeOf } from '../../compiler/ir/affine.ts';
import { interpret } from '../../compiler/ir/interpret.ts';
import type { Layer, Program, Tensor } from '../../compiler/ir/tensor.ts';
import { readSpec } from '../../compiler/phases/1-read/index.ts';
import { elaborate } from '../../compiler/phases/2-elaborate/index.ts';
import { differentiate } from '../../compiler/phases/3-differentiate/index.ts';
import type { KernelTensor } from '../../runtime/index.ts';
import { sourceOf, type Module, type Request } from './specs.ts';

type Buffers = Readonly<Record<string, Float64Array>>;

const SUFFIXES = { train: 'Train', test: 'Test', none: '' };

/** Groups of a shape are one dimension each. */
function describe(t: Tensor, layer: Layer): KernelTensor {
  const shape = t.slots.map((slot) => slot.reduce((product, axis) => product * sizeOf(layer.env, axis), 1));
  return { role: t.role, shape, dtype: t.dtype, ...(t.init === undefined ? {} : { init: t.init }) };
}

/** A module with `bind`, as the runtime takes it. Always f64. */
export async function oracleOf(request: Request): Promise<Module> {
  const layer = elaborate(readSpec(sourceOf(request.layer), sourceOf), {
    sizes: new Map(Object.entries(request.sizes)), options: new Map(Object.entries(request.options ?? {})), dtype: 'f64',
  });
  const modes = layer.modes.map((mode) => ({ suffix: SUFFIXES[mode.mode ?? 'none'], ...differentiate(layer, mode) }));
  const { upstream, gradients } = modes[0]!;
  const written = [...layer.outputs, ...layer.state, ...gradients];
  const all = [...layer.inputs, ...layer.params, ...layer.state, ...layer.outputs, ...upstream, ...gradients];
  const names = (list: readonly Tensor[]): string[] => list.map((t) => t.name);
  const kernel = {
    spec: {
      layer: layer.name, dtype: layer.dtype,
      tensors: Object.fromEntries(all.map((t) => [t.name, describe(t, layer)])),
      arguments: Object.fromEntries(modes.flatMap(({ suffix }) => [
        [`forward${suffix}`, names([...layer.inputs, ...layer.params, ...layer.state, ...layer.outputs])],
        [`backward${suffix}`, names([...upstream, ...gradients])],
      ])),
    },
    bind(buffers: Buffers) {
      /** The state as forward found it: an update must not reach its own backward. */
      const before = new Map<string, Float64Array>();
      const run = (program: Program, stored: readonly Tensor[]): void => {
        const given = new Map([...Object.entries(buffers), ...before]);
        const results = interpret(program, new Map(program.tensors.map((t) => [t.name, given.get(t.name)!])));
        for (const t of stored) if (results.has(t.name)) buffers[t.name]!.set(results.get(t.name)!);
      };
      return Object.fromEntries(modes.flatMap(({ suffix, oracle }) => [
        [`forward${suffix}`, () => {
          for (const t of layer.state) before.set(t.name, buffers[t.name]!.slice());
          run(oracle, written.filter((t) => t.role !== 'gradient'));
        }],
        [`backward${suffix}`, () => run(oracle, gradients)],
      ]));
    },
  };
  return Promise.resolve(kernel as unknown as Module);
}
