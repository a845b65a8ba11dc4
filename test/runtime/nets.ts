/** Small nets for the tests of the runtime: of kernels as a build makes them, in f64 where numbers are compared closely. */
import { sequential, uniform, type Kernel, type Sequential, type SequentialOptions } from '../../runtime/index.ts';
import { kernelOf } from '../golden/kernels.ts';
import type { Request } from '../golden/specs.ts';

export const BATCH = 4;
export const CLASSES = 3;

/** conv, norm, relu, pool, dropout, affine, loss on 4 images of 6 x 6. */
const LAYERS: readonly Request[] = [
  { layer: 'conv2d', sizes: { N: BATCH, C: 1, H: 6, W: 6, F: 2, HH: 3, WW: 3 }, options: { pad: 1 } },
  { layer: 'spatial_batchnorm', sizes: { N: BATCH, C: 2, H: 6, W: 6 } },
  { layer: 'relu', sizes: { N: BATCH, D: 72 } },
  { layer: 'maxpool2d', sizes: { N: BATCH, C: 2, H: 6, W: 6 } },
  { layer: 'dropout', sizes: { N: BATCH, D: 18 }, options: { p: 0.8 } },
  { layer: 'affine', sizes: { N: BATCH, D: 18, M: CLASSES } },
  { layer: 'softmax_loss', sizes: { N: BATCH, C: CLASSES } },
];

export type Net = Sequential<readonly Kernel[]>;

/** The kernels of the net, compiled in this way. */
export const kernelsOf = (how: Partial<Request> = {}): Promise<Kernel[]> =>
  Promise.all(LAYERS.map((request) => kernelOf({ ...request, ...how }) as Promise<Kernel>));

export async function netOf(how: Partial<Request> = {}, options: SequentialOptions = { seed: 1 }): Promise<Net> {
  return sequential(await kernelsOf(how) as readonly Kernel[], options);
}

/** A batch that depends on its number: images around 0 and their classes, which can be learned. */
export function batch(number: number): readonly [images: Float64Array, labels: Int32Array] {
  const labels = Int32Array.from({ length: BATCH }, (_, i) => (number + i) % CLASSES);
  const images = Float64Array.from({ length: BATCH * 36 }, (_, i) =>
    uniform({ seed: 5, step: number, tensor: 0, element: i }, -1, 1) + (i % CLASSES === labels[Math.floor(i / 36)] ? 1 : 0));
  return [images, labels];
}

/** Every number of the parameters, state and steps of a net. */
export const numbersOf = (net: Net): number[] =>
  net.layers.flatMap((l) => [...Object.values({ ...l.params, ...l.state }).flatMap((a) => [...a]), l.step]);
