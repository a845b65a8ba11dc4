/**
 * Runs a LoopNest as it stands, lane by lane, in doubles: what tells a wrong schedule from a wrong printer. Every access is
 * checked, and scratch starts as NaN, so that a read of what was never written shows. Lanes are doubles too: nothing is rounded.
 */
import { erf } from '../../../compiler/ir/erf.ts';
import type { Address, Linear, LoopExpr, LoopNest, Range, Stmt } from '../../../compiler/ir/loop.ts';
import { uniform } from '../../../compiler/ir/threefry.ts';

export type Arrays = Map<string, Float64Array>;
/** A number, or lanes. */
type Value = number | readonly number[];
type Known = Map<string, Value>;

/**
 * Runs `nest` over `arrays`, by buffer name. Scratch is made here, or taken from `scratch` as the last call left it.
 * @throws RangeError as generated code would
 */
export function runLoops(nest: LoopNest, arrays: Arrays, draw: { seed: number; step: number }, scratch: Arrays = new Map()): void {
  const all: Arrays = new Map([...arrays, ...scratch]);
  for (const b of nest.buffers) {
    if (b.role !== 'scratch' || scratch.has(b.name)) continue;
    scratch.set(b.name, new Float64Array(b.length).fill(b.zeroed ? 0 : NaN));
    all.set(b.name, scratch.get(b.name)!);
  }
  new Machine(nest, all, draw).block(nest.body, new Map());
}

class Machine {
  readonly nest: LoopNest;
  readonly arrays: Arrays;
  readonly draw: { seed: number; step: number };

  constructor(nest: LoopNest, arrays: Arrays, draw: { seed: number; step: number }) {
    this.nest = nest;
    this.arrays = arrays;
    this.draw = draw;
  }

  block(body: readonly Stmt[], outer: Known): void {
    const at = new Map(outer);
    for (const s of body) this.stmt(s, at);
    for (const name of outer.keys()) outer.set(name, at.get(name)!);
  }

  stmt(s: Stmt, at: Known): void {
    switch (s.kind) {
      case 'let': at.set(s.name, this.value(s.value, at)); return;
      case 'set': at.set(s.name, lanewise((x, y) => combine(s.op, x!, y!), at.get(s.name)!, this.value(s.value, at))); return;
      case 'store': {
        const array = this.arrays.get(s.buffer)!;
        const n = this.place(s.buffer, s.at, s.lanes, at);
        const value = this.value(s.value, at);
        for (let lane = 0; lane < s.lanes; lane++) array[n + lane] = combine(s.op, array[n + lane]!, laneOf(value, lane));
        return;
      }
      case 'fill': this.arrays.get(s.buffer)!.fill(s.value); return;
      case 'when': if (laneOf(this.value(s.condition, at), 0)) this.block(s.body, at); return;
      case 'draw': this.arrays.get(s.buffer)!.set(uniform(this.arrays.get(s.buffer)!.length, s.low, s.high, { ...this.draw, stream: s.stream })); return;
      case 'check':
        if (known(at, s.local) >= 0 && known(at, s.local) < s.size) return;
        if (!s.when || laneOf(this.value(s.when, at), 0)) throw new RangeError(`${s.element.tensor} indexes ${s.element.of} out of range`);
        at.set(s.local, 0);
        return;
      case 'loop':
        for (let v = this.linear(s.from, at); v < this.linear(s.to, at); v += s.step) this.block(s.body, at.set(s.v, v));
        at.delete(s.v);
        return;
      case 'call': {
        const part = this.nest.parts.find((p) => p.name === s.part)!;
        this.block(part.body, new Map(part.params.map((p, n) => [p.v, this.linear(s.args[n]!, at)])));
        return;
      }
      case 'label': return;
      default: s satisfies never;
    }
  }

  linear(l: Linear, at: Known): number {
    return l.reduce((sum, t) => sum + (t.v === undefined ? t.k : t.k * known(at, t.v)), 0);
  }

  place(buffer: string, a: Address, lanes: number, at: Known): number {
    const n = this.linear(a.flat, at);
    const length = this.arrays.get(buffer)?.length;
    if (length === undefined || !(n >= 0 && n + lanes <= length)) throw new Error(`${this.nest.name}: ${buffer}[${n}] of ${length}`);
    return n;
  }

