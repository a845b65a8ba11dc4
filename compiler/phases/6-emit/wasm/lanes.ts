/** Expressions of several lanes. A scalar that meets one stands in every lane of it. */
import type { LoopBinaryOp, LoopExpr, LoopUnaryOp, VectorTy } from '../../../ir/loop.ts';
import { isVector, typeOf } from '../../../ir/loop-types.ts';
import { invariant } from '../../../support/invariant.ts';
import { address } from './addresses.ts';
import { bufferOf, readLocal, type Body } from './body.ts';
import { call, int, laneBytes, op, tee, type Op } from './code.ts';
import type { Mnemonic } from './instructions.ts';
import { hasLanes, laneHelper } from './lane-math.ts';
import { helper } from './math.ts';
import { integer, number, truth } from './scalars.ts';

type ExprOf<K extends LoopExpr['kind']> = Extract<LoopExpr, { kind: K }>;

const NAMES: Partial<Record<LoopBinaryOp | LoopUnaryOp, string>> = {
  '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', min: 'min', max: 'max', neg: 'neg', abs: 'abs', sqrt: 'sqrt', floor: 'floor', ceil: 'ceil',
  '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge', '==': 'eq', '!=': 'ne', and: 'and', or: 'or', not: 'not',
};
/** Integers say that they are signed where it matters. */
const SIGNED: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'min', 'max']);

function instruction(name: LoopBinaryOp | LoopUnaryOp, ty: VectorTy): Mnemonic {
  const own = NAMES[name];
  invariant(own, `no instruction for ${name} of ${ty}`);
  const shape = ty === 'mask' ? 'v128' : ty;
  return `${shape}.${own}${ty === 'i32x4' && SIGNED.has(own) ? '_s' : ''}` as Mnemonic;
}

/** An expression as lanes of this type. */
export function vector(e: LoopExpr, ty: VectorTy, b: Body): Op {
  const own = typeOf(e);
  if (!isVector(own)) return splat(e, ty, b);
  switch (e.kind) {
    case 'local': return readLocal(e.name, b).value;
    case 'load': return load(e, ty, b);
    case 'splat': return splat(e.x, e.ty, b);
    case 'unary': return unary(e, own, b);
    case 'binary': return binary(e, own, b);
    case 'select': case 'choose': return op('v128.bitselect', [vector(e.a, own, b), vector(e.b, own, b), vector(e.c, 'mask', b)]);
    case 'widen': return promoted(e.half, vector(e.x, 'f32x4', b), b);
    case 'shuffle': return op('i8x16.shuffle', [vector(e.a, own, b), vector(e.b, own, b)], bytes(...e.lanes));
    case 'join': return joined(e.parts, b);
    case 'narrow': return demoted(vector(e.low, 'f64x2', b), vector(e.high, 'f64x2', b));
    case 'const': case 'named': case 'linear': case 'quotient': case 'inside': case 'fold': case 'lane': return invariant(false, `${e.kind} has no lanes`) as never;
    default: return e satisfies never;
  }
}

// ----------------------------------------------------------------------------------------------------- memory, lanes

function load(e: ExprOf<'load'>, ty: VectorTy, b: Body): Op {
  const { elem } = bufferOf(e.buffer, b);
  const { base, offset } = address(e.at.flat, b.place(e.buffer), b.known, b.f);
  const key = `${elem} x${e.lanes} as ${ty}`;
  switch (key) {
    case 'f32 x4 as f32x4': case 'i32 x4 as i32x4': case 'f64 x2 as f64x2': return op('v128.load', [base], offset);
    case 'f32 x2 as f64x2': return op('f64x2.promote_low_f32x4', [op('v128.load64_zero', [base], offset)]);
    case 'u8 x4 as i32x4':
      return op('i32x4.extend_low_i16x8_u', [op('i16x8.extend_low_i8x16_u', [op('v128.load32_zero', [base], offset)])]);
    default: return invariant(false, `no load of ${key}`) as never;
  }
}

/** Moves lanes to an array. */
export function storeLanes(buffer: string, lanes: 2 | 4, base: Op, offset: number, value: Op, b: Body): Op {
  const { elem } = bufferOf(buffer, b);
  if (elem !== 'u8') return op('v128.store', [base, value], offset);
  invariant(lanes === 4, `no store of ${lanes} bytes`);
  const half = op('i16x8.narrow_i32x4_s', [value, value]);
  return op('i32.store', [base, op('i32x4.extract_lane', [op('i8x16.narrow_i16x8_u', [half, half])], 0)], offset);
}

/** What an array of this kind moves, that many at a time. */
export function lanesOf(buffer: string, lanes: 2 | 4, b: Body): VectorTy {
  const { elem } = bufferOf(buffer, b);
  const key = `${elem} x${lanes}`;
  invariant(key === 'f32 x4' || key === 'i32 x4' || key === 'u8 x4' || key === 'f64 x2', `no lanes for ${key}`);
  return elem === 'f32' ? 'f32x4' : elem === 'f64' ? 'f64x2' : 'i32x4';
}

