/** Makes a failing spec smaller, as long as it goes on failing in the same way. */
import type { Model, ModelDefinition, Tree } from './model.ts';

/** The smallest model found for which `fails` is true; `fails` is asked at most `tries` times. */
export async function shrink(model: Model, fails: (m: Model) => Promise<boolean>, tries = 400): Promise<Model> {
  let best = model;
  let left = tries;
  for (let improved = true; improved && left > 0;) {
    improved = false;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) break;
      if (!(await fails(candidate))) continue;
      best = candidate;
      improved = true;
      break;
    }
  }
  return best;
}

function* smaller(m: Model): Generator<Model> {
  for (let n = m.definitions.length - 1; n >= 0; n--) yield { ...m, definitions: m.definitions.filter((_, k) => k !== n), cache: without(m.cache, m.definitions[n]!.name) };
  for (const t of m.tensors) yield { ...m, tensors: m.tensors.filter((u) => u !== t), cache: without(m.cache, t.name) };
  for (let n = 0; n < m.definitions.length; n++) for (const d of smallerDefinitions(m.definitions[n]!)) yield { ...m, definitions: m.definitions.map((x, k) => (k === n ? d : x)) };
  if (m.cache !== 'auto') for (const name of m.cache) yield { ...m, cache: without(m.cache, name) };
  for (const axis of Object.keys(m.derived)) yield { ...m, derived: Object.fromEntries(Object.entries(m.derived).filter(([a]) => a !== axis)) };
  for (const name of Object.keys(m.options)) yield { ...m, options: Object.fromEntries(Object.entries(m.options).filter(([o]) => o !== name)) };
  for (const [axis, size] of Object.entries(m.sizes)) {
    yield { ...m, sizes: Object.fromEntries(Object.entries(m.sizes).filter(([a]) => a !== axis)) };
    for (const less of [1, size - 1]) if (less >= 1 && less < size) yield { ...m, sizes: { ...m.sizes, [axis]: less } };
  }
}

const without = (cache: Model['cache'], name: string): Model['cache'] => (cache === 'auto' ? cache : cache.filter((c) => c !== name && c !== `hit(${name})`));

function* smallerDefinitions(d: ModelDefinition): Generator<ModelDefinition> {
  const { test, output, ...rest } = d;
  if (test) yield { ...rest, ...(output ? { output } : {}) };
  if (output?.turned) yield { ...d, output: { turned: false } };
  if (output) yield { ...rest, ...(test ? { test } : {}) };
  for (const tree of smallerTrees(d.tree)) yield { ...d, tree };
}

function* smallerTrees(t: Tree): Generator<Tree> {
  if (t.kind === 'op') {
    yield* t.kids;
    for (let n = 0; n < t.kids.length; n++) for (const kid of smallerTrees(t.kids[n]!)) yield { ...t, kids: t.kids.map((k, i) => (i === n ? kid : k)) };
  }
  if (t.kind === 'reduce') {
    yield t.kid;
    if (t.axes.length > 1) for (const axis of t.axes) yield { ...t, axes: t.axes.filter((a) => a !== axis) };
    for (const kid of smallerTrees(t.kid)) yield { ...t, kid };
  }
  if (t.kind === 'at') {
    yield { kind: 'bare', name: t.name };
    for (let n = 0; n < t.index.length; n++) for (const axis of t.index[n]!.axes) yield { ...t, index: t.index.map((x, k) => (k === n ? { text: axis, axes: [axis] } : x)) };
  }
}
