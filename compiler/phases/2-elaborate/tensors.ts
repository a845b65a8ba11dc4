/** The tensors of a layer: shapes checked, roles and types filled in. */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Spec, SpecTensor } from '../../ir/spec.ts';
import type { Role, Tensor } from '../../ir/tensor.ts';
import { maybe } from './context.ts';

export interface Tensors {
  readonly inputs: readonly Tensor[];
  readonly params: readonly Tensor[];
  readonly state: readonly Tensor[];
  readonly random: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** The tensors of every section, in order; what is wrong with a declaration is reported. */
export function elaborateTensors(spec: Spec, dtype: 'f32' | 'f64', problems: Problems): Tensors {
  const all = (tensors: readonly SpecTensor[], role: Role): Tensor[] =>
    tensors.map((t, n) => elaborateTensor(t, role, n, dtype, problems));
  return {
    inputs: all(spec.inputs, 'input'),
    params: all(spec.params, 'param'),
    state: all(spec.state, 'state'),
    random: all(spec.random, 'random'),
    outputs: all(spec.outputs, 'output'),
  };
}

function elaborateTensor(t: SpecTensor, role: Role, stream: number, dtype: 'f32' | 'f64', problems: Problems): Tensor {
  if (t.dtype && role !== 'input') {
    problems.add({
      code: 'integer-tensor', span: t.dtype.span, message: `\`${t.name.value}\` is of i32, which only inputs can be`, help: 'leave `dtype` out',
    });
  }
  const refs = t.shape.flatMap((slot) => slot.axes);
  const twice = refs.find((ref, n) => refs.findIndex((r) => r.name === ref.name) < n);
  if (twice) {
    problems.add({
      code: 'composite-axis', span: twice.span, message: `the shape of \`${t.name.value}\` has the axis ${twice.name} twice`,
      help: `give the second one a name of its own: \`axes: { ${twice.name}2: ${twice.name} }\``,
    });
  }
  return {
    name: t.name.value,
    role,
    slots: t.shape.map((slot) => slot.axes.map((ref) => ref.name)),
    axes: refs.map((ref) => ref.name),
    dtype: t.dtype?.value ?? dtype,
    ...maybe('outside', t.outside?.value),
    ...maybe('init', t.init?.value),
    ...maybe('uniform', t.uniform?.value),
    ...maybe('stream', role === 'random' ? stream : undefined),
    span: t.name.span,
  };
}

/** Everything that a forward formula reads and is no definition. */
export const givenTensors = (t: Tensors): readonly Tensor[] => [...t.inputs, ...t.params, ...t.state, ...t.random];