// ------------------------------------------------------------------------------------------------------------ splats

/** A scalar in every lane. */
function splat(e: LoopExpr, ty: VectorTy, b: Body): Op {
  if (ty === 'mask') return op('i32x4.splat', [op('i32.sub', [int(0), truth(e, b)])]);
  if (ty === 'i32x4') {
    const value = integer(e, b);
    if (value.name === 'i32.const') return op('v128.const', [], [...new Uint8Array(new Int32Array(4).fill(value.at as number).buffer)]);
    return value.name === 'i32.load' ? op('v128.load32_splat', value.args, value.at) : op('i32x4.splat', [value]);
  }
  const value = number(e, b);
  if (value.name === 'f64.const') return op('v128.const', [], laneBytes(Array<number>(ty === 'f32x4' ? 4 : 2).fill(value.at as number)));
  if (ty === 'f64x2') return value.name === 'f64.load' ? op('v128.load64_splat', value.args, value.at) : op('f64x2.splat', [value]);
  const [single] = value.name === 'f64.promote_f32' ? value.args : [op('f32.demote_f64', [value])];
  return single!.name === 'f32.load' ? op('v128.load32_splat', single!.args, single!.at) : op('f32x4.splat', [single!]);
}

// -------------------------------------------------------------------------------------------------------- arithmetic

const ONES = op('v128.const', [], laneBytes([1, 1, 1, 1]));

function unary(e: ExprOf<'unary'>, ty: VectorTy, b: Body): Op {
  if (e.op === 'flag') return op('v128.and', [vector(e.x, 'mask', b), ONES]);
  if (e.op === 'not') return op('v128.not', [vector(e.x, 'mask', b)]);
  const x = vector(e.x, ty, b);
  if (e.op === 'float' && ty === 'f32x4') return x;
  if (e.op === 'rsqrt') return op(`${ty}.div` as Mnemonic, [splat({ kind: 'const', value: 1 }, ty, b), op(`${ty}.sqrt` as Mnemonic, [x])]);
  if (e.op === 'sign') return sign(x, ty, b);
  if (NAMES[e.op]) return op(instruction(e.op, ty), [x]);
  if (ty === 'f32x4' && hasLanes(e.op)) return call(laneHelper(e.op, b.shared), [x], 'v128');
  return eachLane([x], ty, ([lane]) => call(helper(e.op, b.shared), [lane!], 'f64'), b);
}

/** 1 with the sign of x, but x itself where it is 0 or NaN. */
function sign(x: Op, ty: VectorTy, b: Body): Op {
  const t = b.f.fresh('v128');
  const constant = (value: number): Op => splat({ kind: 'const', value }, ty, b);
  const signed = op('v128.or', [op('v128.and', [tee(t, x), constant(-0)]), constant(1)]);
  const isLarge = op(`${ty}.gt` as Mnemonic, [op(`${ty}.abs` as Mnemonic, [b.f.read(t)]), constant(0)]);
  return op('v128.bitselect', [signed, b.f.read(t), isLarge]);
}

function binary(e: ExprOf<'binary'>, ty: VectorTy, b: Body): Op {
  const of = [e.a, e.b].map(typeOf).find(isVector) ?? ty;
  const [x, y] = [vector(e.a, of, b), vector(e.b, of, b)];
  if (e.op === '^') return eachLane([x, y], of, (lanes) => call(helper('pow', b.shared), lanes, 'f64'), b);
  return limited(e.op, of, x, y, b) ?? op(instruction(e.op, of), [x, y]);
}

/**
 * The larger or smaller of lanes and a constant, NaN where the lane is: `pmax` is one instruction of most machines, but keeps
 * its first operand where neither is larger, so that -0 would win over 0. Undefined where it would not be right.
 */
function limited(name: LoopBinaryOp, ty: VectorTy, x: Op, y: Op, b: Body): Op | undefined {
  if ((name !== 'max' && name !== 'min') || (ty !== 'f32x4' && ty !== 'f64x2')) return undefined;
  const [lanes, limit] = constantLane(y, ty, b) === undefined ? [y, x] : [x, y];
  const value = constantLane(limit, ty, b);
  if (value === undefined || Number.isNaN(value) || (name === 'min' && Object.is(value, -0))) return undefined;
  const either = op(`${ty}.p${name}`, [lanes, limit]);
  return name === 'max' && Object.is(value, 0) ? op(`${ty}.add`, [either, limit]) : either;
}

