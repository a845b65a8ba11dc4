/** The errors of phase 2, each pinned in elaborate/: names, axes, indices, types, modes, cache, claims, requests. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSpec } from '../../compiler/phases/1-read/index.ts';
import { elaborate, sampleSizes, type Request, type RequestPlaces } from '../../compiler/phases/2-elaborate/index.ts';
import type { Span } from '../../compiler/support/source.ts';
import { diagnosticsOf, pinned, pinnedCodes } from './harness.ts';

type Asked = { readonly sizes?: Record<string, number>; readonly options?: Record<string, number | string>; readonly at?: RequestPlaces };

const HEAD = 'inputs: { x: [N, D], y: { shape: [N], dtype: i32 } }\nparams: { gamma: [D] }\noutputs: { out: [N, D] }\n';

function run(sections: string, asked: Asked = {}): unknown {
  const spec = readSpec({ path: 'specs/demo.layer.yaml', text: `layer: demo\n${sections}` }, () => undefined);
  const options = new Map(Object.entries(asked.options ?? {}));
  const sizes = asked.sizes ? new Map(Object.entries(asked.sizes)) : sampleSizes(spec, options);
  const request: Request = { sizes, options, dtype: 'f32', ...(asked.at ? { at: asked.at } : {}) };
  return elaborate(spec, request);
}

const spec = (name: string, sections: string, asked?: Asked): void => pinned(`elaborate/${name}`, () => run(sections, asked));
/** A case with lines under `forward:`. */
const forward = (name: string, lines: readonly string[], more = ''): void =>
  spec(name, `${HEAD}${more}forward:\n${lines.map((line) => `  ${line}\n`).join('')}`);

// ---------------------------------------------------------------------------------------------------------- names
pinned('elaborate/unknown-axis', () => {
  const text = 'layer: layernorm\ninputs:  { x: [N, D] }\nparams:  { gamma: [D], beta: [D] }\noutputs: { out: [N, D] }\nreduce:  [D]\n'
    + 'forward:\n  mu:  mean(x)\n  var: mean[K]((x - mu)^2)\n  out: gamma * (x - mu) / sqrt(var) + beta\n';
  return sampleSizes(readSpec({ path: 'specs/layernorm.layer.yaml', text }, () => undefined));
});
forward('unknown-axis-of-reduce', ['mu: mean[D](x)', 'var: mean(mu)', 'out: x - var'], 'reduce: [D]\n');
forward('unknown-axis-in-value', ['out: x / K + index(Q) + size(n)']);
forward('unknown-axis-in-index', ['out: x[N, K] + x[N, D - size(K)]']);
forward('unknown-reduce', ['out: x - mean(x)'], 'reduce: [K, D, D]\n');
forward('unknown-tensor', ['mu: mean[D](x)', 'out: gama * (x - my) + z[N]']);
forward('unknown-function', ['a: relu(x)', 'b: summ[D](x)', 'c: gamma(x)', 'd: squrt(x)', 'out: x']);
forward('unknown-word', ['out: where(ties == last, x, first)'], 'options: { ties: all }\n');
forward('word-as-number', ['out: x * ties'], 'options: { ties: all }\n');
forward('copy-in-forward', ["out: x * sum[D'](x[N, D'])"]);
forward('gradient-in-forward', ['out: x * dout']);
forward('hit-in-forward', ['top: max[D](x)', 'out: where(hit(top) > 0, x, 0)']);
forward('axis-read', ['out: x * N[D]']);

// ------------------------------------------------------------------------------------------------ order of formulas
forward('read-before-definition', ['xhat: (x - mu) * 2', 'mu: mean[D](x)', 'out: xhat']);
forward('cyclic-definition', ['a: b + x', 'b: c * 2', 'c: a - 1', 'self: mean[D](self)', 'out: a']);

// ---------------------------------------------------------------------------------------------------------- types
forward('mixed-truth', ['a: x * (x > 0)', 'b: where(x, 1, 0)', 'c: x > 0 and gamma', 'd: not x', 'e: (x > 0) == (gamma > 0)', 'out: x > 0']);
forward('exponent', ['out: (x + 1)^gamma']);
forward('exponent-infinite', ['a: x^(1/zero)', 'b: x^(2^2000)', 'out: x^(N/(N - N))'], 'options: { zero: 0 }\n');
forward('wrong-arity', ['a: where(x > 0, x)', 'b: sqrt(x, 2)', 'c: sum[D](x, x)', 'd: size(N, D)', 'out: x']);
forward('reduction-axes', ['a: mean(x)', 'b: max(x)', 'c: sum[D, D](x)', 'd: exp[D](x)', 'out: x']);

