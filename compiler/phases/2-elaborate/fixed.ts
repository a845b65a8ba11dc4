/** Expressions whose value the options alone decide: conditions on them are decided while a formula is resolved. */
import { children } from '../../ir/expr.ts';
import type { FormulaBinaryOp } from '../../ir/formula.ts';
import type { Env, Expr } from '../../ir/tensor.ts';

/** True for what is made of numbers and options alone; an exponent may hold sizes, too. */
export function isFixed(e: Expr, sizes = false): boolean {
  if (e.kind === 'const' || e.kind === 'option' || (sizes && e.kind === 'size')) return true;
  const arithmetic = (e.kind === 'unary' && e.op === 'neg') || (e.kind === 'binary' && ['+', '-', '*', '/', '^'].includes(e.op));
  return arithmetic && children(e).every((x) => isFixed(x, sizes));
}

/** Its value under the options of `env`. */
export function fixedValue(e: Expr, env: Env): number {
  switch (e.kind) {
    case 'const': return e.value;
    case 'option': return Number(env.options.get(e.name));
    case 'size': return env.sizes.get(e.axis) ?? NaN;
    case 'unary': return -fixedValue(e.x, env);
    case 'binary': {
      const [a, b] = [fixedValue(e.a, env), fixedValue(e.b, env)];
      return e.op === '+' ? a + b : e.op === '-' ? a - b : e.op === '*' ? a * b : e.op === '/' ? a / b : a ** b;
    }
    default: return NaN;
  }
}

/** What a comparison of two such values says. */
export function decide(op: FormulaBinaryOp, a: number, b: number): boolean {
  switch (op) {
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    case '>=': return a >= b;
    case '==': return a === b;
    default: return a !== b;
  }
}
