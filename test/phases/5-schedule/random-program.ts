/** Seeded random programs: every construct that a scheduler meets, in combinations that nobody would write. */
import { affine, axisIndex, int, sizeOf, type Affine } from '../../../compiler/ir/affine.ts';
import { add, binary, constant, freeAxes, indexOf, mul, read, reduce, select, size, sub, unary } from '../../../compiler/ir/expr.ts';
import { staysInside } from '../../../compiler/ir/bounds.ts';
import type { Definition, Env, Expr, Program, ReduceOp, Store, Tensor } from '../../../compiler/ir/tensor.ts';
import type { Random } from '../../../compiler/testing/data.ts';

const SIZES = [1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 11, 12, 17, 22];
const AXES = ['A', 'B', 'C', 'D', 'P', 'Q'];

export class ProgramMaker {
  readonly random: Random;
  readonly env: Env;
  readonly tensors: Tensor[] = [];
  readonly definitions: Definition[] = [];
  readonly stores: Store[] = [];
  /** No reductions, and only tensors are read. */
  plain = false;

  constructor(random: Random) {
    this.random = random;
    this.env = { sizes: new Map(AXES.map((a) => [a, this.pick(SIZES)])), options: new Map([['s', 1 + this.below(3)], ['p', this.below(3)], ['eps', 0.01]]) };
  }

  below(n: number): number { return Math.floor(this.random() * n); }
  chance(p: number): boolean { return this.random() < p; }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
  some(list: readonly string[], most: number): string[] {
    const out = list.filter(() => this.chance(0.5));
    return out.slice(0, most);
  }

  make(): Program {
    for (let n = 0; n < 4; n++) this.addTensor(`x${n}`, this.shuffled(this.some(AXES, 3)), this.pick(['input', 'param', 'upstream']));
    this.tensors.push(this.tensor('ids', [this.pick(AXES)], 'input', { dtype: 'i32' }));
    const state = this.some(AXES, 2);
    this.tensors.push(this.tensor('run', state, 'state'));
    if (this.chance(0.3)) this.tensors.push(this.tensor('u', this.some(AXES, 2), 'random', { uniform: [0, 1] }));
    const count = 3 + this.below(6);
    for (let n = 0; n < count; n++) this.define(`d${n}`);
    if (this.chance(0.5)) this.addHit();
    for (const d of this.definitions) {
      if (!this.chance(0.6) && d !== this.definitions.at(-1)) continue;
      if (d.formula.kind === 'hit') { this.storeHit(d, d.formula.ties); continue; }
      const axes = this.shuffled([...d.axes, ...(this.chance(0.1) ? AXES.filter((a) => !d.axes.includes(a)).slice(0, 1) : [])]);
      this.stores.push({ tensor: this.tensor(`out_${d.name}`, axes, 'output'), definition: d.name });
    }
    const update = this.definitions.find((d) => d.axes.every((a) => state.includes(a)) && d.formula.kind !== 'hit');
    if (update) {
      const mixed = add(mul(constant(0.9), this.readOf('run', state)), mul(constant(0.1), read(update.name, update.axes.map(axisIndex))));
      this.definitions.push({ name: 'run2', axes: state, formula: mixed });
      this.stores.push({ tensor: this.tensors.find((t) => t.name === 'run')!, definition: 'run2' });
    }
    return { name: 'forward', env: this.env, tensors: this.tensors, definitions: this.definitions, stores: this.stores };
  }

  shuffled(axes: readonly string[]): string[] {
    return [...axes].map((a) => ({ a, k: this.random() })).sort((x, y) => x.k - y.k).map((x) => x.a);
  }

  tensor(name: string, axes: readonly string[], role: Tensor['role'], more: Partial<Tensor> = {}): Tensor {
    return { name, role, axes, slots: axes.map((a) => [a]), dtype: 'f64', ...more };
  }

  addTensor(name: string, axes: readonly string[], role: Tensor['role']): void {
    this.tensors.push(this.tensor(name, axes, role, role === 'upstream' || this.chance(0.5) ? { outside: role === 'upstream' ? 0 : this.pick([0, 0, -1.5, -Infinity]) } : {}));
  }

  readOf(name: string, axes: readonly string[]): Expr { return read(name, axes.map(axisIndex)); }

  define(name: string): void {
    let formula = this.expr(3);
    if (this.chance(0.45)) {
      const free = [...freeAxes(formula)];
      const over = this.some(free, 3);
      if (over.length > 0) formula = reduce(this.pick<ReduceOp>(['sum', 'sum', 'mean', 'max', 'min', 'prod']), this.shuffled(over), formula);
    }
    this.definitions.push({ name, axes: this.shuffled([...freeAxes(formula)]), formula });
  }

