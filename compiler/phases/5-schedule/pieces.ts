/**
 * Long loops behind a draw, taken in pieces by a part of the function. V8 compiles a function whose first call is one long
 * loop while what stands before the loop has hardly run: it may then throw that code away and enter the loop, call after
 * call, in the middle of a version made for one entry, which is three times slower. Which of the two happens is a race
 * between threads. A part that each call runs hundreds of times has run as a whole long before it is compiled.
 */
import { bodyOf, exprsOf, operands, type LoopExpr, type Part, type Stmt } from '../../ir/loop.ts';
import { localsIn } from '../../ir/loop-walk.ts';
import type { Scope } from '../../ir/names.ts';

/** Points of one piece at most, and the fewest that are worth a call. */
const MOST = 2048;
const FEWEST = 128;

export interface PieceHost {
  /** Of the body. */
  readonly scope: Scope;
  /** Makes a part and says what it is called. */
  part(wish: string, params: Part['params'], body: readonly Stmt[]): string;
}

type Loop = Stmt & { kind: 'loop' };
type Let = Stmt & { kind: 'let' };

/** The body with its long loops as calls. Labels in front of a loop, and locals that it reads, go with it. */
export function inPieces(body: readonly Stmt[], host: PieceHost): Stmt[] {
  const out: Stmt[] = [];
  const lets = new Map<string, Let>();
  const moved = new Set<Stmt>();
  for (const s of body) {
    if (s.kind === 'let') lets.set(s.name, s);
    const length = s.kind === 'loop' ? pieceOf(s) : undefined;
    const locals = s.kind === 'loop' && length !== undefined ? localsOf(s, lets) : undefined;
    if (s.kind !== 'loop' || length === undefined || !locals) { out.push(s); continue; }
    locals.forEach((x) => moved.add(x));
    const labels: Stmt[] = [];
    for (let n = out.length - 1; n >= 0 && (out[n]!.kind === 'label' || moved.has(out[n]!)); n--) {
      if (out[n]!.kind === 'label') labels.unshift(...out.splice(n, 1));
    }
    out.push(callOf(s, length, [...labels, ...locals], host));
  }
  const read = localsIn(out);
  return out.filter((s) => s.kind !== 'let' || !moved.has(s) || read.has(s.name));
}

/** Steps of the loop variable in one piece: all pieces are of one length. */
function pieceOf(s: Loop): number | undefined {
  const to = s.to.every((t) => t.v === undefined) ? s.to.reduce((sum, t) => sum + t.k, 0) : NaN;
  if (s.from.length > 0 || s.within.length > 0 || !Number.isInteger(to / s.step)) return undefined;
  const points = s.step * pointsIn(s.body);
  const rounds = to / s.step;
  if (rounds * points <= 2 * MOST) return undefined;
  let most = Math.floor(MOST / points);
  while (most > 1 && rounds % most !== 0) most--;
  return most >= 1 && most * points >= FEWEST ? most * s.step : undefined;
}

const pointsIn = (body: readonly Stmt[]): number =>
  Math.max(1, body.reduce((sum, s) => sum + (s.kind === 'loop' ? s.size : 1) * (bodyOf(s).length > 0 ? pointsIn(bodyOf(s)) : 0), 0));

/** The locals from before a loop that it reads, in order; none if one of them may change or was read from an array. */
function localsOf(s: Loop, lets: ReadonlyMap<string, Let>): Let[] | undefined {
  const wanted = new Set<Let>();
  const add = (body: readonly Stmt[]): boolean => [...localsIn(body)].every((name) => {
    const own = lets.get(name);
    if (!own || wanted.has(own)) return true;
    wanted.add(own);
    return isPlain(own) && add([own]);
  });
  return add([s]) ? [...lets.values()].filter((x) => wanted.has(x)) : undefined;
}

const isPlain = (s: Let): boolean => !s.mutable && exprsOf(s).every(isFixed);
const isFixed = (e: LoopExpr): boolean => e.kind !== 'load' && operands(e).every(isFixed);

/** The loop over pieces, and the part that it calls. */
function callOf(s: Loop, length: number, before: readonly Stmt[], host: PieceHost): Stmt {
  const first = host.scope.fresh('first');
  const end = host.scope.fresh('end');
  const whole = s.to.reduce((sum, t) => sum + t.k, 0);
  const name = host.part('Piece', [{ v: first, size: whole - length + 1 }], [
    ...before,
    { kind: 'let', name: end, ty: 'i32', mutable: false, value: { kind: 'linear', at: [{ v: first, k: 1 }, { k: length }] } },
    { ...s, from: [{ v: first, k: 1 }], to: [{ v: end, k: 1 }] },
  ]);
  return { kind: 'loop', v: first, from: [], to: s.to, step: length, size: s.size, within: [], body: [{ kind: 'call', part: name, args: [[{ v: first, k: 1 }]] }] };
}
