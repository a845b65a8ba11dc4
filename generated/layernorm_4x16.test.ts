/**
 * Proves layernorm_4x16.ts. Generated from specs/layernorm.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './layernorm_4x16.js';

const proofs = proofsOf(kernel, {
  name: 'layernorm_4x16', file: 'layernorm.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 4, D: 16 }, options: { eps: 0.00001 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: layernorm',
    'extends: normalization',
    'summary: Layer normalisation (Ba, Kiros & Hinton 2016) - each of N samples over its own D features.',
    'inputs:  { x: [N, D] }',
    'params:  { gamma: { shape: [D], init: 1 }, beta: [D] }',
    'outputs: { out: [N, D] }',
    'reduce:  [D]',
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
