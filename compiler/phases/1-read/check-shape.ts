/** What the schema finds, in words: what stands there, what belongs there, and what was probably meant. */
import type { Code } from '../../diagnostics/catalog.ts';
import type { Diagnostic, Problems } from '../../diagnostics/diagnostic.ts';
import type { Source } from '../../support/source.ts';
import { closest } from '../../support/suggest.ts';
import { LIMITS } from './limits.ts';
import { validate, type Finding } from './schema.ts';
import { commaHelp, cutByComma, notAFormula } from './traps.ts';
import { describe, entry, nodeAt, short, toData, type Yaml, type YamlMap } from './yaml-tree.ts';

/** What belongs at an entry of the schema's `$defs`, and the code for anything else. */
const kinds: Readonly<Record<string, readonly [what: string, code: Code]>> = {
  layer: ['a mapping', 'not-a-mapping'],
  layerName: ['the name of a layer', 'wrong-type'],
  name: ['a name', 'bad-name'],
  axisName: ['the name of an axis, in capitals', 'bad-shape'],
  flag: ['true or false', 'wrong-type'],
  summary: ['a text of one line', 'wrong-type'],
  number: ['a number', 'wrong-type'],
  word: ['a word', 'option-invalid'],
  optionValue: ['a number, `ties`, or { default: word, choices: [word, word] }', 'option-invalid'],
  choice: ['{ default: word, choices: [word, word] }', 'option-invalid'],
  choices: ['a list of words', 'option-invalid'],
  slot: ['the name of an axis, or (G K)', 'bad-shape'],
  shape: ['a list of axes such as [N, D]', 'bad-shape'],
  dtype: ['i32', 'wrong-type'],
  uniform: ['two numbers [low, high]', 'wrong-type'],
  reduce: ['a list of axes such as [N, D]', 'wrong-type'],
  cached: ['a list of names, or auto', 'wrong-type'],
  cacheEntry: ['a name, or hit(name)', 'wrong-type'],
  auto: ['a list of names, or auto', 'wrong-type'],
};

/** What others call the sections. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ['name', 'layer'], ['description', 'summary'], ['doc', 'summary'], ['parameters', 'params'], ['weights', 'params'],
  ['buffers', 'state'], ['hyperparameters', 'options'], ['attributes', 'options'], ['constants', 'options'], ['parent', 'extends'],
  ['inherits', 'extends'], ['base', 'extends'], ['gradient', 'backward'], ['gradients', 'backward'], ['definitions', 'forward'],
  ['formulas', 'forward'], ['training', 'train'], ['eval', 'test'], ['inference', 'test'], ['value', 'default'], ['type', 'dtype'],
]);

/**
 * Adds what the JSON Schema has against the file. What is refused here is skipped when the file is read.
 *
 * @returns the mappings in which a comma cut a formula in two: nothing in them is what it seems
 */
export function checkShape(source: Source, root: YamlMap, problems: Problems): ReadonlySet<Yaml> {
  const cut = cutMaps(root, problems);
  for (const finding of validate(toData(root))) {
    if (problems.found.length >= LIMITS.problems) break;
    const node = nodeAt(root, finding.path);
    const parent = nodeAt(root, finding.path.slice(0, -1));
    if (!node || cut.has(node) || (parent && cut.has(parent))) continue;
    const problem = explain(source, root, node, finding);
    if (problem) problems.add(problem);
  }
  return cut;
}

/** Mappings of formulas between braces where a comma inside a formula ended it. */
function cutMaps(root: YamlMap, problems: Problems): Set<Yaml> {
  const sections = ['axes', 'forward', 'update', 'backward'].flatMap((name) => entry(root, name)?.value ?? []);
  const maps = sections.flatMap((s) => (s.kind === 'map' ? [s, ...s.entries.map((e) => e.value)] : []));
  const cut = new Set<Yaml>();
  for (const map of maps) {
    const value = map.kind === 'map' ? cutByComma(map) : undefined;
    if (!value) continue;
    problems.add(commaHelp(value));
    cut.add(map);
  }
  return cut;
}

