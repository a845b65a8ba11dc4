/** An ONNX model of a few nodes, as plain data, and its bytes. Field numbers are those of onnx.proto. */
import { bytes, float, integer, integers, join, message, text } from './wire.ts';
import type { Chunk } from './wire.ts';

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] };

/** A tensor whose values the model holds. */
export type Constant =
  | { readonly dtype: 'float'; readonly shape: readonly number[]; readonly values: Float32Array }
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly values: readonly number[] }
  | { readonly dtype: 'bool'; readonly shape: readonly number[]; readonly values: readonly boolean[] };

export interface Model {
  readonly opset: number;
  readonly nodes: readonly Node[];
  /** Float tensors that a call gives, and that it gets back. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly constants: Readonly<Record<string, Constant>>;
}

/** onnx.proto: `TensorProto.DataType`, `AttributeProto.AttributeType`, and the format's own version. */
const dataTypes = { float: 1, int64: 7, bool: 9 } as const;
const attributeTypes = { float: 1, int: 2, ints: 7 } as const;
const IR_VERSION = 8;

export function encodeModel(model: Model): Uint8Array {
  return join([
    integer(1, IR_VERSION),
    text(2, 'kernelwright'),
    message(7, graph(model)),
    message(8, [text(1, ''), integer(2, model.opset)]),
  ]);
}

function graph(model: Model): Chunk[] {
  return [
    ...model.nodes.map((node) => message(1, nodeFields(node))),
    text(2, 'graph'),
    ...Object.entries(model.constants).map(([name, constant]) => message(5, constantFields(name, constant))),
    ...Object.entries(model.inputs).map(([name, shape]) => message(11, valueInfo(name, shape))),
    ...Object.entries(model.outputs).map(([name, shape]) => message(12, valueInfo(name, shape))),
  ];
}

const nodeFields = (node: Node): Chunk[] => [
  ...node.inputs.map((name) => text(1, name)),
  ...node.outputs.map((name) => text(2, name)),
  text(4, node.op),
  ...Object.entries(node.attributes ?? {}).map(([name, attribute]) => message(5, attributeFields(name, attribute))),
];

function attributeFields(name: string, attribute: Attribute): Chunk[] {
  const type = integer(20, attributeTypes[attribute.kind]);
  switch (attribute.kind) {
    case 'float': return [text(1, name), float(2, attribute.value), type];
    case 'int': return [text(1, name), integer(3, attribute.value), type];
    case 'ints': return [text(1, name), ...attribute.value.map((value) => integer(8, value)), type];
  }
}

const constantFields = (name: string, constant: Constant): Chunk[] => [
  integers(1, constant.shape),
  integer(2, dataTypes[constant.dtype]),
  text(8, name),
  bytes(9, rawData(constant)),
];

/** Little-endian, row-major. */
function rawData(constant: Constant): Uint8Array {
  switch (constant.dtype) {
    case 'float': return new Uint8Array(constant.values.buffer, constant.values.byteOffset, constant.values.byteLength);
    case 'int64': return new Uint8Array(BigInt64Array.from(constant.values, BigInt).buffer);
    case 'bool': return Uint8Array.from(constant.values, Number);
  }
}

/** A float tensor of a fixed shape. */
const valueInfo = (name: string, shape: readonly number[]): Chunk[] => {
  const dimensions = message(2, shape.map((size) => message(1, [integer(1, size)])));
  return [text(1, name), message(2, [message(1, [integer(1, dataTypes.float), dimensions])])];
};
