import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axisIndex } from '../../compiler/ir/affine.ts';
import { erf } from '../../compiler/ir/erf.ts';
import { add, binary, constant, div, hit, indexOf, mul, read, reduce, select, size, sub, unary } from '../../compiler/ir/expr.ts';
import { interpret } from '../../compiler/ir/interpret.ts';
import { printProgram } from '../../compiler/ir/print.ts';
import type { Definition, Program, Tensor } from '../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../compiler/ir/verify.ts';
import { define, element, index, own, program, tensor } from './build.ts';

function run(p: Program, inputs: Record<string, number[]>, name = p.definitions.at(-1)!.name): number[] {
  verifyProgram(p);
  return [...interpret(p, new Map(Object.entries(inputs))).get(name)!];
}

test('tensors broadcast by axis name, whatever the order of the axes', () => {
  const a = tensor('a', 'N D');
  const b = tensor('b', 'D');
  const p = program({ N: 2, D: 3 }, [a, b], [define('y', 'D N', add(own(a), own(b)))]);
  assert.equal(run(p, { a: [1, 2, 3, 4, 5, 6], b: [10, 20, 30] }), [11, 14, 22, 25, 33, 36]);
});

test('a reduction binds its axes: x - mean[N](x) needs no second index', () => {
  const x = tensor('x', 'N');
  const p = program({ N: 4 }, [x], [define('y', 'N', sub(own(x), reduce('mean', ['N'], own(x))))]);
  assert.equal(run(p, { x: [1, 2, 3, 6] }), [-2, -1, 0, 3]);
});

test('nested reductions in one formula are each computed once for the points they depend on', () => {
  const x = tensor('x', 'N D');
  const centred = sub(own(x), reduce('mean', ['D'], own(x)));
  const norm = div(centred, unary('sqrt', reduce('mean', ['D'], binary('^', centred, constant(2)))));
  const sizes = { N: 3, D: 400 };
  const values = Array.from({ length: 1200 }, (_, n) => Math.sin(n * n));
  // Time of the processor: what else the machine does is not counted.
  const began = process.cpuUsage();
  const y = run(program(sizes, [x], [define('y', 'N D', norm)]), { x: values });
  assert.ok(process.cpuUsage(began).user / 1000 < 1000);
  assert.ok(Math.abs(y.slice(400, 800).reduce((s, v) => s + v * v, 0) / 400 - 1) < 1e-12);
});

test('reductions: sum, mean, prod, min and max over two axes', () => {
  const x = tensor('x', 'N D');
  const of = (op: 'sum' | 'mean' | 'prod' | 'min' | 'max'): number[] =>
    run(program({ N: 2, D: 2 }, [x], [define('y', '', reduce(op, ['N', 'D'], own(x)))]), { x: [1, -2, 3, 4] });
  assert.equal(['sum', 'mean', 'prod', 'min', 'max'].map((op) => of(op as 'sum')[0]), [6, 1.5, -24, -2, 4]);
});

test('max and min pass NaN on, of elements and of two operands', () => {
  const x = tensor('x', 'N');
  const p = program({ N: 3 }, [x], [define('y', '', reduce('max', ['N'], own(x)))]);
  assert.ok(Number.isNaN(run(p, { x: [1, NaN, 2] })[0]));
  const q = program({ N: 3 }, [x], [define('y', 'N', binary('min', own(x), constant(0)))]);
  assert.equal(run(q, { x: [1, NaN, -2] }), [0, NaN, -2]);
});

test('where is strict: the branch not taken is not evaluated', () => {
  const x = tensor('x', 'N');
  const p = program({ N: 2 }, [x], [define('y', 'N', select(binary('>', own(x), constant(0)), unary('log', own(x)), constant(0)))]);
  assert.equal(run(p, { x: [1, -1] }), [0, 0]);
});

test('a read outside gives what the tensor says; strides and padding are affine', () => {
  const x = tensor('x', 'T', { outside: 7 });
  const p = program({ T: 4, O: 3, J: 2 }, [x], [define('y', 'O J', read('x', [index({ O: 2, J: 1 }, -1)]))]);
  assert.equal(run(p, { x: [1, 2, 3, 4] }), [7, 1, 2, 3, 4, 7]);
});

test('an index that does not divide is outside', () => {
  const g = tensor('dout', 'O', { role: 'upstream' });
  const p = program({ O: 3, T: 6 }, [g], [define('dx', 'T', read('dout', [index({ T: 1 }, 0, 2)]))]);
  assert.equal(run(p, { dout: [1, 2, 3] }), [1, 0, 2, 0, 3, 0]);
});

test('a gather reads at the elements of an integer tensor and checks them', () => {
  const x = tensor('x', 'N C');
  const y = tensor('y', 'N', { dtype: 'i32' });
  const p = program({ N: 3, C: 2 }, [x, y], [define('z', 'N', read('x', [index({ N: 1 }), element('y', [axisIndex('N')])]))]);
  assert.equal(run(p, { x: [1, 2, 3, 4, 5, 6], y: [1, 0, 1] }), [2, 3, 6]);
  const wrong = (): unknown => run(p, { x: [1, 2, 3, 4, 5, 6], y: [1, 0, 2] });
  assert.throws(wrong, (e: unknown) => e instanceof RangeError && e.message === 'y[2] is 2: must be 0 to 1, it indexes x');
});

test('an array of the wrong length is a RangeError', () => {
  const x = tensor('x', 'N');
  const p = program({ N: 3 }, [x], [define('y', 'N', own(x))]);
  assert.throws(() => run(p, { x: [1] }), /x has 1 elements, \[N\] = \[3\] needs 3/);
});

