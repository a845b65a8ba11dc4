/** TensorFlow.js over XNNPACK in WebAssembly SIMD, one thread. */
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { tfjs } from './tfjs.ts';

export const tfjsWasm = tfjs('wasm', () => setThreadsCount(1));
