/**
 * Formulas of a loop body in four lanes. What is the same in all lanes stays a scalar until it meets a vector. Products are
 * floats. A sum or difference with a double (a mean, say) loses nothing that the result would show: the double is taken
 * in two floats, the nearer one first, so that what cancels does so exactly.
 */
import { collect, type Address, type Linear, type LoopExpr } from '../../../ir/loop.ts';

/** A value in the lanes of one vector. */
export type Value =
  /** The same in every lane. */
  | { readonly form: 'uniform'; readonly e: LoopExpr }
  | { readonly form: 'f32' | 'mask' | 'i32'; readonly e: LoopExpr }
  /** Four doubles, in two vectors. */
  | { readonly form: 'f64'; readonly low: LoopExpr; readonly high: LoopExpr };

/** What a loop body is seen through. */
export interface View {
  /** What an address moves by when the loop takes its next value; undefined where it is not known. */
  step(at: Linear): number;
  /** Values of the locals that differ between lanes. */
  readonly locals: ReadonlyMap<string, Value>;
  /** What the first lane of this vector is beyond the loop variable. */
  readonly offset: number;
  /** How far lanes may lie apart in memory. */
  readonly reach: number;
  elemOf(buffer: string): 'f32' | 'f64' | 'i32' | 'u8' | undefined;
  constantOf(name: string): number | undefined;
  /** Whether a scalar local holds a float. */
  isFloat(name: string): boolean;
  /** Some index is inside its array only because a condition says so. */
  readonly isGuarded: boolean;
  /** Products are doubles: floats may not reach that far. */
  readonly isExact: boolean;
  /** Whether a value was rounded to a float when it was made: a few such may be summed as floats. */
  isRounded(e: LoopExpr): boolean;
  shifted(at: Address, by: number): Address;
  /** A scalar in all lanes. */
  splat(ty: 'f32x4' | 'f64x2' | 'i32x4', x: LoopExpr): LoopExpr;
}

/** Thrown where a body cannot be computed in lanes; the loop stays as it is. */
export class NotInLanes extends Error {}

const refuse = (why: string): never => { throw new NotInLanes(why); };

const LANEWISE: ReadonlySet<string> = new Set(['neg', 'abs', 'sqrt', 'floor', 'ceil']);
/** Computed lane by lane; what stands around them gains. */
const LANE_BY_LANE: ReadonlySet<string> = new Set(['exp', 'log', 'tanh', 'erf', 'sigmoid', 'sign']);
/** Of values that were computed twice, here in floats and there in doubles, none would be equal. */
const EQUALITY: ReadonlySet<string> = new Set(['==', '!=']);
const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);

const unary = (op: (LoopExpr & { kind: 'unary' })['op'], x: LoopExpr): LoopExpr => ({ kind: 'unary', op, x });
const binary = (op: (LoopExpr & { kind: 'binary' })['op'], a: LoopExpr, b: LoopExpr): LoopExpr => ({ kind: 'binary', op, a, b });
const f32 = (e: LoopExpr): Value => ({ form: 'f32', e });

/** A formula in lanes. @throws NotInLanes */
export function valueIn(v: View, e: LoopExpr): Value {
  const sub = (x: LoopExpr): Value => valueIn(v, x);
  switch (e.kind) {
    case 'const': case 'named': return { form: 'uniform', e };
    case 'local': {
      const own = v.locals.get(e.name);
      return own ?? (v.step([{ v: e.name, k: 1 }]) === 0 ? { form: 'uniform', e } : refuse('an index is a value'));
    }
    case 'load': return loadIn(v, e);
    case 'linear': case 'quotient': return v.step(e.at) === 0 ? { form: 'uniform', e } : refuse('an index is a value');
    case 'inside': return v.step(e.range.at) === 0 ? { form: 'uniform', e } : refuse('lanes are tested for edges');
    case 'unary': return unaryIn(v, e, sub(e.x));
    case 'binary': return binaryIn(v, e, sub(e.a), sub(e.b));
    case 'select': {
      const [c, a, b] = [sub(e.c), sub(e.a), sub(e.b)];
      if (c.form === 'uniform') {
        if (a.form === 'uniform' && b.form === 'uniform') return { form: 'uniform', e };
        return refuse('a whole vector is chosen');
      }
      if (c.form !== 'mask') return refuse('the condition is no mask');
      if (a.form === 'i32' || b.form === 'i32') return refuse('integers are chosen');
      return f32({ ...e, c: c.e, a: single(v, a), b: single(v, b) });
    }
    case 'choose': {
      const [c, a, b] = [sub(e.c), sub(e.a), sub(e.b)];
      if ([c, a, b].every((x) => x.form === 'uniform')) return { form: 'uniform', e };
      if (c.form !== 'mask') return refuse('the condition is no mask');
      return { form: 'i32', e: { ...e, c: c.e, a: integers(v, a), b: integers(v, b) } };
    }
    case 'splat': case 'fold': case 'widen': case 'narrow': case 'shuffle': case 'lane': case 'join': return refuse('it is in lanes already');
    default: return e satisfies never;
  }
}

