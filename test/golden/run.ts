/** Runs a case of the reference through generated kernels and says what does not agree. */
import { layer, type Kernel, type Layer } from '../../runtime/index.ts';
import { difference } from './compare.ts';
import { MAPPINGS, type Mapping, type More } from './layers.ts';
import { attribute, tensor, type Case, type Numbers } from './reference.ts';
import type { Module, Request } from './specs.ts';

/** What runs, and how exact it must be. */
export interface Way {
  /** Makes the module of a layer at one shape. */
  readonly make: (request: Request) => Promise<Module>;
  readonly dtype: 'f32' | 'f64';
  /** Of the scale of a tensor. */
  readonly rtol: number;
}

/** Elements of a tensor that are not compared, by the reference's name of the tensor. */
export type Exceptions = Readonly<Record<string, (want: number, index: number) => boolean>>;

type Results = ReadonlyMap<string, ArrayLike<number>>;

const optionsOf = (c: Case, names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, attribute(c, name)]));

export function mappingOf(c: Case): Mapping {
  const found = MAPPINGS.get(c.layer);
  if (!found) throw new Error(`no layer for ${c.layer}`);
  return found;
}

/** The kernel of a case. */
export function kernelOfCase(c: Case, m: Mapping, { make, dtype }: Way, options: Record<string, string> = {}): Promise<Module> {
  return make({ layer: m.layer, sizes: m.sizes(c), options: { ...optionsOf(c, m.options), ...options }, dtype });
}

/** A layer that holds the parameters and the state of a case. */
export function layerOfCase(c: Case, kernel: Module, m: Mapping): Layer<Kernel> {
  const numbers = (name: string): Numbers => tensor(c, name).values;
  return layer(kernel as Kernel, {
    params: Object.fromEntries(m.params.map((name) => [name, numbers(name)])),
    state: Object.fromEntries(Object.entries(m.state).map(([ours, theirs]) => [ours, numbers(theirs)])),
  });
}

/** Everything a layer holds after a pass, under our names. */
export function resultsOf(l: Layer<Kernel>): Results {
  const all = new Map<string, ArrayLike<number>>();
  for (const [name, array] of [...Object.entries(l.outputs), ...Object.entries(l.state)]) all.set(name, array);
  for (const [name, array] of Object.entries(l.grads)) all.set(`d${name}`, array);
  return all;
}

/** What differs of `results` (their names, ours) from a case, as lines of text. */
export function compare(
  c: Case, names: Readonly<Record<string, string>>, results: Results, rtol: number, except: Exceptions = {},
): string[] {
  return Object.entries(names).flatMap(([theirs, ours]) => {
    const want = c.tensors.get(theirs);
    if (!want) return [];
    const found = difference(results.get(ours) ?? [], want, rtol, except[theirs]);
    return found ? [`${theirs}: ${found}`] : [];
  });
}

/** Forward and backward of one layer against everything the case knows of it. */
export async function runCase(c: Case, way: Way, except?: Exceptions): Promise<string[]> {
  const m = mappingOf(c);
  const l = layerOfCase(c, await kernelOfCase(c, m, way), m);
  if (c.attrs.mode === 'test') l.test();
  l.forward(...m.inputs.map((name) => tensor(c, name).values));
  l.backward(...(c.tensors.has('dout') ? [tensor(c, 'dout').values] : []));
  return [
    ...compare(c, m.results, resultsOf(l), way.rtol, except),
    ...(m.more ? await runMore(c, m, m.more, way, except) : []),
    ...await runTies(c, m, way, except),
  ];
}

async function runMore(c: Case, m: Mapping, more: More, way: Way, except?: Exceptions): Promise<string[]> {
  if (!Object.keys(more.results).some((name) => c.tensors.has(name))) return [];
  const wider: Mapping = { ...m, layer: more.layer, options: more.options, state: {} };
  const l = layerOfCase(c, await kernelOfCase(c, wider, way), wider);
  l.forward(...m.inputs.map((name) => tensor(c, name).values));
  return compare(c, more.results, resultsOf(l), way.rtol, except);
}

/** Where maxima are equal, the reference has the gradient of every rule for it. */
async function runTies(c: Case, m: Mapping, way: Way, except?: Exceptions): Promise<string[]> {
  const wrong: string[] = [];
  for (const ties of ['all', 'split']) {
    if (!c.tensors.has(`dx_ties_${ties}`)) continue;
    const l = layerOfCase(c, await kernelOfCase(c, m, way, { ties }), m);
    l.forward(tensor(c, 'x').values);
    l.backward(tensor(c, 'dout').values);
    wrong.push(...compare(c, { out: 'out', [`dx_ties_${ties}`]: 'dx' }, resultsOf(l), way.rtol, except));
  }
  return wrong;
}

