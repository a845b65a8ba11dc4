/** Phase 3: flattens a layer's forward and runs the raw reverse sweep over it. */
import type { Definition, Layer, ModeProgram, Program, Store, Tensor } from '../../ir/tensor.ts';
import { axisOrder, Names, namesOf } from '../../ir/fresh.ts';
import { flatten } from './flatten.ts';
import { reverse } from './reverse.ts';

export interface Differentiated {
  readonly layer: Layer;
  readonly mode: ModeProgram;
  /** The forward's definitions, flattened; updates are not among them. */
  readonly flat: readonly Definition[];
  readonly hits: readonly Definition[];
  /** Adjoints in order; the last ones are the gradients of float inputs and parameters, under their own names. */
  readonly adjoints: readonly Definition[];
  /** One for each output: `dout`. */
  readonly upstream: readonly Tensor[];
  /** One for each gradient: role gradient, named `dx`. */
  readonly gradients: readonly Tensor[];
  readonly names: Names;
  /** Forward and raw backward in one Program that sees every value. */
  readonly oracle: Program;
}

/** The function a program becomes: `forward`, `backwardTrain`, ... */
export function functionName(stem: string, mode: ModeProgram, suffix = ''): string {
  const m = mode.mode === undefined ? '' : mode.mode === 'train' ? 'Train' : 'Test';
  return `${stem}${m}${suffix}`;
}

/** Derives the raw gradients of one mode of a layer. */
export function differentiate(layer: Layer, mode: ModeProgram): Differentiated {
  const names = new Names(namesOf(layer));
  const updates = new Set(mode.updates.map((u) => u.definition));
  const flat = flatten(mode.definitions.filter((d) => !updates.has(d.name)), names, axisOrder(layer));
  const upstream = layer.outputs.map((t): Tensor => ({ ...bare(t), name: `d${t.name}`, role: 'upstream', outside: 0 }));
  const sources = [...layer.inputs, ...layer.params].filter((t) => t.dtype !== 'i32');
  const gradients = sources.map((t): Tensor => ({ ...bare(t), name: `d${t.name}`, role: 'gradient' }));
  const sweep = reverse({
    definitions: flat,
    upstream: new Map(layer.outputs.map((t) => [t.name, { name: `d${t.name}`, axes: t.axes }])),
    wanted: new Map(sources.map((t) => [t.name, t.axes])),
    ties: layer.ties, env: layer.env, names,
  });
  const stores: Store[] = [
    ...layer.outputs.map((tensor) => ({ tensor, definition: tensor.name })),
    ...mode.updates.map((u) => ({ tensor: layer.state.find((t) => t.name === u.state)!, definition: u.definition })),
    ...gradients.map((tensor) => ({ tensor, definition: tensor.name })),
  ];
  const oracle: Program = {
    name: functionName('oracle', mode),
    env: layer.env,
    tensors: [...layer.inputs, ...layer.params, ...layer.state, ...layer.random, ...upstream],
    definitions: [...mode.definitions, ...flat.filter((d) => d.anonymous), ...sweep.hits, ...sweep.adjoints],
    stores,
  };
  return { layer, mode, flat, hits: sweep.hits, adjoints: sweep.adjoints, upstream, gradients, names, oracle };
}

function bare(t: Tensor): Omit<Tensor, 'outside' | 'init' | 'span'> {
  const { name, role, slots, axes, dtype } = t;
  return { name, role, slots, axes, dtype };
}
