import { writeFileSync } from 'node:fs';
import { assemble } from '../compiler/phases/6-emit/wasm/assemble.ts';
import { nestOf } from './phases/6-emit/wasm/nests.ts';
import { Runner } from './phases/6-emit/wasm/run-wasm.ts';
const N = 8192;
const scratch = [{ name: 'u', elem: 'f32', length: N, slack: 0, role: 'scratch', access: 'both' }] as const;
const code = assemble([nestOf({}, [{ kind: 'draw', buffer: 'u', stream: 0, low: 0, high: 1 }], scratch)], scratch, { relaxed: false });
writeFileSync('/tmp/out.wat', code.wat); writeFileSync('/tmp/out.wasm', code.bytes);
const r = new Runner(code, 10); const run = r.bind('run', {}, { seed: 5, step: 6 });
let best = 1e9; for (let k = 0; k < 300; k++) { const s = performance.now(); for (let j = 0; j < 50; j++) run(); best = Math.min(best, (performance.now() - s) / 50); }
console.log((best * 1e6 / N).toFixed(3), 'ns a number');
