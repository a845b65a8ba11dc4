/**
 * jax-js: functions compiled by its `jit` to WebAssembly, gradients by its `vjp`. Node has no global `Worker`, so it runs on one
 * thread. Results are lazy: a call waits until they are computed, and then gives them back. A function owns its arguments,
 * hence `.ref` wherever one is used again.
 */
import * as jax from '@jax-js/jax';
import { numpy as np } from '@jax-js/jax';
import type { Case, Peer, Prepared } from '../peer.ts';
import type { Refusal } from '../report.ts';
import { normOf } from '../norms.ts';
import type { Workload } from '../workload.ts';

type Tensor = jax.Array;

/** A layer as a function of arrays in our layout, and the shapes that it wants them under where they are not ours. */
interface Form {
  readonly names: readonly string[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly apply: (...args: Tensor[]) => Tensor;
}

export const jaxJs: Peer = {
  open: async () => {
    await jax.init('wasm');
    jax.defaultDevice('wasm');
  },
  prepare: (workload) => {
    const form = formOf(workload);
    return form ? prepared(workload, form) : { refused: `no adapter for ${workload.layer}` };
  },
};

function prepared(workload: Workload, { names, shapes, apply }: Form): Prepared | Refusal {
  const load = (name: string): Tensor => np.array(new Float32Array(workload.arrays[name]!)).reshape([...(shapes[name] ?? workload.shapes[name]!)]);
  const inputs = names.map(load);
  const upstream = load('dout');
  const forward = jax.jit((...args: Tensor[]) => [apply(...args)]);
  const both = jax.jit((...args: Tensor[]) => {
    const [out, pull] = jax.vjp(apply, args.slice(0, -1));
    return [out, ...pull(args.at(-1)!)] as Tensor[];
  });
  const run = (f: (...args: Tensor[]) => Tensor[], args: readonly Tensor[], results: readonly string[]): Case => ({
    form: 'jit',
    call: async () => {
      const made = await jax.blockUntilReady(f(...args.map((a) => a.ref)));
      for (const a of made) a.dispose();
    },
    results: () => {
      const made = f(...args.map((a) => a.ref));
      return Object.fromEntries(results.map((name, n) => [name, made[n]!.dataSync() as Float32Array]));
    },
  });
  return {
    forward: [run(forward, inputs, ['out'])],
    backward: [run(both, [...inputs, upstream], ['out', ...names.map((name) => `d${name}`)])],
    backwardIncludesForward: true,
  };
}

function formOf(workload: Workload): Form | undefined {
  const { layer, sizes, options, shapes } = workload;
  const norm = normOf(workload);
  if (norm) {
    const { view, scale, eps } = norm;
    const keep = { keepdims: true };
    const reduce = [...norm.reduce];
    return {
      names: ['x', 'gamma', 'beta'], shapes: { x: view, dout: view, gamma: scale, beta: scale },
      apply: (x, gamma, beta) => {
        const centred = x!.ref.sub(np.mean(x!, reduce, keep));
        const variance = np.mean(np.square(centred.ref), reduce, keep);
        return centred.div(np.sqrt(variance.add(eps))).mul(gamma!).add(beta!);
      },
    };
  }
  switch (layer) {
    case 'conv2d': {
      const { stride, pad } = options;
      const pads: [number, number] = [pad!, pad!];
      return {
        names: ['x', 'w', 'b'], shapes: { b: [sizes['F']!, 1, 1] },
        apply: (x, w, b) => jax.lax.convGeneralDilated(x!, w!, [stride!, stride!], [pads, pads]).add(b!),
      };
    }
    case 'maxpool2d': {
      const window = [options['pool_height']!, options['pool_width']!];
      return {
        names: ['x'], shapes: {},
        apply: (x) => jax.lax.reduceWindow(x!, (values) => np.max(values), window, [options['stride']!, options['stride']!]),
      };
    }
    case 'dropout': {
      const p = options['p']!;
      const key = jax.random.key(1);
      return {
        names: ['x'], shapes: {},
        apply: (x) => np.where(jax.random.bernoulli(key.ref, p, [...shapes['x']!]), x!.mul(1 / p), 0),
      };
    }
    default:
      return undefined;
  }
}
