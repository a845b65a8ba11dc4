/** The shape of loops that layers get, without their arithmetic, and a verifier that sees a wrong one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoopNest, Stmt } from '../../../compiler/ir/loop.ts';
import { verifyLoops } from '../../../compiler/ir/loop-verify.ts';
import { moduleNames } from '../../../compiler/ir/names.ts';
import { compileFront, Trace } from '../../../compiler/pipeline.ts';
import { Choices } from '../../../compiler/phases/5-schedule/choices.ts';
import { schedule } from '../../../compiler/phases/5-schedule/index.ts';
import { ScratchPool } from '../../../compiler/phases/5-schedule/storage.ts';
import { load } from '../../specs/load.ts';

function nestsOf(layer: string, sizes: Record<string, number>, options: Record<string, number> = {}, answers: Record<string, string> = {}): Record<string, LoopNest> {
  const { derived } = compileFront({ source: load(layer)!, load, sizes, options }, new Trace());
  const names = moduleNames(derived.layer);
  const pool = new ScratchPool(names.scope);
  const programs = derived.modes.flatMap((m) => [m.forward, m.backward]);
  return Object.fromEntries(programs.map((p) => [p.name, schedule(p, { names, pool, accumulate: false, choices: new Choices(new Map(Object.entries(answers))) })]));
}

/** Loops by variable, inner ones in brackets, stores by array: `n(d d(xhat out) rstd)`. */
function skeleton(body: readonly Stmt[]): string {
  const parts = body.flatMap((s): string[] => {
    if (s.kind === 'loop') return [`${s.v}${s.step > 1 ? `+${s.step}` : ''}(${skeleton(s.body)})`];
    if (s.kind === 'when') return [`if(${skeleton(s.body)})`];
    return s.kind === 'store' ? [s.buffer] : s.kind === 'fill' ? [`0:${s.buffer}`] : [];
  });
  // The lanes of an unrolled loop are one.
  const lanes = body.every((s) => s.kind !== 'loop');
  return (lanes ? [...new Set(parts)] : parts).join(' ');
}

test('layer norm goes row by row', () => {
  const { forward, backward } = nestsOf('layernorm', { N: 24, D: 64 });
  assert.is(skeleton(forward!.body), 'd(beta64 gamma64) n(d+4() rstd d+4(out xhat))');
  const two = nestsOf('layernorm', { N: 24, D: 64 }, {}, { 'forward/var/passes': 'two' });
  assert.is(skeleton(two['forward']!.body), 'd(beta64 gamma64) n(d+4() d+4() rstd d+4(out xhat))');
  assert.is(skeleton(backward!.body), 'd(gamma64) 0:dgamma64 0:dbeta64 n(d+4(dgamma64 dbeta64) d+4(dx)) d(dgamma dbeta)');
});

test('a long loop behind a draw is taken in pieces of one length, its labels and locals with it', () => {
  const { forwardTrain, forwardTest } = nestsOf('dropout', { N: 100, D: 500 });
  assert.is(skeleton(forwardTrain!.body), 'first+2000()');
  const [piece] = forwardTrain!.parts;
  assert.is(skeleton(piece!.body), 'nd+4(out mask)');
  assert.equal(piece!.params, [{ v: 'first', size: 48001 }]);
  assert.equal(piece!.body.map((s) => s.kind), ['label', 'label', 'let', 'let', 'loop']);
  assert.is(skeleton(forwardTest!.body), 'nd+4(out mask)', 'nothing is drawn');
  // 8407 points are 2101 = 11 * 191 rounds of four, and three points alone.
  const odd = nestsOf('dropout', { N: 7, D: 1201 }).forwardTrain!;
  assert.is(skeleton(odd.body), 'first+764() nd(out mask)');
  assert.is(skeleton(nestsOf('dropout', { N: 4, D: 1024 }).forwardTrain!.body), 'nd+4(out mask)', 'too short to be worth it');
});

test('the verifier knows where a piece ends', () => {
  const { forwardTrain } = nestsOf('dropout', { N: 100, D: 500 });
  verifyLoops(forwardTrain!);
  const longer = (s: Stmt): Stmt => s.kind !== 'let' || s.value.kind !== 'linear' ? s
    : { ...s, value: { ...s.value, at: s.value.at.map((t) => (t.v === undefined ? { k: t.k + 4 } : t)) } };
  const parts = forwardTrain!.parts.map((p) => ({ ...p, body: p.body.map(longer) }));
  assert.throws(() => verifyLoops({ ...forwardTrain!, parts }), /may be 0 to 5000\d of 50000|\[.*\].*50000/);
});

