/**
 * LoopNests as one WebAssembly module: each nest an exported function over addresses, each part a function of its own,
 * scratch at one place of the imported memory. It decides nothing about speed that is not an address (addresses.ts).
 */
import { bodyOf, type Buffer, type LoopNest, type Part, type Stmt } from '../../../ir/loop.ts';
import { indexVariablesIn, wholeBody } from '../../../ir/loop-walk.ts';
import { invariant } from '../../../support/invariant.ts';
import { RANK, SEED, type Body, type CheckSite, type Shared } from './body.ts';
import { op, set, type Code, type Func } from './code.ts';
import { DRAWN } from './draw.ts';
import { encode, type Import } from './encode.ts';
import { isValid } from './engine.ts';
import { gainsByFusing, stepsTo } from './fuse.ts';
import { FunctionBuilder } from './function-builder.ts';
import type { ValType } from './instructions.ts';
import { neededIn, pruned } from './prune.ts';
import { block } from './statements.ts';
import { watOf } from './wat.ts';

export type { CheckSite } from './body.ts';

export interface WasmFunction {
  readonly name: string;
  /** Its parameters: for each of these arrays its address, in bytes. */
  readonly buffers: readonly string[];
  /** Four more words, unsigned in 32 bits: low and high of the seed, then of the step. */
  readonly draws: boolean;
}

export interface WasmCode {
  readonly bytes: Uint8Array;
  readonly wat: string;
  readonly functions: readonly WasmFunction[];
  /** What lies behind the address in the global `scratch`, zero before the first call. */
  readonly scratchBytes: number;
  /** What `fail` speaks of, by number. */
  readonly sites: readonly CheckSite[];
  /** Functions of Math that are imported under their own names. */
  readonly math: readonly string[];
  /** Where products may be added in one instruction (fuse.ts), each counted from the one before; none where it gains nothing. */
  readonly fusible: readonly number[];
}

export interface AssembleOptions {
  /** Whether products may be added in one rounding, where the engine does so. */
  readonly relaxed: boolean;
}

const BYTES = { f32: 4, f64: 8, i32: 4, u8: 1 } as const;
/** What each scratch array begins at a multiple of. */
const ALIGN = 16;
const BASE = 'scratch.base';

/** The module of some nests and the scratch that they share. */
export function assemble(nests: readonly LoopNest[], scratch: readonly Buffer[], options: AssembleOptions): WasmCode {
  const shared: Shared = { sites: [], math: new Set(), helpers: new Map(), draws: new Map() };
  const { places, size } = layout(scratch, nests);
  const own = nests.flatMap((n) => functionsOf(n, places, shared));
  const module = { imports: importsOf(own, size, shared), functions: [...own, ...shared.helpers.values()] };
  const { bytes, products } = encode(module);
  invariant(isValid(bytes), `${nests.map((n) => n.name).join(', ')}: not a valid module`);
  const functions = nests.map((n) => ({ name: n.name, buffers: given(n.buffers).map((b) => b.name), draws: drawing(n).has(n.name) }));
  return { bytes, wat: watOf(module), functions, scratchBytes: size, sites: shared.sites, math: [...shared.math],
    fusible: options.relaxed && gainsByFusing(module.functions) ? stepsTo(products) : [] };
}

interface Layout {
  readonly places: ReadonlyMap<string, number>;
  readonly size: number;
}

/** Where each scratch array begins. */
function layout(scratch: readonly Buffer[], nests: readonly LoopNest[]): Layout {
  const drawn = new Set(nests.flatMap((n) => wholeBody(n)).flatMap((s) => (s.kind === 'draw' ? [s.buffer] : [])));
  const places = new Map<string, number>();
  let size = 0;
  for (const b of scratch) {
    places.set(b.name, size);
    const length = drawn.has(b.name) ? up(b.length + b.slack, DRAWN) : b.length + b.slack;
    size += up(length * BYTES[b.elem], ALIGN);
  }
  return { places, size };
}

const up = (n: number, to: number): number => Math.ceil(n / to) * to;

