/** Phase 1: the text of a layer file -> `Spec`, merged with what it extends. */
import { DiagnosticError, Problems } from '../../diagnostics/diagnostic.ts';
import type { At, Spec } from '../../ir/spec.ts';
import type { Source, Span } from '../../support/source.ts';
import { checkNames } from './check-names.ts';
import { checkShape } from './check-shape.ts';
import { isIdentifier, takenBy } from './names.ts';
import { LIMITS } from './limits.ts';
import { merge, type SpecFile } from './merge.ts';
import { readAxes, readCache, readDefinitions, readOptions, readReduce, readTensors, type Reading } from './read-parts.ts';
import { readYaml } from './read-yaml.ts';
import { entry, short, type YamlMap } from './yaml-tree.ts';

export { decodeUtf8 } from './check-text.ts';
export { parseFormula } from './parse-formula.ts';
export { LIMITS } from './limits.ts';

/** One file as read, and what it extends. */
interface ReadFile {
  readonly file: SpecFile;
  readonly parent?: At<string>;
}

/**
 * Reads a layer and all that it extends.
 *
 * @param source  the layer file
 * @param load    finds the file of a layer by its name; undefined if there is none. What it throws as DiagnosticError
 *                (a file that is not UTF-8) is reported with the rest
 * @throws DiagnosticError with every problem of the file and of the files above it
 */
export function readSpec(source: Source, load: (layer: string) => Source | undefined): Spec {
  const problems = new Problems();
  const child = readFile(source, problems);
  if (!child) return stop(problems);
  const parents = readParents(child, load, problems);
  let merged = parents.at(-1)?.file;
  for (const { file } of parents.slice(0, -1).reverse()) merged = merge(merged!, file);
  const whole = merged ? merge(merged, child.file) : child.file;
  const broken = problems.found.length > 0;
  checkNames(whole, problems);
  if (!whole.abstract && !broken) checkSections(whole, problems);
  if (problems.found.length > 0) stop(problems);
  const { hasSummary: _, ...spec } = whole;
  return { ...spec, ancestors: parents.map((p) => fileName(p.file.source)) };
}

/** Throws what was found, in the order of the text, and no more than anyone would read. */
function stop(problems: Problems): never {
  const place = (s: Span | undefined): number => s?.start ?? 0;
  const sorted = [...problems.found].sort((a, b) => (a.span?.source === b.span?.source ? place(a.span) - place(b.span) : 0));
  throw new DiagnosticError(sorted.slice(0, LIMITS.problems));
}

const fileName = (source: Source): string => source.path.split(/[\\/]/).at(-1) ?? source.path;

// ------------------------------------------------------------------------------------------------------ one file

function readFile(source: Source, problems: Problems): ReadFile | undefined {
  const root = readYaml(source, problems);
  if (!root) return undefined;
  const cut = checkShape(source, root, problems);
  const r: Reading = { source, problems, cut };
  const layer = readName(r, root, 'layer');
  const parent = readName(r, root, 'extends');
  checkFileName(r, layer);
  const summary = entry(root, 'summary')?.value;
  const reduce = readReduce(r, entry(root, 'reduce')?.value);
  const cache = readCache(r, entry(root, 'cache')?.value);
  const abstract = entry(root, 'abstract')?.value;
  const section = (name: string): ReturnType<typeof entry> => entry(root, name);
  const file: SpecFile = {
    source,
    layer: layer ?? { value: '', span: root.entries[0]?.key.span ?? root.span },
    abstract: abstract?.kind === 'scalar' && abstract.value === true,
    summary: summary?.kind === 'scalar' ? short(summary.text, LIMITS.summaryLength) : '',
    hasSummary: summary !== undefined,
    options: readOptions(r, section('options')?.value),
    axes: readAxes(r, section('axes')?.value),
    inputs: readTensors(r, section('inputs')?.value, 'input'),
    params: readTensors(r, section('params')?.value, 'param'),
    state: readTensors(r, section('state')?.value, 'state'),
    random: readTensors(r, section('random')?.value, 'random'),
    outputs: readTensors(r, section('outputs')?.value, 'output'),
    ...(reduce ? { reduce } : {}),
    forward: readDefinitions(r, section('forward')?.value, 'definition'),
    update: readDefinitions(r, section('update')?.value, 'definition'),
    ...(cache ? { cache } : {}),
    backward: readDefinitions(r, section('backward')?.value, 'definition'),
  };
  return { file, ...(parent ? { parent } : {}) };
}

