/** Exact fractions: coefficients and exponents. `0.1 + 0.2` folded as doubles would print as 0.30000000000000004. */
import { invariant } from '../../support/invariant.ts';

export interface Rational {
  readonly n: bigint;
  /** Positive. */
  readonly d: bigint;
}

/** n / d in lowest terms. @throws InternalError if d is 0 */
export function rational(n: bigint | number, d: bigint | number = 1n): Rational {
  let top = BigInt(n);
  let bottom = BigInt(d);
  invariant(bottom !== 0n, 'a fraction over 0');
  if (bottom < 0n) { top = -top; bottom = -bottom; }
  const g = gcd(top < 0n ? -top : top, bottom);
  return { n: top / g, d: bottom / g };
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}

export const R0 = rational(0);
export const R1 = rational(1);
export const MINUS_ONE = rational(-1);

/** The decimal that prints as `x`, exactly. */
export function fromNumber(x: number): Rational {
  invariant(Number.isFinite(x), `${x} is no fraction`);
  const [mantissa = '0', exponent = '0'] = String(x).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const power = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return power >= 0 ? rational(digits * 10n ** BigInt(power)) : rational(digits, 10n ** BigInt(-power));
}

/** The nearest double (to an ulp: the quotient of two rounded parts, scaled so that neither overflows). */
export function toNumber(r: Rational): number {
  const direct = Number(r.n) / Number(r.d);
  if (Number.isFinite(direct) && (direct !== 0 || r.n === 0n) && r.d < 2n ** 53n) return direct;
  // Decimal text is parsed with correct rounding.
  let d = r.d;
  let twos = 0;
  let fives = 0;
  while (d % 2n === 0n) { d /= 2n; twos++; }
  while (d % 5n === 0n) { d /= 5n; fives++; }
  if (d !== 1n) return direct;
  const places = Math.max(twos, fives);
  return Number(`${r.n * 10n ** BigInt(places) / r.d}e-${places}`);
}

export const add = (a: Rational, b: Rational): Rational => rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const mul = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d });
export const invert = (a: Rational): Rational => rational(a.d, a.n);
export const equal = (a: Rational, b: Rational): boolean => a.n === b.n && a.d === b.d;
export const isZero = (a: Rational): boolean => a.n === 0n;
export const isOne = (a: Rational): boolean => a.n === 1n && a.d === 1n;
export const isInteger = (a: Rational): boolean => a.d === 1n;
export const sign = (a: Rational): number => (a.n < 0n ? -1 : a.n > 0n ? 1 : 0);
export const text = (a: Rational): string => (a.d === 1n ? String(a.n) : `${a.n}/${a.d}`);

/** a^k for a whole k. */
export function power(a: Rational, k: bigint): Rational {
  return k >= 0n ? rational(a.n ** k, a.d ** k) : rational(a.d ** -k, a.n ** -k);
}
