/** Options: the values of the spec, overridden by those of the request. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Spec } from '../../ir/spec.ts';
import type { Ties } from '../../ir/tensor.ts';
import { didYouMean, maybe } from './context.ts';
import type { Request } from './request.ts';

const TIES: readonly Ties[] = ['first', 'all', 'split'];

/** Every option with its value; what the request gets wrong is reported and keeps the value of the spec. */
export function resolveOptions(spec: Spec, request: Request, problems: Problems): Map<string, number | string> {
  const options = new Map(spec.options.map((o) => [o.name.value, o.value.value]));
  const choices = choicesOf(spec);
  for (const [name, value] of request.options) {
    const span = request.at?.options?.get(name) ?? request.at?.entry;
    const standard = options.get(name) ?? (name === 'ties' ? 'first' : undefined);
    const report = (code: 'unknown-option' | 'option-invalid', message: string, help: string | undefined): void =>
      problems.add({ code, message, ...maybe('span', span), ...maybe('help', help) });
    if (standard === undefined) {
      const known = [...options.keys()];
      report('unknown-option', `\`${spec.layer.value}\` has no option \`${name}\``,
        didYouMean(name, known) ?? (known.length > 0 ? `its options are ${known.join(', ')}` : 'it has none'));
    } else if (typeof standard === 'string') {
      const words = choices.get(name) ?? [standard];
      if (typeof value === 'string' && words.includes(value)) options.set(name, value);
      else report('option-invalid', `the option \`${name}\` cannot be ${value}`, `one of ${words.join(', ')}`);
    } else if (typeof value === 'number' && Number.isFinite(value)) options.set(name, value);
    else report('option-invalid', `the option \`${name}\` is a number, not ${value}`, `such as ${standard}`);
  }
  return options;
}

/** The words that each option of words may be. */
export function choicesOf(spec: Spec): Map<string, readonly string[]> {
  const out = new Map<string, readonly string[]>([['ties', TIES]]);
  for (const o of spec.options) if (o.choices) out.set(o.name.value, o.choices);
  return out;
}

/** Which of several equal maxima takes the gradient. */
export function tiesOf(options: ReadonlyMap<string, number | string>): Ties {
  return TIES.find((t) => t === options.get('ties')) ?? 'first';
}
