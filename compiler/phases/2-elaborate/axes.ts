/** Which axes a layer has, which of them it derives, and how large each is. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Formula } from '../../ir/formula.ts';
import type { Spec, SpecAxis, SpecTensor } from '../../ir/spec.ts';
import type { Span } from '../../support/source.ts';
import { didYouMean, maybe, textOf } from './context.ts';
import { LIMITS } from './limits.ts';
import type { Request } from './request.ts';

/**
 * The axes that a build file gives, in order of first appearance over inputs, parameters, state, random tensors and
 * outputs, and those that the layer derives, in the order in which they stand.
 */
export function axesOf(spec: Spec): { readonly given: string[]; readonly derived: string[] } {
  const derived = spec.axes.map((a) => a.name.value);
  const given = axesInOrder(spec).filter((axis) => !derived.includes(axis));
  return { given, derived };
}

/** Every axis in order of first appearance, derived ones that stand in no shape at the end. */
export function axesInOrder(spec: Spec): string[] {
  const seen = new Set<string>();
  for (const t of tensorsOf(spec)) for (const slot of t.shape) for (const ref of slot.axes) seen.add(ref.name);
  for (const axis of spec.axes) seen.add(axis.name.value);
  return [...seen];
}

const tensorsOf = (spec: Spec): readonly SpecTensor[] =>
  [...spec.inputs, ...spec.params, ...spec.state, ...spec.random, ...spec.outputs];

/** The size of every axis; NaN (and a problem) where it is wrong or missing. */
export function resolveSizes(
  spec: Spec, request: Request, options: ReadonlyMap<string, number | string>, problems: Problems,
): Map<string, number> {
  const { given, derived } = axesOf(spec);
  const sizes = new Map<string, number>();
  checkGiven(spec, given, derived, request, problems);
  for (const axis of given) {
    const size = request.sizes.get(axis);
    sizes.set(axis, size !== undefined && isSize(size) ? size : NaN);
  }
  const evaluator = new SizeEvaluator(spec, sizes, options, problems, request.at?.entry);
  for (const axis of spec.axes) evaluator.derive(axis);
  return sizes;
}

const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 1 && size <= LIMITS.size;

function checkGiven(spec: Spec, given: readonly string[], derived: readonly string[], request: Request, problems: Problems): void {
  const { at } = request;
  const layer = spec.layer.value;
  const missing = given.filter((axis) => !request.sizes.has(axis));
  if (missing.length > 0) {
    problems.add({
      code: 'size-missing', ...maybe('span', at?.entry),
      message: `\`${layer}\` needs the size${missing.length === 1 ? '' : 's'} of ${missing.join(', ')}`,
      help: `sizes: { ${given.map((axis) => `${axis}: ${request.sizes.get(axis) ?? '...'}`).join(', ')} }`,
    });
  }
  for (const [axis, size] of request.sizes) {
    const span = at?.sizes?.get(axis) ?? at?.entry;
    if (!given.includes(axis)) {
      const isDerived = derived.includes(axis);
      problems.add({
        code: 'size-unknown', ...maybe('span', span),
        message: isDerived ? `\`${layer}\` derives the size of ${axis} itself` : `\`${layer}\` has no axis ${axis}`,
        ...maybe('help', isDerived ? 'leave it out' : (didYouMean(axis, missing.length > 0 ? missing : given) ?? axesHelp(given))),
      });
    } else if (!isSize(size)) {
      const large = Number.isSafeInteger(size) && size > LIMITS.size;
      problems.add({
        code: large ? 'limit-exceeded' : 'size-invalid', ...maybe('span', span),
        message: large ? `the size of ${axis} is ${size}; ${LIMITS.size} is the limit` : `the size of ${axis} is ${size}: a size is a positive integer`,
      });
    }
  }
}

const axesHelp = (given: readonly string[]): string => (given.length === 0 ? 'it has none' : `its axes are ${given.join(', ')}`);

// ------------------------------------------------------------------------------------------------- derived axes

/** Evaluates the formulas of `axes`, each after those it needs. NaN stands for what has been reported. */
class SizeEvaluator {
  private readonly open: string[] = [];
  private readonly derivations: ReadonlyMap<string, SpecAxis>;
  private readonly sizes: Map<string, number>;
  private readonly options: ReadonlyMap<string, number | string>;
  private readonly problems: Problems;
  private readonly entry: Span | undefined;

  constructor(
    spec: Spec, sizes: Map<string, number>, options: ReadonlyMap<string, number | string>, problems: Problems, entry: Span | undefined,
  ) {
    this.derivations = new Map(spec.axes.map((a) => [a.name.value, a]));
    this.sizes = sizes;
    this.options = options;
    this.problems = problems;
    this.entry = entry;
  }

  derive(axis: SpecAxis): number {
    const name = axis.name.value;
    const known = this.sizes.get(name);
    if (known !== undefined) return known;
    if (this.open.includes(name)) return this.refuseCycle(axis);
    this.open.push(name);
    const size = this.evaluate(axis.size);
    this.open.pop();
    const valid = this.sizes.get(name) === undefined && isSize(size);
    if (!valid && !Number.isNaN(size)) this.refuseSize(axis, size);
    this.sizes.set(name, valid ? size : NaN);
    return valid ? size : NaN;
  }

