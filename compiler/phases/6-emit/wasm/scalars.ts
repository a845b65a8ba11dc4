/**
 * Scalar expressions: as a double (`number`), an integer (`integer`) or a truth value (`truth`, 0 or 1). They give the bits
 * that the same expression gives in JavaScript.
 */
import type { Linear, LoopBinaryOp, LoopExpr, LoopUnaryOp, Range } from '../../../ir/loop.ts';
import { operands } from '../../../ir/loop.ts';
import { typeOf } from '../../../ir/loop-types.ts';
import { invariant } from '../../../support/invariant.ts';
import { address, linear, mayWrap } from './addresses.ts';
import { bufferOf, constantOf, readLocal, type Body } from './body.ts';
import { call, choose, double, int, op, set, tee, type Op } from './code.ts';
import { folded } from './fold.ts';
import { helper } from './math.ts';
import type { Mnemonic } from './instructions.ts';
import { fold, laneInteger, laneNumber } from './lanes.ts';

type ExprOf<K extends LoopExpr['kind']> = Extract<LoopExpr, { kind: K }>;

/** Instructions that do what JavaScript does; Math.max and Math.min propagate NaN and order -0 before 0, as these do. */
const ARITHMETIC: Partial<Record<LoopBinaryOp, Mnemonic>> = {
  '+': 'f64.add', '-': 'f64.sub', '*': 'f64.mul', '/': 'f64.div', min: 'f64.min', max: 'f64.max',
};
const INTEGER: Partial<Record<LoopBinaryOp, Mnemonic>> = { '+': 'i32.add', '-': 'i32.sub', '*': 'i32.mul', '%': 'i32.rem_s' };
const DOUBLES: Partial<Record<LoopBinaryOp, Mnemonic>> = {
  '<': 'f64.lt', '<=': 'f64.le', '>': 'f64.gt', '>=': 'f64.ge', '==': 'f64.eq', '!=': 'f64.ne',
};
const INTEGERS: Partial<Record<LoopBinaryOp, Mnemonic>> = {
  '<': 'i32.lt_s', '<=': 'i32.le_s', '>': 'i32.gt_s', '>=': 'i32.ge_s', '==': 'i32.eq', '!=': 'i32.ne',
};
const UNARY: Partial<Record<LoopUnaryOp, Mnemonic>> = { neg: 'f64.neg', sqrt: 'f64.sqrt', abs: 'f64.abs', floor: 'f64.floor', ceil: 'f64.ceil' };

/** Whether an expression, asked for as an integer, is computed in integers. */
const isInteger = (e: LoopExpr): boolean => {
  if (e.kind === 'const') return Object.is(e.value | 0, e.value);
  return typeOf(e) === 'i32' || (e.kind === 'binary' && isIntegerOp(e.op) && isInteger(e.a) && isInteger(e.b));
};
const isIntegerOp = (name: LoopBinaryOp): boolean => INTEGER[name] !== undefined || name === 'min' || name === 'max';
/** Whether two expressions may be compared as integers: neither is a sum that 32 bits may not hold. */
const areIntegers = (a: LoopExpr, c: LoopExpr, b: Body): boolean => [a, c].every((e) =>
  isInteger(e) && e.kind !== 'binary' && !(e.kind === 'linear' && mayWrap(e.at, b.known))) && (a.kind !== 'const' || c.kind !== 'const');

// ---------------------------------------------------------------------------------------------------------- doubles

/** An expression as a double. */
export function number(e: LoopExpr, b: Body): Op {
  switch (e.kind) {
    case 'const': return double(e.value);
    case 'named': return double(constantOf(e.name, b));
    case 'local': {
      const { value, ty } = readLocal(e.name, b);
      if (ty === 'f64') return value;
      invariant(ty === 'i32' || ty === 'bool', `${e.name} is ${ty}, not a number`);
      return op('f64.convert_i32_s', [value]);
    }
    case 'load': return loadNumber(e, b);
    case 'unary': return e.op === 'flag' || e.op === 'not' ? op('f64.convert_i32_s', [truth(e, b)]) : unary(e, b);
    case 'binary': {
      const ty = typeOf(e);
      if (ty === 'bool' || e.op === '%') return op('f64.convert_i32_s', [ty === 'bool' ? truth(e, b) : integer(e, b)]);
      if (e.op === '^') return folded(call(helper('pow', b.shared), [number(e.a, b), number(e.b, b)], 'f64'));
      const name = ARITHMETIC[e.op];
      invariant(name, `no instruction for ${e.op} of doubles`);
      return folded(op(name, [number(e.a, b), number(e.b, b)]));
    }
    case 'select': return typeOf(e) === 'i32' ? op('f64.convert_i32_s', [integer(e, b)]) : select(e, number, b);
    case 'inside': return op('f64.convert_i32_s', [truth(e, b)]);
    case 'linear': return mayWrap(e.at, b.known) ? exact(e.at, b) : op('f64.convert_i32_s', [integer(e, b)]);
    case 'quotient': case 'choose': return op('f64.convert_i32_s', [integer(e, b)]);
    case 'fold': return fold(e, b);
    case 'lane': return typeOf(e) === 'i32' ? op('f64.convert_i32_s', [laneInteger(e, b)]) : laneNumber(e, b);
    case 'splat': case 'widen': case 'narrow': case 'shuffle': case 'join': return invariant(false, `${e.kind} is no scalar`) as never;
    default: return e satisfies never;
  }
}

