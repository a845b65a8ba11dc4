/**
 * `npx tsx bench/instantiate.ts [PROCESSES [NODE]]`: how long ten kernels in WebAssembly take from base64 to functions, all attached to one
 * memory. Each process does it once, as a page would; the shortest of several counts, since a machine has other things to do.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { javascriptOf } from '../compiler/index.ts';
import { compile } from './sizes.ts';

const KERNELS = [
  'batchnorm_256x1024', 'layernorm_128x768', 'dropout_100x500', 'conv2d_32x1x28x28x8x5x5', 'conv2d_32x16x32x32x16x3x3',
  'conv2d_16x64x16x16x64x3x3', 'maxpool2d_32x16x32x32', 'spatial_batchnorm_32x16x32x32', 'spatial_groupnorm_16x8x8x16x16',
  'instancenorm_8x32x32x32',
];

const SCRIPT = `${KERNELS.map((k) => `import * as ${k} from './${k}.wasm.js';`).join('\n')}
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const start = performance.now();
for (const kernel of [${KERNELS.join(', ')}]) kernel.attach(memory, 0);
console.log(performance.now() - start);
`;

/** Milliseconds of each process, ascending. */
export function measureInstantiation(processes: number, node = process.execPath): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-instantiate-'));
  try {
    const built = compile('bench/kernels.yaml', 'wasm');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const k of KERNELS) writeFileSync(join(folder, `${k}.wasm.js`), javascriptOf(built.get(`${k}.wasm.ts`)!));
    const script = join(folder, 'main.js');
    writeFileSync(script, SCRIPT);
    return Array.from({ length: processes }, () => Number(execFileSync(node, [script], { encoding: 'utf8' }))).sort((a, b) => a - b);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const times = measureInstantiation(Number(process.argv[2] ?? 20), process.argv[3]);
  const show = (ms: number): string => `${ms.toFixed(2)} ms`;
  console.log(`${KERNELS.length} kernels: ${show(times[0]!)} at least, ${show(times[times.length >> 1]!)} median of ${times.length} processes`);
}
