/**
 * A module of kernels, put together from plain ts-morph structures and printed once: header, constants, `spec`, cache,
 * functions, `bind`, private helpers.
 */
import type { Buffer } from '../../../ir/loop.ts';
import { constantsIn, functionsIn, wholeBody } from '../../../ir/loop-walk.ts';
import type { Tensor } from '../../../ir/tensor.ts';
import { boundStatements, hasBody, type BoundShape } from './bound.ts';
import { checksOf, fieldsUsed, sizesOf, writeFunction } from './functions.ts';
import { ARRAYS, shapeOf } from './interface.ts';
import { tensorsOf } from './metadata.ts';
import { morph } from './morph.ts';
import { cache, constants, countOf, header, helpersOf, sourceText, spec, type Statement } from './sections.ts';

export interface ModuleParts extends BoundShape {
  readonly scratch: readonly Buffer[];
}

/** The text of a module. */
export function moduleText(m: ModuleParts): string {
  const used = [...m.nests.flatMap((n) => [...constantsIn(wholeBody(n))]), ...m.functions.flatMap((f, n) => sizesOf(f, m.nests[n]!, m))];
  return sourceText([
    header(m), ...constants(m, used), spec(m), ...(m.buffers === 'module' ? [] : cache(m)), ...owned(m), ...scratch(m),
    ...m.functions.map((f, n): Statement => (w) => writeFunction(w, f, m.nests[n]!, m)),
    ...boundStatements(m), ...privateFunctions(m),
  ], m);
}

// ---------------------------------------------------------------------------------------------------------- arrays

function arrayConstant(name: string, elem: Buffer['elem'], length: number): Statement {
  const { StructureKind, VariableDeclarationKind } = morph();
  return { kind: StructureKind.VariableStatement, declarationKind: VariableDeclarationKind.Const,
    declarations: [{ name, initializer: `/*@__PURE__*/ new ${ARRAYS[elem]}(${length})` }] };
}

/** The arrays of a module that owns them; its tensors are exported, as bindings of their own, under the names of the spec. */
function owned(m: ModuleParts): Statement[] {
  if (m.buffers === 'caller') return [];
  const { StructureKind, VariableDeclarationKind } = morph();
  const out: Statement[] = [];
  const renamed: string[] = [];
  for (const t of tensorsOf(m)) {
    const name = m.names.array(t.name);
    const memory = m.memory.get(name)!;
    out.push(arrayConstant(memory, t.dtype, countOf(shapeOf(t, m.derived))));
    out.push({ kind: StructureKind.VariableStatement, declarationKind: VariableDeclarationKind.Const, isExported: name === t.name,
      declarations: [{ name, initializer: memory }] });
    if (name !== t.name) renamed.push(`${name} as ${exportName(t, m)}`);
  }
  for (const f of m.fields) if (!f.held) out.push(arrayConstant(m.memory.get(m.names.field(f.name))!, f.elem, countOf(f.shape)));
  if (renamed.length > 0) out.push((w) => { w.writeLine(`export { ${renamed.join(', ')} };`); });
  return out;
}

/** What functions call the arrays of a module that owns them. */
export const ownedNames = (m: Pick<ModuleParts, 'names' | 'fields' | 'functions'>): string[] =>
  [...tensorsOf(m).map((t) => m.names.array(t.name)), ...m.fields.filter((f) => !f.held).map((f) => m.names.field(f.name))];

/** A name of the spec that the module exports already, as a function or `spec` itself, keeps the one it has inside. */
function exportName(t: Tensor, m: ModuleParts): string {
  const taken = ['spec', ...m.functions.map((f) => f.name), 'default', '__proto__'].includes(t.name);
  return taken ? m.names.array(t.name) : t.name;
}

/** Dead between calls, so all calls share it; marked pure, so that a bundle drops it with the functions that use it. */
function scratch(m: ModuleParts): Statement[] {
  return m.scratch.map((b) => arrayConstant(m.memory.get(b.name)!, b.elem, b.length + b.slack));
}

// --------------------------------------------------------------------------------------------------------- helpers

function privateFunctions(m: ModuleParts): Statement[] {
  const called = new Set([...m.nests.flatMap((n) => [...functionsIn(wholeBody(n))]), ...m.functions.flatMap((f, n) => checksOf(f, m.nests[n]!, m))]);
  if (m.buffers === 'caller' && m.functions.some((f, n) => hasBody(f, m.nests[n]!) && fieldsUsed(f, m.nests[n]!, m).some((x) => x.field.held))) called.add('checkBound');
  return helpersOf(called, m);
}