function loadIn(v: View, e: LoopExpr & { kind: 'load' }): Value {
  const step = v.step(e.at.flat);
  if (step === 0) return { form: 'uniform', e };
  if (step !== 1) return spreadIn(v, e, step);
  const at = v.shifted(e.at, v.offset);
  switch (v.elemOf(e.buffer)) {
    case 'f32': return f32({ ...e, ty: 'f32x4', at, lanes: 4 });
    case 'i32': return { form: 'i32', e: { ...e, ty: 'i32x4', at, lanes: 4 } };
    case 'f64': return { form: 'f64', low: { ...e, ty: 'f64x2', at, lanes: 2 }, high: { ...e, ty: 'f64x2', at: v.shifted(e.at, v.offset + 2), lanes: 2 } };
    case 'u8': case undefined: return refuse(`${e.buffer} holds bytes`);
  }
}

/** A load whose lanes do not lie side by side. */
function spreadIn(v: View, e: LoopExpr & { kind: 'load' }, step: number): Value {
  if (v.elemOf(e.buffer) !== 'f32' || !(Math.abs(step) <= v.reach)) return refuse(`${e.buffer} is read every ${step} elements`);
  const at = v.shifted(e.at, v.offset);
  const whole = (by: number): LoopExpr => ({ ...e, ty: 'f32x4', at: moved(v, at, by), lanes: 4 });
  // Both vectors together reach from the first lane to the last, and no further.
  if (step === 2) return f32({ kind: 'shuffle', a: whole(0), b: whole(3), lanes: [0, 2, 5, 7] });
  if (step === -1) return f32({ kind: 'shuffle', a: whole(-3), b: whole(-3), lanes: [3, 2, 1, 0] });
  return f32({ kind: 'join', parts: [0, 1, 2, 3].map((n) => ({ ...e, at: v.shifted(e.at, v.offset + n) })) });
}

/** An address some elements further on. */
function moved(v: View, at: Address, by: number): Address {
  if (by === 0) return at;
  const flat = collect([...at.flat, { k: by }]);
  const last = at.slots.at(-1)!;
  if (v.step(last.at) !== 0) return { slots: [...at.slots.slice(0, -1), { ...last, at: collect([...last.at, { k: by }]) }], flat };
  // Somewhere else in the array; what is known of single axes does not help there.
  if (v.isGuarded) return refuse('an edge is near');
  return { slots: [{ at: flat, size: at.slots.reduce((n, s) => n * s.size, 1) }], flat };
}

/** A value in one vector of floats. */
export function single(v: View, x: Value): LoopExpr {
  switch (x.form) {
    case 'uniform': return v.splat('f32x4', x.e);
    case 'f32': return x.e;
    case 'f64': return { kind: 'narrow', low: x.low, high: x.high };
    case 'i32': case 'mask': return refuse('it is no number');
  }
}

/** A value in two vectors of doubles. */
export function double(v: View, x: Value): Halves {
  switch (x.form) {
    case 'uniform': return { low: v.splat('f64x2', x.e), high: v.splat('f64x2', x.e) };
    case 'f32': {
      const { e } = x;
      if (e.kind !== 'load') return { low: { kind: 'widen', half: 'low', x: e }, high: { kind: 'widen', half: 'high', x: e } };
      // Two floats at a time become doubles as they are loaded.
      const half = (by: number): LoopExpr => ({ ...e, ty: 'f64x2', at: v.shifted(e.at, by), lanes: 2 });
      return { low: half(0), high: half(2) };
    }
    case 'f64': return x;
    case 'i32': case 'mask': return refuse('it is no number');
  }
}

/** A sum on its way to where doubles are summed up: its parts are doubles before they are added. */
export function sumIn(v: View, e: LoopExpr): Value {
  if (e.kind !== 'binary' || e.op !== '+') return valueIn(v, e);
  const [a, b] = [sumIn(v, e.a), sumIn(v, e.b)];
  if (a.form === 'uniform' && b.form === 'uniform') return { form: 'uniform', e };
  return a.form === 'f32' && b.form === 'f32' && v.isRounded(e) ? f32(binary('+', a.e, b.e)) : pair('+', double(v, a), double(v, b));
}

/** A value in one vector of integers. */
export function integers(v: View, x: Value): LoopExpr {
  if (x.form === 'i32') return x.e;
  return x.form === 'uniform' ? v.splat('i32x4', x.e) : refuse('it is no integer');
}

