/**
 * YAML text -> tree. YAML 1.2, core schema, one document; anchors, aliases, tags, merge keys and directives are
 * refused. The tokens are looked at before the parser sees them: it recurses, and hostile nesting would end it.
 */
import { CST, isAlias, isMap, isScalar, isSeq, Lexer, parseDocument, type Document, type ParsedNode, type Scalar } from 'yaml';
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Source } from '../../support/source.ts';
import { checkText } from './check-text.ts';
import { explainYaml } from './explain-yaml.ts';
import { LIMITS } from './limits.ts';
import { placesOf } from './scalar-places.ts';
import { short, spanOf, type Yaml, type YamlEntry, type YamlMap, type YamlScalar } from './yaml-tree.ts';

/**
 * Reads a YAML file whose root is a mapping.
 *
 * @returns undefined if the text is not YAML, uses what is refused, or holds no mapping; then `problems` says why
 */
export function readYaml(source: Source, problems: Problems): YamlMap | undefined {
  const before = problems.found.length;
  checkText(source, problems);
  if (problems.found.length === before) checkTokens(source, problems);
  if (problems.found.length > before) return undefined;
  const doc = parse(source);
  const error = doc.errors[0];
  if (error) {
    problems.add(explainYaml(source, error.code, error.message, error.pos[0], doc.errors.map((e) => e.code)));
    return undefined;
  }
  const root = tree(source, doc.contents, problems);
  if (root.kind === 'scalar' && root.value === null) {
    problems.add({ code: 'empty-file', message: 'the file holds nothing but comments', span: firstLine(source) });
    return undefined;
  }
  if (root.kind !== 'map') {
    const help = source.text.slice(root.span.start).match(/^[A-Za-z_]+:\S/) ? 'a blank is missing after the colon' : 'write `name: value` lines';
    problems.add({ code: 'not-a-mapping', message: 'the file is not a mapping of names to values', span: firstLine(source, root.span.start), help });
    return undefined;
  }
  return root;
}

function parse(source: Source): Document.Parsed {
  return parseDocument(source.text, {
    version: '1.2', schema: 'core', merge: false, uniqueKeys: false, strict: true, prettyErrors: false,
    resolveKnownTags: false, logLevel: 'silent',
  });
}

const firstLine = (source: Source, from = 0): ReturnType<typeof spanOf> => {
  const end = source.text.indexOf('\n', from);
  return spanOf(source, from, end < 0 ? source.text.length : source.text[end - 1] === '\r' ? end - 1 : end);
};

// ------------------------------------------------------------------------------------------------------- tokens

const refused: Readonly<Record<string, readonly [what: string, help: string]>> = {
  anchor: ['anchors are refused', 'write the value out; a formula that starts with `&` is none'],
  alias: ['aliases are refused', 'write the value out; a formula cannot start with `*`'],
  tag: ['tags are refused', 'leave it out; in a formula, `not` is written as a word'],
  'directive-line': ['directives are refused', 'leave the line out'],
};

/** Refuses features and nesting by the tokens alone. */
function checkTokens(source: Source, problems: Problems): void {
  let at = 0;
  let flow = 0;
  let line = 0;
  let lineStart = true;
  let documents = 0;
  let content = false;
  let isText = false;
  let count = 0;
  for (const token of new Lexer().lex(source.text)) {
    const type = CST.tokenType(token);
    // Marks of the lexer without text; behind the mark of a scalar stands its text, whatever it looks like.
    if (type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end') {
      isText = type === 'scalar';
      continue;
    }
    if (++count > LIMITS.yamlTokens) {
      problems.add({ code: 'limit-exceeded', message: `the file holds more than ${LIMITS.yamlTokens} names, values and signs`, span: spanOf(source, at, at + 1),
        help: `a layer has at most ${LIMITS.definitions} definitions` });
      return;
    }
    if (isText) {
      isText = false;
      content = true;
      lineStart = false;
      if (token.endsWith('\n')) { lineStart = true; line = 0; }
      at += token.length;
      continue;
    }
    const span = spanOf(source, at, at + token.trimEnd().length);
    const known = type === null ? undefined : refused[type];
    // `[x]*2`: here `*2` looks like an alias; what is wrong is the bracket, and the parser says so.
    if (known && !/[\]}]/.test(source.text[at - 1] ?? '')) problems.add({ code: 'yaml-feature', message: known[0], span, help: known[1] });
    if (type === 'doc-start' || type === 'doc-end') {
      if (content && type === 'doc-start') documents++;
      if (documents > 0) {
        problems.add({ code: 'yaml-feature', message: 'a file holds one document', span, help: 'give each layer a file of its own' });
        return;
      }
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow++;
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1);
    const opens = type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind';
    if (opens && flow === 0) line++;
    const deep = Math.max(flow, line) > LIMITS.yamlNesting;
    if (deep || (lineStart && type === 'space' && token.length > LIMITS.indentation)) {
      problems.add({ code: 'limit-exceeded', span,
        message: deep ? `values are nested more than ${LIMITS.yamlNesting} deep` : `the line is indented by more than ${LIMITS.indentation}` });
      return;
    }
    if (type === 'newline') line = 0;
    lineStart = type === 'newline' || (lineStart && (type === 'seq-item-ind' || type === 'explicit-key-ind'));
    if (type !== 'newline' && type !== 'space' && type !== 'comment' && type !== 'doc-start' && type !== 'directive-line') content = true;
    if (problems.found.length > LIMITS.problems) return;
    at += token.length;
  }
}

