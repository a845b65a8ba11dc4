/** Random small specs: every construct of the language, nothing that divides by zero or overflows. */
import { makeRandom } from '../specs/draw.ts';
import { axesIn, scopeOf, sorted, type Index, type Model, type ModelDefinition, type ModelTensor, type Scope, type Tree } from './model.ts';

const UNARY = ['-$0', 'tanh($0)', 'sigmoid($0)', 'erf($0)', 'abs($0)', 'exp(tanh($0))', 'sqrt(($0)^2 + 0.3)', 'log(($0)^2 + 0.5)',
  'rsqrt(($0)^2 + 1)', '($0)^2', '($0)^3', '(($0)^2 + 0.7)^power', '(1 + ($0)^2)^(-1)', 'sign($0)', 'floor($0)', 'exp(-($0)^2)'];
const BINARY = ['$0 + $1', '$0 - $1', '($0) * ($1)', '($0) * ($1)', '($0) / (($1)^2 + 1)', '($0) / sqrt(($1)^2 + eps)', 'max($0, $1)',
  'min($0, $1)', '$0 - 2 * ($1)', '($0) / (exp(tanh($1)) + 1)'];
const COMPARE = ['<', '<=', '>', '>=', '==', '!='];

/** Choices of one seed. */
class Dice {
  private readonly next: () => number;
  constructor(seed: number) { this.next = makeRandom(seed); }
  chance(p: number): boolean { return this.next() < p; }
  below(n: number): number { return Math.floor(this.next() * n); }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
  /** Between `least` and `most` of a list, in its order or any. */
  some<T>(list: readonly T[], least: number, most: number): T[] {
    const left = [...list];
    const count = Math.min(left.length, least + this.below(most - least + 1));
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0]!);
  }
}

interface World {
  readonly dice: Dice;
  readonly sizes: Record<string, number>;
  /** Sizes of derived axes, too. */
  readonly all: Record<string, number>;
  readonly derived: Record<string, string>;
  readonly options: Record<string, number | string>;
  /** Reads of windows: for which axis, and the index. */
  readonly windows: { readonly of: string; readonly index: Index }[];
  readonly tensors: ModelTensor[];
  readonly definitions: ModelDefinition[];
}

export function generate(seed: number): Model {
  const dice = new Dice(seed);
  const w: World = { dice, sizes: {}, all: {}, derived: {}, options: { eps: 0.25, power: dice.pick([0.5, 1.5, -0.5, 2, 3]) }, windows: [], tensors: [], definitions: [] };
  for (const axis of dice.some(['A', 'B', 'C', 'D'], 2, 4)) w.all[axis] = w.sizes[axis] = dice.pick([1, 2, 2, 3, 3, 4, 5]);
  // One axis that is long enough to be unrolled with a rest.
  if (dice.chance(0.25)) {
    const axis = dice.pick(Object.keys(w.sizes));
    w.all[axis] = w.sizes[axis] = 6 + dice.below(12);
  }
  if (dice.chance(0.5)) addWindow(w);
  if (dice.chance(0.35)) addCopy(w);
  if (dice.chance(0.5)) w.options['ties'] = dice.pick(['first', 'split', 'all']);
  addTensors(w);
  const modes = dice.chance(0.15);
  const count = 2 + dice.below(5);
  for (let n = 0; n < count; n++) addDefinition(w, n, n === count - 1, modes);
  return { sizes: w.sizes, derived: w.derived, options: w.options, tensors: w.tensors, definitions: w.definitions, cache: chooseCache(w) };
}

function addWindow(w: World): void {
  const { dice } = w;
  const of = dice.pick(Object.keys(w.sizes));
  const window = 1 + dice.below(3), stride = 1 + dice.below(3), dilation = 1 + dice.below(2), pad = dice.below(2);
  const count = Math.floor((w.sizes[of]! + 2 * pad - dilation * (window - 1) - 1) / stride) + 1;
  if (count < 1) return;
  Object.assign(w.options, { window, stride, pad });
  w.derived['P'] = 'window';
  w.derived['O'] = `(${of} + 2*pad - ${dilation}*(P - 1) - 1) // stride + 1`;
  w.all['P'] = window;
  w.all['O'] = count;
  w.windows.push({ of, index: { text: `O*stride + ${dilation === 1 ? 'P' : `P*${dilation}`}${pad > 0 ? ' - pad' : ''}`, axes: ['O', 'P'] } });
}

function addCopy(w: World): void {
  const of = w.dice.pick(Object.keys(w.sizes));
  w.derived['S'] = of;
  w.all['S'] = w.sizes[of]!;
}

