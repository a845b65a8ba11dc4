/**
 * Checks a LoopNest: names are declared before use and once, indices stay in their arrays by interval arithmetic, or
 * because a condition or a narrowed loop around them says so.
 */
import { invariant } from '../support/invariant.ts';
import { exprsOf, linearKey, operands, type Address, type Linear, type LoopExpr, type LoopNest, type Range, type Stmt } from './loop.ts';

interface Interval {
  readonly low: number;
  readonly high: number;
}

interface Known {
  readonly intervals: ReadonlyMap<string, Interval>;
  /** What an integer local stands for: an index, or the quotient of one. */
  readonly meaning: ReadonlyMap<string, { readonly at: Linear; readonly divisor: number }>;
  readonly facts: readonly Range[];
}

/** @throws InternalError naming the function and the statement that is wrong */
export function verifyLoops(nest: LoopNest): void {
  const verifier = new Verifier(nest);
  verifier.block(nest.body, { intervals: new Map(), meaning: new Map(), facts: [] });
  for (const part of nest.parts) {
    const intervals = new Map(part.params.map((p) => [p.v, { low: 0, high: p.size - 1 }]));
    verifier.block(part.body, { intervals, meaning: new Map(), facts: [] });
  }
}

class Verifier {
  readonly nest: LoopNest;
  readonly buffers: ReadonlyMap<string, number>;

  constructor(nest: LoopNest) {
    this.nest = nest;
    this.buffers = new Map(nest.buffers.map((b) => [b.name, b.length]));
  }

  block(body: readonly Stmt[], outer: Known): void {
    const intervals = new Map(outer.intervals);
    const meaning = new Map(outer.meaning);
    const known: Known = { intervals, meaning, facts: outer.facts };
    for (const s of body) {
      for (const e of exprsOf(s)) this.expr(e, known);
      switch (s.kind) {
        case 'let':
          invariant(!intervals.has(s.name), `${this.nest.name}: ${s.name} is declared twice`);
          intervals.set(s.name, intervalOf(s.value, known));
          if (s.value.kind === 'linear') meaning.set(s.name, { at: s.value.at, divisor: 1 });
          if (s.value.kind === 'quotient') meaning.set(s.name, { at: s.value.at, divisor: s.value.divisor });
          break;
        case 'check':
          // One element may index several arrays: what one check proved stays proved.
          intervals.set(s.local, { low: Math.max(0, intervals.get(s.local)?.low ?? 0), high: Math.min(s.size - 1, intervals.get(s.local)?.high ?? Infinity) });
          break;
        case 'set': {
          const range = intervals.get(s.name);
          invariant(range, `${this.nest.name}: ${s.name} is set before it is declared`);
          // What may index an array stays in the range that it was declared with.
          if (Number.isFinite(range.high)) {
            const { low, high } = s.value.kind === 'const' ? { low: s.value.value, high: s.value.value } : intervalOf(s.value, known);
            invariant(s.op === '=' && low >= range.low && high <= range.high, `${this.nest.name}: ${s.name} leaves its range`);
          }
          break;
        }
        case 'store': this.address(s.buffer, s.at, known, s.lanes); break;
        case 'fill': case 'draw': invariant(this.buffers.has(s.buffer), `${this.nest.name}: no array ${s.buffer}`); break;
        case 'when': this.block(s.body, { ...known, facts: [...known.facts, ...factsOf(s.condition)] }); break;
        case 'loop': this.loop(s, known); break;
        case 'call': this.call(s, known); break;
        case 'label': break;
        default: s satisfies never;
      }
    }
  }

  call(s: Stmt & { kind: 'call' }, known: Known): void {
    const part = this.nest.parts.find((p) => p.name === s.part);
    invariant(part, `${this.nest.name}: no part ${s.part}`);
    invariant(part.params.length === s.args.length, `${this.nest.name}: ${s.part} takes ${part.params.length} numbers`);
    part.params.forEach((p, n) => {
      const { low, high } = interval(s.args[n]!, known);
      invariant(low >= 0 && high < p.size, `${this.nest.name}: ${s.part} is called with ${p.v} from ${low} to ${high}, below ${p.size} expected`);
    });
  }

  loop(s: Stmt & { kind: 'loop' }, known: Known): void {
    invariant(!known.intervals.has(s.v), `${this.nest.name}: ${s.v} is declared twice`);
    const from = interval(s.from, known);
    const to = interval(s.to, known);
    const low = s.within.length > 0 ? 0 : from.low;
    const last = s.within.length > 0 ? Math.min(to.high, s.size) - 1 : to.high - 1;
    // Where both ends move together, the last round is as far from the first as it always is.
    const width = linearKey(expand([...s.to, ...s.from.map((t) => ({ ...t, k: -t.k }))], known));
    const start = from.low === from.high ? from.low : /^\d+\*$/.test(width) ? last + 1 - Number.parseInt(width, 10) : last;
    const high = start + Math.floor((last - start) / s.step) * s.step;
    const intervals = new Map(known.intervals).set(s.v, { low, high });
    const within = s.within.map((r) => ({ ...r, low: false, high: false }));
    this.block(s.body, { ...known, intervals, facts: [...known.facts, ...within] });
  }

