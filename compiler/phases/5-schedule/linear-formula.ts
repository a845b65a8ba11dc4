/** Formulas of indices and of integers that data holds, as sums with factors. */
import { intValue, sizeOf } from '../../ir/affine.ts';
import type { Expr, ExprOf } from '../../ir/tensor.ts';
import type { Context } from './space.ts';

/** The sum of k * axis, of k * an element of integer data, and of a constant. */
export interface LinearFormula {
  readonly axes: ReadonlyMap<string, number>;
  readonly picks: ReadonlyMap<ExprOf<'read'>, number>;
  readonly constant: number;
}

/** A formula as such a sum, if it is one. */
export function linearOf(e: Expr, c: Context): LinearFormula | undefined {
  switch (e.kind) {
    case 'const': return integer(e.value);
    case 'size': return integer(sizeOf(c.env, e.axis));
    case 'option': return integer(Number(c.env.options.get(e.name)));
    case 'index': return { axes: new Map([[e.axis, 1]]), picks: new Map(), constant: 0 };
    case 'read': return isInteger(e, c) ? { axes: new Map(), picks: new Map([[e, 1]]), constant: 0 } : undefined;
    case 'unary': {
      const x = e.op === 'neg' ? linearOf(e.x, c) : undefined;
      return x && scaled(x, -1);
    }
    case 'binary': {
      if (e.op !== '+' && e.op !== '-' && e.op !== '*') return undefined;
      const [a, b] = [linearOf(e.a, c), linearOf(e.b, c)];
      if (!a || !b) return undefined;
      if (e.op !== '*') return sum(a, e.op === '+' ? b : scaled(b, -1));
      return isNumber(a) ? scaled(b, a.constant) : isNumber(b) ? scaled(a, b.constant) : undefined;
    }
    default: return undefined;
  }
}

const integer = (value: number): LinearFormula | undefined =>
  (Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? { axes: new Map(), picks: new Map(), constant: value } : undefined);

const isNumber = (f: LinearFormula): boolean => f.axes.size === 0 && f.picks.size === 0;

/** An integer tensor or an offset in a window, read at a point: nothing in its index is data again, and it is nowhere outside. */
function isInteger(e: ExprOf<'read'>, c: Context): boolean {
  const source = c.items.sources.get(e.tensor);
  const isWhole = source?.tensor?.dtype === 'i32' || source?.tensor?.hit?.form === 'offset' || source?.item?.kind === 'arg';
  return isWhole && e.index.every((a) => a.terms.every((t) => t.variable.kind === 'axis') && intValue(a.divisor, c.env) !== 0);
}

function merged<K>(a: ReadonlyMap<K, number>, b: ReadonlyMap<K, number>): Map<K, number> {
  const out = new Map(a);
  for (const [key, k] of b) out.set(key, (out.get(key) ?? 0) + k);
  for (const [key, k] of out) if (k === 0) out.delete(key);
  return out;
}

const sum = (a: LinearFormula, b: LinearFormula): LinearFormula =>
  ({ axes: merged(a.axes, b.axes), picks: merged(a.picks, b.picks), constant: a.constant + b.constant });

const scaled = (f: LinearFormula, by: number): LinearFormula => {
  const times = <K>(map: ReadonlyMap<K, number>): Map<K, number> => new Map(by === 0 ? [] : [...map].map(([key, k]) => [key, k * by]));
  return { axes: times(f.axes), picks: times(f.picks), constant: by === 0 ? 0 : f.constant * by };
};
