/** The gradients that the shipped layers must come out with, to the letter, and what they cost. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { costOf } from '../../../compiler/ir/cost.ts';
import { walk } from '../../../compiler/ir/expr.ts';
import type { Program } from '../../../compiler/ir/tensor.ts';
import { deriveShipped, deriveText, formulas, modeOf } from './derived.ts';

interface Form {
  readonly layer: string;
  readonly mode?: 'train' | 'test';
  readonly formulas: Readonly<Record<string, string>>;
  readonly passes?: number;
  readonly reductions: number;
  /** Of the unsimplified sweep. */
  readonly rawReductions?: number;
}

const forms: readonly Form[] = [
  { layer: 'batchnorm', mode: 'train', passes: 2, reductions: 2, rawReductions: 4, formulas: {
    dbeta: 'sum[N](dout)', dgamma: 'sum[N](xhat * dout)', dx: 'gamma * rstd / N * (N*dout - dbeta - xhat * dgamma)' } },
  { layer: 'batchnorm', mode: 'test', passes: 1, reductions: 2, formulas: {
    dx: 'gamma * rstd * dout', dgamma: 'sum[N](xhat * dout)', dbeta: 'sum[N](dout)' } },
  { layer: 'spatial_batchnorm', mode: 'train', passes: 2, reductions: 2, rawReductions: 4, formulas: {
    dbeta: 'sum[N, H, W](dout)', dgamma: 'sum[N, H, W](xhat * dout)',
    dx: 'gamma * rstd / (N*H*W) * (N*H*W*dout - dbeta - xhat * dgamma)' } },
  { layer: 'layernorm', passes: 2, reductions: 4, formulas: {
    dx: 'rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))',
    dgamma: 'sum[N](xhat * dout)', dbeta: 'sum[N](dout)' } },
  { layer: 'instancenorm', passes: 2, reductions: 2, formulas: {
    sum_dout: 'sum[H, W](dout)', sum_dout_xhat: 'sum[H, W](xhat * dout)',
    dx: 'gamma * rstd * (dout - (sum_dout + xhat * sum_dout_xhat) / (H*W))', dgamma: 'sum[N](sum_dout_xhat)', dbeta: 'sum[N](sum_dout)' } },
  { layer: 'spatial_groupnorm', passes: 2, reductions: 2, formulas: {
    sum_dout: 'sum[H, W](dout)', sum_dout_xhat: 'sum[H, W](xhat * dout)',
    dx: 'rstd * (gamma * dout - (sum[K](gamma * sum_dout) + xhat * sum[K](gamma * sum_dout_xhat)) / (K*H*W))',
    dgamma: 'sum[N](sum_dout_xhat)', dbeta: 'sum[N](sum_dout)' } },
  { layer: 'rmsnorm', passes: 2, reductions: 2, formulas: {
    dx: 'rstd * (gamma * dout - xhat * mean[D](gamma * xhat * dout))', dgamma: 'sum[N](xhat * dout)' } },
  { layer: 'softmax_loss', passes: 1, reductions: 0, formulas: { dx: 'dout / N * (probs - where(index(C) == y, 1, 0))' } },
  { layer: 'relu', passes: 1, reductions: 0, formulas: { dx: 'where(x > 0, dout, 0)' } },
  { layer: 'dropout', mode: 'train', passes: 1, reductions: 0, formulas: { dx: 'mask * dout' } },
  { layer: 'dropout', mode: 'test', passes: 1, reductions: 0, formulas: { dx: 'mask * dout' } },
  { layer: 'affine', reductions: 2, formulas: { dx: 'sum[M](w * dout)', dw: 'sum[N](x * dout)', db: 'sum[N](dout)' } },
  { layer: 'conv2d', reductions: 3, formulas: {
    dx: 'sum[F, HH, WW](w * dout[N, F, (H - HH + pad)/stride, (W - WW + pad)/stride])',
    dw: 'sum[N, OH, OW](x[N, C, OH*stride + HH - pad, OW*stride + WW - pad] * dout)', db: 'sum[N, OH, OW](dout)' } },
  { layer: 'maxpool2d', reductions: 1, formulas: {
    dx: 'sum[PH, PW](hit(out)[N, C, (H - PH)/stride, (W - PW)/stride, PH, PW] * dout[N, C, (H - PH)/stride, (W - PW)/stride])' } },
];

for (const form of forms) {
  test(`${form.layer}${form.mode ? ` ${form.mode}` : ''}`, () => {
    const mode = modeOf(deriveShipped(form.layer), form.mode);
    assert.equal(formulas(mode.backward), form.formulas);
    assert.is(bigReductions(mode.backward), form.reductions, 'reductions over the upstream gradient');
    if (form.passes !== undefined) assert.is(costOf(mode.backward).passes, form.passes, 'passes over memory');
    if (form.rawReductions !== undefined) assert.is(bigReductions(mode.staged), form.rawReductions, 'reductions of the raw sweep');
  });
}

