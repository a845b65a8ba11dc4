/**
 * Proves spatial_batchnorm_32x16x32x32.ts. Generated from specs/spatial_batchnorm.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './spatial_batchnorm_32x16x32x32.js';

const proofs = proofsOf(kernel, {
  name: 'spatial_batchnorm_32x16x32x32', file: 'spatial_batchnorm.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 32, C: 16, H: 32, W: 32 }, options: { eps: 0.00001, momentum: 0.9 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: spatial_batchnorm',
    'extends: batchnorm',
    'summary: Batch normalisation (Ioffe & Szegedy 2015) of C channels of N images, over samples and positions.',
    'inputs:  { x: [N, C, H, W] }',
    'params:  { gamma: { shape: [C], init: 1 }, beta: [C] }',
    'state:',
    '  running_mean: { shape: [C], init: 0 }',
    '  running_var:  { shape: [C], init: 1 }',
    'outputs: { out: [N, C, H, W] }',
    'reduce:  [N, H, W]',
    'backward:',
    '  dx:',
    '    train: gamma * rstd / (N*H*W) * (N*H*W*dout - dbeta - xhat * dgamma)',
    '    test:  gamma * rstd * dout',
    '  dgamma: sum[N, H, W](dout * xhat)',
    '  dbeta:  sum[N, H, W](dout)',
    '',
  ],
  ancestors: {
    batchnorm: [
      '# yaml-language-server: $schema=./schema.json',
      'layer: batchnorm',
      'extends: normalization',
      'summary: Batch normalisation (Ioffe & Szegedy 2015) of N samples of D features.',
      'options: { momentum: 0.9 }          # weight of the OLD running value (CS231n, ONNX, Keras); torch\'s 0.1 is 1 - this',
      'inputs:  { x: [N, D] }',
      'params:  { gamma: { shape: [D], init: 1 }, beta: [D] }',
      'state:',
      '  running_mean: { shape: [D], init: 0 }',
      '  running_var:  { shape: [D], init: 1 }',
      'outputs: { out: [N, D] }',
      'reduce:  [N]',
      'forward:                            # replaces the inherited lines of the same name, in their place',
      '  mu:',
      '    train: mean(x)',
      '    test:  running_mean',
      '  var:',
      '    train: mean((x - mu)^2)         # divides by N, not N - 1',
      '    test:  running_var',
      'update:                             # train mode, after forward; never differentiated',
      '  running_mean: momentum * running_mean + (1 - momentum) * mu',
      '  running_var:  momentum * running_var + (1 - momentum) * var',
      'backward:                           # a claim, proved against what is derived',
      '  dx:',
      '    train: gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)',
      '    test:  gamma * rstd * dout',
      '  dgamma: sum[N](dout * xhat)',
      '  dbeta:  sum[N](dout)',
      '',
    ],
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
