/** Every rule of the table: both sides evaluated with the holes filled at random; every rule fires somewhere. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../../compiler/ir/interpret.ts';
import { freeAxes } from '../../../compiler/ir/expr.ts';
import type { Definition, Env, Program, Tensor } from '../../../compiler/ir/tensor.ts';
import { rules } from '../../../compiler/phases/4-simplify/rules.ts';
import { parse } from '../2-elaborate/round-trip.ts';
import { deriveShipped, deriveText, shipped } from './derived.ts';

const env: Env = { sizes: new Map([['A', 5], ['B', 3]]), options: new Map() };
const hole = (name: string, axes: readonly string[], more: Partial<Tensor> = {}): Tensor =>
  ({ name, role: 'input', slots: axes.map((a) => [a]), axes, dtype: 'f64', ...more });
const holes: readonly Tensor[] = [
  hole('f', ['A', 'B']), hole('g', ['A', 'B']), hole('h', ['A', 'B']), hole('b', ['B']), hole('c', []),
  hole('u', ['A'], { role: 'upstream', outside: 0 }), hole('y', [], { dtype: 'i32' }),
];

function evaluate(text: string, inputs: ReadonlyMap<string, Float64Array>): Float64Array {
  const formula = parse(text.replaceAll('?', ''), { env, tensors: holes, definitions: [] });
  const axes = ['A', 'B'].filter((a) => freeAxes(formula).has(a));
  const definition: Definition = { name: 'side', axes, formula };
  const program: Program = { name: 'rule', env, tensors: holes, definitions: [definition], stores: [] };
  return interpret(program, inputs).get('side')!;
}

let seed = 1;
const next = (): number => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};

for (const rule of rules) {
  test(`${rule.name}: ${rule.left} = ${rule.right}`, () => {
    for (let round = 0; round < 8; round++) {
      const inputs = new Map(holes.map((t) => {
        const count = t.axes.reduce((n, a) => n * env.sizes.get(a)!, 1);
        return [t.name, Float64Array.from({ length: count }, () => (t.dtype === 'i32' ? Math.floor(next() * 5) : 4 * next() - 2))];
      }));
      const left = evaluate(rule.left, inputs);
      const right = evaluate(rule.right, inputs);
      const repeat = left.length / right.length;
      left.forEach((l, n) => {
        const r = right[Math.floor(n / repeat)]!;
        if (rule.soundness === 'exact') assert.ok(Object.is(l + 0, r + 0), `${l} and ${r} at ${n}`);
        else assert.ok(Math.abs(l - r) <= 1e-9 * (1 + Math.abs(l)), `${l} and ${r} at ${n}`);
      });
    }
  });
}

test('names are unique and kebab-case', () => {
  assert.is(new Set(rules.map((r) => r.name)).size, rules.length);
  for (const r of rules) assert.match(r.name, /^[a-z]+(-[a-z]+)*$/);
});

test('derivations name only rules of the table', () => {
  const known = new Set<string>([...rules.map((r) => r.name), 'chain rule']);
  const fired = new Set<string>();
  const fronts = [
    ...shipped.map((layer) => deriveShipped(layer)),
    deriveText('layer: softmax\ninputs: { x: [N, C] }\noutputs: { out: [N, C] }\nforward:\n  m: max[C](x)\n  e: exp(x - m)\n  out: e / sum[C](e)\ncache: [out]\n'),
  ];
  for (const { derived } of fronts) for (const m of derived.modes) for (const s of m.steps) for (const name of s.rule.split(', ')) fired.add(name);
  for (const name of fired) assert.ok(known.has(name), name);
  for (const name of ['fold-definition', 'sum-pull', 'sum-split', 'sum-linear', 'fact', 'delta-stride']) assert.ok(fired.has(name), `${name} never fires`);
});

test.run();