function unaryIn(v: View, e: LoopExpr & { kind: 'unary' }, x: Value): Value {
  if (x.form === 'uniform') return { form: 'uniform', e };
  if (x.form === 'mask') return e.op === 'flag' ? f32(unary('flag', x.e)) : e.op === 'not' ? { form: 'mask', e: unary('not', x.e) } : refuse(e.op);
  if (e.op === 'float') return f32(single(v, x));
  if (e.op === 'rsqrt') {
    const one: LoopExpr = { kind: 'const', value: 1 };
    if (x.form === 'f64') return pair('/', double(v, { form: 'uniform', e: one }), { low: unary('sqrt', x.low), high: unary('sqrt', x.high) });
    return f32(binary('/', v.splat('f32x4', one), unary('sqrt', single(v, x))));
  }
  if (LANE_BY_LANE.has(e.op)) return f32(unary(e.op, single(v, x)));
  if (!LANEWISE.has(e.op) || x.form === 'i32') return refuse(`${e.op} has no lanes`);
  return x.form === 'f64' ? { form: 'f64', low: unary(e.op, x.low), high: unary(e.op, x.high) } : f32(unary(e.op, x.e));
}

function binaryIn(v: View, e: LoopExpr & { kind: 'binary' }, a: Value, b: Value): Value {
  const { op } = e;
  if (a.form === 'uniform' && b.form === 'uniform') return { form: 'uniform', e };
  if (op === 'and' || op === 'or') {
    return a.form === 'mask' && b.form === 'mask' ? { form: 'mask', e: binary(op, a.e, b.e) } : refuse('one side is no mask');
  }
  if (EQUALITY.has(op) && e.a !== e.b && (v.isRounded(e.a) || v.isRounded(e.b))) return refuse('what was rounded is asked for equality');
  if (COMPARISONS.has(op)) return { form: 'mask', e: e.a === e.b ? binary(op, single(v, a), single(v, b)) : compared(v, op, a, b) };
  if (a.form === 'mask' || b.form === 'mask' || a.form === 'i32' || b.form === 'i32') return refuse('integers are counted with');
  switch (op) {
    case '+': case '-': {
      if (a.form === 'f64' || b.form === 'f64') return pair(op, double(v, a), double(v, b));
      if (b.form === 'uniform' && !isFloat(v, b.e)) return f32(binary(op, binary(op, single(v, a), v.splat('f32x4', b.e)), v.splat('f32x4', rest(b.e))));
      if (a.form === 'uniform' && !isFloat(v, a.e)) return f32(binary('+', binary(op, v.splat('f32x4', a.e), single(v, b)), v.splat('f32x4', rest(a.e))));
      return f32(binary(op, single(v, a), single(v, b)));
    }
    case '*': case '/': case 'max': case 'min':
      if (v.isExact && op === '*') return pair(op, double(v, a), double(v, b));
      // Doubles stay doubles as long as no float joins them.
      return [a, b].some((x) => x.form === 'f64') && ![a, b].some((x) => x.form === 'f32') ? pair(op, double(v, a), double(v, b)) : f32(binary(op, single(v, a), single(v, b)));
    default: return refuse(`${op} has no lanes`);
  }
}

interface Halves {
  readonly low: LoopExpr;
  readonly high: LoopExpr;
}

const pair = (op: (LoopExpr & { kind: 'binary' })['op'], a: Halves, b: Halves): Value =>
  ({ form: 'f64', low: binary(op, a.low, b.low), high: binary(op, a.high, b.high) });

/** What the nearest float leaves of a double: nothing of one that no float comes near. */
function rest(e: LoopExpr): LoopExpr {
  const near = unary('float', e);
  const isNear = binary('<', unary('abs', near), { kind: 'const', value: Infinity });
  return { kind: 'select', c: isNear, a: binary('-', e, near), b: { kind: 'const', value: 0 } };
}

/** Whether a scalar is a float anyway. */
function isFloat(v: View, e: LoopExpr): boolean {
  if (e.kind === 'load') return v.elemOf(e.buffer) === 'f32';
  if (e.kind === 'local') return v.isFloat(e.name);
  const value = e.kind === 'const' ? e.value : e.kind === 'named' ? v.constantOf(e.name) : undefined;
  return value !== undefined && Object.is(Math.fround(value), value);
}

function compared(v: View, op: string, a: Value, b: Value): LoopExpr {
  const exact = (x: Value): boolean => x.form === 'f32' || (x.form === 'uniform' && isFloat(v, x.e));
  if (a.form === 'i32' || b.form === 'i32') return binary(op as '==', integers(v, a), integers(v, b));
  if (exact(a) && exact(b)) return binary(op as '<', single(v, a), single(v, b));
  return refuse('a float is compared with a double');
}
