/** Statements of a LoopNest as WebAssembly. It decides nothing about speed but where addresses are added up. */
import type { LoopExpr, Stmt, Ty } from '../../../ir/loop.ts';
import { isVector } from '../../../ir/loop-types.ts';
import { indexVariablesIn } from '../../../ir/loop-walk.ts';
import { invariant } from '../../../support/invariant.ts';
import { address, ANY, expanded, intervalOf, linear, mayWrap, type Interval, type Variable } from './addresses.ts';
import { bufferOf, RANK, readLocal, SEED, type Body } from './body.ts';
import { call, int, op, set, type Op } from './code.ts';
import { drawFunction } from './draw.ts';
import { fill } from './fill.ts';
import type { Mnemonic, ValType } from './instructions.ts';
import { lanesOf, storeLanes, vector } from './lanes.ts';
import { loop } from './loops.ts';
import { integer, number, saturated, truth } from './scalars.ts';

type StmtOf<K extends Stmt['kind']> = Extract<Stmt, { kind: K }>;

const VALUES: Readonly<Record<Ty, ValType>> = {
  f64: 'f64', i32: 'i32', bool: 'i32', f32x4: 'v128', f64x2: 'v128', i32x4: 'v128', mask: 'v128',
};

/** Writes a block; what it declares is gone behind it. */
export function block(body: readonly Stmt[], b: Body): void {
  const [locals, known] = [new Map(b.locals), new Map(b.known)];
  body.forEach((s, n) => { statement(s, b, () => indexVariablesIn(body.slice(n + 1))); });
  restore(b.locals, locals);
  restore(b.known, known);
}

function restore<V>(map: Map<string, V>, to: ReadonlyMap<string, V>): void {
  map.clear();
  for (const [key, value] of to) map.set(key, value);
}

/** `indices`: what the indices behind a statement are made of. */
function statement(s: Stmt, b: Body, indices: () => ReadonlySet<string>): void {
  switch (s.kind) {
    case 'label': b.f.push({ kind: 'note', text: s.text.replace(/\s+/g, ' ') }); return;
    case 'let': declare(s, b, indices); return;
    case 'set': assign(s, b); return;
    case 'store': store(s, b); return;
    case 'fill': fill(bufferOf(s.buffer, b), b.place(s.buffer), s.value, b); return;
    case 'draw': draw(s, b); return;
    case 'call': callPart(s, b); return;
    case 'when': b.f.push({ kind: 'if', condition: truth(s.condition, b), then: b.f.within(() => block(s.body, b)), otherwise: [] }); return;
    case 'check': check(s, b); return;
    case 'loop': loop(s, b, () => block(s.body, b)); return;
    default: s satisfies never;
  }
}

/** An expression as what a local of this type holds. */
function valueAs(e: LoopExpr, ty: Ty, b: Body): Op {
  if (isVector(ty)) return vector(e, ty, b);
  if (ty === 'f64') return number(e, b);
  return ty === 'bool' ? truth(e, b) : e.kind === 'linear' && mayWrap(e.at, b.known) ? saturated(e.at, b) : integer(e, b);
}

// ------------------------------------------------------------------------------------------------------------ locals

function declare(s: StmtOf<'let'>, b: Body, indices: () => ReadonlySet<string>): void {
  // Elsewhere in the function the name may stand for something else.
  const ty = b.indices.has(s.name) && (s.ty === 'i32' || indices().has(s.name)) ? 'i32' : s.ty;
  const value = valueAs(s.value, ty, b);
  const local = b.f.local(s.name, VALUES[ty]);
  b.f.push(set(local, value));
  b.locals.set(s.name, { local, ty });
  b.constants.delete(local);
  if (!s.mutable && value.name === 'v128.const') b.constants.set(local, value);
  if (s.value.kind === 'linear') b.wrapped.set(s.name, s.value.at);
  if (ty !== 'i32') return;
  const changes = b.assigned.has(s.name);
  const own = s.value.kind === 'linear' && !mayWrap(s.value.at, b.known) && !changes ? expanded(s.value.at, b.known) : undefined;
  const isFixed = own?.every((t) => t.v === undefined || b.known.get(t.v)?.changes === false) === true;
  const about = { changes, range: rangeOf(s.value, b), isData: isData(s.value, b) };
  defineVariable(s.name, local, isFixed ? { ...about, meaning: own! } : about, b);
}

/** An integer that indices may be made of from here on. */
function defineVariable(name: string, local: string, about: Pick<Variable, 'changes' | 'range' | 'isData' | 'meaning'>, b: Body): void {
  b.known.set(name, { name, local, order: b.f.serial(), ...about, behind: b.f.group(), sums: new Map() });
}

function rangeOf(e: LoopExpr, b: Body): Interval {
  switch (e.kind) {
    case 'const': return { low: e.value, high: e.value };
    case 'local': return b.known.get(e.name)?.range ?? ANY;
    case 'linear': return intervalOf(e.at, b.known);
    case 'quotient': {
      const { low, high } = intervalOf(e.at, b.known);
      return { low: Math.trunc(low / e.divisor), high: Math.trunc(high / e.divisor) };
    }
    case 'choose': {
      const [x, y] = [rangeOf(e.a, b), rangeOf(e.b, b)];
      return { low: Math.min(x.low, y.low), high: Math.max(x.high, y.high) };
    }
    case 'binary': return e.op === '%' && e.b.kind === 'const' && rangeOf(e.a, b).low >= 0 ? { low: 0, high: e.b.value - 1 } : ANY;
    default: return ANY;
  }
}