function readName(r: Reading, root: YamlMap, key: 'layer' | 'extends'): At<string> | undefined {
  const node = entry(root, key)?.value;
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || !isIdentifier(node.text)) return undefined;
  const by = takenBy(node.text, 'layer');
  if (by) r.problems.add({ code: 'reserved-name', message: `\`${node.text}\` is taken by ${by}`, span: node.span, help: 'choose another name' });
  return { value: node.text, span: node.span };
}

/** `layernorm` stands in `layernorm.layer.yaml`, or `extends` would not find it. */
function checkFileName(r: Reading, layer: At<string> | undefined): void {
  const file = /^(.*)\.layer\.ya?ml$/.exec(fileName(r.source))?.[1];
  if (!layer || file === undefined || file === layer.value) return;
  r.problems.add({
    code: 'layer-name', message: `the file is called \`${file}\`, the layer \`${layer.value}\``, span: layer.span,
    help: isIdentifier(file) ? `write ${file}, or rename the file` : `rename the file to ${layer.value}.layer.yaml`,
  });
}

// ------------------------------------------------------------------------------------------------------- parents

/** The files above a file, nearest first. */
function readParents(child: ReadFile, load: (layer: string) => Source | undefined, problems: Problems): ReadFile[] {
  const chain: ReadFile[] = [];
  const names = [child.file.layer.value];
  for (let below = child; below.parent; ) {
    const { value, span } = below.parent;
    if (names.includes(value)) {
      const circle = [...names.slice(names.indexOf(value)), value].join(' extends ');
      problems.add({ code: 'extends-cycle', message: `\`${value}\` extends itself: ${circle}`, span, help: 'let one of them extend nothing' });
      return chain;
    }
    if (chain.length >= LIMITS.ancestors) {
      problems.add({ code: 'limit-exceeded', message: `more than ${LIMITS.ancestors} specs extend each other`, span });
      return chain;
    }
    const found = loadParent(value, load, problems);
    if (found === 'broken') return chain;
    if (!found) {
      problems.add({ code: 'unknown-layer', message: `there is no spec \`${value}\` to extend`, span, help: `looked for ${value}.layer.yaml` });
      return chain;
    }
    const read = readFile(found, problems);
    if (!read) return chain;
    names.push(value);
    chain.push(read);
    below = read;
  }
  return chain;
}

function loadParent(name: string, load: (layer: string) => Source | undefined, problems: Problems): Source | 'broken' | undefined {
  try {
    return load(name);
  } catch (e) {
    if (!(e instanceof DiagnosticError)) throw e;
    for (const d of e.diagnostics) problems.add(d);
    return 'broken';
  }
}

// ------------------------------------------------------------------------------------------------------ sections

function checkSections(spec: SpecFile, problems: Problems): void {
  const { span } = spec.layer;
  const lacks = (section: string, help: string): void =>
    problems.add({ code: 'missing-section', message: `the layer has no \`${section}\``, span, help });
  if (spec.inputs.length === 0 && spec.params.length === 0) lacks('inputs', 'write inputs: { x: [N, D] }');
  if (spec.outputs.length === 0) lacks('outputs', 'write outputs: { out: [N, D] }');
  if (spec.forward.length === 0) lacks('forward', 'write forward: and a formula for each output');
}
