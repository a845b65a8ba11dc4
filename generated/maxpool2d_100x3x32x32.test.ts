/**
 * Proves maxpool2d_100x3x32x32.ts. Generated from specs/maxpool2d.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './maxpool2d_100x3x32x32.js';

const proofs = proofsOf(kernel, {
  name: 'maxpool2d_100x3x32x32', file: 'maxpool2d.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 100, C: 3, H: 32, W: 32 }, options: { pool_height: 2, pool_width: 2, stride: 2, ties: 'first' },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: maxpool2d',
    'summary: Maximum over windows, NCHW; the first of several equal maxima takes the gradient.',
    'options: { pool_height: 2, pool_width: 2, stride: 2, ties: first }',
    'axes:',
    '  PH: pool_height',
    '  PW: pool_width',
    '  OH: (H - PH) // stride + 1',
    '  OW: (W - PW) // stride + 1',
    'inputs:  { x: [N, C, H, W] }',
    'outputs: { out: [N, C, OH, OW] }',
    'forward:',
    '  out: max[PH, PW](x[N, C, OH*stride + PH, OW*stride + PW])',
    'cache: [hit(out)]                   # which element of its window each maximum is',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
