import { writeFileSync } from 'node:fs';
import { compileFront, Trace } from '../compiler/pipeline.ts';
import { load } from './specs/load.ts';
import { Runner, wasmOf, type TypedArray } from './phases/6-emit/wasm/run-wasm.ts';
import { printNest } from '../compiler/ir/loop-print.ts';
const types = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array };
const cases: [string, Record<string, number>, Record<string, number>][] = [
  ['conv2d', { N: 32, C: 16, H: 32, W: 32, F: 16, HH: 3, WW: 3 }, { pad: 1 }],
  ['conv2d', { N: 16, C: 64, H: 16, W: 16, F: 64, HH: 3, WW: 3 }, { pad: 1 }],
  ['conv2d', { N: 50, C: 3, H: 32, W: 32, F: 32, HH: 7, WW: 7 }, { pad: 3 }],
  ['conv2d', { N: 100, C: 3, H: 31, W: 31, F: 25, HH: 3, WW: 3 }, { stride: 2, pad: 1 }],
  ['conv2d', { N: 8, C: 64, H: 16, W: 16, F: 128, HH: 1, WW: 1 }, {}],
  ['affine', { N: 100, D: 3072, M: 100 }, {}],
  ['layernorm', { N: 128, D: 768 }, {}],
  ['spatial_batchnorm', { N: 32, C: 16, H: 32, W: 32 }, {}],
  ['spatial_groupnorm', { N: 16, G: 8, K: 8, H: 16, W: 16 }, {}],
  ['batchnorm', { N: 256, D: 1024 }, {}],
  ['maxpool2d', { N: 32, C: 16, H: 32, W: 32 }, {}],
  ['dropout', { N: 500, D: 1000 }, {}],
  ['softmax_loss', { N: 128, C: 1000 }, {}],
  ['layernorm', { N: 4, D: 16 }, {}],
];
const filter = process.argv[2] ?? '';
for (const [layer, sizes, options] of cases) {
  const title = `${layer} ${Object.values(sizes).join(',')} ${Object.values(options).join(',')}`;
  if (!title.includes(filter)) continue;
  const { nests, code } = wasmOf(compileFront({ source: load(layer)!, load, sizes, options }, new Trace()).derived, { relaxed: process.execArgv.join(' ').includes('relaxed') });
  if (process.argv[3]) { writeFileSync('/tmp/out.wat', code.wat); writeFileSync('/tmp/out.wasm', code.bytes); writeFileSync('/tmp/out.loops', nests.map(printNest).join('\n')); }
  let bytes = 0;
  for (const n of nests) for (const b of n.buffers) bytes += b.length * 8 + 64;
  const r = new Runner(code, bytes);
  const own = new Map<string, TypedArray>();
  const out: string[] = [];
  for (const n of nests) {
    const arrays: Record<string, TypedArray> = {};
    for (const b of n.buffers) {
      if (b.role === 'scratch') continue;
      const key = b.role + (b.tensor ?? b.field) + b.length;
      if (!own.has(key)) { const a = new types[b.elem](b.length); for (let i = 0; i < a.length; i++) a[i] = b.elem === 'i32' ? 0 : Math.sin(i) + 0.1; own.set(key, r.place(a)); }
      arrays[b.name] = own.get(key)!;
    }
    const t = performance.now(); let k = 0;
    while (performance.now() - t < 300) { r.call(n.name, arrays); k++; }
    let best = Infinity;
    const per = Math.max(1, Math.round(k / 300 * 8));
    for (let round = 0; round < 60; round++) { const s = performance.now(); for (let j = 0; j < per; j++) r.call(n.name, arrays); best = Math.min(best, (performance.now() - s) / per); }
    out.push(`${n.name} ${(best * 1000).toFixed(best < 0.01 ? 3 : 1)} us ${(n.flops / best / 1e6).toFixed(1)} GF`);
  }
  console.log(title.padEnd(36), `${code.bytes.length} B`, out.join(' | '));
}
