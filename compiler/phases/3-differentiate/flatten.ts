/**
 * Flattens forward definitions so that each is one of: a sum of products; a reduction of one product; a function of
 * one product. Every sum that stands inside a product, power, function or reduction becomes a definition of its own
 * without a name of the user's (`x - mu` in `(x - mu)^2`), and so do reductions and functions. These definitions are what
 * adjoints flow through, and what later phases keep as opaque letters: a difference is never multiplied out.
 * Sums of options, sizes and numbers alone (`1 - momentum`) are coefficients and stay.
 */
import { unreachable } from '../../support/invariant.ts';
import { axisIndex } from '../../ir/affine.ts';
import { binary, children, freeAxes, read, walk, withChildren } from '../../ir/expr.ts';
import type { Names } from '../../ir/fresh.ts';
import type { Definition, Expr, UnaryOp } from '../../ir/tensor.ts';

type Sort = (axes: Iterable<string>) => string[];

const stems: Readonly<Partial<Record<UnaryOp, string>>> = {
  exp: 'exp', log: 'log', abs: 'abs', sign: 'sign', tanh: 'tanh', erf: 'erf', sigmoid: 'sigmoid', floor: 'floor',
};

/** The definitions, anonymous ones before the first that reads them. */
export function flatten(definitions: readonly Definition[], names: Names, sort: Sort): Definition[] {
  const out: Definition[] = [];
  const made = new Map<Expr, Definition>();

  /** A read of a definition of `formula`, made now if there is none. */
  const lift = (formula: Expr, stem: string): Expr => {
    let d = made.get(formula);
    if (!d) {
      d = { name: names.fresh(stem), axes: sort(freeAxes(formula)), formula, anonymous: true };
      made.set(formula, d);
      out.push(d);
    }
    return read(d.name, d.axes.map(axisIndex));
  };

  const sum = (e: Expr): Expr => {
    switch (e.kind) {
      case 'binary':
        if (e.op === '+' || e.op === '-') return withChildren(e, [sum(e.a), sum(e.b)]);
        return product(e);
      case 'unary': return e.op === 'neg' ? withChildren(e, [sum(e.x)]) : product(e);
      case 'select': return withChildren(e, [condition(e.c), sum(e.a), sum(e.b)]);
      default: return product(e);
    }
  };

  const product = (e: Expr): Expr => {
    switch (e.kind) {
      case 'const': case 'option': case 'size': case 'index': case 'read': case 'hit': return e;
      case 'unary':
        if (e.op === 'neg') return withChildren(e, [product(e.x)]);
        if (e.op === 'sqrt' || e.op === 'rsqrt') return withChildren(e, [atom(e.x)]);
        return lift(call(e), stems[e.op] ?? 'value');
      case 'binary':
        switch (e.op) {
          case '*': case '/': return withChildren(e, [product(e.a), product(e.b)]);
          case '^': return power(e.a, e.b);
          case '+': case '-': return isCoefficient(e) ? e : lift(sum(e), 'sum');
          default: return lift(call(e), e.op === 'min' || e.op === 'max' ? e.op : 'value');
        }
      case 'select': {
        const one = isZero(e.b) || isZero(e.a);
        const parts = [condition(e.c), product(e.a), product(e.b)];
        return one ? withChildren(e, parts) : lift(sum(e), 'choice');
      }
      case 'reduce': return lift(call(e), e.op);
      default: return unreachable(e);
    }
  };

  /** An integer power of a product is a product; any other power needs one letter below it. */
  const power = (a: Expr, b: Expr): Expr => binary('^', isWhole(b) ? product(a) : atom(a), b);

  /** One letter: a read or a coefficient. */
  const atom = (e: Expr): Expr => {
    const p = product(e);
    return p.kind === 'read' || isCoefficient(p) ? p : lift(p, 'value');
  };

  /** A reduction or function over a product, itself not lifted. */
  const call = (e: Expr): Expr => withChildren(e, children(e).map(product));

  /** Comparisons are opaque: their sides are flattened, nothing flows through them. */
  const condition = (e: Expr): Expr => {
    if (e.kind === 'binary' && (e.op === 'and' || e.op === 'or')) return withChildren(e, [condition(e.a), condition(e.b)]);
    if (e.kind === 'unary' && e.op === 'not') return withChildren(e, [condition(e.x)]);
    return withChildren(e, children(e).map(product));
  };

  for (const d of definitions) {
    const isCall = d.formula.kind === 'reduce'
      || (d.formula.kind === 'unary' && stems[d.formula.op] !== undefined)
      || (d.formula.kind === 'binary' && (d.formula.op === 'min' || d.formula.op === 'max'));
    const formula = isCall ? call(d.formula) : sum(d.formula);
    const flat = { ...d, formula };
    // A later formula that says the same again reads this definition instead of making its own.
    if (!made.has(formula) && formula.kind !== 'read' && !isCoefficient(formula)) made.set(formula, flat);
    out.push(flat);
  }
  return out;
}

/** Made of numbers, options and sizes alone. */
function isCoefficient(e: Expr): boolean {
  for (const n of walk(e)) if (n.kind !== 'const' && n.kind !== 'option' && n.kind !== 'size' && n.kind !== 'binary' && n.kind !== 'unary') return false;
  return true;
}

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;
const isWhole = (e: Expr): boolean => {
  const x = e.kind === 'unary' && e.op === 'neg' ? e.x : e;
  return x.kind === 'const' && Number.isInteger(x.value);
};
