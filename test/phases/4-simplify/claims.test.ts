/** Claims: true ones are proved in many spellings, mutated ones are refused with a counter-example. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticError } from '../../../compiler/diagnostics/diagnostic.ts';
import { deriveText } from './derived.ts';

const batchnorm = (claims: string): string => `layer: bn
options: { eps: 1.0e-5 }
inputs: { x: [N, D] }
params: { gamma: [D], beta: [D] }
outputs: { out: [N, D] }
reduce: [N]
forward:
  mu: mean(x)
  var: mean((x - mu)^2)
  rstd: 1 / sqrt(var + eps)
  xhat: (x - mu) * rstd
  out: gamma * xhat + beta
cache: [xhat, rstd]
backward:
  ${claims}
`;

const proved: readonly string[] = [
  'dx: gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)',
  'dx: gamma * rstd * (dout - mean[N](dout) - xhat * mean[N](xhat * dout))',
  'dx: gamma * rstd * (dout - mean[N](dout) - (x - mu) / (var + eps) * mean[N](dout * (x - mu)))',
  'dx: gamma * (var + eps)^(-1/2) * (dout - mean[N](dout) - xhat * mean[N](xhat * dout))',
  'g: gamma * dout\n  dx: rstd * (g - mean[N](g) - xhat * mean[N](g * xhat))',
  'dgamma: sum[N](dout * xhat)\n  dbeta: sum[N](dout)',
  'dgamma: rstd * sum[N](dout * (x - mu))',
  'dgamma: rstd * (sum[N](dout * x) - mu * dbeta)',
];

for (const claim of proved) {
  test(`proves ${claim}`, () => {
    const { derived } = deriveText(batchnorm(claim));
    for (const c of derived.modes[0]!.claims) assert.is(c.how, 'symbolically', c.name);
    assert.ok(derived.modes[0]!.claims.length > 0);
  });
}

const refused: readonly string[] = [
  'dx: gamma * rstd / N * (N*dout - dbeta + xhat * dgamma)',
  'dx: gamma * rstd / N * (N*dout - dbeta)',
  'dx: gamma * rstd / N * (N*dout - dbeta - xhat * dgamma) * 1.000001',
  'dx: rstd / N * (N*dout - dbeta - xhat * dgamma)',
  'dx: gamma * rstd * (dout - mean[D](dout) - xhat * mean[N](xhat * dout))',
  'dgamma: sum[N](dout * x)',
  'dbeta: sum[N](dout * dout)',
];

for (const claim of refused) {
  test(`refuses ${claim}`, () => {
    try {
      deriveText(batchnorm(claim));
    } catch (error) {
      assert.instance(error, DiagnosticError);
      const [d] = (error as DiagnosticError).diagnostics;
      assert.is(d!.code, 'claim-wrong');
      assert.match(d!.message, /the claim gives \S+, the derivation \S+/);
      assert.ok(d!.span, 'has a place');
      return;
    }
    assert.unreachable('the claim was accepted');
  });
}

test('a claim that no proof is found for is accepted on numbers, and says so', () => {
  const { derived } = deriveText(`layer: t
inputs: { x: [N] }
outputs: { out: [N] }
forward:
  out: tanh(x)
cache: [out]
backward:
  dx: dout * 4 / (exp(x) + exp(-x))^2
`);
  assert.equal(derived.modes[0]!.claims, [{ name: 'dx', how: 'numerically' }]);
});

test.run();
