/**
 * Proves dropout_100x500.ts. Generated from specs/dropout.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './dropout_100x500.js';

const proofs = proofsOf(kernel, {
  name: 'dropout_100x500', file: 'dropout.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 100, D: 500 }, options: { p: 0.5 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: dropout',
    'summary: Inverted dropout (Srivastava et al. 2014); p is the probability of KEEPING a value.',
    'options: { p: 0.5 }',
    'inputs:  { x: [N, D] }',
    'random:  { u: { shape: [N, D], uniform: [0, 1] } }    # counter-based: a function of (seed, step, element)',
    'outputs: { out: [N, D] }',
    'forward:',
    '  mask:',
    '    train: where(u < p, 1 / p, 0)',
    '    test:  1',
    '  out: x * mask',
    'cache: [mask]                       # [] is legal too: backward draws u again',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