const given = (buffers: readonly Buffer[]): Buffer[] => buffers.filter((b) => b.role !== 'scratch');

function importsOf(own: readonly Func[], scratch: number, shared: Shared): Import[] {
  const takes = (count: number, type: ValType): ValType[] => Array<ValType>(count).fill(type);
  const usesScratch = scratch > 0 && own.some((f) => f.locals.some((l) => l.name === BASE));
  const fail: Import = { name: 'fail', kind: 'function', takes: [...takes(2, 'i32'), 'f64', ...takes(RANK, 'i32')] };
  return [
    { name: 'memory', kind: 'memory' },
    ...(usesScratch ? [{ name: 'scratch', kind: 'global' } as const] : []),
    ...(shared.sites.length > 0 ? [fail] : []),
    ...[...shared.math].map((name): Import => ({ name, kind: 'function', takes: takes(name === 'pow' ? 2 : 1, 'f64'), gives: 'f64' })),
  ];
}

/** The functions of a nest and of its parts. */
function functionsOf(nest: LoopNest, places: ReadonlyMap<string, number>, shared: Shared): Func[] {
  const draws = drawing(nest);
  const make = (name: string, numbers: Part['params'], buffers: readonly Buffer[], body: readonly Stmt[]): Func => {
    const f = new FunctionBuilder();
    for (const n of [...numbers.map((x) => x.v), ...buffers.map((b) => b.name), ...(draws.has(name) ? SEED : [])]) f.param(n, 'i32');
    const start = f.group();
    const b = bodyFor(nest, f, { places, shared, draws, start }, body);
    for (const { v, size } of numbers) {
      b.locals.set(v, { local: v, ty: 'i32' });
      const range = { low: 0, high: size - 1 };
      b.known.set(v, { name: v, local: v, order: f.serial(), changes: false, range, isData: false, behind: f.group(), sums: new Map() });
    }
    block(body, b);
    const needed = neededIn(f.code, new Set(f.later.map((l) => l.test)));
    for (const l of f.later) if (!needed.has(l.local)) l.replace();
    return pruned({ name, exported: name === nest.name, params: f.params, locals: f.locals, body: f.code });
  };
  return [make(nest.name, [], given(nest.buffers), nest.body),
    ...nest.parts.map((p) => make(p.name, p.params, given(p.buffers), p.body))];
}

interface Around {
  readonly places: ReadonlyMap<string, number>;
  readonly shared: Shared;
  readonly draws: ReadonlySet<string>;
  /** The top of the function. */
  readonly start: Code[];
}

function bodyFor(nest: LoopNest, f: FunctionBuilder, { places, shared, draws, start }: Around, body: readonly Stmt[]): Body {
  const buffers = new Map(nest.buffers.map((b) => [b.name, b]));
  return {
    nest, f, shared, buffers, draws, locals: new Map(), known: new Map(), wrapped: new Map(), constants: new Map(),
    assigned: assignedIn(body), indices: indexVariablesIn(body),
    place(name) {
      const bytes = BYTES[buffers.get(name)!.elem];
      const offset = places.get(name);
      if (offset === undefined) return { base: name, offset: 0, bytes };
      if (start.length === 0) start.push(set(f.local(BASE, 'i32'), op('global.get', [], 'scratch')));
      return { base: BASE, offset, bytes };
    },
  };
}

const assignedIn = (body: readonly Stmt[]): Set<string> =>
  new Set(body.flatMap((s) => (s.kind === 'set' ? [s.name] : [...assignedIn(bodyOf(s))])));

/** The nest, if it draws, and the parts that do. */
function drawing(nest: LoopNest): Set<string> {
  const out = new Set<string>();
  const visit = (s: Stmt): boolean => s.kind === 'draw' || (s.kind === 'call' && out.has(s.part)) || bodyOf(s).some(visit);
  for (let size = -1; size !== out.size;) {
    size = out.size;
    for (const p of nest.parts) if (p.body.some(visit)) out.add(p.name);
    if (nest.body.some(visit)) out.add(nest.name);
  }
  return out;
}
