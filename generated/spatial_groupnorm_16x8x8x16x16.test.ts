/**
 * Proves spatial_groupnorm_16x8x8x16x16.ts. Generated from specs/spatial_groupnorm.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './spatial_groupnorm_16x8x8x16x16.js';

const proofs = proofsOf(kernel, {
  name: 'spatial_groupnorm_16x8x8x16x16', file: 'spatial_groupnorm.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 16, G: 8, K: 8, H: 16, W: 16 }, options: { eps: 0.00001 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: spatial_groupnorm',
    'extends: normalization',
    'summary: Group normalisation (Wu & He 2018) - C = G*K channels in G groups, normalised independently per sample.',
    'inputs:  { x: [N, (G K), H, W] }    # (G K): one axis in memory, two axes in formulas',
    'params:  { gamma: { shape: [(G K)], init: 1 }, beta: [(G K)] }',
    'outputs: { out: [N, (G K), H, W] }',
    'reduce:  [K, H, W]',
    '',
  ],
  ancestors: {
    normalization: [
      '# yaml-language-server: $schema=./schema.json',
      '# What the whole family shares: a member says its shapes and the axes it reduces over.',
      'layer: normalization',
      'abstract: true',
      'summary: Normalise over the reduce axes, then scale and shift.',
      'options: { eps: 1.0e-5 }',
      'forward:',
      '  mu:   mean(x)                     # a reduction without axes runs over `reduce`',
      '  var:  mean((x - mu)^2)',
      '  rstd: 1 / sqrt(var + eps)',
      '  xhat: (x - mu) * rstd',
      '  out:  gamma * xhat + beta',
      'cache: [xhat, rstd]',
      '',
    ],
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
