/** The error function to a few units in the last place of a double; written to be obvious, not fast. */

/** erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  const value = size < 2.5 ? series(size) : size > 6 ? 1 : 1 - fraction(size);
  return x < 0 ? -value : x === 0 ? x : value;
}

/** 2/sqrt(pi) * exp(-x^2) * sum over n of 2^n * x^(2n+1) / (1*3*5*...*(2n+1)): no term is negative, nothing cancels. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) by its continued fraction x + (1/2)/(x + 1/(x + (3/2)/(x + ...))), from the far end. */
function fraction(x: number): number {
  let tail = x;
  for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
