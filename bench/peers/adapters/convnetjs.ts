/**
 * ConvNetJS: plain JavaScript over doubles, one sample at a time, H×W×C. A batch is a loop over its samples; each has a layer of
 * its own, which remembers what the backward needs, and the layers of a batch share their filters.
 */
import { createRequire } from 'node:module';
import { CHANNELS_LAST, inverse, permute, reordered } from '../layout.ts';
import type { Peer, Prepared } from '../peer.ts';
import type { Refusal } from '../report.ts';
import { count } from '../workload.ts';
import type { Results, Workload } from '../workload.ts';
import type { ConvLayer, Convnet, Layer, Vol } from './convnetjs-types.ts';

const lib = createRequire(import.meta.url)('convnetjs') as Convnet;

/** A batch: one layer and one input a sample. */
interface Batch {
  readonly layers: readonly Layer[];
  readonly inputs: readonly Vol[];
  /** The first of the layers that have parameters. */
  readonly shared?: ConvLayer;
}

export const convnet: Peer = {
  open: () => Promise.resolve(),
  prepare: (workload) => {
    const batch = batchOf(workload);
    return batch ? prepared(workload, batch) : { refused: 'has no such layer' };
  },
};

function batchOf(workload: Workload): Batch | undefined {
  const { layer, sizes, options, arrays, shapes } = workload;
  const [samples, channels, height, width] = [sizes['N']!, sizes['C']!, sizes['H']!, sizes['W']!];
  const image = { in_sx: width, in_sy: height, in_depth: channels };
  const each = <T>(make: () => T): T[] => Array.from({ length: samples }, make);
  switch (layer) {
    case 'conv2d': {
      const layers = each(() => new lib.ConvLayer({
        ...image, filters: sizes['F']!, sx: sizes['WW']!, sy: sizes['HH']!, stride: options['stride']!, pad: options['pad']!,
      }));
      const shared = layers[0]!;
      split(arrays['w']!, shapes['w']!).forEach((filter, f) => shared.filters[f]!.w.set(filter));
      shared.biases.w.set(arrays['b']!);
      for (const one of layers) Object.assign(one, { filters: shared.filters, biases: shared.biases });
      return { layers, shared, inputs: volumes(arrays['x']!, shapes['x']!) };
    }
    case 'maxpool2d':
      if (options['pool_height'] !== options['pool_width']) return undefined;
      return {
        layers: each(() => new lib.PoolLayer({ ...image, sx: options['pool_width']!, stride: options['stride']! })),
        inputs: volumes(arrays['x']!, shapes['x']!),
      };
    case 'dropout': {
      const all = count(shapes['x']!);
      const input = new lib.Vol(1, 1, all, 0);
      input.w.set(arrays['x']!);
      return { layers: [new lib.DropoutLayer({ in_sx: 1, in_sy: 1, in_depth: all, drop_prob: 1 - options['p']! })], inputs: [input] };
    }
    default:
      return undefined;
  }
}

/** An array of samples or filters, each H×W×C. */
function split(array: ArrayLike<number>, shape: readonly number[]): Float32Array[] {
  const moved = permute(array, shape, CHANNELS_LAST);
  const size = count(shape.slice(1));
  return Array.from({ length: shape[0]! }, (_, n) => moved.subarray(n * size, (n + 1) * size));
}

function volumes(array: Float32Array, shape: readonly number[]): Vol[] {
  return split(array, shape).map((sample) => {
    const vol = new lib.Vol(shape[3]!, shape[2]!, shape[1]!, 0);
    vol.w.set(sample);
    return vol;
  });
}

/** One array in our layout from those of the samples. */
function gather(parts: readonly ArrayLike<number>[], shape: readonly number[]): Float32Array {
  const joined = Float32Array.from(parts.flatMap((part) => Array.from(part)));
  return shape.length === 4 ? permute(joined, reordered(shape, CHANNELS_LAST), inverse(CHANNELS_LAST)) : joined;
}

function prepared({ arrays, shapes }: Workload, { layers, inputs, shared }: Batch): Prepared | Refusal {
  let outputs: Vol[] = [];
  const forward = (): void => { outputs = layers.map((layer, n) => layer.forward(inputs[n]!, true)); };
  const backward = (): void => {
    for (const filter of shared?.filters ?? []) filter.dw.fill(0);
    shared?.biases.dw.fill(0);
    for (const layer of layers) layer.backward();
  };
  const upstream = shapes['dout']!.length === 4 ? split(arrays['dout']!, shapes['dout']!) : [arrays['dout']!];
  const both = (): void => {
    forward();
    outputs.forEach((output, n) => output.dw.set(upstream[n]!));
  };
  const out = (): Results => ({ out: gather(outputs.map((output) => output.w), shapes['out']!) });
  return {
    forward: [{ form: 'layer', call: forward, results: () => { forward(); return out(); } }],
    // The samples' layers hold the last forward; its outputs' gradients are set before a batch of calls, as they never change.
    backward: [{
      form: 'layer', call: backward, enter: () => { both(); return Promise.resolve(); },
      results: () => {
        both();
        backward();
        return {
          ...out(),
          dx: gather(inputs.map((input) => input.dw), shapes['x']!),
          ...(shared ? { dw: gather(shared.filters.map((filter) => filter.dw), shapes['w']!), db: shared.biases.dw } : {}),
        };
      },
    }],
    backwardIncludesForward: false,
  };
}
