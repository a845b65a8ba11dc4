/**
 * Every layer in WebAssembly, against the same layer in TypeScript: the same schedule gives the same bits, and one in lanes
 * comes as close as floats can.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { specNames, valuesText } from '../../../specs/load.ts';
import { runs } from '../../../specs/runs.ts';
import { comparison, type Case } from './backend.ts';

const shipped: readonly Case[] = [
  { layer: 'affine', sizes: { N: 5, D: 13, M: 7 } },
  { layer: 'batchnorm', sizes: { N: 9, D: 11 } },
  { layer: 'layernorm', sizes: { N: 5, D: 13 } },
  { layer: 'rmsnorm', sizes: { N: 3, D: 17 } },
  { layer: 'relu', sizes: { N: 3, D: 9 } },
  { layer: 'dropout', sizes: { N: 5, D: 11 } },
  { layer: 'dropout', sizes: { N: 37, D: 101 } },
  { layer: 'conv2d', sizes: { N: 2, C: 3, H: 7, W: 9, F: 5, HH: 3, WW: 3 }, options: { pad: 1 } },
  { layer: 'conv2d', sizes: { N: 2, C: 3, H: 8, W: 9, F: 4, HH: 3, WW: 2 }, options: { stride: 2, pad: 1 } },
  { layer: 'maxpool2d', sizes: { N: 2, C: 3, H: 8, W: 10 } },
  { layer: 'spatial_batchnorm', sizes: { N: 3, C: 4, H: 5, W: 6 } },
  { layer: 'spatial_groupnorm', sizes: { N: 2, G: 2, K: 3, H: 3, W: 5 } },
  { layer: 'instancenorm', sizes: { N: 2, C: 3, H: 5, W: 5 } },
  { layer: 'softmax_loss', sizes: { N: 7, C: 5 } },
];

const all: readonly Case[] = [...shipped, ...specNames.flatMap((layer) => (runs[layer] ?? []).filter((r) => r.domain !== 'tied').slice(0, 1)
  .map((r): Case => ({ layer, sizes: r.sizes, ...(r.options ? { options: r.options } : {}) })))];

/** What floats may be off, in parts of the largest result. */
const TOLERANCE = 2e-6;

for (const [n, c] of all.entries()) {
  test(`${c.layer}:${valuesText(c.sizes ?? {})}${valuesText(c.options)}`, async () => {
    const compare = await comparison(n % 3 === 2 ? { ...c, dtype: 'f64' } : c);
    const same = compare('ts');
    assert.ok(same.length > 0, 'nothing was written');
    assert.equal(same.filter((d) => d.others > 0), []);
    const lanes = n % 3 === 2 ? await comparison(c) : compare;
    assert.equal(lanes('wasm').filter((d) => !(d.off <= TOLERANCE)), []);
  });
}

test.run();
