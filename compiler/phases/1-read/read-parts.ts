/**
 * The sections of a spec, one function each: tree -> typed parts with places. What the schema refused already is
 * skipped without a word; here comes what a schema cannot say.
 */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { AxisRef, Formula } from '../../ir/formula.ts';
import type {
  At, SpecAxis, SpecCache, SpecCacheEntry, SpecDefinition, SpecOption, SpecSlot, SpecTensor,
} from '../../ir/spec.ts';
import type { Source } from '../../support/source.ts';
import { closest } from '../../support/suggest.ts';
import { isAxisName, isIdentifier, takenBy, type NameKind } from './names.ts';
import { LIMITS } from './limits.ts';
import { parseFormula } from './parse-formula.ts';
import { notAFormula } from './traps.ts';
import { describe, entry, short, type Yaml, type YamlEntry, type YamlMap, type YamlScalar } from './yaml-tree.ts';

/** A file and where its problems go. */
export interface Reading {
  readonly source: Source;
  readonly problems: Problems;
  /** Mappings that a comma inside a formula has garbled; they are refused already. */
  readonly cut: ReadonlySet<Yaml>;
}

const TIES: readonly string[] = ['first', 'all', 'split'];

/** The entries of a section whose keys can be names of that kind. */
function named(r: Reading, section: Yaml | undefined, kind: NameKind): YamlEntry[] {
  if (section?.kind !== 'map' || r.cut.has(section)) return [];
  return section.entries.filter((e) => {
    if (kind === 'axis' ? !isAxisName(e.name) : !isIdentifier(e.name)) return false;
    const by = takenBy(e.name, kind);
    if (by) {
      const help = e.name.startsWith('__') ? 'choose another name' : `write another name, such as ${e.name}_`;
      r.problems.add({ code: 'reserved-name', message: `\`${e.name}\` is taken by ${by}`, span: e.key.span, help });
    }
    return by === undefined;
  });
}

const nameOf = (e: YamlEntry): At<string> => ({ value: e.name, span: e.key.span });

function readFormula(r: Reading, name: string, node: Yaml): Formula | undefined {
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'boolean') return undefined;
  if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
    r.problems.add(notAFormula(r.source, name, node));
    return undefined;
  }
  return parseFormula(node.text, r.source, (i) => node.offsetOf(i), r.problems);
}

// ------------------------------------------------------------------------------------------------------- options

/** The section `options`. */
export function readOptions(r: Reading, section: Yaml | undefined): SpecOption[] {
  const out: SpecOption[] = [];
  for (const e of named(r, section, 'option')) {
    const option = readOption(r, e);
    if (option) out.push(option);
  }
  return out;
}

function readOption(r: Reading, e: YamlEntry): SpecOption | undefined {
  const refuse = (node: Yaml, message: string, help: string): undefined => {
    r.problems.add({ code: 'option-invalid', message, span: node.span, help });
    return undefined;
  };
  const name = nameOf(e);
  if (e.value.kind === 'map') return readChoice(r, e, e.value);
  if (e.value.kind !== 'scalar' || e.value.value === null || typeof e.value.value === 'boolean') return undefined;
  const node = e.value;
  if (e.name === 'ties') {
    if (TIES.includes(node.text)) return { name, value: { value: node.text, span: node.span }, choices: TIES };
    return refuse(node, `\`ties\` is first, all or split, not ${describe(node)}`, `write ${closest(node.text, TIES) ?? 'first'}`);
  }
  const value = readNumber(r, node, 'option-invalid');
  if (value !== undefined) return { name, value: { value, span: node.span } };
  if (typeof node.value === 'number') return undefined;
  return refuse(node, `the option \`${e.name}\` is ${describe(node)}`, 'write a number, or { default: word, choices: [word, word] }');
}

