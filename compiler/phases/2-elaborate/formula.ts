/** One formula by itself, against tensors and definitions that exist already: how printed formulas are read back. */
import { DiagnosticError, Problems } from '../../diagnostics/diagnostic.ts';
import type { Formula } from '../../ir/formula.ts';
import type { Definition, Env, Expr, Tensor } from '../../ir/tensor.ts';
import type { Context, Found } from './context.ts';
import { resolveNumber } from './resolve.ts';
import { tensorName } from './scope.ts';

export interface FormulaNames {
  readonly env: Env;
  readonly tensors: readonly Tensor[];
  readonly definitions: readonly Pick<Definition, 'name' | 'axes'>[];
  /** The axes of a reduction without brackets. */
  readonly reduce?: readonly string[];
}

/**
 * Resolves a formula in the language of claims: indices may divide, axes have copies, definitions read outside are 0.
 *
 * @throws DiagnosticError with every problem of the formula
 */
export function resolveFormula(f: Formula, names: FormulaNames): Expr {
  const problems = new Problems();
  const find = (name: string): Found | undefined => {
    const tensor = names.tensors.find((t) => t.name === name);
    if (tensor) return tensorName(tensor);
    const definition = names.definitions.find((d) => d.name === name);
    if (!definition) return undefined;
    const slots = definition.axes.map((axis) => [axis]);
    return { kind: 'array', what: 'definition', name, slots, axes: definition.axes, dtype: 'f64', outside: 0 };
  };
  const context: Context = {
    problems, env: names.env, axes: [...names.env.sizes.keys()], choices: new Map(), reduce: names.reduce, backward: true, proves: false,
    absences: [], find, findHit: (of) => find(`hit(${of})`),
    readable: () => [...names.tensors, ...names.definitions].map((x) => x.name),
  };
  const e = resolveNumber(f, context);
  if (!e) throw new DiagnosticError(problems.found);
  return e;
}
