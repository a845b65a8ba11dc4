/** What a function gives back to its argument: a factor, in terms of the value and the argument where it can be. */
import type { BinaryOp, UnaryOp } from '../../ir/tensor.ts';
import { binary } from '../../ir/expr.ts';
import type { Context } from './context.ts';
import { expressMonomial } from './express.ts';
import { foldMonomial } from './fold.ts';
import type { Letter, Letters } from './letters.ts';
import { single } from './load.ts';
import { monomialAxes, multiply, number, ofAtom, poly, raise, scale, whenGuard, guarded, wholeAtom, type Monomial } from './poly.ts';
import * as Q from './rational.ts';

/** 2/sqrt(pi), the slope of erf at 0. */
const ERF_SLOPE = number(Q.fromNumber(1.1283791670955126));
const TWO = Q.rational(2);

type Slope = (y: Monomial, x: Monomial, cx: Context) => Monomial;

/** A bracket is one opaque letter: `1 - y^2` as two terms is the difference of two nearly equal sums. */
const oneMinus = (m: Monomial, letters: Letters): Monomial => single(poly([number(Q.R1), scale(m, Q.MINUS_ONE)]), letters);
/** A function of what backward has: the sign of `x - mu` is that of `xhat / rstd`. */
function call(op: UnaryOp, x: Monomial, cx: Context): Monomial {
  const argument = foldMonomial(x, cx);
  return ofAtom(wholeAtom(cx.letters.obtain({ kind: 'call', op, args: [argument] }, monomialAxes(argument), op)));
}

/** No entry: nothing flows. sqrt, rsqrt and neg are powers and factors, never calls. */
const slopes: Readonly<Partial<Record<UnaryOp, Slope>>> = {
  exp:     (y) => y,
  log:     (_y, x, cx) => raise(asLetter(x, cx.letters), Q.MINUS_ONE),
  abs:     (_y, x, cx) => call('sign', x, cx),
  tanh:    (y, _x, cx) => oneMinus(raise(y, TWO), cx.letters),
  sigmoid: (y, _x, cx) => multiply(y, oneMinus(y, cx.letters)),
  erf:     (_y, x, cx) => multiply(ERF_SLOPE, call('exp', scale(raise(x, TWO), Q.MINUS_ONE), cx)),
};

const asLetter = (m: Monomial, letters: Letters): Monomial =>
  m.guards.length === 0 ? m : ofAtom(wholeAtom(letters.obtain({ kind: 'sum', poly: [m] }, monomialAxes(m), 'value')));

/** The factor for each argument of a call; undefined where nothing flows. */
export function slopesOf(letter: Letter, cx: Context): (Monomial | undefined)[] {
  if (letter.body.kind !== 'call') return [];
  const { op, args } = letter.body;
  if (op === 'max' || op === 'min') {
    const [a, b] = args.map((m) => expressMonomial(m, cx.express));
    const compare: BinaryOp = op === 'max' ? '>' : '<';
    const first = whenGuard(binary(compare, a!, b!));
    return [guarded(number(Q.R1), [first]), guarded(number(Q.R1), [whenGuard(binary(compare, a!, b!), true)])];
  }
  const slope = slopes[op as UnaryOp];
  return [slope?.(ofAtom(wholeAtom(letter)), args[0]!, cx)];
}
