/** The simplified gradients of the shipped layers are proved equal to the raw reverse sweep, symbolically. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Definition, Layer, ModeProgram } from '../../../compiler/ir/tensor.ts';
import { differentiate } from '../../../compiler/phases/3-differentiate/index.ts';
import { simplify } from '../../../compiler/phases/4-simplify/index.ts';
import { bodyOf, toPoly } from '../../../compiler/phases/4-simplify/load.ts';
import { addPoly, negatePoly, scalePoly, number } from '../../../compiler/phases/4-simplify/poly.ts';
import { Prover } from '../../../compiler/phases/4-simplify/proof.ts';
import { rational } from '../../../compiler/phases/4-simplify/rational.ts';
import { deriveShipped, shipped } from './derived.ts';

/** Name of each gradient -> whether it is proved; `spoil` makes the simplified one wrong by a factor first. */
function prove(layer: Layer, mode: ModeProgram, spoil = false): Record<string, boolean> {
  const d = differentiate(layer, mode);
  const updates = new Set(mode.updates.map((u) => u.definition));
  const wanted = [...layer.inputs, ...layer.params].filter((t) => t.dtype !== 'i32');
  const cached = layer.cache === 'auto' ? [] : layer.cache.map((e) => (e.kind === 'hit' ? `hit(${e.of})` : e.name));
  const { context, gradients } = simplify({
    layer, written: mode.definitions.filter((x) => !updates.has(x.name)), flat: d.flat, hits: d.hits, adjoints: d.adjoints,
    upstream: d.upstream, wanted, cached, names: d.names,
  });
  const { letters } = context;
  const raw = new Map<string, Definition>();
  for (const a of d.adjoints) {
    if (gradients.some((g) => g.name === a.name)) raw.set(a.name, a);
    else letters.declare({ name: a.name, axes: a.axes, body: bodyOf(a.formula, letters), anonymous: false, zeroOutside: true });
  }
  return Object.fromEntries(gradients.map((g) => {
    const value = spoil ? scalePoly(g.value, number(rational(1001, 1000))) : g.value;
    const left = toPoly(raw.get(g.name)!.formula, letters);
    return [g.name, new Prover(letters).isZero(addPoly(left, negatePoly(value)))];
  }));
}

/** A windowed read leaves conditions in the raw sweep that the simplified form does not need; numbers hold those two. */
const windowed = new Set(['conv2d dx', 'maxpool2d dx']);

for (const name of shipped) {
  const { layer } = deriveShipped(name);
  for (const mode of layer.modes) {
    test(`${name} ${mode.mode ?? ''}`, () => {
      for (const [gradient, proved] of Object.entries(prove(layer, mode))) {
        if (!windowed.has(`${name} ${gradient}`)) assert.ok(proved, `${gradient} is not proved`);
      }
      for (const [gradient, proved] of Object.entries(prove(layer, mode, true))) assert.not.ok(proved, `${gradient} is proved though wrong`);
    });
  }
}

test.run();