function readChoice(r: Reading, e: YamlEntry, map: YamlMap): SpecOption | undefined {
  const value = entry(map, 'default')?.value;
  const list = entry(map, 'choices')?.value;
  if (value?.kind !== 'scalar' || list?.kind !== 'list' || typeof value.value !== 'string') return undefined;
  const choices = list.items.filter((i): i is YamlScalar => i.kind === 'scalar').map((i) => i.text);
  if (e.name === 'ties' && choices.some((c) => !TIES.includes(c))) {
    r.problems.add({ code: 'option-invalid', message: '`ties` is first, all or split', span: list.span, help: 'write ties: first' });
    return undefined;
  }
  if (!choices.includes(value.text)) {
    r.problems.add({ code: 'option-invalid', message: `\`${short(value.text)}\` is none of the choices`, span: value.span, help: `write ${choices[0] ?? 'one of them'}` });
    return undefined;
  }
  return { name: nameOf(e), value: { value: value.text, span: value.span }, choices };
}

/** A decimal number; other spellings that YAML takes for numbers are refused, because readers take them for others. */
function readNumber(r: Reading, node: Yaml, code: 'option-invalid' | 'wrong-type', infinite = false): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value !== 'number') {
    if (typeof node.value === 'string' && /^[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?$/.test(node.text)) {
      r.problems.add({ code, message: `\`${short(node.text)}\` is a text for YAML`, span: node.span, help: `write ${short(node.text.replace(/_/g, ''))}` });
      return NaN;
    }
    return undefined;
  }
  const refuse = (help: string): undefined => {
    r.problems.add({ code, message: `\`${short(node.text)}\` is not a finite decimal number`, span: node.span, help });
    return undefined;
  };
  if (/^0[xo]/.test(node.text)) return refuse(`write ${node.value}`);
  if (/^[-+]?0[0-9]/.test(node.text)) return refuse(`write ${node.value}, without the leading zero`);
  if (Number.isNaN(node.value)) return refuse('write a number');
  if (!Number.isFinite(node.value) && !(infinite && /inf/i.test(node.text))) return refuse('write a finite number');
  return node.value;
}

// --------------------------------------------------------------------------------------------- axes and tensors

/** The section `axes`: derived sizes. */
export function readAxes(r: Reading, section: Yaml | undefined): SpecAxis[] {
  const out: SpecAxis[] = [];
  for (const e of named(r, section, 'axis')) {
    const size = readFormula(r, e.name, e.value);
    if (size) out.push({ name: nameOf(e), size });
  }
  return out;
}

/** One section of tensors: a shape each, or a mapping with more. */
export function readTensors(r: Reading, section: Yaml | undefined, role: 'input' | 'param' | 'state' | 'random' | 'output'): SpecTensor[] {
  const out: SpecTensor[] = [];
  for (const e of named(r, section, 'tensor')) {
    const shapeNode = e.value.kind === 'map' ? entry(e.value, 'shape')?.value : e.value;
    if (shapeNode?.kind !== 'list') continue;
    const shape = readShape(r, shapeNode.items);
    const map = e.value.kind === 'map' ? e.value : undefined;
    const uniform = role === 'random' ? readUniform(r, e, map) : undefined;
    const dtype = map && entry(map, 'dtype')?.value;
    const outside = map && readField(r, map, 'outside', true);
    const init = map && readField(r, map, 'init', false);
    out.push({
      name: nameOf(e), shape, shapeSpan: shapeNode.span,
      ...(dtype ? { dtype: { value: 'i32' as const, span: dtype.span } } : {}),
      ...(outside ? { outside } : {}), ...(init ? { init } : {}), ...(uniform ? { uniform } : {}),
    });
  }
  return out;
}

function readField(r: Reading, map: YamlMap, name: string, infinite: boolean): At<number> | undefined {
  const node = entry(map, name)?.value;
  const value = node && readNumber(r, node, 'wrong-type', infinite);
  return node && value !== undefined ? { value, span: node.span } : undefined;
}

/** `uniform: [low, high]`; where it is left out, [0, 1]. */
function readUniform(r: Reading, e: YamlEntry, map: YamlMap | undefined): At<readonly [number, number]> | undefined {
  const node = map && entry(map, 'uniform')?.value;
  if (!node) return { value: [0, 1], span: e.key.span };
  if (node.kind !== 'list' || node.items.length !== 2) return undefined;
  const [low, high] = node.items.map((item) => readNumber(r, item, 'wrong-type'));
  if (low === undefined || high === undefined) return undefined;
  if (low >= high) {
    r.problems.add({ code: 'wrong-type', message: '`uniform` is [low, high], and low is less than high', span: node.span, help: `write [${high}, ${low}]` });
  }
  return { value: [low, high], span: node.span };
}

