/**
 * The tuning file beside a build file, `kernels.tuning.yaml`: for each function of each kernel, which of several right
 * schedules it takes. What it says is compared with what the scheduler offers and never becomes code; what is no longer
 * offered counts as not said.
 */
import { stringify } from 'yaml';
import { DiagnosticError, Problems } from '../diagnostics/diagnostic.ts';
import type { Source } from '../support/source.ts';
import { parseYaml, type Json } from './yaml.ts';

/** Labels by place, the place without the function's name: `out/tile` -> `OW4 x 1 x WW3`. */
export type Answers = ReadonlyMap<string, string>;

/** By kernel, then by function. */
export type Tuning = ReadonlyMap<string, ReadonlyMap<string, Answers>>;

/** `kernels.tuning.yaml` for `kernels.yaml`. */
export const tuningPath = (buildFile: string): string => buildFile.replace(/(\.ya?ml)?$/, '.tuning.yaml');

/** Reads a tuning file. @throws DiagnosticError if it is not a map of kernels, functions, places and labels */
export function readTuning(source: Source): Tuning {
  const file = parseYaml(source);
  const problems = new Problems();
  const refuse = (path: readonly string[], what: string): void =>
    problems.add({ code: 'tuning-format', message: `${what} is no map`, span: file.at(path), help: 'delete the file, or let `kernelwright tune` write it again' });
  const mapOf = <T>(value: Json | undefined, path: readonly string[], what: string, entry: (v: Json, path: readonly string[]) => T): Map<string, T> => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      refuse(path, what);
      return new Map();
    }
    return new Map(Object.entries(value as Readonly<Record<string, Json>>).map(([key, v]) => [key, entry(v, [...path, key])]));
  };
  const root = mapOf(file.value, [], 'the file', (v) => v);
  const tuning = mapOf(root.get('kernels') ?? {}, ['kernels'], '`kernels`', (functions, path) =>
    mapOf(functions, path, `\`${path.at(-1)}\``, (places, inner) =>
      mapOf(places, inner, `\`${inner.at(-1)}\``, (label) => String(label))));
  problems.stop();
  return tuning;
}

/** The file as text; kernels and places in the order they are given. */
export function tuningText(tuning: Tuning, about: string): string {
  const kernels = Object.fromEntries([...tuning].map(([kernel, functions]) =>
    [kernel, Object.fromEntries([...functions].map(([name, answers]) => [name, Object.fromEntries(answers)]))]));
  return `# Written by \`kernelwright tune\`; \`build\` follows it. Without it the cost model decides.\n# ${about}\n${
    stringify({ kernels }, { lineWidth: 0 })}`;
}

/** The answers of a kernel, as its scheduler asks for them. */
export function answersOf(tuning: Tuning, kernel: string): Map<string, string> {
  return new Map([...tuning.get(kernel) ?? []].flatMap(([name, answers]) => [...answers].map(([place, label]) => [`${name}/${place}`, label] as const)));
}

/** @throws DiagnosticError naming the kernels of a tuning that a build file does not have */
export function checkTuned(tuning: Tuning, kernels: ReadonlySet<string>, source: Source): void {
  const unknown = [...tuning.keys()].filter((name) => !kernels.has(name));
  if (unknown.length === 0) return;
  const file = parseYaml(source);
  throw new DiagnosticError(unknown.map((name) => ({ code: 'tuning-unknown', message: `no entry of the build file makes a kernel \`${name}\``,
    span: file.at(['kernels', name], 'key'), help: 'take it out, or run `kernelwright tune` again' })));
}
