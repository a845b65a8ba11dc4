/** What formulas are resolved against: the axes, options and arrays that their names may stand for. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Dtype, Env, Expr } from '../../ir/tensor.ts';
import type { Span } from '../../support/source.ts';
import { closest } from '../../support/suggest.ts';

/** A tensor, a definition or a gradient, as a read sees it. */
export interface ArrayName {
  readonly kind: 'array';
  readonly name: string;
  readonly slots: readonly (readonly string[])[];
  readonly axes: readonly string[];
  readonly dtype: Dtype;
  /** What is read: decides what an error advises. */
  readonly what: 'tensor' | 'definition' | 'gradient';
  /** A read outside gives this; absent: there must be none. Gradients have 0. */
  readonly outside?: number;
}

export type Found =
  | ArrayName
  /** It exists, but something is wrong with it that has been reported: reads of it stay silent. */
  | { readonly kind: 'broken' }
  /** It has no formula in this mode. */
  | { readonly kind: 'absent' };

/** A read of what does not exist in this mode. */
export interface Absence {
  readonly name: string;
  readonly span: Span;
}

export interface Context {
  readonly problems: Problems;
  readonly env: Env;
  /** Every axis of the layer, in the order in which a definition lists its axes. */
  readonly axes: readonly string[];
  /** The words that each option of words may be. */
  readonly choices: ReadonlyMap<string, readonly string[]>;
  /** The axes of a reduction without brackets. */
  readonly reduce: readonly string[] | undefined;
  /** In a claim an index may divide, and axes have copies such as T'. */
  readonly backward: boolean;
  /** False while sizes are unknown, or in a branch that is never taken: no read is proven then. */
  readonly proves: boolean;
  readonly absences: Absence[];
  /** Reports at `span` and answers `broken` where the name exists, but must not be read here. */
  find(name: string, span: Span): Found | undefined;
  /** The axes of y and of its window, for a max or min y. */
  findHit(of: string, span: Span): Found | undefined;
  /** Every name that could be meant. */
  readable(): Iterable<string>;
}

/** The text of a formula as it stands in its file, on one line and not too long. */
export function textOf(span: Span): string {
  const text = withoutBrackets(span.source.text.slice(span.start, span.end).replace(/\s+/g, ' ').trim());
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `x > 0` for `(x > 0)`, but not for `(a) + (b)`. */
function withoutBrackets(text: string): string {
  let deep = 0;
  for (let n = 0; n < text.length - 1; n++) {
    deep += text[n] === '(' ? 1 : text[n] === ')' ? -1 : 0;
    if (deep === 0) return text;
  }
  return text.endsWith(')') ? text.slice(1, -1).trim() : text;
}

/** `did you mean gamma?`, if something is near. Any letter is near to a letter, so those must differ in case only. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const others = [...candidates].filter((c) => c !== name);
  const best = name.length > 1 ? closest(name, others) : others.find((c) => c.toLowerCase() === name.toLowerCase());
  return best === undefined ? undefined : `did you mean ${best}?`;
}

/** Leaves a field out where it has no value. */
export const maybe = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };

/** Axes in the order of the layer; copies such as T' follow their axis. */
export function inLayerOrder(axes: Iterable<string>, order: readonly string[]): string[] {
  const place = (axis: string): number => order.indexOf(axis.replace(/'+$/, '')) + (axis.length - axis.replace(/'+$/, '').length) / 1000;
  return [...axes].sort((a, b) => place(a) - place(b));
}

/** What a formula resolves to: an expression, a truth value that options decide, or nothing where it is wrong. */
export type Value = Expr | boolean | undefined;
