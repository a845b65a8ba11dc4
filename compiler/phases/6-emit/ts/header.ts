/** The comment at the top of a module: the layer, its sizes and every formula it computes. */
import type { Derived } from '../../../ir/derived.ts';
import { printContext, printExpr } from '../../../ir/print.ts';
import { neededNames } from '../../../ir/needed.ts';
import type { Program } from '../../../ir/tensor.ts';
import { columns, comment } from './text.ts';

/** The text between the stars, line by line. */
export function headerLines(derived: Derived): string[] {
  const { layer } = derived;
  const sizes = [...layer.givenAxes, ...layer.derivedAxes].map((a) => `${a} = ${layer.env.sizes.get(a)}`).join(', ');
  const options = [...layer.env.options].map(([name, value]) => `${name} = ${value}`).join(', ');
  const lines = [
    `${layer.name}${sizes === '' ? '' : `, ${sizes}`}, ${layer.dtype}. Generated from specs/${layer.file} - edit the spec, not this file.`,
    ...(options === '' ? [] : [`Options: ${options}.`]),
    ...(layer.summary === '' ? [] : ['', layer.summary]),
    '',
    ...formulaLines(derived),
  ];
  return lines.map((line) => line.slice(0, line.length - line.trimStart().length) + comment(line));
}

function formulaLines(derived: Derived): string[] {
  const rows: { row: string[]; text: string }[] = [];
  for (const m of derived.modes) {
    const mode = m.mode ? ` (${m.mode})` : '';
    for (const [title, p] of [[`forward${mode}`, m.forward], [`backward${mode}`, m.backward]] as const) {
      formulas(p).forEach((f, n) => rows.push({ row: [n === 0 ? title : '', f.name, f.axes], text: f.text }));
    }
  }
  const left = columns(rows.map((r) => [...r.row, '|'])).map((l) => l.slice(0, -1));
  return left.map((l, n) => `  ${l}= ${rows[n]!.text}`);
}

/** The definitions that some store needs. */
function formulas(p: Program): { name: string; axes: string; text: string }[] {
  const context = printContext([...p.tensors, ...p.stores.map((s) => s.tensor)], p.definitions);
  const needed = neededNames(p);
  return p.definitions.filter((d) => needed.has(d.name) && d.formula.kind !== 'hit')
    .map((d) => ({ name: d.name, axes: `[${d.axes.join(', ')}]`, text: printExpr(d.formula, context) }));
}
