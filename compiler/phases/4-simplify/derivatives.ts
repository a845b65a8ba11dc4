/** What a function gives back to its argument: a factor, in terms of the value and the argument where it can be. */
import type { BinaryOp, UnaryOp } from '../../ir/tensor.ts';
import { binary } from '../../ir/expr.ts';
import { expressMonomial, type Express } from './express.ts';
import type { Letter, Letters } from './letters.ts';
import { single } from './load.ts';
import { monomialAxes, multiply, number, ofAtom, poly, raise, scale, whenGuard, guarded, wholeAtom, type Monomial } from './poly.ts';
import * as Q from './rational.ts';

/** 2/sqrt(pi), the slope of erf at 0. */
const ERF_SLOPE = number(Q.fromNumber(1.1283791670955126));
const TWO = Q.rational(2);

type Slope = (y: Monomial, x: Monomial, letters: Letters) => Monomial;

/** A bracket is one opaque letter: `1 - y^2` as two terms is the difference of two nearly equal sums. */
const oneMinus = (m: Monomial, letters: Letters): Monomial => single(poly([number(Q.R1), scale(m, Q.MINUS_ONE)]), letters);
const call = (op: UnaryOp, x: Monomial, letters: Letters): Monomial =>
  ofAtom(wholeAtom(letters.obtain({ kind: 'call', op, args: [x] }, monomialAxes(x), op)));

/** No entry: nothing flows. sqrt, rsqrt and neg are powers and factors, never calls. */
const slopes: Readonly<Partial<Record<UnaryOp, Slope>>> = {
  exp:     (y) => y,
  log:     (_y, x, letters) => raise(asLetter(x, letters), Q.MINUS_ONE),
  abs:     (_y, x, letters) => call('sign', x, letters),
  tanh:    (y, _x, letters) => oneMinus(raise(y, TWO), letters),
  sigmoid: (y, _x, letters) => multiply(y, oneMinus(y, letters)),
  erf:     (_y, x, letters) => multiply(ERF_SLOPE, call('exp', scale(raise(x, TWO), Q.MINUS_ONE), letters)),
};

const asLetter = (m: Monomial, letters: Letters): Monomial =>
  m.guards.length === 0 ? m : ofAtom(wholeAtom(letters.obtain({ kind: 'sum', poly: [m] }, monomialAxes(m), 'value')));

/** The factor for each argument of a call; undefined where nothing flows. */
export function slopesOf(letter: Letter, letters: Letters, x: Express): (Monomial | undefined)[] {
  if (letter.body.kind !== 'call') return [];
  const { op, args } = letter.body;
  if (op === 'max' || op === 'min') {
    const [a, b] = args.map((m) => expressMonomial(m, x));
    const compare: BinaryOp = op === 'max' ? '>' : '<';
    const first = whenGuard(binary(compare, a!, b!));
    return [guarded(number(Q.R1), [first]), guarded(number(Q.R1), [whenGuard(binary(compare, a!, b!), true)])];
  }
  const slope = slopes[op as UnaryOp];
  return [slope?.(ofAtom(wholeAtom(letter)), args[0]!, letters)];
}
