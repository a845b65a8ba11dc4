/** What `save` writes is the safetensors format to the byte, and `load` takes nothing else. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layer, type Layer } from '../../runtime/index.ts';
import { noise, scale } from './modules.ts';

const fresh = (): Layer<typeof scale> => layer(scale, { params: { w: [1.5, -2, 3], b: [4] } });

/** A file of this header and these bytes; the header is written as it stands. */
function fileOf(header: unknown, data: Uint8Array, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const dataOf = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

test('the format', () => {
  const file = fresh().save();
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  assert.is(length % 8, 0, 'the numbers are aligned');
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  assert.equal(JSON.parse(text), {
    __metadata__: { layer: 'scale', step: '0' },
    w: { dtype: 'F32', shape: [3], data_offsets: [0, 12] },
    b: { dtype: 'F32', shape: [], data_offsets: [12, 16] },
  });
  assert.equal([...new Float32Array(file.slice(8 + length).buffer)], [1.5, -2, 3, 4]);
  assert.is(file.length, 8 + length + 16);
});

test('there and back', () => {
  const other = layer(scale).load(fresh().save());
  assert.equal([...other.params.w, ...other.params.b], [1.5, -2, 3, 4]);
  const a = layer(noise, { seed: 1 });
  a.forward([1, 1]);
  a.forward([1, 1]);
  const bytes = a.save();
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const b = layer(noise, { seed: 1 }).load(shifted.subarray(3));
  assert.is(b.step, 2);
  assert.equal([...b.state.total], [1.01]);
  assert.equal(a.forward([1, 1]), b.forward([1, 1]), 'training goes on as if it had not stopped');
});

test('files that others write: any order, no metadata, padded header', () => {
  const l = layer(scale).load(fileOf(
    `${JSON.stringify({
      b: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
      w: { shape: [3], dtype: 'F32', data_offsets: [4, 16] },
    })}   `, dataOf(9, 1, 2, 3)));
  assert.equal([...l.params.w, ...l.params.b], [1, 2, 3, 9]);
  assert.is(l.step, 0);
});

/** Written by Python's safetensors 0.8.0: w = [7, 8, 9], b = 1, metadata { made: python }. */
const PYTHON = [
  '90000000000000007b225f5f6d657461646174615f5f223a7b226d616465223a22707974686f6e227d2c2262223a7b22',
  '6474797065223a22463332222c227368617065223a5b5d2c22646174615f6f666673657473223a5b302c345d7d2c2277',
  '223a7b226474797065223a22463332222c227368617065223a5b335d2c22646174615f6f666673657473223a5b342c31',
  '365d7d7d202020200000803f0000e0400000004100001041',
].join('');

test("a file of Python's", () => {
  const l = layer(scale).load(Uint8Array.from(PYTHON.match(/../g)!, (byte) => parseInt(byte, 16)));
  assert.equal([...l.params.w, ...l.params.b], [7, 8, 9, 1]);
});

const w = { dtype: 'F32', shape: [3], data_offsets: [0, 12] };
const b = { dtype: 'F32', shape: [], data_offsets: [12, 16] };
const data = dataOf(1, 2, 3, 4);

const BROKEN: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'not bytes': ['text', /no safetensors header/],
  'nothing': [new Uint8Array(0), /no safetensors header/],
  'a length and no more': [new Uint8Array(8), /no safetensors header/],
  'a header longer than the file': [fileOf('{}', data, 1000n), /no safetensors header/],
  'a whole header said to be longer than the file': [fileOf({ w, b }, data, 1000n), /no safetensors header/],
  'a header of 2^63 bytes': [fileOf('{}', data, 2n ** 63n), /no safetensors header/],
  'a header that is not JSON': [fileOf('{"w": ', data), /no safetensors header/],
  'a header of null': [fileOf('null', data), /no safetensors header/],
  'a header of a list': [fileOf('[]', data), /w is missing/],
  'a header of a string': [fileOf('"w"', data), /unknown tensor 0/],
  'a header that is not UTF-8': [fileOf(new TextDecoder('latin1').decode(Uint8Array.of(123, 255)), data), /no safetensors header/],
  'a missing tensor': [fileOf({ w }, data), /b is missing/],
  'an unknown tensor': [fileOf({ w, b, v: b }, data), /unknown tensor v/],
  'an unknown tensor called __proto__': [fileOf(`{"__proto__":{},${JSON.stringify({ w, b }).slice(1)}`, data), /unknown tensor __proto__/],
  'a tensor of null': [fileOf({ w, b: null }, data), /b is missing/],
  'a tensor of a number': [fileOf({ w, b: 7 }, data), /b: expected \["F32",\[\],\[/],
  'another shape': [fileOf({ w: { ...w, shape: [1, 3] }, b }, data), /w: expected \["F32",\[3\],\[0,12\]\], got \["F32",\[1,3\],\[0,12\]\]/],
  'another type': [fileOf({ w: { ...w, dtype: 'I32' }, b }, data), /w: expected \["F32",.*, got \["I32",\[3\]/],
  'half as many bytes': [fileOf({ w: { ...w, dtype: 'F16' }, b }, data), /got \["F16",\[3\]/],
  'no offsets': [fileOf({ w: { ...w, data_offsets: undefined }, b }, data), /w: expected/],
  'offsets that are words': [fileOf({ w: { ...w, data_offsets: ['0', '12'] }, b }, data), /w: expected .*\[0,12\]\], got .*\["0","12"\]/],
  'offsets that are a number': [fileOf({ w: { ...w, data_offsets: 5 }, b }, data), /w: expected/],
  'three offsets': [fileOf({ w: { ...w, data_offsets: [0, 12, 12] }, b }, data), /w: expected .*, got .*\[0,12,12\]/],
  'offsets that are no integers': [fileOf({ w: { ...w, data_offsets: [0.5, 12.5] }, b }, data), /w: expected/],
  'tensors that overlap': [fileOf({ w, b: { ...b, data_offsets: [8, 12] } }, data), /b: expected .*\[12,16\]\], got .*\[8,12\]\]/],
  'tensors in one place': [fileOf({ w, b: { ...b, data_offsets: [0, 4] } }, data), /: expected/],
  'a gap': [fileOf({ w, b: { ...b, data_offsets: [16, 20] } }, dataOf(1, 2, 3, 4, 5)), /b: expected .*\[12,16\]\], got .*\[16,20\]\]/],
  'offsets from below 0': [fileOf({ w: { ...w, data_offsets: [-4, 8] }, b }, data), /w: expected/],
  'offsets beyond the file': [fileOf({ w: { ...w, data_offsets: [100, 112] }, b }, data), /: expected/],
  'an end before the start': [fileOf({ w: { ...w, data_offsets: [12, 0] }, b }, data), /: expected/],
  'a tensor twice': [fileOf(`{"w":${JSON.stringify(w)},"w":${JSON.stringify(w)},"b":${JSON.stringify(b)}}`, data), /a name stands twice/],
  'a tensor twice, once escaped': [fileOf(`{"w":${JSON.stringify(w)},"\\u0077":${JSON.stringify(w)},"b":${JSON.stringify(b)}}`, data), /a name stands twice/],
  'a type twice': [fileOf(JSON.stringify({ w, b }).replace('"dtype"', '"dtype":"F64","dtype"'), data), /a name stands twice/],
  'a file cut off': [fileOf({ w, b }, data.subarray(0, 15)), /expected 1\d\d bytes, got 1\d\d/],
  'a file too long': [fileOf({ w, b }, dataOf(1, 2, 3, 4, 5)), /expected 1\d\d bytes, got 1\d\d/],
};

