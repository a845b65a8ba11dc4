/** The models that `npm run bench:peers` hands to ONNX Runtime, read back by a decoder of the wire format that knows no field. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { modelsOf } from '../../bench/peers/onnx/layers.ts';
import { encodeModel } from '../../bench/peers/onnx/model.ts';
import type { Model } from '../../bench/peers/onnx/model.ts';
import { bytes, float, integer, integers, join, text } from '../../bench/peers/onnx/wire.ts';
import { prepareOurs } from '../../bench/peers/workload.ts';
import type { Kernel } from '../../bench/peers/kernel.ts';

type Field = bigint | number | Uint8Array;

/** A message's fields by number, each as often as it occurs. */
class Message {
  readonly #fields = new Map<number, Field[]>();

  constructor(data: Uint8Array) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = data[at++]!;
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return BigInt.asIntN(64, value);
      }
    };
    while (at < data.length) {
      const tag = Number(varint());
      const type = tag & 7;
      assert.ok([0, 2, 5].includes(type), `wire type ${type}`);
      let field: Field;
      if (type === 0) field = varint();
      else if (type === 5) { field = view.getFloat32(at, true); at += 4; }
      else { const length = Number(varint()); field = data.subarray(at, at + length); at += length; }
      this.#fields.set(tag >> 3, [...this.#fields.get(tag >> 3) ?? [], field]);
    }
    assert.is(at, data.length);
  }

  all(field: number): Field[] { return this.#fields.get(field) ?? []; }
  texts(field: number): string[] { return this.all(field).map((f) => new TextDecoder().decode(f as Uint8Array)); }
  numbers(field: number): number[] { return this.all(field).map(Number); }
  messages(field: number): Message[] { return this.all(field).map((f) => new Message(f as Uint8Array)); }
  bytes(field: number): Uint8Array { return this.all(field)[0] as Uint8Array; }
}

/** A model as plain data again. Field numbers are onnx.proto's. */
function decodeModel(data: Uint8Array): Model {
  const model = new Message(data);
  const graph = model.messages(7)[0]!;
  const shapes = (field: number): Record<string, number[]> => Object.fromEntries(graph.messages(field).map((info) => {
    const tensor = info.messages(2)[0]!.messages(1)[0]!;
    assert.equal(tensor.numbers(1), [1]);
    return [info.texts(1)[0]!, tensor.messages(2)[0]!.messages(1).map((dimension) => dimension.numbers(1)[0]!)];
  }));
  const attribute = (a: Message): [string, NonNullable<Model['nodes'][number]['attributes']>[string]] => {
    const name = a.texts(1)[0]!;
    switch (a.numbers(20)[0]) {
      case 1: return [name, { kind: 'float', value: a.numbers(2)[0]! }];
      case 2: return [name, { kind: 'int', value: a.numbers(3)[0]! }];
      default: return [name, { kind: 'ints', value: a.numbers(8) }];
    }
  };
  const constant = (t: Message): [string, Model['constants'][string]] => {
    const packed = t.all(1)[0] === undefined ? new Uint8Array() : t.bytes(1);
    const shape = [...new Message(join([...packed].length === 0 ? [] : unpack(packed).map((value) => integer(1, value)))).numbers(1)];
    const raw = t.bytes(9).slice();
    switch (t.numbers(2)[0]) {
      case 1: return [t.texts(8)[0]!, { dtype: 'float', shape, values: new Float32Array(raw.buffer) }];
      case 7: return [t.texts(8)[0]!, { dtype: 'int64', shape, values: Array.from(new BigInt64Array(raw.buffer), Number) }];
      default: return [t.texts(8)[0]!, { dtype: 'bool', shape, values: Array.from(raw, Boolean) }];
    }
  };
  return {
    opset: model.messages(8)[0]!.numbers(2)[0]!,
    nodes: graph.messages(1).map((node) => ({
      op: node.texts(4)[0]!, inputs: node.texts(1), outputs: node.texts(2), attributes: Object.fromEntries(node.messages(5).map(attribute)),
    })),
    inputs: shapes(11), outputs: shapes(12),
    constants: Object.fromEntries(graph.messages(5).map(constant)),
  };
}

/** Packed varints below 2^32. */
function unpack(packed: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of packed) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    values.push(value);
    [value, scale] = [0, 1];
  }
  return values;
}

test('the wire format, byte for byte', () => {
  assert.equal([...integer(1, 150)], [0x08, 0x96, 0x01]);
  assert.equal([...integer(3, -1)], [0x18, ...Array<number>(9).fill(0xff), 0x01]);
  assert.equal([...text(2, 'testing')], [0x12, 0x07, ...new TextEncoder().encode('testing')]);
  assert.equal([...integers(4, [3, 270, 86942])], [0x22, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
  assert.equal([...float(2, 1)], [0x15, 0, 0, 0x80, 0x3f]);
  assert.is(bytes(20, new Uint8Array(300)).length, 2 + 2 + 300);
});

test('a model comes back as it was', () => {
  const model: Model = {
    opset: 21, inputs: { x: [2, 300] }, outputs: { out: [2, 300], extra: [] },
    nodes: [{ op: 'Some', inputs: ['x', 'c'], outputs: ['out', 'extra'], attributes: {
      f: { kind: 'float', value: 0.5 }, negative: { kind: 'int', value: -1 }, list: { kind: 'ints', value: [1, 0, 128] } } }],
    constants: {
      c: { dtype: 'float', shape: [2, 1], values: Float32Array.of(1.5, -2) },
      axes: { dtype: 'int64', shape: [2], values: [-1, 300] },
      flag: { dtype: 'bool', shape: [], values: [true] },
    },
  };
  assert.equal(decodeModel(encodeModel(model)), model);
});

for (const name of ['layernorm_4x16', 'batchnorm_100x500', 'instancenorm_8x32x32x32', 'spatial_groupnorm_16x8x8x16x16', 'maxpool2d_100x3x32x32',
  'conv2d_32x1x28x28x8x5x5', 'dropout_100x500']) {
  test(`the models of ${name} are connected`, async () => {
    const kernel = await import(new URL(`../../generated/${name}.ts`, import.meta.url).href) as Kernel;
    const { workload } = prepareOurs(name, kernel);
    const models = modelsOf(workload);
    assert.ok(models.length > 0);
    for (const { model } of models) {
      const read = decodeModel(encodeModel(model));
      assert.equal(read.outputs, { out: workload.shapes['out'] });
      const known = new Set([...Object.keys(read.inputs), ...Object.keys(read.constants)]);
      for (const node of read.nodes) {
        for (const input of node.inputs) assert.ok(known.has(input), `${node.op} reads ${input}`);
        for (const output of node.outputs) known.add(output);
      }
      assert.ok(known.has('out'));
      for (const [constant, { shape, values }] of Object.entries(read.constants)) {
        assert.is(values.length, shape.reduce((n, size) => n * size, 1), constant);
      }
    }
  });
}

test.run();
