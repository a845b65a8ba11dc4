/** What other languages call differently. */

/** Functions that other languages have, as they are written here. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  relu: 'max(x, 0)', square: 'x^2', pow: 'x^2', power: 'x^2', avg: 'mean[D](x)', average: 'mean[D](x)', add: 'sum[D](x)',
  product: 'prod[D](x)', maximum: 'max(a, b)', minimum: 'min(a, b)', clip: 'min(max(x, 0), 1)', clamp: 'min(max(x, 0), 1)',
  ln: 'log(x)', log1p: 'log(1 + x)', expm1: 'exp(x) - 1', round: 'floor(x + 0.5)', ceil: '-floor(-x)', inv: '1 / x',
  silu: 'x * sigmoid(x)', swish: 'x * sigmoid(x)', softplus: 'log(1 + exp(x))', var: 'mean[D]((x - mean[D](x))^2)',
  std: 'sqrt(mean[D]((x - mean[D](x))^2))', norm: 'sqrt(sum[D](x^2))', iif: 'where(x > 0, x, 0)', select: 'where(x > 0, x, 0)',
};