function explain(source: Source, root: YamlMap, node: Yaml, finding: Finding): Diagnostic | undefined {
  const key = finding.path.at(-1) ?? '';
  switch (finding.keyword) {
    case 'type': return wrongType(source, key, node, finding);
    case 'additionalProperties': return unknownKey(source, node, finding);
    case 'propertyNames': return badKey(node, finding);
    case 'required': return missing(node, keyOf(root, finding.path) ?? node, finding);
    case 'maxProperties': case 'maxItems': return tooMany(node, finding);
    case 'pattern': return node.kind === 'map' ? undefined : badText(node, finding);
    case 'maxLength':
      return { code: 'limit-exceeded', message: `the summary is longer than ${LIMITS.summaryLength} characters`, span: node.span };
    case 'minProperties':
      return { code: 'formula-not-plain', message: `\`${key}\` has no formula`, span: node.span, help: 'write a formula, or train: and test:' };
    case 'minItems': return tooFew(node, finding);
    default: {
      const [what, code] = kinds[finding.wanted] ?? ['something else', 'wrong-type'];
      return { code, message: `${subject(finding)} is ${what}, not ${describe(node)}`, span: node.span, help: typeHelp(finding.wanted, key, node) ?? `write ${what}` };
    }
  }
}

function keyOf(root: YamlMap, path: readonly string[]): Yaml | undefined {
  const parent = nodeAt(root, path.slice(0, -1));
  return parent?.kind === 'map' && path.length > 0 ? entry(parent, path.at(-1)!)?.key : undefined;
}

function wrongType(source: Source, key: string, node: Yaml, finding: Finding): Diagnostic {
  const { wanted } = finding;
  if (wanted === 'formula') return notAFormula(source, key, node);
  const kind = kinds[wanted];
  const span = node.span;
  if (!kind) {
    const help = node.kind === 'list' ? 'write name: value lines, without `- `' : node.kind === 'scalar' && node.value === null
      ? 'leave the section out, or write name: value lines under it'
      : node.kind === 'scalar' && /^[A-Za-z_]\w*\s/.test(node.text) ? 'a colon is missing behind the name' : 'write name: value lines under it';
    return { code: 'not-a-mapping', message: `\`${key}\` is a mapping of names, not ${describe(node)}`, span, help };
  }
  const [what, code] = kind;
  return { code, message: `${subject(finding)} is ${what}, not ${describe(node)}`, span, help: typeHelp(wanted, key, node) ?? `write ${what}` };
}

/** What a message calls the place: its key, or its place in a list. */
function subject(finding: Finding): string {
  const last = finding.path.at(-1) ?? '';
  return /^[0-9]+$/.test(last) ? `entry ${Number(last) + 1} of the list` : `\`${short(last)}\``;
}

function typeHelp(wanted: string, key: string, node: Yaml): string | undefined {
  if (wanted === 'flag' && node.kind === 'scalar') return /^(?:y|yes|on)$/i.test(node.text) ? 'write true' : 'write true or leave it out';
  if (wanted === 'shape' && node.kind === 'scalar') {
    if (typeof node.value === 'string') return `write [${short(node.text.replace(/^\[|\]$/g, ''))}]`;
    return node.value === null ? 'write [N, D]; a scalar is []' : 'write axis names; a build file gives their sizes';
  }
  if (wanted === 'slot' && node.kind === 'scalar' && typeof node.value === 'number') return 'write the name of an axis; a build file gives its size';
  if (wanted === 'slot' && node.kind === 'list') return 'a composite axis is written (G K)';
  if ((wanted === 'reduce' || wanted === 'cached' || wanted === 'auto') && node.kind === 'scalar' && typeof node.value === 'string') return `write [${short(node.text)}]`;
  if (wanted === 'optionValue' && node.kind === 'scalar' && typeof node.value === 'boolean') return 'write 1 or 0';
  if (wanted === 'summary') return 'put the text in quotes';
  return wanted === 'layerName' ? `write ${key}: my_layer` : undefined;
}

function unknownKey(source: Source, node: Yaml, finding: Finding): Diagnostic | undefined {
  const name = String(finding.params['additionalProperty']);
  const found = node.kind === 'map' ? entry(node, name) : undefined;
  if (!found || node.kind !== 'map') return undefined;
  if (finding.wanted === 'modes' && !node.entries.some((e) => finding.keys.includes(e.name))) {
    return node.entries[0] === found ? notAFormula(source, finding.path.at(-1) ?? '', node) : undefined;
  }
  const span = found.key.span;
  if (name === 'dtype') {
    return { code: 'integer-tensor', message: 'only an input has a `dtype`', span, help: 'leave it out: everything else is as the kernel is' };
  }
  const near = synonyms.get(name.toLowerCase());
  const guess = near && finding.keys.includes(near) ? near : closest(name, finding.keys);
  const help = name === 'init' ? '`init` is for params and state' : guess ? `did you mean \`${guess}\`?` : `known here: ${finding.keys.join(', ')}`;
  return { code: 'unknown-key', message: `\`${short(name)}\` is not known here`, span, help };
}

