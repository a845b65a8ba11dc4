/**
 * Proves instancenorm_8x32x32x32.ts. Generated from specs/instancenorm.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './instancenorm_8x32x32x32.js';

const proofs = proofsOf(kernel, {
  name: 'instancenorm_8x32x32x32', file: 'instancenorm.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 8, C: 32, H: 32, W: 32 }, options: { eps: 0.00001 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: instancenorm',
    'extends: normalization',
    'summary: Instance normalisation (Ulyanov et al. 2016) - each channel of each sample over its own plane.',
    'inputs:  { x: [N, C, H, W] }',
    'params:  { gamma: { shape: [C], init: 1 }, beta: [C] }',
    'outputs: { out: [N, C, H, W] }',
    'reduce:  [H, W]',
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
