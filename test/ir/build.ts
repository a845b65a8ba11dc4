/** Shorthand for Programs written by hand. */
import { affine, axisIndex, int, type Affine } from '../../compiler/ir/affine.ts';
import { read } from '../../compiler/ir/expr.ts';
import type { Definition, Expr, Program, Role, Tensor } from '../../compiler/ir/tensor.ts';

/** A tensor from slots such as `N (G K) H`. */
export function tensor(name: string, slots: string, more: Partial<Tensor> = {}): Tensor {
  const groups = (slots.match(/\([^)]*\)|\S+/g) ?? []).map((s) => s.replace(/[()]/g, '').split(' '));
  const role: Role = 'input';
  return { name, role, slots: groups, axes: groups.flat(), dtype: 'f64', ...more };
}

export const own = (t: { readonly name: string; readonly axes: readonly string[] }): Expr => read(t.name, t.axes.map(axisIndex));

/** k1*A1 + k2*A2 + constant. */
export const index = (terms: Readonly<Record<string, number>>, constant = 0, divisor = 1): Affine =>
  affine(Object.entries(terms).map(([axis, k]) => ({ k: int(k), variable: { kind: 'axis', axis } })), int(constant), int(divisor));

export const element = (name: string, inner: readonly Affine[]): Affine =>
  affine([{ k: int(1), variable: { kind: 'element', tensor: name, index: inner } }]);

export const define = (name: string, axes: string, formula: Expr): Definition =>
  ({ name, axes: axes.split(' ').filter(Boolean), formula });

export function program(
  sizes: Readonly<Record<string, number>>, tensors: readonly Tensor[], definitions: readonly Definition[], more: Partial<Program> = {},
): Program {
  return { name: 'forward', env: { sizes: new Map(Object.entries(sizes)), options: new Map() }, tensors, definitions, stores: [], ...more };
}
