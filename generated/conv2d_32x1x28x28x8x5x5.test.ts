/**
 * Proves conv2d_32x1x28x28x8x5x5.ts. Generated from specs/conv2d.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './conv2d_32x1x28x28x8x5x5.js';

const proofs = proofsOf(kernel, {
  name: 'conv2d_32x1x28x28x8x5x5', file: 'conv2d.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 32, C: 1, H: 28, W: 28, F: 8, HH: 5, WW: 5 }, options: { stride: 1, pad: 2 },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: conv2d',
    'summary: 2-D cross-correlation, NCHW, zero padding.',
    'options: { stride: 1, pad: 0 }',
    'axes:',
    '  OH: (H + 2*pad - HH) // stride + 1  # `//` rounds down; `/` must divide',
    '  OW: (W + 2*pad - WW) // stride + 1',
    'inputs:  { x: { shape: [N, C, H, W], outside: 0 } }   # what a read outside the array gives',
    'params:  { w: [F, C, HH, WW], b: [F] }',
    'outputs: { out: [N, F, OH, OW] }',
    'forward:',
    '  out: b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)',
    'cache: [x, w]',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
