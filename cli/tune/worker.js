// Times one function of a module: `node worker.js MODULE FUNCTION MS` prints microseconds of one call, warm, the least of
// many rounds. Plain JavaScript, so that a process starts at once.
import { pathToFileURL } from 'node:url';

const [path, name, budget] = process.argv.slice(2);
const kernel = await import(pathToFileURL(path).href);
const { spec } = kernel;

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array };
let state = 1;
const random = () => {
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
  return ((state ^ (state >>> 13)) >>> 8) / 2 ** 24;
};

const buffers = {};
for (const [tensor, { shape, dtype }] of Object.entries(spec.tensors)) {
  const owned = kernel[tensor];
  const array = ArrayBuffer.isView(owned) ? owned : new arrays[dtype](shape.reduce((n, size) => n * size, 1));
  // Integers index other tensors: 0 is inside every one of them.
  if (dtype !== 'i32') for (let i = 0; i < array.length; i++) array[i] = 0.5 + random();
  buffers[tensor] = array;
}
if (kernel.createCache) buffers.cache = kernel.createCache();
const bound = kernel.bind ? kernel.bind(buffers) : kernel;
const call = bound[name];
const draws = (f) => (spec.arguments[f].includes('seed') ? [1, 0] : []);

// What a backward reads, its forward writes.
const forward = name.replace('backward', 'forward').replace('Staged', '');
bound[forward](...draws(forward));

const ms = Number(budget);
const args = draws(name);
let calls = 0;
const start = performance.now();
while (performance.now() - start < ms || calls < 12) { call(...args); calls++; }
const inner = Math.max(1, Math.ceil(0.5 / ((performance.now() - start) / calls)));
let least = Infinity;
const from = performance.now();
for (let round = 0; round < 5 || performance.now() - from < ms; round++) {
  const at = performance.now();
  for (let i = 0; i < inner; i++) call(...args);
  least = Math.min(least, (performance.now() - at) / inner);
}
console.log(least * 1000);