  inside(r: Range, at: Known): boolean {
    const n = this.linear(r.at, at) / r.divisor;
    return Number.isInteger(n) && n >= 0 && n < r.size;
  }

  value(e: LoopExpr, at: Known): Value {
    const sub = (x: LoopExpr): Value => this.value(x, at);
    switch (e.kind) {
      case 'const': return e.value;
      case 'named': return this.nest.constants.get(e.name)!;
      case 'local': {
        const value = at.get(e.name);
        if (value === undefined) throw new Error(`${e.name} is not known here`);
        return value;
      }
      case 'load': {
        const n = this.place(e.buffer, e.at, e.lanes, at);
        const array = this.arrays.get(e.buffer)!;
        return e.lanes === 1 ? array[n]! : [...array.slice(n, n + e.lanes)];
      }
      case 'linear': return this.linear(e.at, at);
      case 'quotient': return Math.trunc(this.linear(e.at, at) / e.divisor);
      case 'inside': return Number(this.inside(e.range, at));
      case 'unary': return lanewise((x) => unary[e.op]!(x!), sub(e.x));
      case 'binary': {
        const a = sub(e.a);
        if (e.op !== 'and' && e.op !== 'or') return lanewise((x, y) => binary[e.op]!(x!, y!), a, sub(e.b));
        if (typeof a === 'number') return e.op === 'and' ? (a ? sub(e.b) : 0) : a ? 1 : sub(e.b);
        return lanewise((x, y) => (e.op === 'and' ? Number(x && y) : Number(x || y)), a, sub(e.b));
      }
      case 'select': case 'choose': {
        const c = sub(e.c);
        return typeof c === 'number' ? sub(c ? e.a : e.b) : lanewise((x, y, z) => (x ? y! : z!), c, sub(e.a), sub(e.b));
      }
      case 'splat': return Array.from({ length: e.ty === 'f64x2' ? 2 : 4 }, () => laneOf(sub(e.x), 0));
      case 'fold': return (sub(e.x) as readonly number[]).reduce((a, b) => binary[e.op]!(a, b));
      case 'widen': return (sub(e.x) as readonly number[]).slice(e.half === 'low' ? 0 : 2, e.half === 'low' ? 2 : 4);
      case 'shuffle': {
        const all = [e.a, e.b].flatMap((x) => sub(x));
        return e.lanes.map((n) => all[n]!);
      }
      case 'lane': return laneOf(sub(e.x), e.n);
      case 'join': return e.parts.map((x) => laneOf(sub(x), 0));
      case 'narrow': return [e.low, e.high].flatMap((x) => sub(x));
      default: return e satisfies never;
    }
  }
}

function known(at: Known, name: string): number {
  const value = at.get(name);
  if (typeof value !== 'number') throw new Error(`${name} is no number here`);
  return value;
}

const laneOf = (v: Value, lane: number): number => (typeof v === 'number' ? v : v[lane]!);

/** A function of numbers, or of each lane; numbers do not meet lanes unasked. */
function lanewise(f: (...x: readonly number[]) => number, ...of: readonly Value[]): Value {
  const width = of.map((v) => (typeof v === 'number' ? 0 : v.length));
  if (new Set(width).size > 1) throw new Error(`lanes of ${width.join(' and ')}`);
  return width[0] === 0 ? f(...(of as readonly number[])) : Array.from({ length: width[0]! }, (_, lane) => f(...of.map((v) => laneOf(v, lane))));
}

const combine = (op: '=' | '+=' | '*=', old: number, value: number): number => (op === '=' ? value : op === '+=' ? old + value : old * value);

const unary: Readonly<Record<string, (x: number) => number>> = {
  neg: (x) => -x, sqrt: Math.sqrt, rsqrt: (x) => 1 / Math.sqrt(x), exp: Math.exp, log: Math.log, abs: Math.abs, sign: Math.sign,
  tanh: Math.tanh, erf, sigmoid: (x) => 1 / (1 + Math.exp(-x)), floor: Math.floor, ceil: Math.ceil, not: (x) => Number(!x), flag: Number, float: (x) => x,
};

const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b, '^': Math.pow,
  min: Math.min, max: Math.max, '<': (a, b) => Number(a < b), '<=': (a, b) => Number(a <= b), '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b), '==': (a, b) => Number(a === b), '!=': (a, b) => Number(a !== b),
};
