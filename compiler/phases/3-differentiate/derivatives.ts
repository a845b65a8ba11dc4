/** What flows back through each function: g, the argument x and the value y = f(x) give what x receives. */
import { binary, constant, div, mul, neg, sub, unary } from '../../ir/expr.ts';
import type { Expr, UnaryOp } from '../../ir/tensor.ts';

type Derivative = (g: Expr, x: Expr, y: Expr) => Expr;

const square = (e: Expr): Expr => binary('^', e, constant(2));
const one = constant(1);

/** 2/sqrt(pi), the slope of erf at 0. */
const ERF_SLOPE = 1.1283791670955126;

/** No entry: nothing flows (steps are flat, truth values have no gradient). */
export const unaryDerivatives: Readonly<Record<UnaryOp, Derivative | undefined>> = {
  neg:     (g) => neg(g),
  sqrt:    (g, _x, y) => div(g, mul(constant(2), y)),
  rsqrt:   (g, x, y) => neg(div(mul(g, y), mul(constant(2), x))),
  exp:     (g, _x, y) => mul(g, y),
  log:     (g, x) => div(g, x),
  abs:     (g, x) => mul(g, unary('sign', x)),
  tanh:    (g, _x, y) => mul(g, sub(one, square(y))),
  sigmoid: (g, _x, y) => mul(g, mul(y, sub(one, y))),
  erf:     (g, x) => mul(g, mul(constant(ERF_SLOPE), unary('exp', neg(square(x))))),
  sign:    undefined,
  floor:   undefined,
  not:     undefined,
};