function badKey(node: Yaml, finding: Finding): Diagnostic | undefined {
  const name = String(finding.params['propertyName']);
  const found = node.kind === 'map' ? entry(node, name) : undefined;
  if (!found) return undefined;
  return { code: 'bad-name', message: `\`${short(name)}\` is not a name`, span: found.key.span, help: nameHelp(name, finding.wanted === 'axes') };
}

function nameHelp(name: string, axis: boolean): string {
  if (name.length > LIMITS.nameLength) return `names have at most ${LIMITS.nameLength} letters`;
  const plain = name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  const fixed = axis ? plain.toUpperCase() : plain;
  if (/^[A-Za-z]/.test(fixed)) return axis ? `axes are written in capitals: ${fixed}` : `write ${fixed}`;
  return 'a name is a letter, then letters, digits and underscores';
}

function missing(node: Yaml, at: Yaml, finding: Finding): Diagnostic {
  const name = String(finding.params['missingProperty']);
  if (name === 'layer') {
    return { code: 'missing-section', message: 'the layer has no name', span: firstKey(node), help: 'write layer: and the name of the file' };
  }
  const help = name === 'shape' ? 'write shape: [N, D]; a scalar has []' : `write ${name}: ...`;
  return { code: 'missing-key', message: `\`${short(finding.path.at(-1) ?? '')}\` lacks \`${name}\``, span: at.span, help };
}

function firstKey(node: Yaml): Yaml['span'] {
  return node.kind === 'map' && node.entries[0] ? node.entries[0].key.span : node.span;
}

function tooMany(node: Yaml, finding: Finding): Diagnostic {
  const count = node.kind === 'map' ? node.entries.length : node.kind === 'list' ? node.items.length : 0;
  const span = node.kind === 'map' ? firstKey(node) : { ...node.span, end: node.span.start + 1 };
  if (finding.wanted === 'uniform') return { code: 'wrong-type', message: `\`uniform\` has ${count} numbers`, span: node.span, help: 'write [low, high]' };
  return { code: 'limit-exceeded', message: `\`${short(finding.path.at(-1) ?? '')}\` has ${count} entries; ${String(finding.params['limit'])} are the limit`, span };
}

function tooFew(node: Yaml, finding: Finding): Diagnostic {
  const [what, code] = kinds[finding.wanted] ?? ['something else', 'wrong-type'];
  const key = finding.path.at(-1) ?? '';
  const help = finding.wanted === 'reduce' ? 'write [D], or leave `reduce` out' : `write ${what}`;
  return { code, message: `\`${short(key)}\` lists too little`, span: node.span, help };
}

function badText(node: Yaml, finding: Finding): Diagnostic {
  const text = node.kind === 'scalar' ? node.text : '';
  const [what, code] = kinds[finding.wanted] ?? ['something else', 'wrong-type'];
  const shown = `\`${short(text)}\``;
  const { span } = node;
  if (finding.wanted === 'slot' || finding.wanted === 'axisName') {
    return { code, message: `${shown} is not the name of an axis`, span, help: slotHelp(text) };
  }
  if (finding.wanted === 'layerName') return { code: 'bad-name', message: `${shown} is not a name`, span, help: nameHelp(text, false) };
  return { code, message: `${shown} is not ${what}`, span, help: `write ${what}` };
}

function slotHelp(text: string): string {
  if (/^\s*\(/.test(text) !== /\)\s*$/.test(text)) return 'members of a composite axis are separated by blanks: (G K)';
  const upper = text.toUpperCase();
  if (/^[\s(]*[A-Z][A-Z0-9_]*(?:\s+[A-Z][A-Z0-9_]*)*[\s)]*$/.test(upper)) return `axes are written in capitals: ${short(upper)}`;
  if (/[*]/.test(text)) return `a composite axis is written (${text.split('*').map((s) => s.trim()).join(' ')})`;
  if (/[-+/]/.test(text)) return 'derive the axis in `axes:` and write its name here';
  return 'write a capital, then capitals, digits and underscores';
}