/** Dropout: the chances are given, so forward runs through a spec that reads them; backward takes the mask as its cache. */
export async function runDropout(c: Case, way: Way, except?: Exceptions): Promise<string[]> {
  const m = mappingOf(c);
  if (c.attrs.mode === 'test') return runCase(c, way, except);
  const keep = tensor(c, 'keep').values;
  const given = layer(await kernelOfCase(c, { ...m, layer: 'dropout_given' }, way) as Kernel);
  given.forward(tensor(c, 'x').values, Float64Array.from(keep, (k) => 1 - k));
  given.backward(tensor(c, 'dout').values, new Float64Array(keep.length));
  const names = { out: 'out', mask: 'mask', dx: 'dx' };
  const wrong = compare(c, names, resultsOf(given), way.rtol, except);

  const kernel = await kernelOfCase(c, m, way);
  const l = layer({ ...kernel, bind: undefined } as Kernel);
  const cache = (kernel.createCache as () => Record<string, Float32Array | Float64Array>)();
  const p = attribute(c, 'p');
  cache.mask!.set(Float64Array.from(keep, (k) => k / p));
  l.upstream.dout!.set(tensor(c, 'dout').values);
  const args: readonly unknown[] = kernel.spec.arguments.backwardTrain!
    .map((name) => (name === 'cache' ? cache : l.upstream[name] ?? l.grads[name.slice(1)]));
  (kernel.backwardTrain as (...args: readonly unknown[]) => void)(...args);
  return [...wrong, ...compare(c, { dx: 'dx' }, resultsOf(l), way.rtol, except)];
}

/** Many train steps, each against the reference, then one in test mode at another batch size: state carries over. */
export async function runSequence(c: Case, way: Way): Promise<{ wrong: string[]; out: ArrayLike<number> }> {
  const m = MAPPINGS.get(c.layer.replace('_sequence', ''))!;
  const at = (x: string): Case => ({ ...c, tensors: new Map([...c.tensors, ['x', tensor(c, x)]]) });
  const train = layerOfCase(c, await kernelOfCase(at('x0'), m, way), m);
  const wrong: string[] = [];
  for (let step = 0; step < attribute(c, 'steps'); step++) {
    train.forward(tensor(c, `x${step}`).values);
    const names = { [`out${step}`]: 'out', [`running_mean${step}`]: 'running_mean', [`running_var${step}`]: 'running_var' };
    wrong.push(...compare(c, names, resultsOf(train), way.rtol));
  }
  const test = layer(await kernelOfCase(at('x_test'), m, way) as Kernel).load(train.save()).test();
  test.forward(tensor(c, 'x_test').values);
  wrong.push(...compare(c, { out_test: 'out' }, resultsOf(test), way.rtol));
  return { wrong, out: test.outputs.out! };
}

/** A chain of three layers, there and back. */
export async function runConvReluPool(c: Case, way: Way): Promise<string[]> {
  const [conv, relu, pool] = ['conv2d', 'relu', 'maxpool'].map((name) => MAPPINGS.get(name)!) as [Mapping, Mapping, Mapping];
  const first = layerOfCase(c, await kernelOfCase(c, conv, way), conv);
  const { shape } = (first.kernel.spec.tensors.out)!;
  const hidden: Case = {
    ...c, attrs: { ...c.attrs, stride: attribute(c, 'pool_stride') },
    tensors: new Map([['x', { role: 'input', shape, values: first.outputs.out! as Numbers }]]),
  };
  const second = layer(await kernelOfCase(hidden, relu, way) as Kernel);
  const third = layer(await kernelOfCase(hidden, pool, way) as Kernel);
  first.forward(tensor(c, 'x').values);
  second.forward(first.outputs.out!);
  third.forward(second.outputs.out!);
  third.backward(tensor(c, 'dout').values);
  second.backward(third.grads.x!);
  first.backward(second.grads.x!);
  const results = new Map([...resultsOf(first), ['out', third.outputs.out!]]);
  return compare(c, conv.results, results, way.rtol);
}

/** The reference's own name for a case that needs more than one kernel, or a way of its own. */
export async function runAny(c: Case, way: Way, except?: Exceptions): Promise<string[]> {
  if (c.layer === 'dropout') return runDropout(c, way, except);
  if (c.layer.endsWith('_sequence')) return (await runSequence(c, way)).wrong;
  if (c.layer === 'conv_relu_pool') return runConvReluPool(c, way);
  return runCase(c, way, except);
}
