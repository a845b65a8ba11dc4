/** Arithmetic of constants, done now: it is the same arithmetic of doubles. */
import { double, type Op } from './code.ts';

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  'f64.add': (a, b) => a + b, 'f64.sub': (a, b) => a - b, 'f64.mul': (a, b) => a * b, 'f64.div': (a, b) => a / b,
  'f64.min': Math.min, 'f64.max': Math.max, pow: Math.pow,
};
const UNARY: Readonly<Record<string, (x: number) => number>> = {
  'f64.neg': (x) => -x, 'f64.sqrt': Math.sqrt, 'f64.abs': Math.abs, 'f64.floor': Math.floor, 'f64.ceil': Math.ceil,
};

/** The value of an instruction whose operands are constants; any other instruction as it is. */
export function folded(o: Op): Op {
  const values = o.args.map((a) => (a.name === 'f64.const' ? a.at as number : undefined));
  const [a, b] = values;
  const name = o.name === 'call' ? String(o.at) : o.name;
  if (values.length === 2 && a !== undefined && b !== undefined && BINARY[name]) return double(BINARY[name](a, b));
  if (values.length === 1 && a !== undefined && UNARY[name]) return double(UNARY[name](a));
  return o;
}
