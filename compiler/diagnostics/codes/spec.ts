/** Codes of the shape of a spec: its sections, names, formulas as text, and what it extends. */
import { codes } from './entry.ts';

export const specCodes = codes({
  'not-a-mapping': {
    about: 'Here stands a mapping of names to values, one `name: value` a line.',
    bad: 'inputs: [x]',
    good: 'inputs: { x: [N, D] }',
  },
  'unknown-key': {
    about: 'The key is none that the format knows here; usually it is misspelt or stands in the wrong section.',
    bad: 'output: { out: [N, D] }',
    good: 'outputs: { out: [N, D] }',
  },
  'missing-section': {
    about: 'A layer that can be built has a name, at least one input and one output, and formulas in `forward`; '
      + 'what is missing may also come from a spec that it extends. Only an `abstract: true` layer may leave them out.',
    bad: 'layer: relu\ninputs: { x: [N, D] }\nforward: { out: x }',
    good: 'layer: relu\ninputs: { x: [N, D] }\noutputs: { out: [N, D] }\nforward: { out: x }',
  },
  'missing-key': {
    about: 'A mapping lacks a key that it must have.',
    bad: 'state: { running_mean: { init: 0 } }',
    good: 'state: { running_mean: { shape: [D], init: 0 } }',
  },
  'wrong-type': {
    about: 'The value is of another kind than what stands here: a list instead of a text, a text instead of a number.',
    bad: 'abstract: yes',
    good: 'abstract: true',
  },
  'bad-shape': {
    about: 'A shape is a list of axis names, slowest first; `(G K)` is one axis in memory and two in formulas. Sizes do not '
      + 'stand in a spec: a build file gives them, or `axes` derives them.',
    bad: 'inputs: { x: [100, 500] }',
    good: 'inputs: { x: [N, D] }',
  },
  'formula-not-plain': {
    about: 'Here stands a formula: plain text, or text in quotes. YAML reads some formulas as something else - a list, a mapping, '
      + 'a number, a truth value, nothing at all - and each of them is refused with what to write instead.',
    bad: 'forward:\n  out: [x, 1]',
    good: 'forward:\n  out: max(x, 1)',
  },
  'formula-syntax': {
    about: 'The text is not a formula. Operators are `+ - * / // ^ < <= > >= == != and or not`; brackets hold indices, '
      + 'parentheses group or call.',
    bad: 'var: mean((x - mu)**2)',
    good: 'var: mean((x - mu)^2)',
  },
  'bad-name': {
    about: 'Names become names in the generated code: a letter, then letters, digits and underscores, at most 64. An axis is '
      + 'written in capitals, so that a formula shows which names are axes.',
    bad: 'inputs: { x-in: [N, d] }',
    good: 'inputs: { x_in: [N, D] }',
  },
  'reserved-name': {
    about: 'The name has a meaning already, in the formula language, in the generated module or in JavaScript.',
    bad: 'inputs: { class: [N], sum: [N, D] }',
    good: 'inputs: { label: [N], total: [N, D] }',
  },
  'duplicate-name': {
    about: 'Tensors, options, axes and definitions share one space of names, and each name means one thing.',
    bad: 'inputs: { x: [N, D] }\nparams: { x: [D] }',
    good: 'inputs: { x: [N, D] }\nparams: { gain: [D] }',
  },
  'option-invalid': {
    about: 'The value of an option is a finite number, or one of the words that the option may be; '
      + '`ties` may be first, all or split.',
    bad: 'options: { ties: last }',
    good: 'options: { ties: first }',
  },
  'unknown-layer': {
    about: 'No spec of that name stands beside the build file or among those that ship.',
    bad: 'extends: normalisation',
    good: 'extends: normalization',
  },
  'layer-name': {
    about: 'The name in `layer:` is the name of the file: `layernorm` stands in `layernorm.layer.yaml`.',
    bad: '# in my_norm.layer.yaml\nlayer: layernorm',
    good: '# in my_norm.layer.yaml\nlayer: my_norm',
  },
  'extends-cycle': {
    about: 'A spec extends itself, directly or through others.',
    bad: '# in a.layer.yaml\nextends: b\n# in b.layer.yaml\nextends: a',
    good: '# in a.layer.yaml\nextends: b\n# in b.layer.yaml\nabstract: true',
  },
  'gradient-outside-backward': {
    about: 'The upstream gradient of `out` is `dout`, the gradient of `x` is `dx`. Such a name may be defined in `backward` only, '
      + 'where it is a claim that the compiler proves.',
    bad: 'forward:\n  dx: x - 1\n  out: dx * gamma',
    good: 'forward:\n  shifted: x - 1\n  out: shifted * gamma',
  },
});
