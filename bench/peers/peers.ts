/** The peers. Each is imported when it is asked for, so that one that is not installed stops none of the others. */
import type { PeerEntry } from './peer.ts';

export const peers: readonly PeerEntry[] = [
  {
    name: 'tfjs-cpu', kind: 'js', packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
    load: async () => (await import('./adapters/tfjs-cpu.ts')).tfjsCpu,
  },
  {
    name: 'convnetjs', kind: 'js', packages: ['convnetjs'],
    load: async () => (await import('./adapters/convnetjs.ts')).convnet,
  },
  {
    name: 'tfjs-wasm', kind: 'wasm', packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    load: async () => (await import('./adapters/tfjs-wasm.ts')).tfjsWasm,
  },
  {
    name: 'ort-web', kind: 'wasm', packages: ['onnxruntime-web'],
    load: async () => (await import('./adapters/ort-web.ts')).ortWeb,
  },
  {
    name: 'jax-js', kind: 'wasm', packages: ['@jax-js/jax'],
    load: async () => (await import('./adapters/jax-js.ts')).jaxJs,
  },
];
