import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contextOf, printExpr } from '../../../compiler/ir/print.ts';
import type { Layer } from '../../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../../compiler/ir/verify.ts';
import { axesOf } from '../../../compiler/phases/2-elaborate/index.ts';
import { layerOf, programOf, shippedLayers, shippedSpec } from './layers.ts';
import { assertRoundTrip } from './round-trip.ts';

test('every layer that ships elaborates, verifies, and its formulas read back as the same objects', () => {
  assert.ok(shippedLayers.length >= 12);
  for (const name of shippedLayers) {
    const layer = layerOf(shippedSpec(name));
    for (const mode of layer.modes) verifyProgram(programOf(layer, mode));
    assertRoundTrip(layer);
  }
});

const formulas = (layer: Layer): string[] => layer.modes.flatMap((mode) => {
  const context = contextOf(programOf(layer, mode));
  return mode.definitions.map((d) => `${mode.mode ?? ''} ${d.name} [${d.axes.join(', ')}] = ${printExpr(d.formula, context)}`.trim());
});

test('batch norm: modes, updates and claims', () => {
  const layer = layerOf(shippedSpec('batchnorm'));
  assert.equal(formulas(layer), [
    'train mu [D] = mean[N](x)',
    'train var [D] = mean[N]((x - mu)^2)',
    'train rstd [D] = 1 / sqrt(var + eps)',
    'train xhat [N, D] = (x - mu) * rstd',
    'train out [N, D] = gamma * xhat + beta',
    'train next_running_mean [D] = momentum * running_mean + (1 - momentum) * mu',
    'train next_running_var [D] = momentum * running_var + (1 - momentum) * var',
    'test mu [D] = running_mean',
    'test var [D] = running_var',
    'test rstd [D] = 1 / sqrt(var + eps)',
    'test xhat [N, D] = (x - mu) * rstd',
    'test out [N, D] = gamma * xhat + beta',
  ]);
  assert.equal(layer.modes.map((m) => m.updates.map((u) => u.state)), [['running_mean', 'running_var'], []]);
  assert.equal(layer.modes.map((m) => m.claims.map((c) => c.name).sort()), [['dbeta', 'dgamma', 'dx'], ['dbeta', 'dgamma', 'dx']]);
});

test('conv2d: derived axes, affine reads, a parameter in the cache that backward has anyway', () => {
  const spec = shippedSpec('conv2d');
  const layer = layerOf(spec, { N: 2, C: 3, H: 7, W: 6, F: 4, HH: 3, WW: 2 }, { stride: 2, pad: 1 });
  assert.equal([layer.env.sizes.get('OH'), layer.env.sizes.get('OW')], [4, 4]);
  assert.equal(axesOf(spec), { given: ['N', 'C', 'H', 'W', 'F', 'HH', 'WW'], derived: ['OH', 'OW'] });
  assert.equal(formulas(layer), ['out [N, F, OH, OW] = b + sum[C, HH, WW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * w)']);
  assert.equal(layer.cache === 'auto' ? [] : layer.cache.map((e) => (e.kind === 'input' ? e.name : e.kind)), ['x']);
});

test('the sizes found for a layer are small, and odd and different while its axes are few', () => {
  for (const name of shippedLayers) {
    const { sizes } = layerOf(shippedSpec(name)).env;
    const found = axesOf(shippedSpec(name)).given.map((axis) => sizes.get(axis)!);
    assert.ok(new Set(found).size >= Math.min(5, found.length), `${name}: ${found}`);
    assert.ok(found.every((s) => s > 1 && s < 30 && (found.length > 5 || s % 2 === 1)), `${name}: ${found}`);
  }
});

test.run();