/** Whether an integer is what some array holds, or made of such. */
function isData(e: LoopExpr, b: Body): boolean {
  if (e.kind === 'linear' || e.kind === 'quotient') return e.at.some((t) => t.v !== undefined && b.known.get(t.v)?.isData === true);
  return e.kind === 'load' || (e.kind === 'local' && b.known.get(e.name)?.isData === true);
}

const COMBINE: Readonly<Record<'+=' | '*=', string>> = { '+=': 'add', '*=': 'mul' };

/** old op value. */
function combined(old: Op, operator: '+=' | '*=', e: LoopExpr, ty: Ty, b: Body): Op {
  invariant(ty !== 'mask' && ty !== 'bool', `${operator} of ${ty}`);
  const value = valueAs(e, ty, b);
  // A product stands first, where fuse.ts looks for it.
  return op(`${ty}.${COMBINE[operator]}` as Mnemonic, value.name === 'f32x4.mul' ? [value, old] : [old, value]);
}

function assign(s: StmtOf<'set'>, b: Body): void {
  const { value, ty } = readLocal(s.name, b);
  const next = s.op === '=' ? valueAs(s.value, ty, b) : combined(value, s.op, s.value, ty, b);
  b.f.push(set(b.locals.get(s.name)!.local, next));
}

// ------------------------------------------------------------------------------------------------------------ arrays

function store(s: StmtOf<'store'>, b: Body): void {
  const { elem } = bufferOf(s.buffer, b);
  const at = address(s.at.flat, b.place(s.buffer), b.known, b.f);
  const load: LoopExpr = { kind: 'load', ty: elem === 'i32' || elem === 'u8' ? 'i32' : 'f64', buffer: s.buffer, at: s.at, lanes: s.lanes };
  if (s.lanes !== 1) {
    const ty = lanesOf(s.buffer, s.lanes, b);
    const value = s.op === '=' ? vector(s.value, ty, b) : combined(vector({ ...load, ty }, ty, b), s.op, s.value, ty, b);
    b.f.push(storeLanes(s.buffer, s.lanes, at.base, at.offset, value, b));
    return;
  }
  const old = load;
  const whole: LoopExpr = s.op === '=' ? s.value : { kind: 'binary', op: s.op === '+=' ? '+' : '*', a: old, b: s.value };
  switch (elem) {
    case 'f64': b.f.push(op('f64.store', [at.base, number(whole, b)], at.offset)); return;
    case 'f32': b.f.push(op('f32.store', [at.base, single(number(whole, b))], at.offset)); return;
    case 'i32': b.f.push(op('i32.store', [at.base, integer(whole, b)], at.offset)); return;
    case 'u8': b.f.push(op('i32.store8', [at.base, integer(whole, b)], at.offset)); return;
    default: elem satisfies never;
  }
}

/** A double as a float; one that was a float a moment ago is that float. */
const single = (x: Op): Op => (x.name === 'f64.promote_f32' ? x.args[0]! : op('f32.demote_f64', [x]));

function draw(s: StmtOf<'draw'>, b: Body): void {
  const buffer = bufferOf(s.buffer, b);
  const { base, offset } = b.place(s.buffer);
  const name = drawFunction(buffer.elem, s.low, s.high, b.shared);
  const start = offset === 0 ? b.f.read(base) : op('i32.add', [b.f.read(base), int(offset)]);
  b.f.push(call(name, [start, int(buffer.length), b.f.read(SEED[0]), b.f.read(SEED[1]), b.f.read(SEED[2]), int(s.stream)]));
}

function callPart(s: StmtOf<'call'>, b: Body): void {
  const part = b.nest.parts.find((p) => p.name === s.part);
  invariant(part, `${b.nest.name}: no part ${s.part}`);
  const arrays = part.buffers.map((x) => b.f.read(b.place(x.name).base));
  const words = b.draws.has(s.part) ? SEED.map((w) => b.f.read(w)) : [];
  b.f.push(call(s.part, [...s.args.map((a) => linear(a, b.known, b.f)), ...arrays, ...words]));
}

// ------------------------------------------------------------------------------------------------------------ checks

function check(s: StmtOf<'check'>, b: Body): void {
  const { local } = b.locals.get(s.local)!;
  const isOutside = op('i32.ge_u', [b.f.read(local), int(s.size)]);
  const then = b.f.within(() => {
    const fail = b.f.within(() => b.f.push(failure(s, b)));
    if (!s.when) b.f.push(...fail);
    else b.f.push({ kind: 'if', condition: truth(s.when, b), then: fail, otherwise: [] }, set(local, int(0)));
  });
  b.f.push({ kind: 'if', condition: isOutside, then, otherwise: [] });
  const before = b.known.get(s.local);
  defineVariable(s.local, local, { changes: before?.changes ?? true, range: { low: 0, high: s.size - 1 }, isData: false }, b);
}

function failure(s: StmtOf<'check'>, b: Body): Op {
  const { tensor, of, factor, index } = s.element;
  invariant(index.length <= RANK, `${tensor} has more than ${RANK} axes`);
  const site = { tensor, of, factor, size: s.size, rank: index.length };
  const known = b.shared.sites.findIndex((x) => JSON.stringify(x) === JSON.stringify(site));
  if (known < 0) b.shared.sites.push(site);
  const at = Array.from({ length: RANK }, (_, n) => (index[n] ? linear(index[n], b.known, b.f) : int(0)));
  const slot = b.wrapped.get(s.local);
  const value = slot ? linear(slot, b.known, b.f) : readLocal(s.local, b).value;
  return call('fail', [int(known < 0 ? b.shared.sites.length - 1 : known), value, number(s.element.value, b), ...at]);
}