// -------------------------------------------------------------------------------------------------------- indices
forward('wrong-index-count', ['a: x[N]', 'b: x[N, (D N)]', 'c: gamma[N, D]', 'out: x']);
spec('composite-index', 'inputs: { x: [N, (G K)] }\noutputs: { out: [N] }\nforward:\n  a: x[N, G]\n  b: x[N, (G, K, G)]\n  out: sum[G, K](x)\n');
forward('index-not-affine', ['a: x[N, D*D]', 'b: x[N, D/2]', 'c: x[N, gamma]', 'd: x[N, max(D, 1)]', 'e: x[N, x[N, D]]', 'f: x[N, D^2]', 'out: x']);
forward('not-an-integer', ['a: x[N, D - 0.5]', 'b: x[N, D*rate - D]', 'out: x'], 'options: { rate: 1.5 }\n');
forward('index-does-not-divide', ['out: x[N, D + width/2 - 2]'], 'options: { width: 5 }\n');
forward('out-of-bounds', ['a: x[N, D + 1]', 'm: mean[D](x)', 'b: m[N - 1]', 'out: x[N, 2*D - shift]'], 'options: { shift: 3 }\n');

// ---------------------------------------------------------------------------------------------------------- sizes
const POOL = 'options: { stride: 2, rate: 0.5 }\naxes: { OW: W / stride }\ninputs: { x: [N, W] }\noutputs: { out: [N, OW] }\nforward: { out: "x[N, OW*stride]" }\n';
spec('does-not-divide', POOL, { sizes: { N: 3, W: 7 } });
spec('divides-by-zero', POOL, { sizes: { N: 3, W: 7 }, options: { stride: 0 } });
spec('size-negative', 'options: { pad: 0 }\naxes: { OW: W + 2*pad - K }\ninputs: { x: [N, W] }\nparams: { w: [K] }\noutputs: { out: [N, OW] }\n'
  + 'forward: { out: "x[N, OW] * sum[K](w)" }\n', { sizes: { N: 3, W: 4, K: 7 } });
spec('cyclic-axis', 'axes: { A: B + 1, B: A + 1, C: C }\ninputs: { x: [A, B, C] }\noutputs: { out: [] }\nforward: { out: "sum[A, B, C](x)" }\n');
spec('axis-formulas', 'options: { rate: 0.5 }\naxes: { A: 2.5, B: N*rate, C: nn, E: Q + 1, F: x, G: "sqrt(N)" }\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x }\n');
spec('sizes-missing', `${HEAD}forward: { out: x }\n`, { sizes: { N: 3, d: 5 } });
spec('sizes-wrong', `${HEAD}forward: { out: x }\n`, { sizes: { N: 0, D: 6.5, C: 3 } });
spec('sizes-nan', `${HEAD}forward: { out: x }\n`, { sizes: { N: NaN, D: -Infinity } });
spec('size-derived', POOL, { sizes: { N: 3, W: 8, OW: 4 } });
spec('size-too-large', `${HEAD}forward: { out: x }\n`, { sizes: { N: 1e9, D: 1e12 } });
spec('tensor-too-large', `${HEAD}forward: { out: x }\n`, { sizes: { N: 1e8, D: 30 } });
spec('too-many-points', 'inputs: { x: [N, T] }\naxes: { S: T, U: T }\noutputs: { out: [N, T] }\n'
  + 'forward: { out: "sum[S, U](x[N, S] * x[N, U] * x)" }\n', { sizes: { N: 10, T: 10000 } });
spec('options-wrong', `options: { eps: 0.1, ties: first }\n${HEAD}forward: { out: x + eps }\n`,
  { sizes: { N: 3, D: 5 }, options: { epz: 1, eps: 'small', ties: 'last', constructor: 1 } });
spec('no-options', `${HEAD}forward: { out: x }\n`, { sizes: { N: 3, D: 5 }, options: { eps: 1 } });
spec('no-sizes-work', 'axes: { A: N - N }\ninputs: { x: [N] }\noutputs: { out: [N] }\nforward: { out: x }\n');

