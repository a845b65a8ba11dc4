/** TensorFlow.js in plain JavaScript. */
import '@tensorflow/tfjs-backend-cpu';
import { tfjs } from './tfjs.ts';

export const tfjsCpu = tfjs('cpu', () => undefined);
