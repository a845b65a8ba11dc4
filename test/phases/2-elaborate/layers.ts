/** Specs as text, elaborated: what the tests of phase 2 start from. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Spec } from '../../../compiler/ir/spec.ts';
import type { Layer, ModeProgram, Program } from '../../../compiler/ir/tensor.ts';
import { readSpec } from '../../../compiler/phases/1-read/index.ts';
import { elaborate, sampleSizes } from '../../../compiler/phases/2-elaborate/index.ts';
import type { Source } from '../../../compiler/support/source.ts';

const folder = new URL('../../../specs/', import.meta.url);

const shipped = (name: string): Source | undefined => {
  const file = new URL(`${name}.layer.yaml`, folder);
  return existsSync(file) ? { path: `specs/${name}.layer.yaml`, text: readFileSync(file, 'utf8') } : undefined;
};

/** The names of the layers that ship and are not abstract. */
export const shippedLayers: readonly string[] = readdirSync(folder).filter((f) => f.endsWith('.layer.yaml'))
  .map((f) => f.replace('.layer.yaml', '')).filter((name) => !/^abstract: true/m.test(shipped(name)!.text)).sort();

export const shippedSpec = (name: string): Spec => readSpec(shipped(name)!, shipped);

/** A spec from its sections; the layer is called `t`. */
export const specOf = (sections: string): Spec => readSpec({ path: 't.layer.yaml', text: `layer: t\n${sections}` }, shipped);

export type Values = Readonly<Record<string, number>>;

/** The layer at these sizes, else at sizes that are found. */
export function layerOf(spec: Spec, sizes?: Values, options: Readonly<Record<string, number | string>> = {}): Layer {
  const chosen = new Map(Object.entries(options));
  return elaborate(spec, { sizes: sizes ? new Map(Object.entries(sizes)) : sampleSizes(spec, chosen), options: chosen, dtype: 'f64' });
}

/** The forward program of a mode, every output and new state stored. */
export function programOf(layer: Layer, mode: ModeProgram): Program {
  const tensors = [...layer.inputs, ...layer.params, ...layer.state, ...layer.random];
  return {
    name: 'forward', env: layer.env, tensors, definitions: mode.definitions,
    stores: [
      ...layer.outputs.map((tensor) => ({ tensor, definition: tensor.name })),
      ...mode.updates.map((u) => ({ tensor: layer.state.find((t) => t.name === u.state)!, definition: u.definition })),
    ],
  };
}
