/** Names across the sections of a merged spec: each means one thing, and gradients have names of their own. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { At } from '../../ir/spec.ts';
import type { SpecFile } from './merge.ts';
import { LIMITS } from './limits.ts';

interface Owner {
  readonly what: string;
  readonly name: At<string>;
}

type Section = readonly (readonly [what: string, parts: readonly { readonly name: At<string> }[]])[];

/** Adds `duplicate-name`, `gradient-outside-backward` and `limit-exceeded` for what the sections say together. */
export function checkNames(spec: SpecFile, problems: Problems): void {
  const owners = new Map<string, Owner>();
  const sections: Section = [
    ['an input', spec.inputs], ['a parameter', spec.params], ['a state', spec.state], ['a random tensor', spec.random],
    ['an option', spec.options], ['an axis', [...spec.axes, ...shapeAxes(spec)]], ['an output', spec.outputs],
  ];
  for (const [what, parts] of sections) {
    for (const { name } of parts) own(owners, { what, name }, problems);
  }
  for (const { name } of spec.forward) {
    if (owners.get(name.value)?.what !== 'an output') own(owners, { what: 'a definition', name }, problems);
  }
  for (const { name } of spec.backward) {
    // A helper of the claims; `dx` and `dout` are gradients, which no one else may be called.
    if (owners.has(name.value)) own(owners, { what: 'a claim', name }, problems);
  }
  checkGradients(spec, owners, problems);
  checkCount(spec, problems);
}

function own(owners: Map<string, Owner>, owner: Owner, problems: Problems): void {
  const { value, span } = owner.name;
  const first = owners.get(value);
  if (!first) owners.set(value, owner);
  else if (first.what !== owner.what || owner.what !== 'an axis') {
    problems.add({
      code: 'duplicate-name', message: `\`${value}\` is ${first.what} and cannot be ${owner.what} too`, span,
      help: 'give one of the two another name', notes: [{ message: `it is ${first.what} here`, span: first.name.span }],
    });
  }
}

/** The axes of all shapes, each once: their first place. */
function shapeAxes(spec: SpecFile): { readonly name: At<string> }[] {
  const tensors = [...spec.inputs, ...spec.params, ...spec.state, ...spec.random, ...spec.outputs];
  const first = new Map<string, { readonly name: At<string> }>();
  for (const { name, span } of tensors.flatMap((t) => t.shape).flatMap((s) => s.axes)) {
    if (!first.has(name)) first.set(name, { name: { value: name, span } });
  }
  return [...first.values()];
}

function checkGradients(spec: SpecFile, owners: ReadonlyMap<string, Owner>, problems: Problems): void {
  const sources = [...spec.inputs, ...spec.params, ...spec.outputs];
  for (const tensor of sources) {
    const taken = owners.get(`d${tensor.name.value}`);
    if (!taken || taken.what === 'an axis' || taken.what === 'an option') continue;
    problems.add({
      code: 'gradient-outside-backward', message: `\`d${tensor.name.value}\` is the gradient of \`${tensor.name.value}\``, span: taken.name.span,
      help: taken.what === 'a definition' ? 'claims stand in `backward`; else choose another name' : 'choose another name',
      notes: [{ message: `\`${tensor.name.value}\` is declared here`, span: tensor.name.span }],
    });
  }
}

function checkCount(spec: SpecFile, problems: Problems): void {
  // A section that is too long by itself has been refused already.
  if (problems.found.some((p) => p.code === 'limit-exceeded')) return;
  const definitions = [...spec.forward, ...spec.update, ...spec.backward];
  const tensors = [...spec.inputs, ...spec.params, ...spec.state, ...spec.random, ...spec.outputs, ...spec.options];
  const axes = new Set([...spec.axes, ...shapeAxes(spec)].map((a) => a.name.value));
  const counts = [['definitions', definitions.length, LIMITS.definitions], ['tensors and options', tensors.length, LIMITS.definitions], ['axes', axes.size, LIMITS.axes]] as const;
  for (const [what, count, limit] of counts) {
    if (count > limit) problems.add({ code: 'limit-exceeded', message: `the layer has ${count} ${what}; ${limit} are the limit`, span: spec.layer.span });
  }
}
