/**
 * Runs a LoopNest as it stands, lane by lane, in doubles: what tells a wrong schedule from a wrong printer. Every access is
 * checked, and scratch starts as NaN, so that a read of what was never written shows.
 */
import { erf } from '../../../compiler/ir/erf.ts';
import type { Address, Linear, LoopExpr, LoopNest, Range, Stmt } from '../../../compiler/ir/loop.ts';
import { uniform } from '../../../compiler/ir/threefry.ts';

export type Arrays = Map<string, Float64Array>;

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

  block(body: readonly Stmt[], outer: Map<string, number>): void {
    const at = new Map(outer);
    for (const s of body) this.stmt(s, at);
    for (const name of outer.keys()) outer.set(name, at.get(name)!);
  }

  stmt(s: Stmt, at: Map<string, number>): void {
    switch (s.kind) {
      case 'let': at.set(s.name, this.value(s.value, at)); return;
      case 'set': at.set(s.name, combine(s.op, at.get(s.name)!, this.value(s.value, at))); return;
      case 'store': {
        const array = this.arrays.get(s.buffer)!;
        const n = this.place(s.buffer, s.at, at);
        array[n] = combine(s.op, array[n]!, this.value(s.value, at));
        return;
      }
      case 'fill': this.arrays.get(s.buffer)!.fill(s.value); return;
      case 'when': if (this.value(s.condition, at)) this.block(s.body, at); return;
      case 'draw': this.arrays.get(s.buffer)!.set(uniform(this.arrays.get(s.buffer)!.length, s.low, s.high, { ...this.draw, stream: s.stream })); return;
      case 'check':
        if (at.get(s.local)! >= 0 && at.get(s.local)! < s.size) return;
        if (!s.when || this.value(s.when, at)) throw new RangeError(`${s.element.tensor} indexes ${s.element.of} out of range`);
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

  linear(l: Linear, at: Map<string, number>): number {
    return l.reduce((sum, t) => sum + (t.v === undefined ? t.k : t.k * known(at, t.v)), 0);
  }

  place(buffer: string, a: Address, at: Map<string, number>): number {
    const n = this.linear(a.flat, at);
    const length = this.arrays.get(buffer)?.length;
    if (length === undefined || !(n >= 0 && n < length)) throw new Error(`${this.nest.name}: ${buffer}[${n}] of ${length}`);
    return n;
  }

  inside(r: Range, at: Map<string, number>): boolean {
    const n = this.linear(r.at, at) / r.divisor;
    return Number.isInteger(n) && n >= 0 && n < r.size;
  }

  value(e: LoopExpr, at: Map<string, number>): number {
    const sub = (x: LoopExpr): number => this.value(x, at);
    switch (e.kind) {
      case 'const': return e.value;
      case 'named': return this.nest.constants.get(e.name)!;
      case 'local': return known(at, e.name);
      case 'load': return this.arrays.get(e.buffer)![this.place(e.buffer, e.at, at)]!;
      case 'linear': return this.linear(e.at, at);
      case 'quotient': return Math.trunc(this.linear(e.at, at) / e.divisor);
      case 'inside': return Number(this.inside(e.range, at));
      case 'unary': return unary[e.op]!(sub(e.x));
      case 'binary':
        if (e.op === 'and') return sub(e.a) ? sub(e.b) : 0;
        return e.op === 'or' ? (sub(e.a) ? 1 : sub(e.b)) : binary[e.op]!(sub(e.a), sub(e.b));
      case 'select': case 'choose': return sub(e.c) ? sub(e.a) : sub(e.b);
      case 'splat': case 'fold': case 'widen': case 'narrow': throw new Error(`${this.nest.name}: lanes are not run here`);
      default: return e satisfies never;
    }
  }
}

function known(at: Map<string, number>, name: string): number {
  const value = at.get(name);
  if (value === undefined) throw new Error(`${name} is not known here`);
  return value;
}

const combine = (op: '=' | '+=' | '*=', old: number, value: number): number => (op === '=' ? value : op === '+=' ? old + value : old * value);

const unary: Readonly<Record<string, (x: number) => number>> = {
  neg: (x) => -x, sqrt: Math.sqrt, rsqrt: (x) => 1 / Math.sqrt(x), exp: Math.exp, log: Math.log, abs: Math.abs, sign: Math.sign,
  tanh: Math.tanh, erf, sigmoid: (x) => 1 / (1 + Math.exp(-x)), floor: Math.floor, ceil: Math.ceil, not: (x) => Number(!x), flag: Number,
};

const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b, '^': Math.pow,
  min: Math.min, max: Math.max, '<': (a, b) => Number(a < b), '<=': (a, b) => Number(a <= b), '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b), '==': (a, b) => Number(a === b), '!=': (a, b) => Number(a !== b),
};
