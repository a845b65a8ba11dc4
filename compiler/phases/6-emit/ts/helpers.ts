/**
 * The private functions that a module may need, as source. Each stands in the module only if something calls it. Their
 * names are reserved, so no spec can take them.
 */
import { LARGE, SMALL } from '../erf.ts';

export interface Helper {
  readonly name: string;
  readonly doc: string;
  readonly signature: string;
  readonly body: readonly string[];
  /** Constants before it. */
  readonly before?: readonly string[];
  readonly calls?: readonly string[];
}

/** ((a*x + b)*x + c)*x + ..., on lines of a readable length. */
function horner(coefficients: readonly number[], x: string): string[] {
  const lines: string[] = [];
  const [first, ...rest] = coefficients;
  lines.push(`let r = ${first};`);
  for (const c of rest) lines.push(`r = r * ${x} ${c < 0 ? '-' : '+'} ${Math.abs(c)};`);
  return lines;
}

/** The rounds of Threefry4x32, one a line: two mixes each, the key added after every fourth. Described in ir/threefry.ts. */
function mixing(): string[] {
  const rotations = [[10, 26], [11, 21], [13, 27], [23, 5], [6, 20], [17, 11], [25, 10], [18, 20]] as const;
  const lines: string[] = [];
  for (let round = 0; round < 13; round++) {
    const [left, right] = rotations[round % 8]!;
    const [b, d] = round % 2 === 0 ? ['b', 'd'] : ['d', 'b'];
    lines.push(`a = a + ${b} | 0, ${b} = (${b} << ${left} | ${b} >>> ${32 - left}) ^ a, `
      + `c = c + ${d} | 0, ${d} = (${d} << ${right} | ${d} >>> ${32 - right}) ^ c;`);
    const s = (round + 1) / 4;
    const key = (n: number): string => `k${(s + n) % 5}`;
    if (Number.isInteger(s)) lines.push(`a = a + ${key(0)} | 0, b = b + ${key(1)} | 0, c = c + ${key(2)} | 0, d = d + ${key(3)} + ${s} | 0;`);
  }
  return lines;
}

/** Stands in a signature for the type of most arrays of a module. */
const OWN = '$own';

const helpers: readonly Helper[] = [
  {
    name: 'checkArray',
    doc: 'Refuses an array of the wrong type or length.',
    signature: `function checkArray(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = '${OWN}'): void`,
    body: [
      'if (array?.[Symbol.toStringTag] !== type) throw new TypeError(`${name}: expected ${type}`);',
      'if (array.length !== length) throw new RangeError(`${name}: expected ${shape}, got length ${array.length}`);',
    ],
  },
  {
    name: 'checkHeld',
    doc: 'Refuses a cache that no forward pass has filled.',
    signature: `function checkHeld(array: { readonly length: number; readonly [Symbol.toStringTag]: string }, name: string, length: number, shape: string, type = '${OWN}'): void`,
    body: [
      'if (array?.length === 0) throw new RangeError(`${name}: expected ${shape}, got length 0: forward has not run`);',
      'checkArray(array, name, length, shape, type);',
    ],
    calls: ['checkArray'],
  },
  {
    name: 'checkBound',
    doc: 'Refuses a cache that holds another array than the bound one.',
    signature: 'function checkBound(held: unknown, bound: unknown, name: string): void',
    body: ['if (held !== bound) throw new RangeError(`${name}: forward has not run over the bound array`);'],
  },
  {
    name: 'checkDraw',
    doc: 'Refuses what the generator cannot take apart into words.',
    signature: 'function checkDraw(seed: number, step: number): void',
    body: [
      'if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);',
      'if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`step: expected an integer from 0 to 2^53 - 1, got ${step}`);',
    ],
  },
  {
    name: 'badIndex',
    doc: 'Says which element of an integer tensor points outside another tensor. `slot` is where it points.',
    signature: 'function badIndex(tensor: string, at: readonly number[], value: number, slot: number, factor: number, size: number, of: string): never',
    body: [
      'const rest = slot - factor * value;',
      'const a = -rest / factor, b = (size - 1 - rest) / factor;',
      'throw new RangeError(',
      '  `${tensor}[${at.join(\', \')}] is ${value}: must be ${Math.ceil(Math.min(a, b))} to ${Math.floor(Math.max(a, b))}, it indexes ${of}`);',
    ],
  },
  {
    name: 'sigmoid',
    doc: '1 / (1 + exp(-x)), without overflow.',
    signature: 'function sigmoid(x: number): number',
    body: ['const e = Math.exp(-Math.abs(x));', 'return (x < 0 ? e : 1) / (1 + e);'],
  },
  {
    name: 'erf',
    doc: 'The error function, to the last places of a double.',
    signature: 'function erf(x: number): number',
    body: [
      'const a = Math.abs(x);',
      'if (a < 1) {',
      '  const u = x * x;',
      ...horner(SMALL, 'u').map((l) => `  ${l}`),
      '  return x * r;',
      '}',
      'if (a >= 6) return Math.sign(x);',
      'const s = 2 / (a + 2);',
      ...horner(LARGE, 's'),
      'return Math.sign(x) * (1 - Math.exp(-a * a) * r);',
    ],
  },
  {
    name: 'fillUniform',
    doc: 'Fills `out`, four at a time, with numbers of [low, high): Threefry4x32-13, a function of seed, step, stream and place alone.',
    signature: 'function fillUniform(out: Float32Array | Float64Array, seed: number, step: number, stream: number, low: number, high: number): void',
    body: [
      'const scale = (high - low) * 2 ** -24, end = out.length - 3;',
      '// In pieces: V8 optimises what is called often, and would give up on one long loop behind this line.',
      'for (let i = 0; i < end; i += 1024) fillPiece(out, i, Math.min(i + 1024, end), seed | 0, Math.floor(seed / 2 ** 32) | 0, step | 0, stream, low, scale);',
    ],
    calls: ['fillPiece'],
  },
  {
    name: 'fillPiece',
    doc: 'Fills `out` from `from` to `to` with the blocks of a key of four words.',
    signature: 'function fillPiece(out: Float32Array | Float64Array, from: number, to: number, k0: number, k1: number, k2: number, k3: number, low: number, scale: number): void',
    body: [
      'const k4 = k0 ^ k1 ^ k2 ^ k3 ^ 0x1bd11bda;',
      'for (let i = from; i < to; i += 4) {',
      '  let a = (i >>> 2) + k0 | 0, b = k1, c = k2, d = k3;',
      ...mixing().map((line) => `  ${line}`),
      '  out[i] = low + (a >>> 8) * scale;',
      '  out[i + 1] = low + (b >>> 8) * scale;',
      '  out[i + 2] = low + (c >>> 8) * scale;',
      '  out[i + 3] = low + (d >>> 8) * scale;',
      '}',
    ],
  },
];

/** The names of all helpers. */
export const helperNames: ReadonlySet<string> = new Set(helpers.map((h) => h.name));

/** The helpers that some names call for, in the order of the table. `own`: what most arrays of the module are, `Float32Array`. */
export function neededHelpers(names: ReadonlySet<string>, own: string): Helper[] {
  const wanted = new Set(names);
  for (let size = -1; size !== wanted.size;) {
    size = wanted.size;
    for (const h of helpers) if (wanted.has(h.name)) for (const c of h.calls ?? []) wanted.add(c);
  }
  return helpers.filter((h) => wanted.has(h.name)).map((h) => ({ ...h, signature: h.signature.replace(OWN, own) }));
}
