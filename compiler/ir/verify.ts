/**
 * Checks what every phase promises about the Program it hands on: names are defined before they are read, indices fit,
 * axes are those a formula leaves free, sizes are known, truth values and numbers are not mixed, stores fit.
 */
import { invariant, unreachable } from '../support/invariant.ts';
import { affineAxes, baseAxis, type Affine } from './affine.ts';
import { children, freeAxes, readsOf, walk } from './expr.ts';
import type { Definition, Expr, Program, Store } from './tensor.ts';

/** @throws InternalError naming the program, the definition and what is wrong with it. */
export function verifyProgram(p: Program): void {
  const axesOf = new Map<string, readonly string[]>();
  for (const t of p.tensors) {
    const where = `${p.name}: tensor ${t.name}`;
    invariant(!axesOf.has(t.name), `${where} is declared twice`);
    invariant(same(t.slots.flat(), t.axes), `${where}: slots and axes differ`);
    for (const axis of t.axes) sized(axis, p, where);
    axesOf.set(t.name, t.axes);
  }
  for (const d of p.definitions) {
    invariant(!axesOf.has(d.name), `${p.name}: ${d.name} is defined twice`);
    verifyDefinition(d, p, axesOf);
    axesOf.set(d.name, d.axes);
  }
  const written = new Set<string>();
  for (const s of p.stores) {
    const target = `${s.tensor.role} ${s.tensor.name}`;   // an output may be a field of the cache too
    invariant(!written.has(target), `${p.name}: ${target} is stored twice`);
    written.add(target);
    verifyStore(s, p);
  }
}

function verifyDefinition(d: Definition, p: Program, axesOf: ReadonlyMap<string, readonly string[]>): void {
  const where = `${p.name}: ${d.name}`;
  invariant(new Set(d.axes).size === d.axes.length, `${where} repeats an axis in [${d.axes.join(', ')}]`);
  for (const axis of d.axes) sized(axis, p, where);
  if (d.formula.kind === 'hit') return verifyHit(d, d.formula.of, p, axesOf);
  const free = freeAxes(d.formula);
  invariant([...free].every((axis) => d.axes.includes(axis)), `${where} has [${d.axes.join(', ')}], its formula leaves [${[...free].join(', ')}] free`);
  for (const { tensor, index } of readsOf(d.formula)) {
    const axes = axesOf.get(tensor);
    invariant(axes, `${where} reads ${tensor}, which stands nowhere before it`);
    invariant(axes.length === index.length, `${where} reads ${tensor} with ${index.length} indices for ${axes.length} axes`);
    for (const a of index) verifyIndex(a, p, where);
  }
  for (const e of walk(d.formula)) verifyNode(e, p, where);
  invariant(!isTruth(d.formula), `${where} is a truth value`);
}

function verifyHit(d: Definition, of: string, p: Program, axesOf: ReadonlyMap<string, readonly string[]>): void {
  const where = `${p.name}: ${d.name}`;
  const y = p.definitions.find((x) => x.name === of);
  invariant(y && axesOf.has(of), `${where} asks for the hits of ${of}, which stands nowhere before it`);
  const e = y.formula;
  invariant(e.kind === 'reduce' && (e.op === 'max' || e.op === 'min'), `${where}: ${of} is no max or min`);
  invariant(same(d.axes, [...y.axes, ...e.axes]), `${where} has [${d.axes.join(', ')}], not the axes of ${of} and its window`);
}

function verifyNode(e: Expr, p: Program, where: string): void {
  switch (e.kind) {
    case 'const': invariant(!Number.isNaN(e.value), `${where} holds the constant NaN`); break;
    case 'option': invariant(typeof p.env.options.get(e.name) === 'number', `${where} reads ${e.name}, no numeric option`); break;
    case 'size': case 'index': sized(e.axis, p, where); break;
    case 'reduce':
      invariant(e.axes.length > 0, `${where} reduces over no axis`);
      invariant(new Set(e.axes).size === e.axes.length, `${where} reduces an axis twice`);
      for (const axis of e.axes) sized(axis, p, where);
      break;
    case 'hit': invariant(false, `${where}: hit(${e.of}) is not the whole formula`); break;
    case 'read': case 'unary': case 'binary': case 'select': break;
    default: return unreachable(e);
  }
  children(e).forEach((child, n) => {
    const wanted = wantsTruth(e, n);
    invariant(isTruth(child) === wanted, `${where}: a ${wanted ? 'number' : 'truth value'} stands as operand ${n + 1} of ${e.kind}`);
  });
}

const LOGICAL: ReadonlySet<string> = new Set(['and', 'or', 'not']);
const TRUTHS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', 'and', 'or', 'not']);

/** True for comparisons and what `and`, `or` and `not` make of them. */
function isTruth(e: Expr): boolean {
  return (e.kind === 'unary' || e.kind === 'binary') && TRUTHS.has(e.op);
}

function wantsTruth(parent: Expr, n: number): boolean {
  if (parent.kind === 'select') return n === 0;
  return (parent.kind === 'unary' || parent.kind === 'binary') && LOGICAL.has(parent.op);
}

function verifyIndex(a: Affine, p: Program, where: string): void {
  for (const axis of affineAxes(a)) sized(axis, p, where);
}

function verifyStore({ tensor, definition }: Store, p: Program): void {
  const where = `${p.name}: store of ${tensor.name}`;
  const d = p.definitions.find((x) => x.name === definition);
  invariant(d, `${where}: ${definition} is not defined`);
  invariant(same(tensor.slots.flat(), tensor.axes), `${where}: slots and axes differ`);
  // A cached field has the union of its axes in both modes, a gradient those of its tensor: a store may repeat values.
  const lacking = d.axes.filter((axis) => !tensor.axes.includes(axis));
  invariant(lacking.length === 0, `${where} has [${tensor.axes.join(', ')}], ${definition} has [${d.axes.join(', ')}]`);
}

function sized(axis: string, p: Program, where: string): void {
  const size = p.env.sizes.get(baseAxis(axis));
  invariant(size !== undefined && Number.isInteger(size) && size > 0, `${where}: axis ${axis} has no size`);
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x, n) => x === b[n]);
