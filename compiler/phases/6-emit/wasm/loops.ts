/** Loops: bottom-tested, entered by a test only where they may have no turn. */
import type { Linear, Stmt } from '../../../ir/loop.ts';
import { bodyOf } from '../../../ir/loop.ts';
import { intervalOf, linear, type Interval, type Turns, type Variable } from './addresses.ts';
import type { Body } from './body.ts';
import { int, op, set, tee, type Code, type Op } from './code.ts';

/** Writes a loop around what `write` writes. */
export function loop(s: Stmt & { kind: 'loop' }, b: Body, write: () => void): void {
  const { f } = b;
  const local = f.local(s.v, 'i32');
  const from = linear(s.from, b.known, f);
  const to = bound(s, b);
  const [first, end] = [constantOf(s.from), constantOf(s.to)];
  const isFixed = first !== undefined && end !== undefined;
  if (isFixed && first >= end) return;
  const before = f.group();
  f.push(set(local, from));
  const turns: Turns = { before, end: [], from, step: s.step, pointers: [] };
  const body = f.within(() => {
    const outer = [b.locals.get(s.v), b.known.get(s.v)] as const;
    b.locals.set(s.v, { local, ty: 'i32' });
    b.known.set(s.v, {
      name: s.v, local, order: f.serial(), changes: false, range: rangeOf(s, b), isData: false, behind: f.group(), sums: new Map<string, string>(),
      ...(s.body.some(hasLoop) ? {} : { turns }),
    } satisfies Variable);
    write();
    remake(b.locals, s.v, outer[0]);
    remake(b.known, s.v, outer[1]);
    f.push({ kind: 'group', body: turns.end });
    const label = `${s.v}.turn`;
    const again = op('br_if', [op('i32.lt_s', [tee(local, op('i32.add', [f.read(local), int(s.step)])), to])], label);
    f.push({ kind: 'group', body: isFixed ? counted(again, Math.ceil((end - first) / s.step), { label, local, turns }, b) : [again] });
  });
  const whole: Code = { kind: 'loop', label: `${s.v}.turn`, body };
  if (isFixed) return f.push(whole);
  f.push({ kind: 'if', condition: op('i32.lt_s', [f.read(local), to]), then: [whole], otherwise: [] });
}

/** The test at the end of a turn, which may become one of a pointer if it turns out that nothing else needs the variable. */
function counted(again: Op, trips: number, { label, local, turns }: { label: string; local: string; turns: Turns }, { f }: Body): Code[] {
  const test: Code[] = [again];
  const [pointer] = turns.pointers;
  if (!pointer) return test;
  f.later.push({ local, test: again, replace() {
    const end = f.local(`${pointer.local}.end`, 'i32');
    turns.before.push(set(end, op('i32.add', [f.read(pointer.local), int(trips * pointer.by)])));
    test[0] = op('br_if', [op('i32.ne', [f.read(pointer.local), f.read(end)])], label);
  } });
  return test;
}

function rangeOf(s: Stmt & { kind: 'loop' }, { known }: Body): Interval {
  return s.within.length > 0 ? { low: 0, high: s.size - 1 } : { low: intervalOf(s.from, known).low, high: intervalOf(s.to, known).high - 1 };
}

function remake<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

const hasLoop = (s: Stmt): boolean => s.kind === 'loop' || bodyOf(s).some(hasLoop);

/** Where a loop ends: a number, or a local that holds it. */
function bound(s: Stmt & { kind: 'loop' }, b: Body): Op {
  const end = linear(s.to, b.known, b.f);
  if (end.name === 'i32.const' || (end.name === 'local.get' && !changes(s.to, b))) return end;
  const local = b.f.local(`${s.v}.end`, 'i32');
  b.f.push(set(local, end));
  return b.f.read(local);
}

const changes = (at: Linear, b: Body): boolean => at.some((t) => t.v !== undefined && b.known.get(t.v)?.changes !== false);

const constantOf = (at: Linear): number | undefined => (at.every((t) => t.v === undefined) ? at.reduce((sum, t) => sum + t.k, 0) : undefined);
