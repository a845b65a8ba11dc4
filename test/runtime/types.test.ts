/** What the compiler of TypeScript says of nets: shapes that are literal and do not fit are an error of the program. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const FILE = fileURLToPath(new URL('in-memory.ts', import.meta.url));

const HEAD = `
import { adam, flatten, he, initial, layer, load, save, sequential, sgd, type Kernel } from '../../runtime/index.ts';
const dense = <const D extends number, const M extends number>(d: D, m: M) => ({ spec: {
  layer: 'dense', dtype: 'f32',
  tensors: {
    x: { role: 'input', shape: [32, d], dtype: 'f32' }, w: { role: 'param', shape: [d, m], dtype: 'f32' },
    out: { role: 'output', shape: [32, m], dtype: 'f32' }, dout: { role: 'upstream', shape: [32, m], dtype: 'f32' },
    dx: { role: 'gradient', shape: [32, d], dtype: 'f32' }, dw: { role: 'gradient', shape: [d, m], dtype: 'f32' },
  },
  arguments: { forward: ['x', 'w', 'out', 'cache'], backward: ['dout', 'w', 'cache', 'dx', 'dw'] },
} } as const);
const image = { spec: {
  layer: 'image', dtype: 'f32',
  tensors: {
    x: { role: 'input', shape: [32, 1, 4, 4], dtype: 'f32' }, out: { role: 'output', shape: [32, 2, 4, 4], dtype: 'f32' },
    dout: { role: 'upstream', shape: [32, 2, 4, 4], dtype: 'f32' }, dx: { role: 'gradient', shape: [32, 1, 4, 4], dtype: 'f32' },
  },
  arguments: { forwardTrain: ['x', 'out', 'cache'], forwardTest: ['x', 'out', 'cache'], backwardTrain: ['dout', 'cache', 'dx'], backwardTest: ['dout', 'cache', 'dx'] },
} } as const;
const loss = { spec: {
  layer: 'loss', dtype: 'f32',
  tensors: {
    x: { role: 'input', shape: [32, 10], dtype: 'f32' }, y: { role: 'input', shape: [32], dtype: 'i32' },
    out: { role: 'output', shape: [], dtype: 'f32' }, dout: { role: 'upstream', shape: [], dtype: 'f32' }, dx: { role: 'gradient', shape: [32, 10], dtype: 'f32' },
  },
  arguments: { forward: ['x', 'y', 'out', 'cache'], backward: ['dout', 'y', 'cache', 'dx'] },
} } as const;
declare const loose: Kernel;
declare const several: readonly Kernel[];
declare const numbers: Float32Array;
`;

/** What is wrong with these statements: of each, what the compiler says. */
function problemsOf(...statements: readonly string[]): string[][] {
  const options: ts.CompilerOptions = {
    strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'], types: ['node'], allowImportingTsExtensions: true, skipLibCheck: true,
  };
  // One program for all: most of the time goes into what TypeScript knows of the language.
  const text = [HEAD, ...statements].join('\n;');
  const starts = statements.map((_, i) => [HEAD, ...statements.slice(0, i)].join('\n;').length);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) => (name === FILE ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest));
  host.fileExists = (name) => name === FILE || fileExists(name);
  host.readFile = (name) => (name === FILE ? text : readFile(name));
  const found: string[][] = statements.map(() => []);
  for (const d of ts.getPreEmitDiagnostics(ts.createProgram([FILE], options, host))) {
    const which = starts.findLastIndex((start) => start <= d.start!);
    assert.ok(d.file?.fileName === FILE && which >= 0, ts.flattenDiagnosticMessageText(d.messageText, '\n'));
    found[which]!.push(ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  }
  return found;
}

test('nets that fit compile, and what goes in and comes out has its type', () => {
  assert.equal(problemsOf(`{
    const net = sequential([dense(5, 16), dense(16, 10), loss], { seed: 1, init: he });
    const out: Float32Array = net.forward(numbers, [1, 2, 3]);
    net.forward();
    const dx: Float32Array = net.backward();
    const w: Float32Array = net.layers[1].params.w;
    const optimizer = adam(net, { rate: 1e-3 });
    load(save({ net, optimizer }), { net, optimizer });
    flatten(net);
    flatten(layer(dense(5, 16), { params: initial(dense(5, 16), he, 1) }));
    const made = sequential([layer(dense(5, 16)), dense(16, 10)]);
    sgd(made, { rate: 1 });
    const flat = sequential([image, dense(32, 10)]);
    const two: Float32Array = flat.forward(numbers);
    sequential([loose, dense(16, 10), loose]);
    const any = sequential(several);
    any.forward(numbers, numbers, numbers);
    adam(any);
    sequential(net.layers.slice(0, 2));
    void [out, dx, w, two];
  }`), [[]]);
});

const WRONG: readonly string[] = [
  'sequential([dense(5, 10), dense(16, 10), loss])',
  'sequential([dense(5, 10), dense(10, 16), loss])',
  'sequential([layer(dense(5, 10)), layer(dense(16, 10))])',
  'sequential([dense(5, 10), layer(dense(16, 10))])',
  'sequential([image, image])',
  'sequential([dense(5, 10), loss]).forward(numbers)',
  'sequential([dense(5, 10), loss]).forward(numbers, numbers, numbers)',
  'sequential([dense(5, 10), loss]).layers[0].params.v',
  'sequential([dense(5, 10), loss]).layers[2]',
  'initial(dense(5, 10), { v: he })',
  'adam(7)',
];

test('joining [32, 10] to [32, 16] does not compile, and the error shows both; nor does what else does not fit', () => {
  const problems = problemsOf(...WRONG);
  assert.equal(problems.map((p) => p.length), WRONG.map(() => 1), problems.map((p, i) => `${WRONG[i]}\n${p.join('\n')}`).join('\n'));
  assert.match(problems[0]![0]!, /Misfit<readonly \[32, 10\], readonly \[32, 16\]>/);
});

test.run();
