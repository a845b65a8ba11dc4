/** The errors of derivation, each pinned in derive/: what the cache lacks, claims that are wrong. */
import { test } from 'uvu';
import { deriveText } from '../phases/4-simplify/derived.ts';
import { pinned } from './harness.ts';

const HEAD = 'layer: demo\noptions: { eps: 1.0e-5 }\ninputs: { x: [N, D] }\nparams: { gamma: [D] }\noutputs: { out: [N, D] }\nreduce: [D]\n';
const NORM = 'forward:\n  mu:   mean(x)\n  var:  mean((x - mu)^2)\n  rstd: 1 / sqrt(var + eps)\n  xhat: (x - mu) * rstd\n  out:  gamma * xhat\n';
const spec = (name: string, sections: string): void => pinned(`derive/${name}`, () => deriveText(HEAD + sections, { N: 3, D: 5 }));

spec('cache-insufficient', `${NORM}cache: []\n`);
spec('cache-insufficient-one', `${NORM}cache: [xhat]\n`);
spec('cache-insufficient-input', 'forward:\n  out: gamma * x^3\ncache: []\n');
spec('claim-wrong', `${NORM}cache: [xhat, rstd]\nbackward:\n  dgamma: sum[N](xhat * dout)\n  dx: rstd * (gamma * dout - mean(gamma * dout) + xhat * mean(gamma * xhat * dout))\n`);
spec('claim-wrong-two', `${NORM}cache: [xhat, rstd]\nbackward:\n  dgamma: sum[N](dout)\n  dx: rstd * dout\n`);
spec('claim-unproven', 'forward:\n  out: gamma * sqrt(-1 - x^2)\ncache: [x]\nbackward:\n  dx: dout\n');

test.run();
