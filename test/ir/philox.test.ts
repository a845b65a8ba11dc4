import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { philox, uniform, type Words } from '../../compiler/ir/philox.ts';

const hex = (words: Words): string => words.map((w) => w.toString(16).padStart(8, '0')).join(' ');

// The known-answer vectors of Random123 (kat_vectors, philox4x32 with 10 rounds).
test('philox gives the published answers', () => {
  const ones = 0xffffffff;
  assert.is(hex(philox([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  assert.is(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  assert.is(
    hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
    'd16cfe09 94fdcceb 5001e420 24126ea1');
});

test('an element does not depend on how many are drawn', () => {
  const draw = { seed: 2 ** 40 + 7, step: 3, stream: 1 };
  const many = uniform(1001, -1, 3, draw);
  const few = uniform(6, -1, 3, draw);
  assert.equal([...few], [...many.subarray(0, 6)]);
  assert.ok(many.every((v) => v >= -1 && v < 3));
});

test('seed, its upper half, step and stream each change the draw', () => {
  const base = { seed: 5, step: 0, stream: 0 };
  const of = (draw: Partial<typeof base>): number => uniform(1, 0, 1, { ...base, ...draw })[0]!;
  const draws = [of({}), of({ seed: 6 }), of({ seed: 5 + 2 ** 32 }), of({ step: 1 }), of({ stream: 1 })];
  assert.is(new Set(draws).size, draws.length);
});

test.run();
