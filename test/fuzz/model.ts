/**
 * A layer spec as a tree that can be printed and shrunk: what the generator makes and the shrinker takes apart. The axes of
 * a definition, and the shapes of outputs, are worked out when it is printed.
 */

export type Tree =
  /** Text without tensors of the layer: a number, `index(A)`, an option. */
  | { readonly kind: 'text'; readonly text: string; readonly axes: readonly string[] }
  /** A tensor or a definition at its own axes. */
  | { readonly kind: 'bare'; readonly name: string }
  /** A read at indices. */
  | { readonly kind: 'at'; readonly name: string; readonly index: readonly Index[]; readonly groups: readonly number[] }
  /** `$0` and `$1` stand for the operands. */
  | { readonly kind: 'op'; readonly template: string; readonly kids: readonly Tree[] }
  | { readonly kind: 'reduce'; readonly op: string; readonly axes: readonly string[]; readonly kid: Tree };

export interface Index {
  readonly text: string;
  readonly axes: readonly string[];
}

export interface ModelTensor {
  readonly name: string;
  readonly section: 'inputs' | 'params' | 'state' | 'random';
  readonly axes: readonly string[];
  /** How many axes each slot has. */
  readonly groups: readonly number[];
  readonly integer?: boolean;
  readonly outside?: number;
}

export interface ModelDefinition {
  readonly name: string;
  readonly tree: Tree;
  /** In test mode; absent: the same in both. */
  readonly test?: Tree;
  /** An output; its axes in another order than those of its formula where the seed is odd. */
  readonly output?: { readonly turned: boolean };
}

export interface Model {
  readonly sizes: Readonly<Record<string, number>>;
  readonly derived: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, number | string>>;
  readonly tensors: readonly ModelTensor[];
  readonly definitions: readonly ModelDefinition[];
  readonly cache: readonly string[] | 'auto';
}

/** Axes of tensors and definitions by name; an axis order to sort by. */
export interface Scope {
  readonly axesOf: Map<string, readonly string[]>;
  readonly order: readonly string[];
}

export function scopeOf(m: Model): Scope {
  const order = [...new Set(m.tensors.flatMap((t) => t.axes))];
  const scope: Scope = { axesOf: new Map(m.tensors.map((t) => [t.name, t.axes])), order };
  for (const d of m.definitions) {
    const axes = sorted(new Set([...axesIn(d.tree, scope), ...(d.test ? axesIn(d.test, scope) : [])]), scope);
    scope.axesOf.set(d.name, d.output?.turned ? [...axes].reverse() : axes);
  }
  return scope;
}

export const sorted = (axes: Iterable<string>, scope: Scope): string[] =>
  [...axes].sort((a, b) => scope.order.indexOf(a) - scope.order.indexOf(b));

/** The axes a tree leaves free. */
export function axesIn(t: Tree, scope: Scope): Set<string> {
  switch (t.kind) {
    case 'text': return new Set(t.axes);
    case 'bare': return new Set(scope.axesOf.get(t.name) ?? []);
    case 'at': return new Set(t.index.flatMap((i) => i.axes));
    case 'op': return new Set(t.kids.flatMap((k) => [...axesIn(k, scope)]));
    case 'reduce': return new Set([...axesIn(t.kid, scope)].filter((a) => !t.axes.includes(a)));
  }
}

const grouped = (parts: readonly string[], groups: readonly number[]): string => {
  let n = 0;
  return `[${groups.map((size) => {
    const members = parts.slice(n, n += size);
    return size === 1 ? members[0] : `(${members.join(', ')})`;
  }).join(', ')}]`;
};

function formula(t: Tree): string {
  switch (t.kind) {
    case 'text': return t.text;
    case 'bare': return t.name;
    case 'at': return t.name + grouped(t.index.map((i) => i.text), t.groups);
    case 'op': return t.template.replace(/\$(\d)/g, (_, n: string) => formula(t.kids[Number(n)]!));
    case 'reduce': return `${t.op}[${t.axes.join(', ')}](${formula(t.kid)})`;
  }
}

/** The spec as YAML. */
export function printModel(m: Model): string {
  const scope = scopeOf(m);
  const shape = (t: ModelTensor): string => {
    const text = grouped(t.axes, t.groups).replace(/\((.*?)\)/g, (s) => s.replaceAll(',', ''));
    const more = [
      ...(t.integer ? ['dtype: i32'] : []), ...(t.outside === undefined ? [] : [`outside: ${t.outside}`]),
      ...(t.section === 'random' ? ['uniform: [0, 1]'] : []), ...(t.section === 'state' ? ['init: 1'] : []),
    ];
    return `  ${t.name}: ${more.length > 0 ? `{ shape: ${text}, ${more.join(', ')} }` : text}`;
  };
  const section = (name: ModelTensor['section']): string[] => {
    const own = m.tensors.filter((t) => t.section === name);
    return own.length > 0 ? [`${name}:`, ...own.map(shape)] : [];
  };
  const entries = (name: string, values: Readonly<Record<string, unknown>>): string[] =>
    (Object.keys(values).length > 0 ? [`${name}:`, ...Object.entries(values).map(([k, v]) => `  ${k}: ${String(v)}`)] : []);
  return [
    'layer: fuzz', ...entries('options', m.options), ...entries('axes', m.derived),
    ...section('inputs'), ...section('params'), ...section('state'), ...section('random'),
    'outputs:', ...m.definitions.filter((d) => d.output).map((d) => `  ${d.name}: [${scope.axesOf.get(d.name)!.join(', ')}]`),
    'forward:', ...m.definitions.flatMap((d) =>
      (d.test ? [`  ${d.name}:`, `    train: ${formula(d.tree)}`, `    test: ${formula(d.test)}`] : [`  ${d.name}: ${formula(d.tree)}`])),
    `cache: ${m.cache === 'auto' ? 'auto' : `[${m.cache.join(', ')}]`}`, '',
  ].join('\n');
}
