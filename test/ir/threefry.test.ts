import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { threefry, uniform, type Words } from '../../compiler/ir/threefry.ts';

const hex = (words: Words): string => words.map((w) => w.toString(16).padStart(8, '0')).join(' ');

// The known-answer vectors of Random123 (kat_vectors, threefry4x32 with 13 rounds).
test('threefry gives the published answers', () => {
  const ones: Words = [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];
  assert.is(hex(threefry([0, 0, 0, 0], [0, 0, 0, 0])), '531c7e4f 39491ee5 2c855a92 3d6abf9a');
  assert.is(hex(threefry(ones, ones)), 'c4189358 1c9cc83a d5881c67 6a0a89e0');
  assert.is(
    hex(threefry([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89])),
    '4aa71d8f 734738c2 431fc6a8 ae6debf1');
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