function loadNumber(e: ExprOf<'load'>, b: Body): Op {
  const { elem } = bufferOf(e.buffer, b);
  const at = address(e.at.flat, b.place(e.buffer), b.known, b.f);
  switch (elem) {
    case 'f32': return op('f64.promote_f32', [op('f32.load', [at.base], at.offset)]);
    case 'f64': return op('f64.load', [at.base], at.offset);
    case 'i32': case 'u8': return op('f64.convert_i32_s', [loadInteger(e, b)]);
    default: return elem satisfies never;
  }
}

function unary(e: ExprOf<'unary'>, b: Body): Op {
  const name = UNARY[e.op];
  const x = number(e.x, b);
  if (name) return folded(op(name, [x]));
  switch (e.op) {
    case 'rsqrt': return folded(op('f64.div', [double(1), folded(op('f64.sqrt', [x]))]));
    case 'float': return x.name === 'f64.const' ? double(Math.fround(x.at as number)) : op('f64.promote_f32', [op('f32.demote_f64', [x])]);
    case 'sign': {
      // 1 with the sign of x, but x itself where it is 0 or NaN.
      const t = b.f.fresh('f64');
      return choose(op('f64.copysign', [double(1), tee(t, x)]), b.f.read(t), op('f64.gt', [op('f64.abs', [b.f.read(t)]), double(0)]));
    }
    case 'exp': case 'log': case 'tanh': case 'erf': case 'sigmoid': return call(helper(e.op, b.shared), [x], 'f64');
    default: return invariant(false, `no instruction for ${e.op} of a double`) as never;
  }
}

// --------------------------------------------------------------------------------------------------------- integers

/** An expression as an integer of 32 bits. */
export function integer(e: LoopExpr, b: Body): Op {
  switch (e.kind) {
    case 'const': return int(e.value);
    case 'named': return int(constantOf(e.name, b));
    case 'local': {
      const { value, ty } = readLocal(e.name, b);
      return ty === 'f64' ? op('i32.trunc_sat_f64_s', [value]) : value;
    }
    case 'load': {
      const { elem } = bufferOf(e.buffer, b);
      return elem === 'i32' || elem === 'u8' ? loadInteger(e, b) : op('i32.trunc_sat_f64_s', [loadNumber(e, b)]);
    }
    case 'linear': return linear(e.at, b.known, b.f);
    case 'quotient': return e.divisor === 1 ? linear(e.at, b.known, b.f) : op('i32.div_s', [linear(e.at, b.known, b.f), int(e.divisor)]);
    case 'choose': return choose(integer(e.a, b), integer(e.b, b), truth(e.c, b));
    case 'binary': {
      const name = INTEGER[e.op];
      if (!isInteger(e)) break;
      const [x, y] = [integer(e.a, b), integer(e.b, b)];
      if (e.op === 'min' || e.op === 'max') return choose(x, y, op(e.op === 'min' ? 'i32.lt_s' : 'i32.gt_s', [x, y]));
      if (name) return op(name, [x, y]);
      break;
    }
    case 'select': if (isInteger(e.a) && isInteger(e.b)) return select(e, integer, b); break;
    case 'inside': return truth(e, b);
    case 'lane': if (typeOf(e) === 'i32') return laneInteger(e, b); break;
    default: break;
  }
  return typeOf(e) === 'bool' ? truth(e, b) : op('i32.trunc_sat_f64_s', [number(e, b)]);
}

/** An index as a double, which holds what 32 bits may not. */
function exact(at: Linear, b: Body): Op {
  const terms = at.map((t) => {
    if (t.v === undefined) return double(t.k);
    const value = op('f64.convert_i32_s', [readLocal(t.v, b).value]);
    return t.k === 1 ? value : op('f64.mul', [value, double(t.k)]);
  });
  return terms.reduce((sum, t) => folded(op('f64.add', [sum, t])));
}

