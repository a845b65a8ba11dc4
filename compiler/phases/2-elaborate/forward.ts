/** The definitions of one mode, in the order in which they stand, and the new values of the state after them. */
import { freeAxes } from '../../ir/expr.ts';
import type { Formula } from '../../ir/formula.ts';
import { slotsText } from '../../ir/print.ts';
import type { SpecDefinition } from '../../ir/spec.ts';
import type { Definition, Expr, ModeProgram, Tensor } from '../../ir/tensor.ts';
import type { Span } from '../../support/source.ts';
import { inLayerOrder, maybe, didYouMean, type Context, type Found } from './context.ts';
import { resolveNumber } from './resolve.ts';
import { contextIn, findForward, namesIn, noHits, readableNames, reportAbsence, type ModeScope } from './scope.ts';
import { givenTensors } from './tensors.ts';

/** Resolves every definition of `forward`, outputs among them; what is wrong stays out of `s.done`. */
export function elaborateForward(s: ModeScope): void {
  for (const d of s.layer.spec.forward) {
    const formula = s.formulas.get(d.name.value);
    if (!formula || isTaken(d, s)) continue;
    elaborateDefinition(d, formula, s);
  }
  for (const output of s.layer.tensors.outputs) checkDefined(output, s);
}

function isTaken(d: SpecDefinition, s: ModeScope): boolean {
  const name = d.name.value;
  const given = givenTensors(s.layer.tensors).find((t) => t.name === name);
  if (!given) return false;
  s.layer.problems.add({
    code: 'redefined-input', span: d.name.span, message: `\`${name}\` is ${ROLES[given.role] ?? 'given'} and cannot be defined`,
    help: given.role === 'state' ? 'its new value stands in `update`' : 'choose another name',
  });
  return true;
}

const ROLES: Partial<Record<Tensor['role'], string>> =
  { input: 'an input', param: 'a parameter', state: 'a state', random: 'a random tensor' };

function elaborateDefinition(d: SpecDefinition, formula: Formula, s: ModeScope): void {
  const name = d.name.value;
  const before = s.layer.problems.found.length;
  const c = forwardContext(s, name);
  const e = resolveNumber(formula, c);
  const [absence] = c.absences;
  if (!e && absence && s.layer.problems.found.length === before) {
    s.absent.set(name, absence);
    return;
  }
  const axes = e && axesFor(name, e, formula.span, s);
  if (!e || !axes) s.broken.add(name);
  else s.done.set(name, { name, axes, formula: e, span: d.name.span });
}

/** An output has the axes of its shape in their order, another definition those of its formula in the order of the layer. */
function axesFor(name: string, e: Expr, span: Span, s: ModeScope): readonly string[] | undefined {
  const free = inLayerOrder(freeAxes(e), s.layer.axes);
  const output = s.layer.tensors.outputs.find((t) => t.name === name);
  if (!output) return free;
  return checkAxes(free, output, span, 'output-axes', s) ? output.axes : undefined;
}

function checkAxes(free: readonly string[], t: Tensor, span: Span, code: 'output-axes' | 'update-axes', s: ModeScope): boolean {
  const lacking = t.axes.filter((axis) => !free.includes(axis));
  const extra = free.filter((axis) => !t.axes.includes(axis));
  if (lacking.length + extra.length === 0) return true;
  const advice = [
    extra.length > 0 ? `${extra.join(', ')} is left over: reduce it, or declare it` : '',
    lacking.length > 0 ? `nothing in the formula has ${lacking.join(', ')}` : '',
  ].filter(Boolean).join('; ');
  s.layer.problems.add({
    code, span, message: `\`${t.name}\` has the shape ${slotsText(t.slots)}, but its formula has [${free.join(', ')}]`, help: advice,
    ...maybe('notes', t.span && [{ message: 'declared here', span: t.span }]),
  });
  return false;
}

function checkDefined(output: Tensor, s: ModeScope): void {
  const { name } = output;
  if (s.done.has(name) || s.broken.has(name) || givenTensors(s.layer.tensors).some((t) => t.name === name)) return;
  const absence = s.absent.get(name);
  if (absence) return reportAbsence(name, absence, s);
  const where = s.mode && s.absent.has(name) ? ` in ${s.mode} mode` : '';
  s.layer.problems.add({
    code: 'output-undefined', ...maybe('span', output.span), message: `the output \`${name}\` has no formula${where}`,
    ...maybe('help', where ? `give it a \`${s.mode}:\` formula` : didYouMean(name, s.formulas.keys()) ?? 'define it in `forward`'),
  });
}

