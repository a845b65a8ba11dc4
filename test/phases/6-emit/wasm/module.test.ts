/** The module as a whole: its table of instructions, its text, what it asks of its host, and that all of it is repeatable. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { op, double, get, int } from '../../../../compiler/phases/6-emit/wasm/code.ts';
import { encode } from '../../../../compiler/phases/6-emit/wasm/encode.ts';
import { fused } from '../../../../compiler/phases/6-emit/wasm/fuse.ts';
import { INSTRUCTIONS } from '../../../../compiler/phases/6-emit/wasm/instructions.ts';
import { assemble } from '../../../../compiler/phases/6-emit/wasm/assemble.ts';
import { compileFront, Trace } from '../../../../compiler/pipeline.ts';
import { load } from '../../../specs/load.ts';
import { access, bin, loop, nestOf, num, un } from './nests.ts';
import { engine, wasmOf } from './run-wasm.ts';

const derived = (layer: string, sizes: Readonly<Record<string, number>>): Parameters<typeof wasmOf>[0] =>
  compileFront({ source: load(layer)!, load, sizes }, new Trace()).derived;

test('no two instructions have one opcode', () => {
  const bytes = [...INSTRUCTIONS.values()].map((i) => i.bytes.join(' '));
  assert.is(new Set(bytes).size, bytes.length);
});

test('operands of another type are refused', () => {
  assert.throws(() => op('f64.add', [double(1), int(1)]), /f64.add takes f64 f64, not f64.const: f64, i32.const: i32/);
  assert.throws(() => op('v128.store', [int(0)], 0), /takes i32 v128/);
});

test('a local, function or label that nobody declared is refused', () => {
  const f = { name: 'f', exported: true, params: [], locals: [], body: [op('i32.store', [get('at', 'i32'), int(1)], 0)] };
  assert.throws(() => encode({ imports: [], functions: [f] }), /nothing is called at/);
});

test('what a module imports is what it uses', () => {
  const plain = { x: new Float64Array(4) };
  const { load: read, store } = access(plain);
  const importsOf = (bytes: Uint8Array): string[] =>
    (engine.Module as unknown as { imports(m: object): { module: string; name: string; kind: string }[] })
      .imports(new engine.Module(bytes)).map((i) => `${i.module}.${i.name}: ${i.kind}`);
  const square = assemble([nestOf(plain, [loop(4, 1, [store('x', bin('*', read('x', 'f64'), read('x', 'f64')))])])], [], { relaxed: false });
  assert.equal(importsOf(square.bytes), ['k.memory: memory']);
  assert.equal([square.math, square.sites, square.scratchBytes], [[], [], 0]);
  const curve = assemble([nestOf(plain, [loop(4, 1, [store('x', bin('^', un('erf', read('x', 'f64')), num(1.5)))])])], [], { relaxed: false });
  assert.equal(importsOf(curve.bytes), ['k.memory: memory', ...curve.math.map((name) => `k.${name}: function`)]);
  assert.equal([...curve.math].sort(), ['exp', 'pow']);
});

test('functions take an address for each array, and the words of the draw where they draw', () => {
  const { code } = wasmOf(derived('dropout', { N: 3, D: 5 }));
  assert.equal(code.functions.map((f) => [f.name, f.draws]), [['forwardTrain', true], ['forwardTest', false], ['backwardTrain', false], ['backwardTest', false]]);
  assert.equal(code.functions[0]!.buffers.includes('x') && code.functions[0]!.buffers.includes('out'), true);
});

test('constants are computed now', () => {
  const arrays = { x: new Float64Array(4) };
  const { store } = access(arrays);
  const { wat } = assemble([nestOf(arrays, [loop(4, 1, [store('x', bin('/', num(1), un('sqrt', bin('+', num(2), num(2)))))])])], [], { relaxed: false });
  assert.match(wat, '(f64.const 0.5)');
  assert.not.match(wat, 'f64.sqrt');
});

test('an innermost loop moves pointers on and multiplies nothing', () => {
  const { code } = wasmOf(derived('layernorm', { N: 6, D: 64 }));
  const turns = code.wat.split('\n').reduce<{ inside: string[]; depth: number[] }>((all, line) => {
    if (/^\s*\(loop \$d\.turn/.test(line)) all.depth.push(line.search(/\S/));
    else if (all.depth.length > 0 && line.search(/\S/) === all.depth.at(-1) && line.trim() === ')') all.depth.pop();
    else if (all.depth.length > 0) all.inside.push(line);
    return all;
  }, { inside: [], depth: [] }).inside;
  assert.ok(turns.length > 20);
  assert.equal(turns.filter((line) => /i32\.(mul|shl)/.test(line)), []);
});

test('the text tells the formulas, and is the same twice', () => {
  const [one, two] = [wasmOf(derived('layernorm', { N: 4, D: 16 })).code, wasmOf(derived('layernorm', { N: 4, D: 16 })).code];
  assert.match(one.wat, ';; mu = mean[D](x)');
  assert.match(one.wat, '(func $forward (export "forward") (param $x i32)');
  assert.is(one.wat, two.wat);
  assert.equal(one.bytes, two.bytes);
});

test('products may be added in one step where tiles of sums wait for arithmetic, and where that is allowed', () => {
  const sizes = { N: 1, C: 3, H: 16, W: 16, F: 4, HH: 3, WW: 3 };
  const fusible = (spec: string, given: Readonly<Record<string, number>>, relaxed = true): readonly number[] =>
    wasmOf(derived(spec, given), { relaxed }).code.fusible;
  assert.ok(fusible('conv2d', sizes).length >= 16);
  assert.ok(fusible('affine', { N: 16, D: 64, M: 32 }).length >= 8);
  assert.equal(fusible('conv2d', sizes, false), []);
  assert.equal(fusible('layernorm', { N: 8, D: 64 }), [], 'a row is loaded for each product');
  assert.equal(fusible('maxpool2d', { N: 1, C: 2, H: 8, W: 8 }), []);
});

test('a fused module differs from the plain one by an instruction for each product', () => {
  const { bytes, fusible, wat } = wasmOf(derived('conv2d', { N: 1, C: 3, H: 16, W: 16, F: 4, HH: 3, WW: 3 }), { relaxed: true }).code;
  const relaxed = fused(bytes, fusible);
  assert.is(wat.split('f32x4.mul').length - 1, fusible.length);
  assert.is(relaxed.length, bytes.length);
  let at = 0;
  const plain = Uint8Array.from(relaxed);
  for (const step of fusible) {
    at += step;
    const sum = relaxed[at + 1]!;
    assert.equal([...bytes.subarray(at, at + 8)], [0xfd, 0xe6, 0x01, 0x20, sum, 0xfd, 0xe4, 0x01]);
    assert.equal([...relaxed.subarray(at, at + 8)], [0x20, sum, 0xfd, 0x85, 0x02, 0x01, 0x01, 0x01]);
    plain.set(bytes.subarray(at, at + 8), at);
  }
  assert.equal(plain, bytes);
});

test.run();
