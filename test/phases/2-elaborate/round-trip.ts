/** Every formula of a layer, printed and read back. */
import * as assert from 'uvu/assert';
import { Problems } from '../../../compiler/diagnostics/diagnostic.ts';
import { printContext, printExpr } from '../../../compiler/ir/print.ts';
import type { Expr, Layer, Tensor } from '../../../compiler/ir/tensor.ts';
import { parseFormula } from '../../../compiler/phases/1-read/index.ts';
import { resolveFormula, type FormulaNames } from '../../../compiler/phases/2-elaborate/index.ts';
import { programOf } from './layers.ts';

/** Parses and resolves one formula. */
export function parse(text: string, names: FormulaNames): Expr {
  const problems = new Problems();
  const f = parseFormula(text, { path: 'formula', text }, (i) => i, problems);
  problems.stop();
  return resolveFormula(f!, names);
}

/** Asserts parse(print(e)) === e for every definition and every claim. */
export function assertRoundTrip(layer: Layer): void {
  for (const mode of layer.modes) {
    const { env, tensors, definitions } = programOf(layer, mode);
    const gradients = [...layer.inputs, ...layer.params, ...layer.outputs].map((t): Tensor => ({ ...t, name: `d${t.name}`, role: 'gradient' }));
    const hits = definitions.flatMap((d) =>
      (d.formula.kind === 'reduce' ? [{ name: `hit(${d.name})`, axes: [...d.axes, ...d.formula.axes] }] : []));
    const helpers = mode.claims.filter((c) => !gradients.some((g) => g.name === c.name));
    const names: FormulaNames = { env, tensors: [...tensors, ...gradients], definitions: [...definitions, ...hits, ...helpers] };
    const context = printContext(names.tensors, names.definitions);
    for (const d of [...definitions, ...mode.claims]) {
      const text = printExpr(d.formula, context);
      assert.ok(parse(text, names) === d.formula, `${layer.name}: ${d.name} = ${text}`);
    }
  }
}
