/** The specs that the reference runs through: those that ship, and a few that stand only here. */
import { readFileSync } from 'node:fs';
import type { Source } from '../../compiler/support/source.ts';
import type { Kernel } from '../../runtime/index.ts';

/** A layer at one shape. */
export interface Request {
  readonly layer: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly dtype?: 'f32' | 'f64';
  readonly staged?: boolean;
  readonly accumulate?: boolean;
  readonly buffers?: 'caller' | 'module';
  readonly target?: 'ts' | 'wasm';
}

/** A generated module; its functions by name. */
export type Module = Kernel & Readonly<Record<string, unknown>>;

const specs = new URL('../../specs/', import.meta.url);

/** The statistics of a norm as outputs. */
const statistics = (shape: string, reduce: string, kept: string): string => `extends: normalization
inputs: { x: ${shape} }
params: { gamma: ${kept}, beta: ${kept} }
outputs: { out: ${shape}, mu: ${kept}, variance: ${kept} }
reduce: ${reduce}
forward:
  variance: var
`;

/** Layers that stand only here: those that ship, with more of what they compute as outputs, or with given chances. */
const OWN = new Map<string, string>([
  ['batchnorm_statistics', statistics('[N, D]', '[N]', '[D]')],
  ['spatial_batchnorm_statistics', statistics('[N, C, H, W]', '[N, H, W]', '[C]')],
  ['softmax_probs', 'extends: softmax_loss\noutputs: { out: [], probs: [N, C] }\n'],
  ['dropout_given', `options: { p: 0.5 }
inputs: { x: [N, D], u: [N, D] }
outputs: { out: [N, D], mask: [N, D] }
forward:
  mask: where(u < p, 1 / p, 0)
  out: x * mask
cache: [mask]
`],
]);

export function sourceOf(layer: string): Source {
  const path = `${layer}.layer.yaml`;
  const own = OWN.get(layer);
  return { path, text: own ? `layer: ${layer}\nsummary: For a test.\n${own}` : readFileSync(new URL(path, specs), 'utf8') };
}