// ------------------------------------------------------------------------------------------------------ contexts

function forwardContext(s: ModeScope, reader: string): Context {
  return contextIn(s, false, {
    find: (name, span) => findForward(s, name) ?? findLater(s, reader, name, span),
    findHit: noHits(s),
    readable: () => readableNames(s),
  });
}

/** A definition that is not done yet is read too early, or reads its reader. */
function findLater(s: ModeScope, reader: string, name: string, span: Span): Found | undefined {
  const { problems, tensors } = s.layer;
  if (s.formulas.has(name)) {
    const circle = pathBetween(name, reader, s);
    problems.add(circle
      ? { code: 'cyclic-definition', span, message: circle.length === 1 ? `\`${name}\` reads itself` : `\`${reader}\` reads itself: ${[reader, ...circle].join(' reads ')}` }
      : { code: 'read-before-definition', span, message: `\`${reader}\` reads \`${name}\`, which is defined below it`, help: `move \`${name}\` above \`${reader}\`` });
    return { kind: 'broken' };
  }
  if (tensors.outputs.some((t) => t.name === name)) return { kind: 'broken' };
  const of = name.startsWith('d') ? name.slice(1) : '';
  if ([...givenTensors(tensors), ...tensors.outputs].some((t) => t.name === of)) {
    problems.add({
      code: 'gradient-outside-backward', span, message: `\`${name}\` is the gradient of \`${of}\`, which only formulas of \`backward\` read`,
    });
    return { kind: 'broken' };
  }
  return undefined;
}

/** The definitions read on the way from one to another, both included; undefined if there is no way. */
function pathBetween(from: string, to: string, s: ModeScope): string[] | undefined {
  const seen = new Set<string>();
  const search = (name: string): string[] | undefined => {
    if (name === to) return [name];
    if (seen.has(name)) return undefined;
    seen.add(name);
    const formula = s.formulas.get(name);
    if (!formula) return undefined;
    for (const next of namesIn(formula)) {
      const path = s.formulas.has(next) ? search(next) : undefined;
      if (path) return [name, ...path];
    }
    return undefined;
  };
  return search(from);
}

// ------------------------------------------------------------------------------------------------------- updates

/** The formulas of `update`, under fresh names: they run after forward in train mode and read the old state. */
export function elaborateUpdates(s: ModeScope): { definitions: Definition[]; updates: ModeProgram['updates'] } {
  const definitions: Definition[] = [];
  const updates: { definition: string; state: string }[] = [];
  for (const d of s.layer.spec.update) {
    const formula = d.both ?? d.train;
    const state = s.layer.tensors.state.find((t) => t.name === d.name.value);
    if (!state) {
      s.layer.problems.add({
        code: 'update-unknown', span: d.name.span, message: `\`${d.name.value}\` is no state, and \`update\` gives new values to state only`,
        ...maybe('help', didYouMean(d.name.value, s.layer.tensors.state.map((t) => t.name))),
      });
      continue;
    }
    if (!formula) continue;
    const definition = elaborateUpdate(d, formula, state, s);
    if (!definition) continue;
    definitions.push(definition);
    updates.push({ definition: definition.name, state: state.name });
  }
  return { definitions, updates };
}

function elaborateUpdate(d: SpecDefinition, formula: Formula, state: Tensor, s: ModeScope): Definition | undefined {
  const c = forwardContext(s, d.name.value);
  const e = resolveNumber(formula, c);
  for (const absence of c.absences.slice(0, 1)) reportAbsence(d.name.value, absence, s);
  if (!e) return undefined;
  const free = inLayerOrder(freeAxes(e), s.layer.axes);
  if (!checkAxes(free, state, formula.span, 'update-axes', s)) return undefined;
  return { name: freshName(`next_${state.name}`, s), axes: state.axes, formula: e, span: d.name.span };
}

/** `base`, or `base_2`, ...: no tensor, definition or claim of that name. */
function freshName(base: string, s: ModeScope): string {
  const { spec, tensors } = s.layer;
  const taken = new Set([
    ...[...givenTensors(tensors), ...tensors.outputs].map((t) => t.name), ...spec.options.map((o) => o.name.value),
    ...[...spec.forward, ...spec.backward].map((d) => d.name.value),
  ]);
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
  return name;
}
