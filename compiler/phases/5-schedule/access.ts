/**
 * Indices as numbers: the slots of a read with sizes and options put in, the interval each can take, and how far apart
 * two elements lie when an axis moves by one.
 */
import { intValue, sizeOf, type Affine, type Int } from '../../ir/affine.ts';
import type { ModuleNames } from '../../ir/names.ts';
import type { Env } from '../../ir/tensor.ts';

export interface SlotTerm {
  readonly axis: string;
  readonly k: number;
  readonly factors: readonly string[];
}

export interface SlotElement {
  readonly tensor: string;
  readonly index: readonly Affine[];
  readonly k: number;
}

/** One slot of a read: (sum of terms and elements + constants) / divisor, to lie in [0, size). */
export interface Slot {
  readonly terms: readonly SlotTerm[];
  readonly constants: readonly { readonly k: number; readonly factors: readonly string[] }[];
  readonly elements: readonly SlotElement[];
  readonly divisor: number;
  /** The axis of the array, for its size and name. */
  readonly axis: string;
  readonly size: number;
  readonly key: string;
  /** Which sides could be left; never known where there are elements. */
  readonly low: boolean;
  readonly high: boolean;
}

/** Puts numbers into one index of an array's axis. */
export function lowerSlot(a: Affine, axis: string, env: Env, names: ModuleNames): Slot {
  const divisor = intValue(a.divisor, env);
  const terms: SlotTerm[] = [];
  const elements: SlotElement[] = [];
  for (const t of a.terms) {
    const k = intValue(t.k, env);
    if (k === 0) continue;
    if (t.variable.kind === 'element') elements.push({ tensor: t.variable.tensor, index: t.variable.index, k });
    else if (sizeOf(env, t.variable.axis) > 1) terms.push({ axis: t.variable.axis, k, factors: factorsOf(t.k, names) });
  }
  const constants = a.constant.terms
    .map((t) => ({ k: intValue({ terms: [t], key: '' }, env), factors: factorsOf({ terms: [t], key: '' }, names) }))
    .filter((c) => c.k !== 0);
  const constant = constants.reduce((sum, c) => sum + c.k, 0);
  const size = sizeOf(env, axis);
  let low = constant;
  let high = constant;
  for (const t of terms) {
    const reach = t.k * (sizeOf(env, t.axis) - 1);
    if (reach > 0) high += reach;
    else low += reach;
  }
  const known = elements.length === 0;
  const whole = known && terms.every((t) => t.k % divisor === 0) && constant % divisor === 0;
  const key = `${[...terms].sort((s, t) => (s.axis < t.axis ? -1 : 1)).map((t) => `${t.k}*${t.axis}`).join('+')}+${constant}/${divisor}<${size}`;
  const slot = { terms, constants, elements, divisor, axis, size, key, low: !known || low < 0, high: !known || high > (size - 1) * divisor };
  if (!whole || divisor === 1) return slot;
  const shared = (k: number): number => k / divisor;
  return { ...slot, divisor: 1, terms: terms.map((t) => ({ axis: t.axis, k: shared(t.k), factors: [] })),
    constants: constant === 0 ? [] : [{ k: shared(constant), factors: [] }] };
}

/** True where nothing needs to be tested. */
export const isSafe = (s: Slot): boolean => s.divisor === 1 && !s.low && !s.high;

/** The named constants whose product an integer is, if it is one: how generated code writes `stride` and `pad`. */
export function factorsOf(i: Int, names: ModuleNames): readonly string[] {
  const only = i.terms[0];
  if (i.terms.length !== 1 || !only) return [];
  const factors: string[] = [];
  for (const s of only.symbols) {
    if (s.kind === 'quotient') return [];
    factors.push(s.kind === 'size' ? names.size(s.axis).name : names.option(s.name).name);
  }
  return factors.some((f) => names.constants.get(f)?.value === 0) ? [] : factors;
}

/** How many elements lie between neighbours along each axis of a row-major array. */
export function stridesOf(axes: readonly string[], env: Env): number[] {
  let stride = 1;
  return [...axes].reverse().map((axis) => { const s = stride; stride *= sizeOf(env, axis); return s; }).reverse();
}

/** Elements passed in memory when `axis` grows by one. */
export function steps(slots: readonly Slot[], strides: readonly number[], axis: string): number {
  return slots.reduce((sum, s, n) => sum + s.terms.reduce((k, t) => (t.axis === axis ? k + t.k : k), 0) * (strides[n] ?? 0), 0);
}