test('problems of a request stand at their places in the build file', () => {
  const source = { path: 'kernels.yaml', text: 'kernels:\n  - { layer: demo, sizes: { N: 0, D: 3 }, options: { eps: x } }\n' };
  const place = (text: string): Span => {
    const start = source.text.indexOf(text);
    return { source, start, end: start + text.length };
  };
  const at: RequestPlaces = { sizes: new Map([['N', place('0')]]), options: new Map([['eps', place('x }')]]), entry: place('layer: demo') };
  const found = diagnosticsOf(() => run(`options: { eps: 1 }\n${HEAD}forward: { out: gama }\n`, { sizes: { N: 0 }, options: { eps: 'x' }, at }));
  assert.equal(found.map((d) => [d.code, d.span?.source.path, d.span?.start]), [
    ['size-missing', 'kernels.yaml', place('layer: demo').start], ['size-invalid', 'kernels.yaml', place('0').start],
    ['option-invalid', 'kernels.yaml', place('x }').start], ['unknown-tensor', 'specs/demo.layer.yaml', found[3]!.span!.start],
  ]);
});

// --------------------------------------------------------------------------------------------- outputs and modes
forward('output-axes', ['mu: mean[D](x)', 'out: mu']);
spec('output-has-more', 'inputs: { x: [N, D] }\noutputs: { out: [N] }\nforward: { out: x * 2 }\n');
forward('output-undefined', ['ot: x']);
spec('abstract', `abstract: true\n${HEAD}forward: { out: x }\n`);
spec('modes', 'inputs: { x: [N] }\noutputs: { out: [N], z: [N] }\nforward:\n  kept: { train: x * 2 }\n  twice: kept * 2\n  out: twice\n  z: { test: x }\n');
spec('mode-cache', 'inputs: { x: [N] }\noutputs: { out: [N] }\nforward:\n  kept: { train: x * 2 }\n  out: { train: kept * x, test: x }\ncache: [kept]\n');
spec('update', 'inputs: { x: [N, D] }\nstate: { mean_x: [D] }\nparams: { g: [D] }\noutputs: { out: [N, D] }\nforward: { out: x * g }\n'
  + 'update:\n  mean_x: x\n  g: g * 2\n  men_x: 3\n');
spec('update-mode', 'inputs: { x: [N] }\nstate: { s: [N] }\noutputs: { out: [N] }\nforward:\n  kept: { test: x * 2 }\n  out: x\nupdate: { s: kept }\n');

// ---------------------------------------------------------------------------------------------------------- cache
spec('cache', 'inputs: { x: [N] }\nstate: { r: [N] }\nrandom: { u: { shape: [N], uniform: [0, 1] } }\noutputs: { out: [N] }\n'
  + 'forward: { half: x / 2, out: half + r + u }\ncache: [haf, r, u, "hit(out)", "hit(haf)"]\n');

// --------------------------------------------------------------------------------------------------------- claims
const claims = (name: string, lines: readonly string[]): void =>
  spec(name, `${HEAD}forward: { out: x * gamma }\nbackward:\n${lines.map((line) => `  ${line}\n`).join('')}`);
claims('claim-unknown', ['dx: dout * gamma', 'dy: 1', 'dz: dout', 'dgama: dout']);
claims('claim-axes', ['dgamma: dout * x', 'dx: sum[N](dout)']);
claims('claim-cycle', ['dx: h * 2', 'h: k + dout', 'k: h']);
claims('claim-names', ['dx: dou * gamma', 'dgamma: sum[N](dout * hit(out))']);
claims('claim-reads-outside', ['dx: x[N, D + 1] * dout[N, D + 1]']);
spec('claim-mode', `${HEAD}forward: { out: x * gamma }\nbackward:\n  dx: { train: dout * gamma }\n`);
spec('claim-of-other-mode', 'inputs: { x: [N] }\noutputs: { out: [N] }\nforward:\n  kept: { train: x * 2 }\n  out: { train: kept, test: x }\nbackward:\n  dx: kept * dout\n');

test('every code of meaning that phase 2 gives is pinned', () => {
  const codes = pinnedCodes('elaborate');
  const wanted = [
    'unknown-axis', 'unknown-tensor', 'unknown-option', 'unknown-function', 'wrong-arity', 'wrong-index-count', 'index-not-affine',
    'not-an-integer', 'mixed-truth', 'exponent-not-constant', 'read-before-definition', 'cyclic-definition', 'cyclic-axis',
    'output-axes', 'output-undefined', 'update-axes', 'update-unknown', 'reduction-axes', 'out-of-bounds', 'does-not-divide', 'size-missing',
    'size-invalid', 'size-unknown', 'limit-exceeded', 'cache-unknown', 'cache-hit', 'mode-missing', 'mode-cache', 'abstract-layer',
    'claim-unknown', 'claim-axes', 'gradient-outside-backward', 'option-invalid',
  ];
  assert.equal(wanted.filter((code) => !codes.has(code)), []);
});

test.run();