/** An index that 32 bits may not hold: what is beyond them is their end, so that a test finds it outside. */
export const saturated = (at: Linear, b: Body): Op => op('i32.trunc_sat_f64_s', [exact(at, b)]);

function loadInteger(e: ExprOf<'load'>, b: Body): Op {
  const at = address(e.at.flat, b.place(e.buffer), b.known, b.f);
  return op(bufferOf(e.buffer, b).elem === 'u8' ? 'i32.load8_u' : 'i32.load', [at.base], at.offset);
}

// ----------------------------------------------------------------------------------------------------- truth values

/** An expression as 0 or 1. */
export function truth(e: LoopExpr, b: Body): Op {
  switch (e.kind) {
    case 'const': return int(e.value ? 1 : 0);
    case 'inside': return inside(e.range, b);
    case 'local': {
      const { value, ty } = readLocal(e.name, b);
      if (ty === 'bool') return value;
      break;
    }
    case 'unary':
      if (e.op === 'flag') return truth(e.x, b);
      if (e.op === 'not') return op('i32.eqz', [truth(e.x, b)]);
      break;
    case 'binary': {
      // Both sides are computed: neither has an effect, and each is defined without the other.
      if (e.op === 'and') return op('i32.and', [truth(e.a, b), truth(e.b, b)]);
      if (e.op === 'or') return op('i32.or', [truth(e.a, b), truth(e.b, b)]);
      const names = areIntegers(e.a, e.b, b) ? INTEGERS : DOUBLES;
      const name = names[e.op];
      if (name) return names === INTEGERS ? op(name, [integer(e.a, b), integer(e.b, b)]) : op(name, [number(e.a, b), number(e.b, b)]);
      break;
    }
    case 'select': if (typeOf(e) === 'bool') return select(e, truth, b); break;
    default: break;
  }
  if (typeOf(e) === 'i32') return op('i32.ne', [integer(e, b), int(0)]);
  // Neither 0 nor NaN.
  return op('f64.gt', [op('f64.abs', [number(e, b)]), double(0)]);
}

/** That an index divides, and the sides that it could leave. */
function inside(r: Range, b: Body): Op {
  const at = (): Op => (mayWrap(r.at, b.known) ? saturated(r.at, b) : linear(r.at, b.known, b.f));
  const tests: Op[] = [];
  if (r.divisor !== 1) tests.push(op('i32.eqz', [op('i32.rem_s', [at(), int(r.divisor)])]));
  const end = int(r.size * r.divisor);
  if (r.low && r.high) tests.push(op('i32.lt_u', [at(), end]));
  else if (r.low) tests.push(op('i32.ge_s', [at(), int(0)]));
  else if (r.high) tests.push(op('i32.lt_s', [at(), end]));
  return tests.reduce<Op | undefined>((all, t) => (all ? op('i32.and', [all, t]) : t), undefined) ?? int(1);
}

// ------------------------------------------------------------------------------------------------------------ select

/** One of two. Without a branch, unless one side may be read only where the condition holds, or costs a call. */
export function select(e: ExprOf<'select'>, as: (e: LoopExpr, b: Body) => Op, b: Body): Op {
  const isGuarded = some(e.c, (x) => x.kind === 'inside') && [e.a, e.b].some((x) => some(x, (y) => y.kind === 'load'));
  if (!isGuarded && ![e.a, e.b].some((x) => some(x, isCall))) {
    const condition = truth(e.c, b);
    return choose(as(e.a, b), as(e.b, b), condition);
  }
  const condition = truth(e.c, b);
  let result: string | undefined;
  const side = (x: LoopExpr) => (): void => {
    const value = as(x, b);
    result ??= b.f.fresh(value.type!);
    b.f.push(set(result, value));
  };
  b.f.push({ kind: 'if', condition, then: b.f.within(side(e.a)), otherwise: b.f.within(side(e.b)) });
  return b.f.read(result!);
}

const CALLED: ReadonlySet<string> = new Set(['exp', 'log', 'tanh', 'erf', 'sigmoid', '^']);
const isCall = (e: LoopExpr): boolean => (e.kind === 'unary' || e.kind === 'binary') && CALLED.has(e.op);

/** Whether something holds for some part of an expression. */
export const some = (e: LoopExpr, test: (e: LoopExpr) => boolean): boolean => test(e) || operands(e).some((o) => some(o, test));
