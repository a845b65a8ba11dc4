/** The normalisation layers as one: x seen under a shape, the axes that are reduced, and how gamma and beta broadcast. */
import type { Workload } from './workload.ts';

export interface Norm {
  readonly view: readonly number[];
  readonly reduce: readonly number[];
  /** The shape of gamma and beta beside the view. */
  readonly scale: readonly number[];
  readonly eps: number;
}

const views: Readonly<Record<string, (size: (axis: string) => number) => Omit<Norm, 'eps'>>> = {
  batchnorm: (n) => ({ view: [n('N'), n('D')], reduce: [0], scale: [1, n('D')] }),
  layernorm: (n) => ({ view: [n('N'), n('D')], reduce: [1], scale: [1, n('D')] }),
  spatial_batchnorm: (n) => ({ view: [n('N'), n('C'), n('H') * n('W')], reduce: [0, 2], scale: [1, n('C'), 1] }),
  spatial_groupnorm: (n) => ({ view: [n('N'), n('G'), n('K'), n('H') * n('W')], reduce: [2, 3], scale: [1, n('G'), n('K'), 1] }),
  instancenorm: (n) => ({ view: [n('N'), n('C'), n('H') * n('W')], reduce: [2], scale: [1, n('C'), 1] }),
};

/** @returns nothing if the layer normalises nothing */
export function normOf({ layer, sizes, options }: Workload): Norm | undefined {
  const view = views[layer]?.((axis) => sizes[axis]!);
  return view && { ...view, eps: options['eps']! };
}