function addTensors(w: World): void {
  const { dice } = w;
  const base = Object.keys(w.sizes);
  const groups = (axes: readonly string[]): number[] => {
    if (axes.length < 2 || !dice.chance(0.2)) return axes.map(() => 1);
    return [...axes.slice(2).map(() => 1), 2];
  };
  const add = (name: string, section: ModelTensor['section'], axes: readonly string[], more: Partial<ModelTensor> = {}): void => {
    w.tensors.push({ name, section, axes, groups: groups(axes), ...more });
  };
  const outside = (): Partial<ModelTensor> => (dice.chance(0.5) ? { outside: dice.pick([0, 0, 0.5, -1]) } : {});
  const first = w.windows[0]?.of;
  const rest = dice.some(base.filter((a) => a !== first), 0, 2);
  add('x', 'inputs', first ? [...rest, first] : dice.some(base, 1, 3), w.windows[0] && w.options['pad'] !== 0 ? { outside: dice.pick([0, 0.5]) } : outside());
  if (dice.chance(0.6)) add('y', 'inputs', dice.some(base, 0, 3), outside());
  if (dice.chance(0.3)) add('i', 'inputs', dice.some(base, 0, 2), { integer: true });
  // Every axis stands in some shape of its own, so that the order of axes is known before the outputs are.
  for (const axis of Object.keys(w.all)) if (!w.tensors.some((t) => t.axes.includes(axis))) add(`v${axis}`, 'params', [axis]);
  add('w', 'params', dice.some(Object.keys(w.all), 0, 3), outside());
  if (dice.chance(0.1)) add('r', 'state', dice.some(base, 0, 1));
  if (dice.chance(0.1)) add('u', 'random', dice.some(base, 0, 2));
}

// ---------------------------------------------------------------------------------------------------- definitions

const MOST_ELEMENTS = 300;

function addDefinition(w: World, n: number, last: boolean, modes: boolean): void {
  const { dice } = w;
  const scope = scopeOf({ ...w, cache: 'auto' });
  const make = (): Tree => {
    const tree = expression(w, scope, 3);
    const axes = sorted(axesIn(tree, scope), scope);
    const most = dice.chance(0.1) ? 0 : dice.chance(0.2) ? 1 : 3;
    return shrinkAxes(w, tree, axes, most);
  };
  const both = make();
  const test = modes && dice.chance(0.4) ? make() : undefined;
  const output = last || dice.chance(0.2) ? { turned: dice.chance(0.3) } : undefined;
  // An output has the same axes in both modes.
  const sameAxes = test && sorted(axesIn(test, scope), scope).join() === sorted(axesIn(both, scope), scope).join();
  w.definitions.push({ name: `d${n}`, tree: both, ...(test && (!output || sameAxes) ? { test } : {}), ...(output ? { output } : {}) });
}

/** Reduces axes until no more than `most` are left, nor too many elements. */
function shrinkAxes(w: World, tree: Tree, axes: readonly string[], most: number): Tree {
  const left = [...axes];
  const gone: string[] = [];
  const count = (): number => left.reduce((n, a) => n * w.all[a]!, 1);
  while (left.length > most || count() > MOST_ELEMENTS) gone.push(left.splice(w.dice.below(left.length), 1)[0]!);
  return gone.length > 0 ? reduction(w, tree, gone) : tree;
}

function reduction(w: World, kid: Tree, axes: readonly string[]): Tree {
  const small = axes.reduce((n, a) => n * w.all[a]!, 1) <= 5;
  const op = w.dice.pick(['sum', 'sum', 'sum', 'mean', 'mean', 'max', 'min', ...(small ? ['prod'] : [])]);
  return { kind: 'reduce', op, axes, kid };
}

function expression(w: World, scope: Scope, depth: number): Tree {
  const { dice } = w;
  if (depth === 0 || dice.chance(0.1)) return leaf(w, scope);
  const kid = (): Tree => expression(w, scope, depth - 1);
  const kind = dice.below(10);
  if (kind < 2) return { kind: 'op', template: dice.pick(UNARY), kids: [kid()] };
  if (kind < 6) return { kind: 'op', template: dice.pick(BINARY), kids: [kid(), kid()] };
  if (kind < 9) {
    const body = kid();
    const axes = [...axesIn(body, scope)];
    return axes.length === 0 ? body : reduction(w, body, dice.some(axes, 1, axes.length));
  }
  const condition = dice.chance(0.7) ? comparison(w, scope)
    : { kind: 'op' as const, template: dice.pick(['$0 and not ($1)', '$0 or $1']), kids: [comparison(w, scope), comparison(w, scope)] };
  return dice.chance(0.4) ? { kind: 'op', template: 'where($0, $1, 0)', kids: [condition, kid()] }
    : { kind: 'op', template: 'where($0, $1, $2)', kids: [condition, kid(), kid()] };
}

