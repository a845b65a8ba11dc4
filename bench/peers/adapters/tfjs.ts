/**
 * TensorFlow.js, whatever its backend. Convolutions and pools run in its own layout, NHWC. Kernels run when they are called, so
 * nothing has to be read to be done; `tidy` gives the tensors back.
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import type { Case, Peer, Prepared } from '../peer.ts';
import type { Refusal } from '../report.ts';
import { CHANNELS_LAST, FILTERS_LAST, inverse, permute, reordered } from '../layout.ts';
import { normOf } from '../norms.ts';
import type { Results, Workload } from '../workload.ts';

// The core alone registers no gradients, and this file of it is one that only a loader of both module systems can read.
createRequire(import.meta.url)('@tensorflow/tfjs-core/dist/register_all_gradients.js');

/** A layer as a function of tensors, its arguments' names in order, and the layout it wants of each. */
interface Form {
  readonly form: string;
  readonly names: readonly string[];
  readonly orders: Readonly<Record<string, readonly number[]>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly apply: (...args: readonly tf.Tensor[]) => tf.Tensor;
}

export function tfjs(backend: string, ready: () => void): Peer {
  const enter = async (): Promise<void> => { await tf.setBackend(backend); };
  return {
    open: async () => {
      ready();
      await enter();
      await tf.ready();
    },
    prepare: async (workload) => {
      const forms = formsOf(workload);
      if (forms.length === 0) return { refused: `no adapter for ${workload.layer}` };
      await enter();
      return prepared(workload, forms, enter);
    },
  };
}

function prepared(workload: Workload, forms: readonly Form[], enter: () => Promise<void>): Prepared | Refusal {
  const forward: Case[] = [];
  const backward: Case[] = [];
  for (const form of forms) {
    const load = (name: string): tf.Tensor => {
      const order = orderOf(form, workload, name);
      const shape = workload.shapes[name]!;
      return tf.tensor(permute(workload.arrays[name]!, shape, order), [...(form.shapes[name] ?? reordered(shape, order))]);
    };
    const unload = (name: string, of: string, t: tf.Tensor): [string, Float32Array] => {
      const order = orderOf(form, workload, of);
      return [name, permute(t.dataSync<'float32'>(), reordered(workload.shapes[of]!, order), inverse(order))];
    };
    const inputs = form.names.map(load);
    const upstream = load('dout');
    const both = tf.valueAndGrads((...args: tf.Tensor[]) => form.apply(...args));
    forward.push({
      form: form.form, enter,
      call: () => { tf.tidy(() => { form.apply(...inputs); }); },
      results: async () => {
        await enter();
        return Object.fromEntries([tf.tidy(() => unload('out', 'out', form.apply(...inputs)))]);
      },
    });
    backward.push({
      form: form.form, enter,
      call: () => { tf.tidy(() => { both(inputs, upstream); }); },
      results: async (): Promise<Results> => {
        await enter();
        return tf.tidy(() => {
          const { value, grads } = both(inputs, upstream);
          return Object.fromEntries([unload('out', 'out', value), ...form.names.map((name, n) => unload(`d${name}`, name, grads[n]!))]);
        });
      },
    });
  }
  return { forward, backward, backwardIncludesForward: true };
}

/** Outputs and gradients lie as what they belong to. */
function orderOf({ orders }: Form, { shapes }: Workload, name: string): readonly number[] {
  return orders[name] ?? shapes[name]!.map((_, axis) => axis);
}

const images = { x: CHANNELS_LAST, out: CHANNELS_LAST, dout: CHANNELS_LAST } as const;

function formsOf(workload: Workload): Form[] {
  const { layer, options, shapes } = workload;
  const norm = normOf(workload);
  if (norm) {
    const views = { x: norm.view, out: norm.view, dout: norm.view, gamma: norm.scale, beta: norm.scale };
    const names = ['x', 'gamma', 'beta'];
    const composed: Form = {
      form: 'composed', names, orders: {}, shapes: views,
      apply: (x, gamma, beta) => {
        const { mean, variance } = tf.moments(x!, [...norm.reduce], true);
        return tf.add(tf.mul(tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, norm.eps))), gamma!), beta!);
      },
    };
    if (!layer.endsWith('batchnorm')) return [composed];
    const spatial = shapes['x']!.length === 4;
    const fused: Form = {
      form: 'batchNorm', names, orders: spatial ? images : {}, shapes: {},
      apply: (x, gamma, beta) => {
        const { mean, variance } = tf.moments(x!, spatial ? [0, 1, 2] : [0]);
        return tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D, beta as tf.Tensor1D, gamma as tf.Tensor1D, norm.eps);
      },
    };
    return [fused, composed];
  }
  switch (layer) {
    case 'conv2d': {
      const conv = { names: ['x', 'w', 'b'], orders: { ...images, w: FILTERS_LAST }, shapes: {} };
      const [stride, pad] = [options['stride']!, options['pad']!];
      return [
        { ...conv, form: 'fused', apply: (x, w, b) => tf.fused.conv2d({ x: x as tf.Tensor4D, filter: w as tf.Tensor4D, strides: stride, pad, bias: b!, dimRoundingMode: 'floor' }) },
        { ...conv, form: 'conv2d + add', apply: (x, w, b) => tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, 'NHWC', 1, 'floor'), b!) },
      ];
    }
    case 'maxpool2d': {
      const [height, width, stride] = [options['pool_height']!, options['pool_width']!, options['stride']!];
      return [{ form: 'maxPool', names: ['x'], orders: images, shapes: {}, apply: (x) => tf.maxPool(x as tf.Tensor4D, [height, width], stride, 'valid') }];
    }
    case 'dropout':
      return [{ form: 'dropout', names: ['x'], orders: {}, shapes: {}, apply: (x) => tf.dropout(x!, 1 - options['p']!) }];
    default:
      return [];
  }
}
