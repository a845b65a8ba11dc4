/** A spec over the one it extends: parts merge by name, a redefinition takes the place of the line it replaces. */
import type { Spec } from '../../ir/spec.ts';

/** What one file says: a spec without its parents. */
export type SpecFile = Omit<Spec, 'ancestors'> & { readonly hasSummary: boolean };

interface Named {
  readonly name: { readonly value: string };
}

/** The parts of `over`, each in the place of the part of `under` that has its name, the new ones behind. */
function byName<T extends Named>(under: readonly T[], over: readonly T[]): T[] {
  const left = new Map(over.map((part) => [part.name.value, part]));
  const out = under.map((part) => {
    const by = left.get(part.name.value);
    left.delete(part.name.value);
    return by ?? part;
  });
  return [...out, ...left.values()];
}

/** `child` over `parent`. `abstract` and the name are the child's alone. */
export function merge(parent: SpecFile, child: SpecFile): SpecFile {
  const reduce = child.reduce ?? parent.reduce;
  const cache = child.cache ?? parent.cache;
  return {
    source: child.source,
    layer: child.layer,
    abstract: child.abstract,
    summary: child.hasSummary ? child.summary : parent.summary,
    hasSummary: child.hasSummary || parent.hasSummary,
    options: byName(parent.options, child.options),
    axes: byName(parent.axes, child.axes),
    inputs: byName(parent.inputs, child.inputs),
    params: byName(parent.params, child.params),
    state: byName(parent.state, child.state),
    random: byName(parent.random, child.random),
    outputs: byName(parent.outputs, child.outputs),
    ...(reduce ? { reduce } : {}),
    forward: byName(parent.forward, child.forward),
    update: byName(parent.update, child.update),
    ...(cache ? { cache } : {}),
    backward: byName(parent.backward, child.backward),
  };
}
