/**
 * Functions of four floats that no instruction computes: each a function of the module, right to a few units in the last
 * place of a float, and for the values at the edges what JavaScript's Math gives.
 */
import { LARGE, SMALL } from '../erf.ts';
import type { Shared } from './body.ts';
import { call, get, int, laneBytes, op, set, type Code, type Op } from './code.ts';
import type { Mnemonic } from './instructions.ts';

const every = (value: number): Op => op('v128.const', [], laneBytes([value, value, value, value]));
const bits = (value: number): Op => op('v128.const', [], [...new Uint8Array(new Int32Array(4).fill(value).buffer)]);
const f = (name: string, ...args: readonly Op[]): Op => op(`f32x4.${name}` as Mnemonic, args);
const i = (name: string, ...args: readonly Op[]): Op => op(`i32x4.${name}` as Mnemonic, args);
/** a where the mask is set, else b. */
const where = (mask: Op, a: Op, b: Op): Op => op('v128.bitselect', [a, b, mask]);
const local = (name: string): Op => get(name, 'v128');
const x = local('x');

/** ((c0*u + c1)*u + c2)*u + ... */
const horner = ([first, ...rest]: readonly number[], u: Op): Op =>
  rest.reduce((sum, c) => f('add', f('mul', sum, u), every(c)), every(first!));

/** ln 2 as a number of few bits, whose products with small integers are exact, and what that leaves. */
const LN2 = 355 / 512;
const LN2_REST = Math.LN2 - LN2;
/** 1/7!, 1/6!, ... 1: on half of ln 2 to both sides of 0 the next term is less than a float shows. */
const TAYLOR = [5040, 720, 120, 24, 6, 2, 1, 1].map((n) => 1 / n);
/** About the root of a half, as bits: what is above is scaled to lie from it to its double. */
const ROOT = 0x3f3504f3;

const functions: Readonly<Record<string, (shared: Shared) => { readonly locals: readonly string[]; readonly body: readonly Code[] }>> = {
  /** 2^n * exp(r), n whole; in two steps, so that what is subnormal or infinite comes out so. */
  exp() {
    const [n, r, k, h] = ['n', 'r', 'k', 'h'].map(local) as [Op, Op, Op, Op];
    const power = (e: Op): Op => i('shl', i('add', e, bits(127)), int(23));
    return { locals: ['n', 'r', 'k', 'h'], body: [
      set('r', f('pmin', f('pmax', x, every(-105)), every(89.5))),
      set('n', f('nearest', f('mul', r, every(Math.LOG2E)))),
      set('r', f('sub', f('sub', r, f('mul', n, every(LN2))), f('mul', n, every(LN2_REST)))),
      set('k', i('trunc_sat_f32x4_s', n)),
      set('h', i('shr_s', k, int(1))),
      f('mul', f('mul', horner(TAYLOR, r), power(h)), power(i('sub', k, h))),
    ] };
  },
  /** e*ln 2 + log m, m near 1, by the series of s = (m - 1)/(m + 1). */
  log() {
    const [y, e, m, s, t] = ['y', 'e', 'm', 's', 't'].map(local) as [Op, Op, Op, Op, Op];
    const isSmall = f('lt', x, every(2 ** -126));
    const series = f('mul', f('mul', every(2), s), horner([1 / 9, 1 / 7, 1 / 5, 1 / 3, 1], t));
    return { locals: ['y', 'e', 'm', 's', 't'], body: [
      set('t', isSmall),
      set('y', where(t, f('mul', x, every(2 ** 24)), x)),
      set('m', i('sub', y, bits(ROOT))),
      set('e', f('sub', f('convert_i32x4_s', i('shr_s', m, int(23))), op('v128.and', [t, every(24)]))),
      set('m', i('add', op('v128.and', [m, bits(0x7fffff)]), bits(ROOT))),
      set('s', f('div', f('sub', m, every(1)), f('add', m, every(1)))),
      set('t', f('mul', s, s)),
      set('s', f('add', f('mul', e, every(LN2)), f('add', series, f('mul', e, every(LN2_REST))))),
      // NaN and Infinity are their own logarithms; 0 has none below all others, less than 0 has none.
      set('s', where(f('lt', x, every(Infinity)), s, x)),
      set('s', where(f('eq', x, every(0)), every(-Infinity), s)),
      where(f('lt', x, every(0)), every(NaN), s),
    ] };
  },
  /** 1 / (1 + exp(-x)), without overflow. */
  sigmoid(shared) {
    const e = local('e');
    return { locals: ['e'], body: [
      set('e', call(laneHelper('exp', shared), [f('neg', f('abs', x))], 'v128')),
      f('div', where(f('lt', x, every(0)), e, every(1)), f('add', every(1), e)),
    ] };
  },
  /** Near 0 a quotient of polynomials, its continued fraction cut off; elsewhere by exp(-2|x|). */
  tanh(shared) {
    const [t, e] = ['t', 'e'].map(local) as [Op, Op];
    const near = f('mul', x, f('div', horner([1, 105, 945], t), horner([15, 420, 945], t)));
    const far = f('div', f('sub', every(1), e), f('add', every(1), e));
    const signed = op('v128.or', [far, op('v128.and', [x, every(-0)])]);
    return { locals: ['t', 'e'], body: [
      set('t', f('mul', x, x)),
      set('e', call(laneHelper('exp', shared), [f('mul', every(-2), f('abs', x))], 'v128')),
      where(f('lt', f('abs', x), every(0.625)), near, signed),
    ] };
  },
  /** The error function: one polynomial up to 1, another up to 6, then 1. */
  erf(shared) {
    const [a, u, r] = ['a', 'u', 'r'].map(local) as [Op, Op, Op];
    const tail = call(laneHelper('exp', shared), [f('neg', f('mul', a, a))], 'v128');
    return { locals: ['a', 'u', 'r'], body: [
      set('a', f('abs', x)),
      set('u', f('div', every(2), f('add', a, every(2)))),
      set('r', f('sub', every(1), f('mul', tail, horner(LARGE, u)))),
      set('r', op('v128.or', [where(f('ge', a, every(6)), every(1), r), op('v128.and', [x, every(-0)])])),
      set('u', f('mul', x, x)),
      where(f('lt', a, every(1)), f('mul', x, horner(SMALL, u)), r),
    ] };
  },
};

/** What to call for a function of four floats; the module holds it from now on. */
export function laneHelper(name: string, shared: Shared): string {
  const own = `${name}x4`;
  const make = functions[name]!;
  if (!shared.helpers.has(own)) {
    const { locals, body } = make(shared);
    shared.helpers.set(own, { name: own, exported: false, params: [{ name: 'x', type: 'v128' }], result: 'v128', body,
      locals: locals.map((l) => ({ name: l, type: 'v128' as const })) });
  }
  return own;
}

/** Whether there is one; else it goes lane by lane. */
export const hasLanes = (name: string): boolean => Object.hasOwn(functions, name);
