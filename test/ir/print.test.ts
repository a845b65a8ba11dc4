import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { affine, axisIndex, int, intSymbol, mulInt, type Affine, type Int } from '../../compiler/ir/affine.ts';
import { binary, constant, indexOf, mul, neg, option, read, reduce, select, size, sub, unary } from '../../compiler/ir/expr.ts';
import { printContext, printExpr } from '../../compiler/ir/print.ts';
import type { Expr, Tensor } from '../../compiler/ir/tensor.ts';
import { parse } from '../phases/2-elaborate/round-trip.ts';
import type { FormulaNames } from '../../compiler/phases/2-elaborate/index.ts';
import { element, index, own, tensor } from './build.ts';

const x = tensor('x', 'N (G K)');
const w = tensor('w', 'G');
const ids = tensor('ids', 'N', { dtype: 'i32' });
const top: Pick<Tensor, 'name' | 'axes'> = { name: 'hit(top)', axes: ['N', 'K'] };
const names: FormulaNames = {
  env: { sizes: new Map([['N', 4], ['G', 6], ['K', 4]]), options: new Map([['eps', 0.1], ['stride', 2]]) },
  tensors: [x, w, ids], definitions: [top],
};
const context = printContext(names.tensors, names.definitions);
const print = (e: Expr): string => printExpr(e, context);

test('brackets stand only where precedence needs them', () => {
  const [a, b] = [own(x), own(w)];
  const cases: readonly (readonly [Expr, string])[] = [
    [sub(sub(a, b), sub(a, b)), 'x - w - (x - w)'],
    [mul(binary('+', a, b), neg(b)), '(x + w) * -w'],
    [neg(binary('^', a, constant(2))), '-x^2'],
    [binary('^', neg(a), constant(-2)), '(-x)^-2'],
    [binary('/', a, mul(b, a)), 'x / (w * x)'],
    [sub(mul(size('N'), a), mul(b, a)), 'N*x - w * x'],
    [mul(mul(mul(size('N'), size('K')), a), b), 'N*K * x * w'],
    [select(unary('not', binary('<', a, b)), a, constant(1e-7)), 'where(not x < w, x, 1e-7)'],
    [reduce('mean', ['G', 'K'], binary('max', a, constant(-0.5))), 'mean[G, K](max(x, -0.5))'],
    [read('x', [axisIndex('N'), index({ G: 2 }, -1), axisIndex('K')]), 'x[N, (G*2 - 1, K)]'],
    [read('x', [axisIndex('G'), axisIndex('K'), axisIndex('N')]), 'x[G, (K N)]'],
    [read('w', [element('ids', [axisIndex('N')])]), 'w[ids]'],
    [read('hit(top)', [index({ N: 1 }, 2, 3), axisIndex('K')]), 'hit(top)[(N + 2)/3, K]'],
    [own(top), 'hit(top)'],
    [read('w', [axisIndex("G'")]), "w[G']"],
  ];
  for (const [e, text] of cases) {
    assert.is(print(e), text);
    assert.ok(parse(text, names) === e, text);
  }
});

test('any expression reads back as itself', () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const e = randomExpr(seed);
    const text = print(e);
    assert.ok(parse(text, names) === e, `seed ${seed}: ${text} reads back as ${print(parse(text, names))}`);
  }
});

/** A number whose axes N, G, K are all free, so that any reduction fits. */
function randomExpr(seed: number): Expr {
  let state = seed * 7919;
  const pick = <T>(from: readonly T[]): T => {
    state = (state * 48271) % 2147483647;
    return from[state % from.length]!;
  };
  const randomInt = (): Int => pick([int(1), int(2), int(-3), intSymbol({ kind: 'option', name: 'stride' }), intSymbol({ kind: 'size', axis: 'G' }),
    mulInt(int(-2), intSymbol({ kind: 'option', name: 'stride' })),
    intSymbol({ kind: 'quotient', a: intSymbol({ kind: 'option', name: 'stride' }), b: int(2), exact: false })]);
  const randomIndex = (): Affine => {
    const axes = pick([['N'], ['G', 'K'], ["N'"], []]);
    const divisor = pick([int(1), int(1), int(3), intSymbol({ kind: 'option', name: 'stride' })]);
    const terms = axes.map((axis) => ({ k: randomInt(), variable: { kind: 'axis', axis } as const }));
    return affine(terms, pick([int(0), randomInt()]), axes.length > 0 ? divisor : int(1));
  };
  const leaf = (): Expr => pick([
    () => own(x), () => own(w), () => constant(pick([0, 2, -1, 0.5, 1e-7, 1e21])), () => option('eps'), () => size(pick(['N', 'G'])),
    () => indexOf('K'), () => read('x', [randomIndex(), randomIndex(), randomIndex()]), () => own(ids),
    () => read('x', [axisIndex('N'), element('ids', [axisIndex('N')]), axisIndex('K')]), () => own(top),
  ])();
  const truth = (depth: number): Expr => (depth === 0 ? binary('<', own(x), leaf()) : pick([
    () => binary(pick(['<', '<=', '>', '>=', '==', '!=']), own(x), number(depth - 1)),
    () => binary(pick(['and', 'or']), truth(depth - 1), truth(depth - 1)), () => unary('not', truth(depth - 1)),
  ])());
  const number = (depth: number): Expr => (depth === 0 ? leaf() : pick([
    () => binary(pick(['+', '-', '*', '/', 'min', 'max']), number(depth - 1), number(depth - 1)),
    () => binary('^', number(depth - 1), pick([constant(2), constant(-1), option('eps'), binary('/', constant(-1), constant(2))])),
    () => negated(number(depth - 1)), () => unary(pick(['sqrt', 'exp', 'erf', 'floor']), number(depth - 1)),
    () => select(truth(depth - 1), number(depth - 1), number(depth - 1)),
    () => reduce(pick(['sum', 'mean', 'max']), pick([['N'], ['K', 'G']]), mul(own(x), number(depth - 1))), leaf,
  ])());
  return number(pick([1, 2, 3, 4]));
}

/** `-2` is a number: nothing negates one. */
const negated = (e: Expr): Expr => (e.kind === 'const' ? e : neg(e));

test.run();
