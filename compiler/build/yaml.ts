/**
 * The YAML of a build file: parsed with places, the risky half of YAML refused (anchors, aliases, tags, several
 * documents, nesting without end), then turned into plain values that no key can poison. A path into the values leads
 * back to the text.
 */
import { isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLMap } from 'yaml';
import type { Code } from '../diagnostics/catalog.ts';
import { DiagnosticError, Problems } from '../diagnostics/diagnostic.ts';
import type { Source, Span } from '../support/source.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A thousand entries of 250 characters; the YAML library takes its time with more. */
const MAX_CHARACTERS = 262_144;
const MAX_NESTING = 32;

export interface YamlFile {
  readonly source: Source;
  readonly value: Json;
  /** The place of the value at a path, or of its key; the nearest one that exists. */
  at(path: readonly (string | number)[], part?: 'value' | 'key'): Span;
}

/** Parses one document. @throws DiagnosticError with every problem of syntax. */
export function parseYaml(source: Source): YamlFile {
  const all: Span = { source, start: 0, end: Math.min(source.text.length, firstLine(source.text)) };
  const fail = (code: Code, message: string, span: Span, help?: string): never => {
    throw new DiagnosticError([{ code, message, span, ...(help === undefined ? {} : { help }) }]);
  };
  if (source.text.length > MAX_CHARACTERS) {
    fail('limit-exceeded', `a build file may have ${MAX_CHARACTERS} characters, this one has ${source.text.length}`, all);
  }
  const control = deepest(source.text);
  if (control !== undefined) {
    fail('limit-exceeded', `brackets are nested deeper than ${MAX_NESTING}`, { source, start: control, end: control + 1 });
  }
  const doc = parse(source, all);
  const problems = new Problems();
  for (const e of doc.errors) {
    const [start, end] = e.pos;
    const several = e.code === 'MULTIPLE_DOCS';
    problems.add({ code: several ? 'yaml-feature' : 'yaml-syntax', message: several ? 'a build file is one document' : sentence(e.message),
      span: { source, start, end: Math.max(end, start + 1) } });
  }
  refuse(doc, source, problems);
  problems.stop();
  return { source, value: plain(doc.contents), at: (path, part = 'value') => locate(doc, source, all, path, part) };
}

function parse(source: Source, all: Span): Document.Parsed {
  try {
    return parseDocument(source.text, { version: '1.2', schema: 'core', merge: false, uniqueKeys: false, stringKeys: true,
      prettyErrors: false, logLevel: 'error', resolveKnownTags: false });
  } catch (error) {
    // The parser recurses: indentation can nest as deep as brackets can.
    if (error instanceof RangeError) throw new DiagnosticError([{ code: 'limit-exceeded', message: 'the file is nested too deep', span: all }]);
    throw error;
  }
}

function refuse(doc: Document.Parsed, source: Source, problems: Problems): void {
  const add = (node: { range?: readonly [number, number, number] | null }, message: string, help: string): void => {
    const [start, end] = node.range ?? [0, 1];
    problems.add({ code: 'yaml-feature', message, span: { source, start, end: Math.max(end, start + 1) }, help });
  };
  if (doc.errors.length > 0) return;
  visit(doc, {
    Alias: (_, node) => add(node, `the alias \`*${node.source}\` is not allowed`, 'write the value out'),
    Node: (_, node, path) => {
      if (path.length > 2 * MAX_NESTING) {
        problems.add({ code: 'limit-exceeded', message: `values are nested deeper than ${MAX_NESTING}`, span: rangeOf(node, source) });
        return visit.BREAK;
      }
      if ('anchor' in node && node.anchor) add(node, `the anchor \`&${node.anchor}\` is not allowed`, 'write the value where it is needed');
      if (isMap(node)) refuseTwins(node, source, problems);
      if (node.tag) add(node, `the tag \`${node.tag}\` is not allowed`, 'leave it out');
      return undefined;
    },
  });
}

/** The library can look for repeated keys too, but compares each with all others. */
function refuseTwins(map: YAMLMap, source: Source, problems: Problems): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const text = keyText(key);
    if (seen.has(text)) problems.add({ code: 'duplicate-key', message: `\`${text.slice(0, 60)}\` stands twice`, span: rangeOf(key as Node, source) });
    seen.add(text);
  }
}

function plain(node: unknown): Json {
  if (isMap(node)) {
    const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
    for (const item of node.items) if (isPair(item)) out[keyText(item.key)] = plain(item.value);
    return out;
  }
  if (isSeq(node)) return node.items.map(plain);
  if (isScalar(node)) {
    const v = node.value;
    return typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean' ? v : null;
  }
  return null;
}

const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);

function locate(
  doc: Document.Parsed, source: Source, all: Span, path: readonly (string | number)[], part: 'value' | 'key',
): Span {
  let node: unknown = doc.contents;
  let key: unknown = undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key) === String(step));
      if (!pair) break;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item === undefined) break;
      key = undefined;
      node = item;
    } else break;
  }
  const found = part === 'key' && key ? key : node ?? key;
  return found ? rangeOf(found as Node, source) : all;
}

/** A scalar whole; of a map or list its first line, or carets would run over half the file. */
function rangeOf(node: Node, source: Source): Span {
  const [start, end] = node.range ?? [0, 1];
  const line = source.text.indexOf('\n', start);
  const last = line >= 0 && line < end ? line : end;
  const text = source.text.slice(start, last).trimEnd();
  return { source, start, end: start + Math.max(1, text.length) };
}

/** The offset of the first bracket past the limit, counted before the parser recurses into it. */
function deepest(text: string): number | undefined {
  let depth = 0;
  let dashes = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') depth = Math.max(0, depth - 1);
    dashes = c === '-' && text[i + 1] === ' ' ? dashes + 1 : c === ' ' || c === '-' ? dashes : 0;
    if (depth > MAX_NESTING || dashes > MAX_NESTING) return i;
    if (c === '#' && (i === 0 || /\s/.test(text[i - 1]!))) {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end - 1;
    }
  }
  return undefined;
}

const firstLine = (text: string): number => {
  const at = text.indexOf('\n');
  return Math.max(1, at < 0 ? text.length : at);
};

/** A message of the parser as a sentence of ours: no capital, no full stop, one line. */
const sentence = (message: string): string =>
  message.split('\n')[0]!.replace(/ at line \d+.*$/, '').replace(/[.:]$/, '').replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase());
