/** Names for definitions the compiler makes, and axes in one order everywhere. */
import { baseAxis } from './affine.ts';
import type { Layer } from './tensor.ts';
import { WORDS } from './words.ts';

export class Names {
  readonly #taken: Set<string>;
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }
  /** `wanted` if it is free, else `wanted2`, `wanted3`, ... (`sum1`, `sum2` for a word of the language). The name is taken from now on. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let n = WORDS.has(wanted) ? 1 : 2; this.#taken.has(name) || WORDS.has(name); n++) name = `${wanted}${n}`;
    this.#taken.add(name);
    return name;
  }
  /** Gives a name back. */
  release(name: string): void {
    this.#taken.delete(name);
  }
}

/** Every name a layer has given to something: a new definition must have another. */
export function namesOf(layer: Layer): Set<string> {
  const taken = new Set<string>([...layer.env.sizes.keys(), ...layer.env.options.keys()]);
  const tensors = [...layer.inputs, ...layer.params, ...layer.state, ...layer.random, ...layer.outputs];
  for (const t of tensors) taken.add(t.name).add(`d${t.name}`);
  for (const m of layer.modes) for (const d of [...m.definitions, ...m.claims]) taken.add(d.name).add(`d${d.name}`);
  return taken;
}

/** Sorts axes by their first appearance in the shapes of the layer; copies (`T'`) stand behind their axis. */
export function axisOrder(layer: Layer): (axes: Iterable<string>) => string[] {
  const order: string[] = [];
  const tensors = [...layer.inputs, ...layer.params, ...layer.state, ...layer.random, ...layer.outputs];
  for (const axis of [...tensors.flatMap((t) => t.axes), ...layer.env.sizes.keys()]) if (!order.includes(axis)) order.push(axis);
  const rank = (axis: string): number => order.indexOf(baseAxis(axis)) * 100 + (axis.length - baseAxis(axis).length);
  return (axes) => [...new Set(axes)].sort((a, b) => rank(a) - rank(b));
}