  expr(e: LoopExpr, known: Known): void {
    switch (e.kind) {
      case 'local': invariant(known.intervals.has(e.name), `${this.nest.name}: ${e.name} is used before it is declared`); return;
      case 'named': invariant(this.nest.constants.has(e.name), `${this.nest.name}: no constant ${e.name}`); return;
      case 'load': this.address(e.buffer, e.at, known, e.lanes); return;
      case 'linear': case 'quotient': interval(e.at, known); return;
      case 'inside': interval(e.range.at, known); return;
      case 'select':
        this.expr(e.c, known);
        this.expr(e.a, { ...known, facts: [...known.facts, ...factsOf(e.c)] });
        this.expr(e.b, known);
        return;
      case 'const': case 'unary': case 'binary': case 'choose':
      case 'splat': case 'fold': case 'widen': case 'narrow': case 'shuffle': case 'lane': case 'join': operands(e).forEach((o) => this.expr(o, known)); return;
      default: e satisfies never;
    }
  }

  /** Every slot is inside, and the flat index is what the slots come to. */
  address(buffer: string, at: Address, known: Known, lanes: number): void {
    const length = this.buffers.get(buffer);
    const where = `${this.nest.name}: ${buffer}[${linearKey(at.flat)}]`;
    invariant(length !== undefined, `${where}: no such array`);
    const whole = at.slots.reduce((n, s) => n * s.size, 1);
    invariant(whole === length, `${where}: ${whole} elements are addressed, the array has ${length}`);
    for (const slot of at.slots) {
      const { low, high } = interval(slot.at, known);
      if (low >= 0 && high < slot.size) continue;
      invariant(this.isInside(slot.at, slot.size, known), `${where}: ${linearKey(slot.at)} may be ${low} to ${high} of ${slot.size}`);
    }
    const { low, high } = interval(at.flat, known);
    const isNear = at.slots.every((s) => { const own = interval(s.at, known); return own.low >= 0 && own.high < s.size; });
    invariant(lanes === 1 || !isNear || (low >= 0 && high + lanes <= length), `${where}: ${lanes} lanes from ${low} to ${high} of ${length}`);
    let stride = 1;
    const flat = [...at.slots].reverse().flatMap((s) => {
      const terms = s.at.map((t) => ({ ...t, k: t.k * stride }));
      stride *= s.size;
      return terms;
    });
    const [wanted, got] = [linearKey(expand(flat, known)), linearKey(expand(at.flat, known))];
    invariant(wanted === got, `${where} is ${got}, its slots come to ${wanted}`);
  }

  isInside(at: Linear, size: number, known: Known): boolean {
    const only = at.length === 1 && at[0]!.k === 1 && at[0]!.v !== undefined ? known.meaning.get(at[0]!.v) : undefined;
    const own = { at, divisor: 1 };
    return [own, ...(only ? [only] : [])].some((m) => {
      const key = linearKey(m.at);
      return known.facts.some((f) => f.divisor === m.divisor && f.size <= size && linearKey(f.at) === key);
    });
  }
}

const ANY: Interval = { low: -Infinity, high: Infinity };

/** Locals that stand for indices, written out. */
function expand(at: Linear, known: Known): Linear {
  return at.flatMap((t) => {
    const meaning = t.v === undefined ? undefined : known.meaning.get(t.v);
    if (!meaning || meaning.divisor !== 1) return [t];
    return expand(meaning.at, known).map((u) => ({ ...u, k: u.k * t.k }));
  });
}

/** The range of an integer that may index an array. */
function intervalOf(e: LoopExpr, known: Known): Interval {
  if (e.kind === 'linear') return interval(e.at, known);
  if (e.kind === 'choose') {
    const [a, b] = [partOf(e.a, known), partOf(e.b, known)];
    return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  }
  if (e.kind === 'quotient') {
    const { low, high } = interval(e.at, known);
    return low >= 0 ? { low: Math.floor(low / e.divisor), high: Math.floor(high / e.divisor) } : ANY;
  }
  if (e.kind !== 'binary' || e.op !== '%' || e.b.kind !== 'const') return ANY;
  const of = partOf(e.a, known);
  return of.low >= 0 && Number.isFinite(of.high) ? { low: 0, high: Math.min(of.high, e.b.value - 1) } : ANY;
}

/** The range of an operand: a number, an integer local, or again a formula of such. */
function partOf(e: LoopExpr, known: Known): Interval {
  if (e.kind === 'local') return known.intervals.get(e.name) ?? ANY;
  return e.kind === 'const' && Number.isInteger(e.value) ? { low: e.value, high: e.value } : intervalOf(e, known);
}

function interval(at: Linear, known: Known): Interval {
  let low = 0;
  let high = 0;
  for (const t of at) {
    if (t.v === undefined) { low += t.k; high += t.k; continue; }
    const v = known.intervals.get(t.v);
    invariant(v, `${t.v} is used before it is declared`);
    low += Math.min(t.k * v.low, t.k * v.high);
    high += Math.max(t.k * v.low, t.k * v.high);
  }
  return { low, high };
}

/** The indices that a condition proves inside. */
function factsOf(c: LoopExpr): Range[] {
  if (c.kind === 'inside') return [c.range];
  return c.kind === 'binary' && c.op === 'and' ? [...factsOf(c.a), ...factsOf(c.b)] : [];
}