for (const [what, [file, message]] of Object.entries(BROKEN)) {
  test(`refused, and nothing changes: ${what}`, () => {
    const l = fresh();
    assert.throws(() => l.load(file as Uint8Array), (error: Error) => {
      assert.match(error.message, /^cannot load: /);
      assert.match(error.message, message);
      return true;
    });
    assert.equal([...l.params.w, ...l.params.b], [1.5, -2, 3, 4]);
  });
}

test('strings with colons, quotes and braces are no names', () => {
  const metadata = { 'a:b': '{"w": 1, "w": 2}', '\\"': ':":' };
  assert.equal([...fresh().load(fileOf({ __metadata__: metadata, w, b }, data)).params.w], [1, 2, 3]);
});

test('an ArrayBuffer is a file as well', () => {
  const bytes = fresh().save();
  assert.equal([...layer(scale).load(bytes.buffer as ArrayBuffer).params.w], [1.5, -2, 3]);
});

test('every file cut short is refused', () => {
  const whole = fresh().save();
  for (let n = 0; n < whole.length; n++) {
    const l = layer(scale);
    assert.throws(() => l.load(whole.subarray(0, n)), /^Error: cannot load|cannot load/);
    assert.equal([...l.params.w], [0, 0, 0]);
  }
});

test('metadata that is not ours does no harm', () => {
  for (const step of ['abc', null, {}, '1e999', '']) {
    const l = fresh();
    l.step = 3;
    l.load(fileOf({ __metadata__: { step }, w, b }, data));
    assert.ok(Number.isSafeInteger(l.step), String(step));
  }
});

test.run();