test('hits under the three policies, ties and NaN among them', () => {
  const x = tensor('x', 'N P');
  const of = (ties: 'first' | 'all' | 'split', values: number[]): number[] => run(program({ N: 2, P: 3 }, [x], [
    define('y', 'N', reduce('max', ['P'], own(x))), define('hit(y)', 'N P', hit('y', ties)),
  ]), { x: values });
  const values = [5, 1, 5, 2, NaN, NaN];
  assert.equal(of('first', values), [1, 0, 0, 0, 1, 0]);
  assert.equal(of('all', values), [1, 0, 1, 0, 1, 1]);
  assert.equal(of('split', values), [0.5, 0, 0.5, 0, 0.5, 0.5]);
});

test('a hit that was stored as offsets or as a mask reads back as the hit', () => {
  for (const ties of ['first', 'all', 'split'] as const) {
    const x = tensor('x', 'N P Q');
    const form = ties === 'first' ? 'offset' : 'mask';
    const kept: Tensor = tensor('hit(y)', 'N P Q', { role: 'cache', hit: { form, of: ['N'], reduced: ['P', 'Q'], ties } });
    const sizes = { N: 2, P: 2, Q: 2 };
    const hits: Definition = define('hit(y)', 'N P Q', hit('y', ties));
    const forward = program(sizes, [x], [define('y', 'N', reduce('min', ['P', 'Q'], own(x))), hits],
      { stores: [{ tensor: kept, definition: 'hit(y)' }] });
    verifyProgram(forward);
    const x0 = [3, 1, 2, 1, 0, 0, 0, 0];
    const stored = interpret(forward, new Map([['x', x0]])).get('hit(y)')!;
    assert.is(stored.length, form === 'offset' ? 2 : 8);
    const backward = program(sizes, [kept], [define('z', 'N P Q', own(kept))]);
    const wanted = run({ ...forward, stores: [] }, { x: x0 });
    assert.equal(run(backward, { 'hit(y)': [...stored] }), wanted);
  }
});

test('a store puts the axes in the order of its tensor', () => {
  const x = tensor('x', 'N D');
  const out = tensor('out', 'D N', { role: 'output' });
  const p = program({ N: 2, D: 3 }, [x], [define('y', 'N D', own(x))], { stores: [{ tensor: out, definition: 'y' }] });
  assert.equal(run(p, { x: [1, 2, 3, 4, 5, 6] }, 'out'), [1, 4, 2, 5, 3, 6]);
});

test('random tensors are drawn from seed and step unless they are given', () => {
  const u = tensor('u', 'N', { role: 'random', uniform: [0, 1], stream: 1 });
  const p = program({ N: 5 }, [u], [define('y', 'N', own(u))]);
  const draw = (options: object): string => [...interpret(p, new Map(), options).get('y')!].join();
  assert.is(draw({ seed: 1 }), draw({ seed: 1, step: 0 }));
  assert.is.not(draw({ seed: 1 }), draw({ seed: 1, step: 1 }));
  assert.equal(run(p, { u: [1, 2, 3, 4, 5] }), [1, 2, 3, 4, 5]);
});

test('a second copy of an axis runs on its own', () => {
  const x = tensor('x', 'T');
  const copy = read('x', [axisIndex("T'")]);
  const p = program({ T: 3 }, [x], [define('y', 'T', reduce('sum', ["T'"],
    select(binary('<=', indexOf("T'"), indexOf('T')), mul(copy, size("T'")), constant(0))))]);
  assert.equal(run(p, { x: [1, 2, 3] }), [3, 9, 18]);
});

test('erf is right to a few units in the last place', () => {
  const known: readonly (readonly [number, number])[] = [
    [0.1, 0.1124629160182849], [0.5, 0.5204998778130465], [1, 0.8427007929497149], [2, 0.9953222650189527],
    [2.5, 0.999593047982555], [3, 0.9999779095030014], [5, 0.9999999999984626],
  ];
  for (const [x, y] of known) {
    assert.ok(Math.abs(erf(x) - y) < 4e-16, `erf(${x}) = ${erf(x)}`);
    assert.is(erf(-x), -erf(x));
  }
  assert.is(erf(Infinity), 1);
});

test('five million multiply-adds of a convolution take a second or less', () => {
  const x = tensor('x', 'N C H W', { outside: 0 });
  const w = tensor('w', 'F C I J');
  const body = mul(read('x', [axisIndex('N'), axisIndex('C'), index({ P: 1, I: 1 }, -1), index({ Q: 1, J: 1 }, -1)]), own(w));
  const sizes = { N: 4, C: 8, H: 32, W: 32, F: 16, I: 3, J: 3, P: 32, Q: 32 };
  const p = program(sizes, [x, w], [define('y', 'N F P Q', reduce('sum', ['C', 'I', 'J'], body))]);
  const began = process.cpuUsage();
  run(p, { x: new Array<number>(4 * 8 * 32 * 32).fill(1), w: new Array<number>(16 * 8 * 9).fill(1) });
  const spent = process.cpuUsage(began).user / 1000;
  assert.ok(spent < 3000, `${spent} ms`);
});

test('a program prints one line for each of its parts', () => {
  const x = tensor('x', 'N (G K)');
  const out = tensor('out', 'N (G K)', { role: 'output' });
  const p = program({ N: 2, G: 2, K: 2 }, [x], [
    define('mu', 'N G', reduce('mean', ['K'], own(x))),
    define('out', 'N G K', sub(own(x), read('mu', [axisIndex('N'), axisIndex('G')]))),
  ], { stores: [{ tensor: out, definition: 'out' }] });
  assert.is(printProgram(p), [
    'forward',
    '  read  input x [N, (G K)] f64',
    '  mu  [N, G]    = mean[K](x)',
    '  out [N, G, K] = x - mu',
    '  store output out [N, (G K)]',
  ].join('\n'));
});

test.run();
