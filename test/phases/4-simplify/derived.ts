/** Derives specs for tests: shipped ones by name, others from text. */
import { readFileSync } from 'node:fs';
import { compileFront, Trace, type Front } from '../../../compiler/pipeline.ts';
import { printContext, printExpr } from '../../../compiler/ir/print.ts';
import type { DerivedMode } from '../../../compiler/ir/derived.ts';
import type { Program } from '../../../compiler/ir/tensor.ts';
import type { Source } from '../../../compiler/support/source.ts';

const specs = new URL('../../../specs/', import.meta.url);

export const shipped = ['affine', 'batchnorm', 'conv2d', 'dropout', 'instancenorm', 'layernorm', 'maxpool2d', 'relu', 'rmsnorm',
  'softmax_loss', 'spatial_batchnorm', 'spatial_groupnorm'] as const;

export const load = (layer: string): Source =>
  ({ path: `specs/${layer}.layer.yaml`, text: readFileSync(new URL(`${layer}.layer.yaml`, specs), 'utf8') });

export function deriveShipped(layer: string, options: Record<string, number | string> = {}): Front {
  return compileFront({ source: load(layer), load, options, dtype: 'f64' }, new Trace());
}

/** A spec of its own, as text. */
export function deriveText(text: string, sizes?: Record<string, number>): Front {
  const name = /^layer: *(\w+)/m.exec(text)![1]!;
  return compileFront({ source: { path: `specs/${name}.layer.yaml`, text }, load, ...(sizes ? { sizes } : {}), dtype: 'f64' }, new Trace());
}

export const modeOf = (front: Front, mode?: 'train' | 'test'): DerivedMode => front.derived.modes.find((m) => m.mode === mode)!;

/** name -> formula, as printed. */
export function formulas(p: Program): Record<string, string> {
  const context = printContext([...p.tensors, ...p.stores.map((s) => s.tensor)], p.definitions);
  return Object.fromEntries(p.definitions.map((d) => [d.name, printExpr(d.formula, context)]));
}