  private refuseCycle(axis: SpecAxis): number {
    const name = axis.name.value;
    const circle = [...this.open.slice(this.open.indexOf(name)), name];
    this.problems.add({
      code: 'cyclic-axis', span: axis.name.span,
      message: circle.length === 2 ? `the size of ${name} is derived from itself` : `the size of ${name} is derived from itself: ${circle.join(' from ')}`,
    });
    this.sizes.set(name, NaN);
    return NaN;
  }

  private refuseSize(axis: SpecAxis, size: number): void {
    const large = size > LIMITS.size;
    const values = [...this.namesIn(axis.size)].map((n) => `${n} = ${this.sizes.get(n) ?? this.options.get(n)}`).join(', ');
    this.problems.add({
      code: large ? 'limit-exceeded' : 'size-invalid', span: axis.size.span,
      message: large ? `the size of ${axis.name.value} is ${size}; ${LIMITS.size} is the limit`
        : `the size of ${axis.name.value} is ${size}: a size is a positive integer`,
      ...maybe('help', values ? `with ${values}` : undefined),
      ...maybe('notes', this.entry && [{ message: 'asked for here', span: this.entry }]),
    });
  }

  private namesIn(f: Formula, into = new Set<string>()): Set<string> {
    if (f.kind === 'name' && (this.sizes.has(f.name) || this.options.has(f.name))) into.add(f.name);
    if (f.kind === 'unary') this.namesIn(f.x, into);
    if (f.kind === 'binary') [f.a, f.b].forEach((x) => this.namesIn(x, into));
    if (f.kind === 'call') f.args.forEach((x) => this.namesIn(x, into));
    return into;
  }

  private evaluate(f: Formula): number {
    switch (f.kind) {
      case 'number': return Number.isSafeInteger(f.value) ? f.value : this.notInteger(`${f.value} is`, f.span);
      case 'name': return this.evaluateName(f.name, f.span);
      case 'unary': return f.op === '-' ? -this.evaluate(f.x) : this.refuse(f);
      case 'binary': return this.evaluateBinary(f);
      case 'call': return this.evaluateCall(f);
      case 'read': return this.refuse(f);
    }
  }

  private evaluateName(name: string, span: Span): number {
    const derivation = this.derivations.get(name);
    if (derivation) return this.derive(derivation);
    const size = this.sizes.get(name);
    if (size !== undefined) return size;
    const option = this.options.get(name);
    if (typeof option === 'number' && Number.isSafeInteger(option)) return option;
    if (option !== undefined) return this.notInteger(`the option \`${name}\` is ${option},`, span);
    const isAxis = /^[A-Z]/.test(name);
    this.problems.add({
      code: isAxis ? 'unknown-axis' : 'unknown-option', span,
      message: isAxis ? `no shape of this layer has the axis ${name}` : `\`${name}\` is no option of this layer`,
      ...maybe('help', didYouMean(name, [...this.sizes.keys(), ...this.derivations.keys(), ...this.options.keys()])),
    });
    return NaN;
  }

  private evaluateBinary(f: Extract<Formula, { kind: 'binary' }>): number {
    const [a, b] = [this.evaluate(f.a), this.evaluate(f.b)];
    switch (f.op) {
      case '+': return a + b;
      case '-': return a - b;
      case '*': return a * b;
      case '^': return a ** b;
      case '/': case '//': {
        if (Number.isNaN(a) || Number.isNaN(b)) return NaN;
        if (b !== 0 && (f.op === '//' || a % b === 0)) return Math.floor(a / b);
        this.problems.add({
          code: 'does-not-divide', span: f.span,
          message: `\`${textOf(f.span)}\` is ${a} / ${b}${b === 0 ? '' : ', which leaves a rest'}`,
          ...maybe('help', b === 0 ? undefined : 'write `//` to round down'),
          ...maybe('notes', this.entry && [{ message: 'asked for here', span: this.entry }]),
        });
        return NaN;
      }
      default: return this.refuse(f);
    }
  }

  private evaluateCall(f: Extract<Formula, { kind: 'call' }>): number {
    if ((f.name === 'min' || f.name === 'max') && !f.axes && f.args.length > 1) {
      return Math[f.name](...f.args.map((a) => this.evaluate(a)));
    }
    if (f.name === 'size' && f.args.length === 1) return this.evaluate(f.args[0]!);
    return this.refuse(f);
  }

  private refuse(f: Formula): number {
    this.problems.add({
      code: 'not-an-integer', span: f.span, message: `\`${textOf(f.span)}\` cannot stand in the size of an axis`,
      help: 'sizes are made of axes, integer options and integers, with + - * / // ^ min max',
    });
    return NaN;
  }

  private notInteger(what: string, span: Span): number {
    this.problems.add({ code: 'not-an-integer', span, message: `${what} no integer, and sizes are made of integers` });
    return NaN;
  }
}