const axisName = /[A-Z][A-Z0-9_]*/g;

function readShape(r: Reading, items: readonly Yaml[]): SpecSlot[] {
  const slots: SpecSlot[] = [];
  const seen = new Map<string, AxisRef>();
  for (const item of items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const axes = axesIn(r, item);
    for (const axis of axes) {
      const first = seen.get(axis.name);
      if (first) {
        r.problems.add({ code: 'bad-shape', message: `the axis ${axis.name} stands twice in one shape`, span: axis.span,
          help: 'two axes of equal size are still two axes: give one another name', notes: [{ message: 'it stands first here', span: first.span }] });
      } else seen.set(axis.name, axis);
    }
    slots.push({ axes, span: item.span });
  }
  if (seen.size > LIMITS.rank && items.length <= LIMITS.rank && items[0]) {
    r.problems.add({ code: 'limit-exceeded', message: `the shape has ${seen.size} axes; ${LIMITS.rank} are the limit`, span: items[0].span });
  }
  return slots;
}

function axesIn(r: Reading, item: YamlScalar): AxisRef[] {
  return [...item.text.matchAll(axisName)].map((m) => ({
    name: m[0],
    span: { source: r.source, start: item.offsetOf(m.index), end: item.offsetOf(m.index + m[0].length) },
  }));
}

/** The section `reduce`. */
export function readReduce(r: Reading, section: Yaml | undefined): At<readonly AxisRef[]> | undefined {
  if (section?.kind !== 'list') return undefined;
  const axes = section.items.flatMap((item) => (item.kind === 'scalar' && isAxisName(item.text) ? axesIn(r, item) : []));
  return { value: axes, span: section.span };
}

// --------------------------------------------------------------------------------------- definitions and cache

/** Formulas by name: forward, update and backward. */
export function readDefinitions(r: Reading, section: Yaml | undefined, kind: 'definition' | 'option'): SpecDefinition[] {
  const out: SpecDefinition[] = [];
  for (const e of named(r, section, kind)) {
    if (e.name === 'train' || e.name === 'test') {
      r.problems.add({ code: 'reserved-name', message: `\`${e.name}\` is a mode, not a definition`, span: e.key.span, help: `write it under a definition: out: { ${e.name}: ... }` });
      continue;
    }
    const name = nameOf(e);
    if (e.value.kind === 'scalar') {
      const both = readFormula(r, e.name, e.value);
      if (both) out.push({ name, both });
    } else if (e.value.kind === 'map' && !r.cut.has(e.value)) {
      const train = modeFormula(r, e.value, 'train');
      const test = modeFormula(r, e.value, 'test');
      if (train || test) out.push({ name, ...(train ? { train } : {}), ...(test ? { test } : {}) });
    }
  }
  return out;
}

function modeFormula(r: Reading, map: YamlMap, mode: 'train' | 'test'): Formula | undefined {
  const found = entry(map, mode);
  return found && readFormula(r, mode, found.value);
}

/** The section `cache`: `auto`, or names and `hit(y)`. */
export function readCache(r: Reading, section: Yaml | undefined): SpecCache | undefined {
  if (section?.kind === 'scalar' && section.value === 'auto') return { kind: 'auto', span: section.span };
  if (section?.kind !== 'list') return undefined;
  const entries: SpecCacheEntry[] = [];
  const seen = new Set<string>();
  for (const item of section.items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const text = item.text.replace(/\s+/g, '');
    if (seen.has(text)) {
      r.problems.add({ code: 'duplicate-name', message: `\`${short(text)}\` is listed twice`, span: item.span, help: 'delete one of the two' });
      continue;
    }
    seen.add(text);
    const of = /^hit\((.*)\)$/.exec(text)?.[1];
    entries.push(of === undefined ? { kind: 'name', name: text, span: item.span } : { kind: 'hit', of, span: item.span });
  }
  return { kind: 'list', span: section.span, entries };
}