/** Reductions whose body is at least as large as the upstream gradient; sums of sums are small. */
const bigReductions = (p: Program): number => costOf(p).reductions;

test('the reduction in dx and the one in dgamma are the same definition', () => {
  const { backward } = modeOf(deriveShipped('batchnorm'), 'train');
  const reduces = backward.definitions.flatMap((d) => [...walk(d.formula)].filter((e) => e.kind === 'reduce'));
  assert.is(new Set(reduces).size, 2);
});

/** One norm, written in six ways: the gradient is the same up to the names of the letters. */
const spellings: Readonly<Record<string, string>> = {
  named: 'mu: mean(x)\n  var: mean((x - mu)^2)\n  rstd: 1 / sqrt(var + eps)\n  xhat: (x - mu) * rstd\n  out: gamma * xhat + beta\ncache: [xhat, rstd]',
  centred: 'xc: x - mean(x)\n  var: mean(xc^2)\n  rstd: (var + eps)^-0.5\n  xhat: xc * rstd\n  out: gamma * xhat + beta\ncache: [xhat, rstd]',
  divided: 'mu: mean(x)\n  var: mean((x - mu)^2)\n  std: sqrt(var + eps)\n  xhat: (x - mu) / std\n  rstd: 1 / std\n  out: beta + xhat*gamma\ncache: [xhat, rstd]',
  auto: 'mu: mean(x)\n  var: mean((x - mu)^2)\n  rstd: rsqrt(var + eps)\n  xhat: (x - mu) * rstd\n  out: gamma * xhat + beta\ncache: auto',
  recomputed: 'mu: mean(x)\n  var: mean((x - mu)^2)\n  rstd: 1 / sqrt(var + eps)\n  xhat: (x - mu) * rstd\n  out: gamma * xhat + beta\ncache: [x]',
};

for (const [name, forward] of Object.entries(spellings)) {
  test(`layer norm, ${name}`, () => {
    const front = deriveText(`layer: ln\noptions: { eps: 1.0e-5 }\ninputs: { x: [N, D] }\nparams: { gamma: [D], beta: [D] }\noutputs: { out: [N, D] }\nreduce: [D]\nforward:\n  ${forward}\n`);
    assert.is(formulas(modeOf(front).backward)['dx'], 'rstd * (gamma * dout - mean[D](gamma * dout) - xhat * mean[D](gamma * xhat * dout))');
  });
}

test('a norm in one line, without any name', () => {
  const front = deriveText('layer: ln\ninputs: { x: [N, D] }\noutputs: { out: [N, D] }\nforward:\n  out: (x - mean[D](x)) / sqrt(mean[D]((x - mean[D](x))^2) + 1e-5)\ncache: [x]\n');
  const { dx } = formulas(modeOf(front).backward);
  assert.match(dx!, /mean\[D\]\(dout\)/);
  assert.is(costOf(modeOf(front).backward).passes, 4);
});

const others: readonly [string, string, string][] = [
  ['softmax', 'm: max[C](x)\n  e: exp(x - m)\n  out: e / sum[C](e)', 'out * (dout - sum[C](out * dout))'],
  ['log-softmax', 'm: max[C](x)\n  out: x - m - log(sum[C](exp(x - m)))', 'dout - exp(out) * sum[C](dout)'],
  ['centring', 'out: x - mean[C](x)', 'dout - mean[C](dout)'],
  ['SiLU', 'out: x * sigmoid(x)', 'sigmoid1 * dout * (1 + x * (1 - sigmoid1))'],
  ['leaky relu', 'out: where(x > 0, x, 0.1*x)', 'dout * where(x > 0, 1, 0.1)'],
  ['a value that does not matter', 'out: floor(x) + 0*index(C)', '0'],
];

for (const [name, forward, dx] of others) {
  test(name, () => {
    const front = deriveText(`layer: other\ninputs: { x: [N, C] }\noutputs: { out: [N, C] }\nforward:\n  ${forward}\ncache: auto\n`);
    assert.is(formulas(modeOf(front).backward)['dx'], dx);
  });
}

test('never trades accuracy for brevity: x - mu stays whole', () => {
  for (const layer of ['batchnorm', 'layernorm', 'instancenorm', 'spatial_groupnorm', 'spatial_batchnorm']) {
    for (const mode of deriveShipped(layer).derived.modes) for (const text of Object.values(formulas(mode.backward))) {
      assert.not.match(text, /x\^2|mu/, `${layer}: ${text}`);
    }
  }
});

test.run();
