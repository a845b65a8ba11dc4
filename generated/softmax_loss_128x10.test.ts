/**
 * Proves softmax_loss_128x10.ts. Generated from specs/softmax_loss.layer.yaml - edit the spec, not this file.
 * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.
 */
import { proofsOf } from 'kernelwright/testing';
import { test } from 'uvu';
import * as kernel from './softmax_loss_128x10.js';

const proofs = proofsOf(kernel, {
  name: 'softmax_loss_128x10', file: 'softmax_loss.layer.yaml', dtype: 'f32', accumulate: false,
  sizes: { N: 128, C: 10 }, options: {  },
  spec: [
    '# yaml-language-server: $schema=./schema.json',
    'layer: softmax_loss',
    'summary: Mean cross-entropy of N samples over C classes, from raw scores.',
    'inputs:',
    '  x: [N, C]',
    '  y: { shape: [N], dtype: i32 }     # the true class of each sample',
    'outputs: { out: [] }',
    'forward:',
    '  m:     max[C](x)',
    '  e:     exp(x - m)',
    '  z:     sum[C](e)',
    '  probs: e / z',
    '  out:   mean[N](log(z) - (x[N, y] - m))    # finite where a probability underflows',
    'cache: [probs]',
    '',
  ],
  ancestors: {
  },
});
for (const { name, prove } of proofs) test(name, prove);
test.run();
