/**
 * Proves rmsnorm_128x768.ts. Generated from specs/rmsnorm.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './rmsnorm_128x768.js';

const proofs = proofsOf(kernel, {
  name: 'rmsnorm_128x768', file: 'rmsnorm.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 128, D: 768 }, options: { eps: 0.00001 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: rmsnorm',
    'summary: Root mean square normalisation (Zhang & Sennrich 2019) - a layer norm that neither centres nor shifts.',
    'options: { eps: 1.0e-5 }',
    'inputs:  { x: [N, D] }',
    'params:  { gamma: { shape: [D], init: 1 } }',
    'outputs: { out: [N, D] }',
    'reduce:  [D]',
    'forward:',
    '  rstd: 1 / sqrt(mean(x^2) + eps)',
    '  xhat: x * rstd',
    '  out:  gamma * xhat',
    'cache: [xhat, rstd]',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
