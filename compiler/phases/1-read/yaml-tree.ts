/**
 * A YAML file as a small tree with places. Everything after `readYaml` works on this tree, so that the YAML library is
 * known in read-yaml.ts only. Each scalar knows where in the file each of its characters stands: folded lines, quotes
 * and escapes included.
 */
import type { Source, Span } from '../../support/source.ts';

export type Yaml = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  /** Written between braces, where a comma ends a value. */
  readonly flow: boolean;
  readonly span: Span;
}

export interface YamlEntry {
  readonly key: YamlScalar;
  /** The text of the key. */
  readonly name: string;
  readonly value: Yaml;
}

export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly Yaml[];
  readonly span: Span;
}

export interface YamlScalar {
  readonly kind: 'scalar';
  /** What YAML makes of it: `1e-5` is a number, `1.0.0` a text, nothing is null. */
  readonly value: string | number | boolean | null;
  /** As it was written, folds and escapes undone: `1e-5`. */
  readonly text: string;
  readonly style: 'plain' | 'quoted' | 'block' | 'empty';
  readonly span: Span;
  /** The place in the file of the i-th unit of `text`, and of its end. */
  offsetOf(i: number): number;
}

/** The value under a key. */
export function entry(map: YamlMap, name: string): YamlEntry | undefined {
  return map.entries.find((e) => e.name === name);
}

/** `a list`, `the number 3`: how a message calls what stands there. */
export function describe(node: Yaml): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return node.style === 'empty' ? 'nothing' : `\`${node.text}\`, which YAML reads as nothing`;
  if (typeof node.value === 'number') return `the number ${short(node.text)}`;
  if (typeof node.value === 'boolean') return `the truth value \`${node.text}\``;
  return `the text \`${short(node.text)}\``;
}

/** A text in a message: one line, not too long. */
export function short(text: string, limit = 40): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

/** Plain data for the validator: maps without a prototype, so that no key means anything. */
export function toData(node: Yaml): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toData);
  const out = Object.create(null) as Record<string, unknown>;
  for (const e of node.entries) out[e.name] = toData(e.value);
  return out;
}

/** The node at a path of keys and positions; `key` asks for the key of the last step. */
export function nodeAt(root: Yaml, path: readonly string[]): Yaml | undefined {
  let node: Yaml | undefined = root;
  for (const step of path) {
    if (node?.kind === 'map') node = entry(node, step)?.value;
    else if (node?.kind === 'list') node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

export const spanOf = (source: Source, start: number, end: number): Span => ({ source, start, end: Math.max(end, start + 1) });
