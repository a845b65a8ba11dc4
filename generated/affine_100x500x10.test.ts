/**
 * Proves affine_100x500x10.ts. Generated from specs/affine.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './affine_100x500x10.js';

const proofs = proofsOf(kernel, {
  name: 'affine_100x500x10', file: 'affine.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 100, D: 500, M: 10 }, options: {  },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: affine',
    'summary: Fully connected - every output is a weighted sum of the D features of its sample, plus a bias.',
    'inputs:  { x: [N, D] }',
    'params:  { w: [D, M], b: [M] }',
    'outputs: { out: [N, M] }',
    'forward:',
    '  out: b + sum[D](x * w)',
    'cache: [x]',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
