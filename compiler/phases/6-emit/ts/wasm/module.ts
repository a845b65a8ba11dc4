/** A module whose loops are WebAssembly: the interface, the checks and the words of the TypeScript one around its bytes. */
import { interfaces } from '../bound.ts';
import { checksOf, sizesOf } from '../functions.ts';
import { cache, constants, header, helpersOf, sourceText, spec, type Statement } from '../sections.ts';
import { writeWasmBind, writeWasmFunction } from './functions.ts';
import { hostFunctions, hostTypes } from './host.ts';
import type { WasmShape } from './shape.ts';

/** The text of a module. */
export function wasmModuleText(m: WasmShape): string {
  const used = m.functions.flatMap((f, n) => sizesOf(f, m.nests[n]!, m));
  return sourceText([
    header(m), ...constants(m, used), spec(m), ...cache(m), ...hostTypes(m),
    ...m.functions.map((_, n): Statement => (w) => writeWasmFunction(w, n, m)),
    ...interfaces(m), (w) => writeWasmBind(w, m), ...hostFunctions(m), ...helpersOf(helpers(m), m),
  ], m);
}

function helpers(m: WasmShape): Set<string> {
  const called = new Set(m.functions.flatMap((f, n) => checksOf(f, m.nests[n]!, m)));
  if (m.code.sites.length > 0) called.add('badIndex');
  if (m.fields.some((f) => f.held)) called.add('checkBound');
  return called;
}