  addHit(): void {
    // Which element is extreme must not hang on the order of a sum.
    this.plain = true;
    const body = this.expr(2);
    this.plain = false;
    const over = this.some([...freeAxes(body)], 2);
    if (over.length === 0) return;
    const formula = reduce(this.pick(['max', 'min'] as const), over, body);
    const y = { name: 'y', axes: this.shuffled([...freeAxes(formula)]), formula };
    this.definitions.push(y);
    const name = `hit(${y.name})`;
    const axes = [...y.axes, ...over];
    this.definitions.push({ name, axes, formula: { kind: 'hit', of: y.name, ties: this.pick(['first', 'first', 'all', 'split'] as const), id: -1 } as Expr });
    const used = mul(read(name, axes.map(axisIndex)), this.expr(1));
    this.definitions.push({ name: 'h', axes: [...freeAxes(used)], formula: used });
  }

  /** As the cache keeps it. */
  storeHit(d: Definition, ties: 'first' | 'all' | 'split'): void {
    const y = this.definitions.find((x) => x.name === 'y')!;
    const hit = { form: ties === 'first' ? 'offset' : 'mask', of: y.axes, reduced: d.axes.slice(y.axes.length), ties } as const;
    this.stores.push({ tensor: this.tensor(d.name, d.axes, 'cache', { hit }), definition: d.name });
  }

  expr(depth: number): Expr {
    if (depth === 0 || this.chance(0.15)) return this.leaf();
    const x = (): Expr => this.expr(depth - 1);
    switch (this.below(this.plain ? 10 : 12)) {
      case 0: case 1: return add(x(), x());
      case 2: return sub(x(), x());
      case 3: case 4: case 5: return mul(x(), x());
      case 6: return binary('/', x(), add(constant(1.5), unary('abs', x())));
      case 7: return unary(this.pick(['neg', 'abs', 'tanh', 'sigmoid', 'sign', 'erf'] as const), x());
      case 8: return binary('^', x(), constant(this.pick([2, 3, 1])));
      case 9: return select(this.truth(depth - 1), x(), this.chance(0.5) ? constant(0) : x());
      case 10: {
        const body = x();
        const over = this.some([...freeAxes(body)], 2);
        return over.length === 0 ? body : reduce(this.pick<ReduceOp>(['sum', 'mean', 'max', 'sum']), over, body);
      }
      default: return binary(this.pick(['min', 'max'] as const), x(), x());
    }
  }

  truth(depth: number): Expr {
    const op = this.pick(['<', '<=', '>', '==', '!='] as const);
    if (this.chance(0.2)) return binary(this.pick(['and', 'or'] as const), this.truth(depth), this.truth(depth));
    if (this.chance(0.4)) return binary(op, indexOf(this.pick(AXES)), this.chance(0.5) ? indexOf(this.pick(AXES)) : this.readOf('ids', this.tensors.find((t) => t.name === 'ids')!.axes));
    return binary(op, this.expr(Math.max(0, depth - 1)), this.leaf());
  }

  leaf(): Expr {
    if (this.chance(0.1)) return this.pick([constant(0.5), constant(-2), size(this.pick(AXES)), indexOf(this.pick(AXES))]);
    const readable = [...this.tensors.filter((t) => t.dtype !== 'i32'), ...this.definitions.filter((d) => d.formula.kind !== 'hit' && !this.plain)];
    const from = this.pick(readable);
    const outside = 'outside' in from || !('role' in from);
    return read(from.name, from.axes.map((axis) => this.index(axis, outside)));
  }

  /** Mostly the axis itself; else another one, a window, a strided or divided place, or an element of `ids`. */
  index(axis: string, outside: boolean): Affine {
    const own = sizeOf(this.env, axis);
    if (this.chance(0.75)) return axisIndex(axis);
    const other = this.pick(AXES);
    const window = this.pick(AXES);
    const term = (a: string, k: number): { k: ReturnType<typeof int>; variable: { kind: 'axis'; axis: string } } => ({ k: int(k), variable: { kind: 'axis', axis: a } });
    const tries: Affine[] = [
      axisIndex(other),
      affine([term(other, 1), term(window, 1)], int(-this.below(3))),
      affine([term(other, 2), term(window, 1)], int(-this.below(3))),
      affine([term(other, 1), term(window, -1)], int(this.below(4))),
      affine([], int(this.below(own))),
    ];
    if (outside && this.chance(0.5)) {
      const a = this.pick(tries);
      return this.chance(0.4) ? affine(a.terms, a.constant, int(2 + this.below(2))) : a;
    }
    if (this.chance(0.2)) {
      const ids = this.tensors.find((t) => t.name === 'ids')!;
      return affine([{ k: int(1), variable: { kind: 'element', tensor: 'ids', index: ids.axes.map(axisIndex) } }]);
    }
    return this.shuffledFind(tries, (a) => staysInside(a, own, this.env)) ?? axisIndex(axis);
  }

  shuffledFind(list: readonly Affine[], ok: (a: Affine) => boolean): Affine | undefined {
    const good = list.filter(ok);
    return good.length > 0 ? this.pick(good) : undefined;
  }
}
