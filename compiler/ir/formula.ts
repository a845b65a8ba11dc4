/**
 * A formula as it was written: names not yet resolved, every node with its place in the text.
 * Phase 1 parses to this; phase 2 resolves it to `Expr` (tensor.ts).
 */
import type { Span } from '../support/source.ts';

export type FormulaBinaryOp =
  | '+' | '-' | '*' | '/' | '//' | '^'
  | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'and' | 'or';

export type Formula =
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  | { readonly kind: 'unary'; readonly op: '-' | 'not'; readonly x: Formula; readonly span: Span }
  | { readonly kind: 'binary'; readonly op: FormulaBinaryOp; readonly a: Formula; readonly b: Formula; readonly span: Span }
  /** `f(a, b)`, `sum[K, H](x)`: `axes` is absent where no brackets were written. `head` is the span of the name. */
  | { readonly kind: 'call'; readonly name: string; readonly head: Span; readonly axes?: readonly AxisRef[];
      readonly args: readonly Formula[]; readonly span: Span }
  /** `x[N, (G K), OH*stride + HH]`: a slot is one formula, or the list of a composite slot. */
  | { readonly kind: 'read'; readonly name: string; readonly head: Span; readonly slots: readonly SlotFormula[]; readonly span: Span };

export interface AxisRef {
  readonly name: string;
  readonly span: Span;
}

export interface SlotFormula {
  /** One formula, or two and more for a composite slot `(G K)`. */
  readonly parts: readonly Formula[];
  readonly span: Span;
}
