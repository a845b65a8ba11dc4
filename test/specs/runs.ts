/** Which sizes and options each spec of this folder is tested at, and what its inputs are drawn from. */
import type { Domain } from './draw.ts';

export interface Run {
  readonly sizes: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly domain?: Domain;
  readonly domains?: Readonly<Record<string, Domain>>;
}

const ties = ['first', 'all', 'split'] as const;
/** A run under every policy for ties, with and without ties. */
const tied = (sizes: Run['sizes'], options: Run['options'] = {}): Run[] =>
  ties.flatMap((t) => [{ sizes, options: { ...options, ties: t } }, { sizes, options: { ...options, ties: t }, domain: 'tied' as const }]);

export const runs: Readonly<Record<string, readonly Run[]>> = {
  attention: [{ sizes: { B: 2, T: 3, H: 2, E: 5, F: 4 } }, { sizes: { B: 1, T: 5, H: 1, E: 2, F: 1 } }],
  attention_bias: [{ sizes: { B: 2, T: 3, E: 4, F: 5 } }, { sizes: { B: 1, T: 4, E: 1, F: 2 } }],
  linear_attention: [{ sizes: { B: 2, T: 3, S: 4, E: 5, F: 2 } }, { sizes: { B: 1, T: 1, S: 3, E: 1, F: 3 } }],
  log_softmax: [{ sizes: { N: 3, C: 5 } }, { sizes: { N: 1, C: 7 } }, { sizes: { N: 3, C: 1 } }],
  l2_normalize: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 2, D: 1 } }],
  cosine_loss: [{ sizes: { N: 5, D: 3 } }, { sizes: { N: 1, D: 7 } }],
  huber_loss: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 2, D: 1 }, options: { reduction: 'sum', delta: 1 } }],
  bce_logits: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 2 } }],
  focal_loss: [{ sizes: { N: 4, C: 5 } }, { sizes: { N: 3, C: 2 }, options: { focus: 2 } }, { sizes: { N: 1, C: 3 }, options: { focus: 0 } }],
  smoothed_loss: [{ sizes: { N: 4, C: 5 } }, { sizes: { N: 1, C: 3 }, options: { smoothing: 0 } }],
  infonce_loss: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 2 } }],
  triplet_loss: [...tied({ N: 3, K: 4, D: 2 }), { sizes: { N: 1, K: 1, D: 1 } }],
  embedding: [{ sizes: { B: 2, T: 3, V: 5, E: 4 } }, { sizes: { B: 1, T: 7, V: 3, E: 1 }, options: { padding: 2 } }],
  gather_nd: [{ sizes: { R: 3, S: 5, N: 4, K: 2 } }, { sizes: { R: 1, S: 2, N: 3, K: 3 } }],
  swiglu: [{ sizes: { N: 3, D: 4, M: 5, D2: 2 } }, { sizes: { N: 1, D: 1, M: 3, D2: 1 } }],
  geglu: [{ sizes: { N: 3, M: 5 } }, { sizes: { N: 2, M: 1 }, options: { gate: 'approximate' } }, { sizes: { N: 1, M: 3 }, options: { gate: 'sigmoid' } }],
  group_permute: [{ sizes: { N: 2, G: 3, C: 4 } }, { sizes: { N: 1, G: 2, C: 1 } }],
  energy_gate: [{ sizes: { C: 3, N: 4, S: 5 } }, { sizes: { C: 1, N: 3, S: 1 } }],
  gelu: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 1 } }],
  mish: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 2, D: 1 } }],
  hard_swish: [{ sizes: { N: 3, D: 7 } }, { sizes: { N: 1, D: 20 }, options: { slope: 0 } }],
  prelu: [{ sizes: { N: 3, C: 2, H: 5 } }, { sizes: { N: 1, C: 3, H: 1 } }],
  squeeze_excitation: [{ sizes: { N: 2, C: 3, H: 4, W: 5, R: 2 } }, { sizes: { N: 1, C: 1, H: 1, W: 3, R: 1 } }],
  gru_cell: [{ sizes: { N: 2, D: 3, M: 4 } }, { sizes: { N: 1, D: 1, M: 2 } }],
  lstm_cell: [{ sizes: { N: 2, D: 3, M: 5 } }, { sizes: { N: 1, D: 2, M: 1 } }],
  depthwise_conv: [
    { sizes: { N: 2, C: 3, M: 2, H: 5, W: 4, HH: 3, WW: 2 } },
    { sizes: { N: 1, C: 2, M: 1, H: 4, W: 7, HH: 1, WW: 3 }, options: { stride: 3, top: 0, left: 1, right: 0, bottom: 2 } },
  ],
  grouped_conv: [
    { sizes: { N: 2, G: 2, C: 3, F: 2, H: 5, W: 4, HH: 3, WW: 2 } },
    { sizes: { N: 1, G: 3, C: 1, F: 2, H: 7, W: 6, HH: 2, WW: 3 }, options: { stride: 2, dilation: 2, pad: 2 } },
    { sizes: { N: 1, G: 1, C: 2, F: 1, H: 5, W: 8, HH: 1, WW: 2 }, options: { stride: 3, dilation: 1, pad: 0 } },
    { sizes: { N: 1, G: 1, C: 1, F: 1, H: 9, W: 8, HH: 3, WW: 2 }, options: { stride: 3, dilation: 3, pad: 1 } },
    { sizes: { N: 1, G: 1, C: 1, F: 1, H: 9, W: 11, HH: 2, WW: 3 }, options: { stride: 4, dilation: 2, pad: 3 } },
  ],
  causal_conv1d: [{ sizes: { N: 2, C: 3, F: 2, T: 7, K: 3 } }, { sizes: { N: 1, C: 1, F: 2, T: 4, K: 2 }, options: { dilation: 5 } }],
  conv_transpose1d: [{ sizes: { N: 2, C: 3, F: 2, T: 5 } }, { sizes: { N: 1, C: 1, F: 3, T: 1 } }],
  avg_pool_padded: [{ sizes: { N: 2, C: 3, H: 5, W: 7 } }, { sizes: { N: 1, C: 1, H: 4, W: 3 }, options: { window: 2, stride: 1 } }],
  max_pool_overlap: [...tied({ N: 2, C: 1, H: 5, W: 7 }), ...tied({ N: 1, C: 2, H: 4, W: 5 }, { window: 2, stride: 1 })],
  min_pool1d: [...tied({ N: 3, T: 11 }), ...tied({ N: 2, T: 9 }, { window: 3, stride: 2, dilation: 2 }), ...tied({ N: 1, T: 7 }, { window: 1, stride: 4 })],
  local_response_norm: [{ sizes: { N: 2, C: 7, H: 3 } }, { sizes: { N: 1, C: 2, H: 1 } }, { sizes: { N: 1, C: 5, H: 2 }, options: { width: 4, exponent: 1 } }],
  batch_renorm: [{ sizes: { N: 3, C: 2, L: 5 } }, { sizes: { N: 2, C: 3, L: 1 } }],
  weight_norm: [{ sizes: { N: 3, D: 5, M: 4 } }, { sizes: { N: 1, D: 1, M: 2 } }],
  divisive_norm: [{ sizes: { N: 2, C: 3, T: 7 } }, { sizes: { N: 1, C: 1, T: 3 }, options: { a: 3, b: 0 } }],
  norm_of_norm: [{ sizes: { N: 2, C: 3, L: 5 } }, { sizes: { N: 1, C: 4, L: 2 } }],
  one_line_norm: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 7 } }, { sizes: { N: 2, D: 1 } }],
  instance_norm_modes: [{ sizes: { N: 3, C: 2, H: 5, W: 4 } }, { sizes: { N: 1, C: 3, H: 1, W: 3 } }],
  scale_norm: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 4 } }],
  power_norm: [{ sizes: { N: 3, T: 4, D: 5 } }, { sizes: { N: 1, T: 2, D: 1 } }],
  rope: [{ sizes: { B: 2, T: 3, E: 5 } }, { sizes: { B: 1, T: 1, E: 1 } }],
  pixel_shuffle: [{ sizes: { N: 2, C: 3, A: 2, B: 3, H: 4, W: 5 } }, { sizes: { N: 1, C: 1, A: 3, B: 1, H: 1, W: 2 } }],
  bilinear: [{ sizes: { N: 3, D: 4, E: 5, M: 2 } }, { sizes: { N: 1, D: 1, E: 3, M: 1 } }],
  style_loss: [{ sizes: { N: 2, C: 3, H: 4, W: 5 } }, { sizes: { N: 1, C: 1, H: 2, W: 1 } }],
  product_pool: [{ sizes: { N: 3, T: 4, S: 3 } }, { sizes: { N: 2, T: 1, S: 4 }, domain: 'zeros' }],
  product_rows: [{ sizes: { A: 2, B: 3, C: 4 } }, { sizes: { A: 3, B: 2, C: 2 }, domain: 'zeros' }, { sizes: { A: 1, B: 3, C: 1 }, domain: 'zeros' }],
  p_norm: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 4 }, options: { p: 1.5 } }, { sizes: { N: 2, D: 3 }, options: { p: 2 } }],
  stochastic_depth: [{ sizes: { N: 5, D: 3 } }, { sizes: { N: 1, D: 2 }, options: { p: 0.3 } }],
  tied_similarity: [{ sizes: { T: 4, E: 3 } }, { sizes: { T: 1, E: 2 } }],
  recurrence: [{ sizes: { N: 2, T: 7 } }, { sizes: { N: 1, T: 3 } }],
  flip_concat: [{ sizes: { N: 3, T: 5 } }, { sizes: { N: 1, T: 4 }, options: { frame: 0 } }],
  scalars: [{ sizes: {} }],
  constant_out: [{ sizes: { N: 3, D: 5 } }, { sizes: { N: 1, D: 1 }, options: { levels: 3 } }],
  transposed_out: [{ sizes: { N: 2, C: 3, H: 2, P: 3, W: 4, Q: 1, D: 5 } }, { sizes: { N: 1, C: 1, H: 3, P: 2, W: 1, Q: 4, D: 1 } }],
  maxout: [...tied({ N: 3, D: 2, M: 4, K: 3 }), { sizes: { N: 1, D: 1, M: 2, K: 1 } }],
  spread: [...tied({ N: 3, D: 5 }), { sizes: { N: 2, D: 1 } }],
  sparse_moe: [{ sizes: { N: 3, D: 4, K: 5, M: 2 } }, { sizes: { N: 1, D: 1, K: 2, M: 3 } }],
  gaussian_kernel: [{ sizes: { N: 3, D: 4, M: 5 } }, { sizes: { N: 1, D: 1, M: 2 } }],
  subsample: [{ sizes: { N: 3, T: 6 } }, { sizes: { N: 1, T: 2 } }],
  state_web: [{ sizes: { N: 5, D: 3 } }, { sizes: { N: 2, D: 9 } }, { sizes: { N: 1, D: 1 } }],
  union_cache: [{ sizes: { N: 5, D: 3 } }, { sizes: { N: 3, D: 11 } }, { sizes: { N: 1, D: 1 } }],
  whiten_pairs: [{ sizes: { N: 5, D: 3 } }, { sizes: { N: 3, D: 1 } }],
};
