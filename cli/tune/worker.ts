/**
 * Times one function of a module: `node worker.js MODULE FUNCTION MS` prints microseconds of one call, warm, the least of
 * many rounds. Imports nothing but what Node has, so that a process starts at once.
 */
import { pathToFileURL } from 'node:url';

interface Tensor { readonly shape: readonly number[]; readonly dtype: 'f32' | 'f64' | 'i32' | 'u8'; readonly held?: boolean }
interface Memory { readonly buffer: ArrayBuffer }
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => Memory };

interface Kernel {
  readonly spec: {
    readonly tensors: Readonly<Record<string, Tensor>>;
    readonly cache: Readonly<Record<string, Tensor>>;
    readonly bytes: { readonly scratch: number };
    readonly arguments: Readonly<Record<string, readonly string[]>>;
  };
  readonly createCache?: () => object;
  readonly bind?: (buffers: object) => Functions;
  readonly attach?: (memory: Memory, scratch: number) => void;
}

type Functions = Readonly<Record<string, (...draw: readonly number[]) => void>>;

const [path, name, budget] = process.argv.slice(2) as [string, string, string];
const kernel = await import(pathToFileURL(path).href) as Kernel & Readonly<Record<string, unknown>>;
const { spec } = kernel;
const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;

const lengthOf = ({ shape, held }: Tensor): number => (held ? 0 : shape.reduce((n, size) => n * size, 1));
const all = [...Object.values(spec.tensors), ...Object.values(spec.cache)];
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const pages = Math.ceil((all.reduce((n, t) => n + aligned(8 * lengthOf(t)), 0) + spec.bytes.scratch) / 65536);
/** A kernel in WebAssembly is timed where it works in place; its scratch is at 0. */
const memory = kernel.attach ? new WebAssembly.Memory({ initial: pages, maximum: pages }) : undefined;
if (memory) kernel.attach!(memory, 0);
let end = aligned(spec.bytes.scratch);

function arrayFor(t: Tensor): Float32Array | Float64Array | Int32Array | Uint8Array {
  const Type = arrays[t.dtype];
  if (!memory || t.held) return new Type(lengthOf(t));
  const array = new Type(memory.buffer, end, lengthOf(t));
  end += aligned(array.byteLength);
  return array;
}

let state = 1;
/** Numbers from 0.5 to 1.5, the same every time. */
function random(): number {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
  return 0.5 + ((state ^ (state >>> 13)) >>> 8) / 2 ** 24;
}

const buffers: Record<string, object> = {};
for (const [tensor, t] of Object.entries(spec.tensors)) {
  const owned = kernel[tensor];
  const array = ArrayBuffer.isView(owned) ? owned as Float32Array : arrayFor(t);
  // Integers index other tensors: 0 is inside every one of them.
  if (t.dtype !== 'i32') for (let i = 0; i < array.length; i++) array[i] = random();
  buffers[tensor] = array;
}
if (kernel.createCache) buffers['cache'] = Object.fromEntries(Object.entries(spec.cache).map(([field, t]) => [field, arrayFor(t)]));
const bound = kernel.bind ? kernel.bind(buffers) : kernel as unknown as Functions;
const drawOf = (f: string): readonly number[] => (spec.arguments[f]?.includes('seed') ? [1, 0] : []);

// What a backward reads, its forward writes.
const forward = name.replace('backward', 'forward');
bound[forward]!(...drawOf(forward));

const call = bound[name]!;
const draw = drawOf(name);
const ms = Number(budget);
let calls = 0;
const start = performance.now();
while (performance.now() - start < ms || calls < 12) {
  call(...draw);
  calls++;
}
const inner = Math.max(1, Math.ceil(0.5 / ((performance.now() - start) / calls)));
let least = Infinity;
const from = performance.now();
for (let round = 0; round < 5 || performance.now() - from < ms; round++) {
  const at = performance.now();
  for (let i = 0; i < inner; i++) call(...draw);
  least = Math.min(least, (performance.now() - at) / inner);
}
process.stdout.write(`${least * 1000}\n`);
