/**
 * The formulas of `backward:`: claims of gradients and the helpers that they read, in any order. They may read the
 * upstream gradients, each other, every forward definition of their mode and every tensor.
 */
import { freeAxes } from '../../ir/expr.ts';
import type { Formula } from '../../ir/formula.ts';
import { slotsText } from '../../ir/print.ts';
import type { SpecDefinition } from '../../ir/spec.ts';
import type { Claim, Tensor } from '../../ir/tensor.ts';
import type { Span } from '../../support/source.ts';
import { didYouMean, inLayerOrder, maybe, type ArrayName, type Context, type Found } from './context.ts';
import { resolveNumber } from './resolve.ts';
import { contextIn, findForward, formulaIn, namesIn, readableNames, reportAbsence, type ModeScope } from './scope.ts';
import { givenTensors } from './tensors.ts';

/** The claims of one mode, each after those it reads. */
export function elaborateClaims(s: ModeScope): Claim[] {
  const block = new Map<string, { readonly d: SpecDefinition; readonly formula: Formula }>();
  for (const d of s.layer.spec.backward) {
    const formula = formulaIn(d, s.mode);
    if (formula && isClaimable(d, s)) block.set(d.name.value, { d, formula });
  }
  const done = new Map<string, Claim>();
  const broken = new Set<string>();
  const open: string[] = [];

  const claimOf = (name: string, span: Span): Found | undefined => {
    const known = done.get(name);
    const tensor = gradientOf(name, s);
    if (known) return claimName(known, tensor);
    const waiting = block.get(name);
    if (broken.has(name)) return { kind: 'broken' };
    if (!waiting) return undefined;
    if (open.includes(name)) {
      const circle = [...open.slice(open.indexOf(name)), name];
      s.layer.problems.add({
        code: 'cyclic-definition', span, message: circle.length === 2 ? `\`${name}\` reads itself` : `\`${name}\` reads itself: ${circle.join(' reads ')}`,
      });
      return { kind: 'broken' };
    }
    open.push(name);
    const claim = elaborateClaim(waiting.d, waiting.formula, tensor, context, s);
    open.pop();
    if (!claim) {
      broken.add(name);
      return { kind: 'broken' };
    }
    done.set(name, claim);
    return claimName(claim, tensor);
  };
  const context = (): Context => contextIn(s, true, {
    find: (name, span) => claimOf(name, span) ?? upstream(name, s) ?? findForward(s, name) ?? gradient(name, s),
    findHit: (of) => findHit(of, s),
    readable: function* () {
      yield* readableNames(s);
      yield* block.keys();
      for (const t of [...s.layer.tensors.outputs, ...s.layer.tensors.inputs, ...s.layer.tensors.params]) yield `d${t.name}`;
    },
  });
  for (const [name, { d }] of block) claimOf(name, d.name.span);
  return [...done.values()];
}

function elaborateClaim(
  d: SpecDefinition, formula: Formula, tensor: Tensor | undefined, context: () => Context, s: ModeScope,
): Claim | undefined {
  const c = context();
  const e = resolveNumber(formula, c);
  for (const absence of c.absences.slice(0, 1)) reportAbsence(d.name.value, absence, s);
  if (!e) return undefined;
  const free = inLayerOrder(freeAxes(e), s.layer.axes);
  if (!tensor) return { name: d.name.value, axes: free, formula: e, span: d.name.span };
  if (free.every((axis) => tensor.axes.includes(axis))) {
    return { name: d.name.value, axes: tensor.axes, formula: e, span: d.name.span };
  }
  s.layer.problems.add({
    code: 'claim-axes', span: formula.span,
    message: `\`${d.name.value}\` is the gradient of \`${tensor.name}\`, which has ${slotsText(tensor.slots)}, but its formula has [${free.join(', ')}]`,
  });
  return undefined;
}

// ---------------------------------------------------------------------------------------------------------- names

/** The tensor whose gradient is called `name`, if it has one. */
function gradientOf(name: string, s: ModeScope): Tensor | undefined {
  const { inputs, params } = s.layer.tensors;
  return name.startsWith('d') ? [...inputs, ...params].find((t) => t.name === name.slice(1) && t.dtype !== 'i32') : undefined;
}

function gradientName(name: string, t: Tensor): ArrayName {
  return { kind: 'array', what: 'gradient', name, slots: t.slots, axes: t.axes, dtype: t.dtype, outside: 0 };
}

const gradient = (name: string, s: ModeScope): ArrayName | undefined => {
  const t = gradientOf(name, s);
  return t && gradientName(name, t);
};

const upstream = (name: string, s: ModeScope): ArrayName | undefined => {
  const t = s.layer.tensors.outputs.find((output) => `d${output.name}` === name);
  return t && gradientName(name, t);
};

function claimName(claim: Claim, tensor: Tensor | undefined): ArrayName {
  if (tensor) return gradientName(claim.name, tensor);
  const slots = claim.axes.map((axis) => [axis]);
  return { kind: 'array', what: 'definition', name: claim.name, slots, axes: claim.axes, dtype: 'f64', outside: 0 };
}

function findHit(of: string, s: ModeScope): Found | undefined {
  if (s.broken.has(of)) return { kind: 'broken' };
  const e = s.done.get(of)?.formula;
  if (e?.kind !== 'reduce' || (e.op !== 'max' && e.op !== 'min')) return undefined;
  const axes = [...s.done.get(of)!.axes, ...e.axes];
  return { kind: 'array', what: 'gradient', name: `hit(${of})`, slots: axes.map((axis) => [axis]), axes, dtype: 'f64', outside: 0 };
}

/** True for the gradient of a real input or parameter, and for a helper that a claim reads. */
function isClaimable(d: SpecDefinition, s: ModeScope): boolean {
  const name = d.name.value;
  const { tensors, spec, problems } = s.layer;
  const of = name.startsWith('d') ? name.slice(1) : '';
  const refuse = (code: 'claim-unknown' | 'duplicate-name', message: string, help?: string): false => {
    problems.add({ code, span: d.name.span, message, ...maybe('help', help) });
    return false;
  };
  if (tensors.outputs.some((t) => t.name === of)) return refuse('claim-unknown', `\`${name}\` is the upstream gradient of \`${of}\` and is given`);
  if (gradientOf(name, s)) return true;
  const other = givenTensors(tensors).find((t) => t.name === of);
  if (other) {
    const kind = other.dtype === 'i32' ? 'an integer tensor' : other.role === 'state' ? 'state' : 'a random tensor';
    return refuse('claim-unknown', `\`${of}\` is ${kind} and has no gradient`);
  }
  if ([...givenTensors(tensors), ...tensors.outputs].some((t) => t.name === name) || spec.forward.some((f) => f.name.value === name)) {
    return refuse('duplicate-name', `\`${name}\` is defined already, and a helper needs a name of its own`);
  }
  const read = spec.backward.some((b) => b !== d && [b.both, b.train, b.test].some((f) => f && namesIn(f).has(name)));
  if (read) return true;
  const gradients = [...tensors.inputs, ...tensors.params].filter((t) => t.dtype !== 'i32').map((t) => `d${t.name}`);
  return refuse('claim-unknown', `\`${name}\` is no gradient of this layer, and no claim reads it`,
    didYouMean(name, gradients) ?? `its gradients are ${gradients.join(', ')}`);
}
