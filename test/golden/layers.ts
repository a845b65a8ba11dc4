/** How the reference names layers, shapes and tensors, and how this project does: one row a layer. */
import { attribute, tensor, type Case } from './reference.ts';

export interface Mapping {
  /** The spec. */
  readonly layer: string;
  readonly sizes: (c: Case) => Readonly<Record<string, number>>;
  readonly options: readonly string[];
  /** Inputs in order, parameters and state: ours, theirs. */
  readonly inputs: readonly string[];
  readonly params: readonly string[];
  readonly state: Readonly<Record<string, string>>;
  /** Their name of an output, gradient or new state; ours. */
  readonly results: Readonly<Record<string, string>>;
  /** A layer of the tests that has more outputs than the one that ships: their name, ours. */
  readonly more?: More;
}

export interface More {
  readonly layer: string;
  readonly options: readonly string[];
  readonly results: Readonly<Record<string, string>>;
}

type Sizes = Mapping['sizes'];

/** The axes are the dimensions of x; the last takes all that are left. */
const ofX = (...axes: readonly string[]): Sizes => (c) => {
  const { shape } = tensor(c, 'x');
  const last = axes.length - 1;
  return Object.fromEntries(axes.map((axis, i) =>
    [axis, i < last ? shape[i]! : shape.slice(last).reduce((product, n) => product * n, 1)]));
};

const NORM = { dx: 'dx', dgamma: 'dgamma', dbeta: 'dbeta', out: 'out' };
const RUNNING = { running_mean: 'running_mean_in', running_var: 'running_var_in' };
const norm = (layer: string, sizes: Sizes): Mapping => ({
  layer, sizes, options: ['eps'], inputs: ['x'], params: ['gamma', 'beta'], state: {}, results: NORM,
});
const batch = (layer: string, sizes: Sizes): Mapping => ({
  ...norm(layer, sizes), options: ['eps', 'momentum'], state: RUNNING,
  results: { ...NORM, running_mean_out: 'running_mean', running_var_out: 'running_var' },
  more: { layer: `${layer}_statistics`, options: ['eps'], results: { sample_mean: 'mu', sample_var: 'variance' } },
});

export const MAPPINGS: ReadonlyMap<string, Mapping> = new Map(Object.entries<Mapping>({
  batchnorm: batch('batchnorm', ofX('N', 'D')),
  spatial_batchnorm: batch('spatial_batchnorm', ofX('N', 'C', 'H', 'W')),
  layernorm: norm('layernorm', ofX('N', 'D')),
  instancenorm: norm('instancenorm', ofX('N', 'C', 'H', 'W')),
  rmsnorm: { ...norm('rmsnorm', ofX('N', 'D')), params: ['gamma'], results: { dx: 'dx', dgamma: 'dgamma', out: 'out' } },
  spatial_groupnorm: norm('spatial_groupnorm', (c) => {
    const [N, C, H, W] = tensor(c, 'x').shape as [number, number, number, number];
    const G = attribute(c, 'G');
    return { N, G, K: C / G, H, W };
  }),
  relu: {
    layer: 'relu', sizes: ofX('N', 'D'), options: [], inputs: ['x'], params: [], state: {}, results: { out: 'out', dx: 'dx' },
  },
  dropout: {
    layer: 'dropout', sizes: ofX('N', 'D'), options: ['p'], inputs: ['x'], params: [], state: {},
    results: { out: 'out', dx: 'dx' },
  },
  affine: {
    layer: 'affine', options: [], inputs: ['x'], params: ['w', 'b'], state: {},
    sizes: (c) => ({ ...ofX('N', 'D')(c), M: tensor(c, 'b').shape[0]! }),
    results: { out: 'out', dx: 'dx', dw: 'dw', db: 'db' },
  },
  conv2d: {
    layer: 'conv2d', options: ['stride', 'pad'], inputs: ['x'], params: ['w', 'b'], state: {},
    sizes: (c) => {
      const [F, , HH, WW] = tensor(c, 'w').shape as [number, number, number, number];
      return { ...ofX('N', 'C', 'H', 'W')(c), F, HH, WW };
    },
    results: { out: 'out', dx: 'dx', dw: 'dw', db: 'db' },
  },
  maxpool: {
    layer: 'maxpool2d', sizes: ofX('N', 'C', 'H', 'W'), options: ['pool_height', 'pool_width', 'stride'],
    inputs: ['x'], params: [], state: {}, results: { out: 'out', dx: 'dx' },
  },
  softmax_loss: {
    layer: 'softmax_loss', sizes: ofX('N', 'C'), options: [], inputs: ['x', 'y'], params: [], state: {},
    results: { loss: 'out', dx: 'dx' },
    more: { layer: 'softmax_probs', options: [], results: { probs: 'probs' } },
  },
}));
