/** Each layer as ONNX models: the operator made for it, and where that is slow or missing, the same composed of others. */
import { normOf } from '../norms.ts';
import type { Norm } from '../norms.ts';
import type { Workload } from '../workload.ts';
import type { Attribute, Constant, Model, Node } from './model.ts';

export interface NamedModel {
  readonly form: string;
  readonly model: Model;
}

/** GroupNormalization scales each channel since this version; nothing here needs a later one. */
const OPSET = 21;

const float = (value: number): Attribute => ({ kind: 'float', value });
const int = (value: number): Attribute => ({ kind: 'int', value });
const ints = (...value: number[]): Attribute => ({ kind: 'ints', value });
const scalar = (value: number): Constant => ({ dtype: 'float', shape: [], values: Float32Array.of(value) });
const vector = (values: readonly number[]): Constant => ({ dtype: 'int64', shape: [values.length], values });

export function modelsOf(workload: Workload): NamedModel[] {
  const { layer, options } = workload;
  const norm = normOf(workload);
  if (norm) return [normOperator(workload, norm.eps), composedNorm(workload, norm)];
  switch (layer) {
    case 'conv2d': {
      const { stride, pad } = options;
      const attributes = { strides: ints(stride!, stride!), pads: ints(pad!, pad!, pad!, pad!) };
      return [single(workload, 'Conv', ['x', 'w', 'b'], attributes)];
    }
    case 'maxpool2d': {
      const { pool_height: height, pool_width: width, stride } = options;
      return [single(workload, 'MaxPool', ['x'], { kernel_shape: ints(height!, width!), strides: ints(stride!, stride!) })];
    }
    case 'dropout':
      return [single(workload, 'Dropout', ['x', 'ratio', 'training'], {}, {
        ratio: scalar(1 - options['p']!),
        training: { dtype: 'bool', shape: [], values: [true] },
      })];
    default:
      return [];
  }
}

/** One operator. Its parameters are constants. */
function single(
  workload: Workload, op: string, inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>>, more: Readonly<Record<string, Constant>> = {}, outputs: readonly string[] = ['out'],
): NamedModel {
  return { form: op, model: { ...interfaceOf(workload), nodes: [{ op, inputs, outputs, attributes }], constants: { ...parameters(workload), ...more } } };
}

const interfaceOf = ({ shapes }: Workload): Pick<Model, 'opset' | 'inputs' | 'outputs'> =>
  ({ opset: OPSET, inputs: { x: shapes['x']! }, outputs: { out: shapes['out']! } });

const parameters = ({ params, arrays, shapes }: Workload): Record<string, Constant> =>
  Object.fromEntries(params.map((name) => [name, { dtype: 'float', shape: shapes[name]!, values: arrays[name]! }]));

function normOperator(workload: Workload, eps: number): NamedModel {
  const inputs = ['x', 'gamma', 'beta'];
  const epsilon = float(eps);
  switch (workload.layer) {
    case 'layernorm': return single(workload, 'LayerNormalization', inputs, { axis: int(-1), epsilon });
    case 'instancenorm': return single(workload, 'InstanceNormalization', inputs, { epsilon });
    case 'spatial_groupnorm': return single(workload, 'GroupNormalization', inputs, { num_groups: int(workload.sizes['G']!), epsilon });
    default: {
      const state = (values: Float32Array): Constant => ({ dtype: 'float', shape: [values.length], values });
      return single(
        workload, 'BatchNormalization', [...inputs, 'mean', 'variance'],
        { epsilon, momentum: float(workload.options['momentum']!), training_mode: int(1) },
        { mean: state(workload.arrays['running_mean']!), variance: state(workload.arrays['running_var']!) },
        ['out', 'mean_after', 'variance_after'],
      );
    }
  }
}

/** Mean and variance by ReduceMean, over the view of the norm. */
function composedNorm(workload: Workload, { view, reduce, scale, eps }: Norm): NamedModel {
  const node = (op: string, inputs: readonly string[], output: string): Node => ({ op, inputs, outputs: [output] });
  const nodes = [
    node('Reshape', ['x', 'view'], 'seen'),
    node('ReduceMean', ['seen', 'axes'], 'mu'),
    node('Sub', ['seen', 'mu'], 'centred'),
    node('Mul', ['centred', 'centred'], 'squares'),
    node('ReduceMean', ['squares', 'axes'], 'variance'),
    node('Add', ['variance', 'eps'], 'safe'),
    node('Sqrt', ['safe'], 'deviation'),
    node('Div', ['centred', 'deviation'], 'xhat'),
    node('Mul', ['xhat', 'scale'], 'scaled'),
    node('Add', ['scaled', 'shift'], 'shifted'),
    node('Reshape', ['shifted', 'shape'], 'out'),
  ];
  const { arrays, shapes } = workload;
  const constants: Record<string, Constant> = {
    view: vector(view), shape: vector(shapes['out']!), axes: vector(reduce), eps: scalar(eps),
    scale: { dtype: 'float', shape: scale, values: arrays['gamma']! },
    shift: { dtype: 'float', shape: scale, values: arrays['beta']! },
  };
  return { form: 'composed', model: { ...interfaceOf(workload), nodes, constants } };
}