// --------------------------------------------------------------------------------------------------------- tree

function tree(source: Source, node: ParsedNode | null, problems: Problems): Yaml {
  if (node === null) return nothing(source, 0);
  const [start, end] = node.range;
  const span = spanOf(source, start, Math.max(start, end - (/\s*$/.exec(source.text.slice(Math.max(start, end - 200), end))?.[0].length ?? 0)));
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => tree(source, item as ParsedNode, problems)), span };
  if (isMap(node)) {
    const entries: YamlEntry[] = [];
    const seen = new Map<string, YamlScalar>();
    for (const pair of node.items) {
      const key = readKey(source, pair.key as ParsedNode | null, span.start, problems);
      const value = pair.value === null ? nothing(source, key?.span.end ?? span.start) : tree(source, pair.value as ParsedNode, problems);
      if (!key) continue;
      const first = seen.get(key.text);
      if (first) {
        // A key such as `0)` is the rest of a formula that a comma cut; that is told once, elsewhere.
        if (!/[)\]]$/.test(key.text)) problems.add({ code: 'duplicate-key', message: `\`${short(key.text)}\` stands twice`, span: key.span,
          notes: [{ message: 'it stands first here', span: first.span }] });
        continue;
      }
      seen.set(key.text, key);
      entries.push({ key, name: key.text, value });
    }
    return { kind: 'map', entries, flow: node.flow === true, span };
  }
  if (isScalar(node)) return scalar(source, node);
  return nothing(source, start);
}

function readKey(source: Source, node: ParsedNode | null, at: number, problems: Problems): YamlScalar | undefined {
  if (node && isScalar(node) && (node.source ?? '') !== '') {
    const key = scalar(source, node);
    if (key.text === '<<') {
      problems.add({ code: 'yaml-feature', message: 'merge keys are refused', span: key.span, help: 'a spec takes over another with `extends`' });
      return undefined;
    }
    return key;
  }
  const [start, end] = node && !isAlias(node) ? node.range : [at, at + 1];
  problems.add({ code: 'yaml-syntax', message: 'a key is a name', span: spanOf(source, start, Math.min(end, start + 80)), help: 'write `name: value`' });
  return undefined;
}

function scalar(source: Source, node: Scalar.Parsed): YamlScalar {
  const [start, end] = node.range;
  const style = node.type === 'QUOTE_DOUBLE' ? 'double' : node.type === 'QUOTE_SINGLE' ? 'single'
    : node.type === 'BLOCK_FOLDED' || node.type === 'BLOCK_LITERAL' ? 'block' : 'plain';
  const text = style === 'plain' ? node.source : String(node.value);
  if (style === 'plain' && text === '') return nothing(source, start);
  const value = node.value as unknown;
  let places: Int32Array | undefined;
  return {
    kind: 'scalar',
    value: typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : null,
    text,
    style: style === 'plain' ? 'plain' : style === 'block' ? 'block' : 'quoted',
    span: spanOf(source, start, style === 'block' ? start + source.text.slice(start, end).trimEnd().length : end),
    offsetOf: (i) => {
      places ??= placesOf(source.text, start, end, text, style);
      return places[Math.min(i, text.length)]!;
    },
  };
}

function nothing(source: Source, at: number): YamlScalar {
  return { kind: 'scalar', value: null, text: '', style: 'empty', span: spanOf(source, at, at), offsetOf: () => at };
}