function comparison(w: World, scope: Scope): Tree {
  const { dice } = w;
  const axes = Object.keys(w.all);
  const template = `$0 ${dice.pick(COMPARE)} $1`;
  if (dice.chance(0.4)) return { kind: 'op', template, kids: [runningValue(dice.pick(axes)), dice.chance(0.5) ? runningValue(dice.pick(axes)) : { kind: 'text', text: '1', axes: [] }] };
  return { kind: 'op', template, kids: [leaf(w, scope), dice.chance(0.5) ? { kind: 'text', text: '0.3', axes: [] } : expression(w, scope, 1)] };
}

const runningValue = (axis: string): Tree => ({ kind: 'text', text: `index(${axis})`, axes: [axis] });

// --------------------------------------------------------------------------------------------------------- leaves

function leaf(w: World, scope: Scope): Tree {
  const { dice } = w;
  if (dice.chance(0.12)) return constantLeaf(w);
  const real = w.tensors.filter((t) => !t.integer);
  const names = [...real.map((t) => t.name), ...w.definitions.flatMap((d) => [d.name, d.name])];
  const name = dice.chance(0.3) ? 'x' : dice.pick(names);
  const axes = scope.axesOf.get(name)!;
  if (axes.length === 0 || dice.chance(0.55)) return { kind: 'bare', name };
  const tensor = w.tensors.find((t) => t.name === name);
  const index = axes.map((axis) => slot(w, axis, tensor?.outside !== undefined));
  return { kind: 'at', name, index, groups: tensor?.groups ?? axes.map(() => 1) };
}

function constantLeaf(w: World): Tree {
  const axes = Object.keys(w.all);
  const axis = w.dice.pick(axes);
  const text = w.dice.pick([{ text: '0.7', axes: [] }, { text: 'eps', axes: [] }, { text: '2', axes: [] }, { text: `1 / ${axis}`, axes: [] }, { text: `index(${axis}) / 4`, axes: [axis] }]);
  return { kind: 'text', ...text };
}

/** An index for a slot of `axis`: inside, unless the tensor says what stands outside. */
function slot(w: World, axis: string, outside: boolean): Index {
  const { dice, all } = w;
  const size = all[axis]!;
  const own: Index = { text: axis, axes: [axis] };
  const fitting = Object.keys(all).filter((a) => all[a]! <= size);
  const integers = w.tensors.filter((t) => t.integer);
  const choices: (() => Index)[] = [
    () => own, () => own,
    () => { const a = dice.pick(fitting); return { text: a, axes: [a] }; },
    () => ({ text: String(dice.below(size)), axes: [] }),
    () => ({ text: `size(${axis}) - 1 - ${axis}`, axes: [axis] }),
  ];
  for (const window of w.windows) {
    if (window.of === axis && (outside || w.options['pad'] === 0 || !window.index.text.includes('pad'))) choices.push(() => window.index, () => window.index, () => window.index);
  }
  for (const i of integers) choices.push(() => ({ text: i.name, axes: i.axes }));
  if (!outside) return dice.pick(choices)();
  const other = dice.pick(Object.keys(all));
  choices.push(
    () => ({ text: `${axis} + ${1 + dice.below(2)}`, axes: [axis] }),
    () => ({ text: `${axis} - ${1 + dice.below(2)}`, axes: [axis] }),
    () => ({ text: `${axis} + ${other} - size(${other})//2`, axes: [axis, other] }),
    () => ({ text: `${axis} - ${other}`, axes: [axis, other] }),
    () => ({ text: `2*${other} + ${axis} - 1`, axes: [other, axis] }),
    () => ({ text: `${1 + dice.below(3)}*${other} - 1`, axes: [other] }),
    () => ({ text: other, axes: [other] }),
  );
  return dice.pick(choices)();
}

// ---------------------------------------------------------------------------------------------------------- cache

function chooseCache(w: World): readonly string[] | 'auto' {
  const { dice } = w;
  if (dice.chance(0.4)) return 'auto';
  const inputs = w.tensors.filter((t) => t.section === 'inputs' && !t.integer).map((t) => t.name);
  const state = w.tensors.some((t) => t.section === 'state');
  const named = w.definitions.filter((d) => !d.test).map((d) => d.name);
  if (dice.chance(0.2)) return dice.some(named, 0, 3);
  const extremes = w.definitions.filter((d) => d.tree.kind === 'reduce' && /^(max|min)$/.test(d.tree.op) && !d.test).map((d) => `hit(${d.name})`);
  return [...inputs, ...(state ? named : dice.some(named, 0, 2)), ...(dice.chance(0.5) ? dice.some(extremes, 0, 2) : [])];
}