test('spatial batch norm goes channel by channel', () => {
  const { forwardTrain } = nestsOf('spatial_batchnorm', { N: 4, C: 3, H: 5, W: 16 });
  assert.match(skeleton(forwardTrain!.body), /^c\(n\(hw\+4\(\)\) rstd .* n\(hw\+4\(out xhat\)\)\)/);
});

test('sums over the rows of a large matrix go along its rows, several at a time', () => {
  const { forwardTrain } = nestsOf('batchnorm', { N: 512, D: 100 });
  assert.match(skeleton(forwardTrain!.body), /0:sums 0:sums_ n\+4\(d\+2\(sums sums_\)\)/);
});

test('sums over the rows of a small matrix go down several columns at a time', () => {
  const { forwardTrain } = nestsOf('batchnorm', { N: 60, D: 102 });
  assert.match(skeleton(forwardTrain!.body), /^d\+4\(n\+2\(\) rstd .* n\+2\(out xhat\)\) d\(/);
});

test('the edge of the padding is a bound of a loop, not a test for each element', () => {
  const inLoops = { 'forward/out/form': 'loops', 'backward/dx/form': 'loops', 'backward/dw/form': 'loops' };
  const { forward, backward } = nestsOf('conv2d', { N: 2, C: 3, H: 9, W: 9, F: 4, HH: 3, WW: 3 }, { pad: 1, stride: 2 }, inLoops);
  assert.not.match(skeleton(forward!.body), /if/);
  assert.not.match(skeleton(backward!.body), /if/);
  assert.match(skeleton(backward!.body), /\+2\(/);
});

test('a contraction is packed once an image and summed in tiles, a strided gradient in one phase for each residue', () => {
  const { forward, backward } = nestsOf('conv2d', { N: 4, C: 3, H: 9, W: 9, F: 4, HH: 3, WW: 3 }, { pad: 1, stride: 2 });
  const called = (body: readonly Stmt[]): string[] => body.flatMap((s) => (s.kind === 'call' ? [s.part] : s.kind === 'loop' ? called(s.body) : []));
  assert.equal(called(forward!.body), ['forwardPackW', 'forwardPackX', 'forwardOut']);
  const parts = called(backward!.body);
  assert.equal(parts.filter((p) => p.startsWith('backwardDx')), ['backwardDx0', 'backwardDx1', 'backwardDx2', 'backwardDx3']);
  const tile = forward!.parts.find((p) => p.name === 'forwardOut')!;
  assert.match(skeleton(tile.body), /oh\(.*hhc\(/);
});

test('what an index selects is added where it says: windows and rows are visited once', () => {
  const pool = nestsOf('maxpool2d', { N: 2, C: 3, H: 32, W: 32 })['backward']!;
  assert.match(skeleton(pool.body), /^0:dx .*oh\(ow\+4\(dx\)\)/);
  const overlap = nestsOf('max_pool_overlap', { N: 2, C: 3, H: 33, W: 33 })['backward']!;
  assert.match(skeleton(overlap.body), /0:dx64 oh\(ow\(if\(if\(dx64\)\)\)\)/);
  const table = nestsOf('embedding', { B: 4, T: 8, V: 100, E: 16 })['backward']!;
  assert.match(skeleton(table.body), /^0:sums .*if\(e\+4\(sums\)\)/);
});

test('an index that leaves its array is found', () => {
  const nest = nestsOf('relu', { N: 3, D: 16 })['forward']!;
  verifyLoops(nest);
  const longer = (body: readonly Stmt[]): Stmt[] => body.map((s) =>
    (s.kind === 'loop' ? { ...s, to: [...s.to, { k: 4 }], body: longer(s.body) } : s));
  assert.throws(() => verifyLoops({ ...nest, body: longer(nest.body) }), /may be/);
});

test('a local that is used before it is declared is found', () => {
  const nest = nestsOf('layernorm', { N: 3, D: 16 })['forward']!;
  const without = (body: readonly Stmt[]): Stmt[] => body.filter((s) => !(s.kind === 'let' && s.name === 'mu'))
    .map((s) => (s.kind === 'loop' ? { ...s, body: without(s.body) } : s));
  assert.throws(() => verifyLoops({ ...nest, body: without(nest.body) }), /mu is used before/);
});

test.run();
