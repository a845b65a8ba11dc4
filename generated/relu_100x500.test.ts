/**
 * Proves relu_100x500.ts. Generated from specs/relu.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './relu_100x500.js';

const proofs = proofsOf(kernel, {
  name: 'relu_100x500', file: 'relu.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 100, D: 500 }, options: {  },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: relu',
    'summary: Rectified linear unit (Nair & Hinton 2010).',
    'inputs:  { x: [N, D] }',
    'outputs: { out: [N, D] }',
    'forward:',
    '  out: max(x, 0)',
    'cache: [x]',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