/** The number in all lanes of a constant, or of a local that is one. */
function constantLane(x: Op, ty: 'f32x4' | 'f64x2', b: Body): number | undefined {
  const constant = x.name === 'local.get' ? b.constants.get(x.at as string) : x;
  if (constant?.name !== 'v128.const') return undefined;
  const { buffer } = Uint8Array.from(constant.at as readonly number[]);
  const [first, ...others] = ty === 'f32x4' ? new Float32Array(buffer) : new Float64Array(buffer);
  return others.every((v) => Object.is(v, first)) ? first : undefined;
}

/** Scalars side by side. */
function joined(parts: readonly LoopExpr[], b: Body): Op {
  const values = parts.map((x) => {
    const value = number(x, b);
    return value.name === 'f64.promote_f32' ? value.args[0]! : op('f32.demote_f64', [value]);
  });
  return values.slice(1).reduce((all, x, n) => op('f32x4.replace_lane', [all, x], n + 1), op('f32x4.splat', [values[0]!]));
}

/** One lane of a vector as a scalar. */
export function laneNumber(e: ExprOf<'lane'>, b: Body): Op {
  const ty = typeOf(e.x);
  invariant(ty === 'f32x4' || ty === 'f64x2', `no lane of ${ty} as a double`);
  return lane(vector(e.x, ty, b), ty, e.n);
}

/** The same of integers. */
export const laneInteger = (e: ExprOf<'lane'>, b: Body): Op => op('i32x4.extract_lane', [vector(e.x, 'i32x4', b)], e.n);

/** A function of doubles, lane by lane. */
function eachLane(xs: readonly Op[], ty: VectorTy, apply: (lanes: readonly Op[]) => Op, b: Body): Op {
  invariant(ty === 'f32x4' || ty === 'f64x2', `no functions of ${ty}`);
  const names = xs.map((x) => {
    const name = b.f.fresh('v128');
    b.f.push({ kind: 'op', name: 'local.set', args: [x], at: name, type: undefined });
    return name;
  });
  const value = (n: number): Op => {
    const result = apply(names.map((name) => lane(b.f.read(name), ty, n)));
    return ty === 'f32x4' ? op('f32.demote_f64', [result]) : result;
  };
  const first = op(`${ty}.splat` as Mnemonic, [value(0)]);
  const others = ty === 'f32x4' ? [1, 2, 3] : [1];
  return others.reduce((all, n) => op(`${ty}.replace_lane` as Mnemonic, [all, value(n)], n), first);
}

/** One lane as a double. */
function lane(x: Op, ty: 'f32x4' | 'f64x2', n: number): Op {
  const value = op(`${ty}.extract_lane` as Mnemonic, [x], n);
  return ty === 'f32x4' ? op('f64.promote_f32', [value]) : value;
}

// --------------------------------------------------------------------------------------------- between lanes and wide

const bytes = (...quarters: readonly number[]): number[] => quarters.flatMap((q) => [0, 1, 2, 3].map((n) => 4 * q + n));
const UPPER = bytes(2, 3, 2, 3);
const LOWER_OF_TWO = bytes(0, 1, 4, 5);

function promoted(half: 'low' | 'high', x: Op, b: Body): Op {
  if (half === 'low') return op('f64x2.promote_low_f32x4', [x]);
  const [first, again] = twice(x, b);
  return op('f64x2.promote_low_f32x4', [op('i8x16.shuffle', [first, again], UPPER)]);
}

const demoted = (low: Op, high: Op): Op =>
  op('i8x16.shuffle', [op('f32x4.demote_f64x2_zero', [low]), op('f32x4.demote_f64x2_zero', [high])], LOWER_OF_TWO);

/** A value for two uses, the first before the second. */
function twice(x: Op, b: Body): readonly [Op, Op] {
  if (x.name === 'local.get') return [x, x];
  const t = b.f.fresh('v128');
  return [tee(t, x), b.f.read(t)];
}

/** All lanes in one double: halves first, sums of floats as doubles. */
export function fold(e: ExprOf<'fold'>, b: Body): Op {
  const ty = typeOf(e.x);
  invariant(ty === 'f32x4' || ty === 'f64x2', `no fold of ${ty}`);
  const scalar: Mnemonic = e.op === '+' ? 'f64.add' : `f64.${e.op}`;
  const x = vector(e.x, ty, b);
  if (ty === 'f64x2') {
    const [first, again] = twice(x, b);
    return op(scalar, [lane(first, ty, 0), lane(again, ty, 1)]);
  }
  const [first, again] = twice(x, b);
  if (e.op === '+') {
    const pair = op('f64x2.add', [promoted('low', first, b), op('f64x2.promote_low_f32x4', [op('i8x16.shuffle', [again, again], UPPER)])]);
    const [low, high] = twice(pair, b);
    return op(scalar, [lane(low, 'f64x2', 0), lane(high, 'f64x2', 1)]);
  }
  const [low, high] = twice(op(`f32x4.${e.op}`, [first, op('i8x16.shuffle', [again, again], UPPER)]), b);
  return op(scalar, [lane(low, ty, 0), lane(high, ty, 1)]);
}

