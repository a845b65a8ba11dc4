/**
 * The memory of a module's own, for arrays that lie elsewhere: scratch first, then every tensor and every array of the
 * cache at an address of its own, so that no call has to look for one.
 */
import type { Buffer } from '../../../../ir/loop.ts';
import { BYTES, shapeOf, type Field, type FunctionShape } from '../interface.ts';
import { tensorsOf } from '../metadata.ts';
import type { ModuleShape } from '../functions.ts';
import { countOf } from '../sections.ts';

export interface HomeArray {
  /** As functions call it. */
  readonly name: string;
  readonly elem: Buffer['elem'];
  readonly length: number;
  readonly address: number;
}

export interface HomePlan {
  readonly arrays: readonly HomeArray[];
  /** Of 64 KiB. */
  readonly pages: number;
}

/** A line of the cache: no two arrays share one. */
const LINE = 64;
export const PAGE = 65536;
/** What an address of 32 bits reaches. */
export const MOST_PAGES = 65536;

const aligned = (address: number): number => Math.ceil(address / LINE) * LINE;

/** Lays out the arrays of a module behind its scratch. */
export function homePlan(m: ModuleShape & { readonly functions: readonly FunctionShape[] }, scratchBytes: number): HomePlan {
  let end = scratchBytes;
  const place = (name: string, elem: Buffer['elem'], length: number): HomeArray => {
    const address = aligned(end);
    end = address + length * BYTES[elem];
    return { name, elem, length, address };
  };
  const arrays = [
    ...tensorsOf(m).map((t) => place(m.names.array(t.name), t.dtype, countOf(shapeOf(t, m.derived)))),
    ...m.fields.filter((f: Field) => !f.held).map((f) => place(m.names.field(f.name), f.elem, countOf(f.shape))),
  ];
  return { arrays, pages: Math.max(1, Math.ceil(end / PAGE)) };
}

/** Whether others may use a module's scratch between its calls: not where some of it has to stay 0. */
export const sharesScratch = (scratch: readonly Buffer[]): boolean => !scratch.some((b) => b.zeroed);
