/** Generated tests can fail: a kernel with one thing wrong is found out, whatever the thing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findings, type Subject } from './load-kernel.ts';

const layernorm: Subject = { spec: 'layernorm', sizes: { N: 3, D: 10 }, staged: true };
const batchnorm: Subject = { spec: 'batchnorm', sizes: { N: 6, D: 9 } };
const conv: Subject = { spec: 'conv2d', sizes: { N: 1, C: 2, H: 5, W: 6, F: 3, HH: 3, WW: 3 }, options: { pad: 1 } };
const loss: Subject = { spec: 'softmax_loss', sizes: { N: 3, C: 9 } };

test('a kernel as it is generated has nothing wrong', async () => {
  for (const s of [layernorm, batchnorm, conv, loss]) assert.equal(await findings(s), []);
});

/** The first change must be there to be made, and its finding must name what it broke. */
const mutations: readonly (readonly [string, Subject, string | RegExp, string, RegExp])[] = [
  ['a wrong sign in the forward', layernorm, 'x[row + d] - mu', 'x[row + d] + mu', /outputs/],
  ['a lane left out of a sum', layernorm, /muSum0 \+ muSum1 \+ \(muSum2 \+ muSum3\)/, 'muSum0 + muSum1 + (muSum2 + muSum2)', /outputs/],
  ['a wrong factor in a gradient', layernorm, 'dx[row + d + 1] = ', 'dx[row + d + 1] = 1.00001 * ', /gradients/],
  ['a remainder left out', layernorm, 'for (let d = D - 2; d < D; d++)', 'for (let d = D; d < D; d++)', /./],
  ['the wrong element of the cache', batchnorm, /rstd\[d\] = /, 'rstd[0] = ', /gradients/],
  ['a state that is not updated', batchnorm, /running_mean\[d\] = .*/, '', /running_mean/],
  ['an input that is written', layernorm, 'const row = n * D;', 'const row = n * D; x[row] = 0;', /changed x/],
  ['a write beyond the end', conv, 'cache.x = x;', "cache.x = x; new Float32Array(out.buffer, out.byteOffset, out.length + 1)[out.length] = 1;", /outside out/],
  ['an edge of the padding', conv, /Math\.max\(0, 1 - oh\)/, 'Math.max(0, 2 - oh)', /./],
  ['an accumulator that is not reset', { ...batchnorm, sizes: { N: 150, D: 9 } }, /\w+\.fill\(0\);/, '', /./],
  ['a length that is not checked', layernorm, /checkArray\(beta, .*/, '', /beta/],
  ['a message that does not name its tensor', layernorm, "checkArray(gamma, 'gamma'", "checkArray(gamma, 'gama'", /gama/],
  ['a bound function that differs', layernorm, /(function boundForward[^]*?rstd\[n\] = )/, '$12 * ', /bound forward, instance 0: out|bound backward/],
  ['instances that share an array', layernorm, /(const bound: Buffers = {[^}]*?)\bout,/, '$1out: ((globalThis as { shared?: Float32Array }).shared ??= out),', /bound forward, instance [01]: out/],
  ['a length that is not checked when it is bound', layernorm, /(function bind[^]*?)checkArray\(beta, .*/, '$1', /bind takes an element too many for beta/],
  ['the wrong class', loss, '=== yAt', '=== yAt + 1', /gradients/],
  ['the unsimplified sweep wrong', layernorm, /(function backwardStaged[^]*?dx\[row \+ d\] = )/, '$10.5 * ', /unsimplified/],
];

for (const [title, subject, from, to, finds] of mutations) {
  test(`finds ${title}`, async () => {
    let changed = false;
    const found = await findings(subject, (text) => {
      const mutated = text.replace(from, to);
      changed = mutated !== text;
      return mutated;
    });
    assert.ok(changed, `${String(from)} is nowhere in the kernel`);
    assert.ok(found.some((line) => finds.test(line)), `found ${JSON.stringify(found)}`);
  });
}

test.run();
