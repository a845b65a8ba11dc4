/** The specs of this folder, and those that ship, by the name of their layer. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { renderDiagnostic } from '../../compiler/diagnostics/render.ts';
import { DiagnosticError } from '../../compiler/diagnostics/diagnostic.ts';
import type { Source } from '../../compiler/support/source.ts';

const folders = [new URL('./', import.meta.url), new URL('../../specs/', import.meta.url)];

export function load(layer: string): Source | undefined {
  const file = folders.map((f) => new URL(`${layer}.layer.yaml`, f)).find((f) => existsSync(f));
  return file && { path: `specs/${layer}.layer.yaml`, text: readFileSync(file, 'utf8') };
}

/** The layers of this folder. */
export const specNames: readonly string[] = readdirSync(folders[0]!).filter((f) => f.endsWith('.layer.yaml')).map((f) => f.replace('.layer.yaml', '')).sort();

/** Runs, and rethrows a diagnostic as a user would see it. */
export function shown<T>(run: () => T): T {
  try {
    return run();
  } catch (e) {
    if (e instanceof DiagnosticError) throw new Error(e.diagnostics.map((d) => renderDiagnostic(d, { color: false })).join('\n'), { cause: e });
    throw e;
  }
}

/** ` N=3 D=5`. */
export const valuesText = (values: Readonly<Record<string, unknown>> = {}): string =>
  Object.entries(values).map(([k, v]) => ` ${k}=${String(v)}`).join('');
