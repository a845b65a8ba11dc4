/** Where YAML reads a formula as something else: each trap with what to write instead. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Source } from '../../support/source.ts';
import { describe, short, type Yaml, type YamlMap, type YamlScalar } from './yaml-tree.ts';

/** A value that stands in the place of a formula and is none. `name` is the definition. */
export function notAFormula(source: Source, name: string, node: Yaml): Diagnostic {
  const refuse = (message: string, help: string, span = node.span): Diagnostic => ({ code: 'formula-not-plain', message, span, help });
  if (node.kind === 'list') {
    const text = short(source.text.slice(node.span.start, node.span.end));
    return text.startsWith('-')
      ? refuse(`the formula of \`${name}\` is a list`, 'leave the `- ` out: a definition is one formula')
      : refuse('YAML reads `[` as a list, not as a formula', 'a formula does not start with a bracket; a reduction is sum[D](x)');
  }
  if (node.kind === 'map') {
    return node.flow
      ? refuse('YAML reads `{` as a mapping, not as a formula', 'write the formula without braces, or { train: ..., test: ... }')
      : refuse(`the formula of \`${name}\` is a mapping`, 'write one formula, or one each under `train:` and `test:`');
  }
  if (node.value === null) return nothing(source, name, node);
  if (typeof node.value === 'boolean') {
    return refuse(`YAML reads \`${node.text}\` as a truth value, not as a formula`, `write ${node.value ? '1' : '0'}, or a comparison`);
  }
  return refuse(`YAML reads \`${short(node.text)}\` as ${describe(node)}, not as a formula`, 'write a finite number');
}

function nothing(source: Source, name: string, node: YamlScalar): Diagnostic {
  const span = node.span;
  if (node.style !== 'empty') {
    return { code: 'formula-not-plain', message: `YAML reads \`${node.text}\` as nothing, not as a formula`, span, help: 'write 0 if you mean zero' };
  }
  const rest = source.text.slice(span.start, span.start + 200);
  const help = /^[ \t]*#/.test(rest) ? 'what follows ` #` is a comment' : 'write one behind the colon, or in the next line, indented';
  return { code: 'formula-not-plain', message: `\`${name}\` has no formula`, span, help };
}

/** `{ train: max(a, b), test: 1 }`: the comma ended the formula, and YAML took `b)` for a key. */
export function cutByComma(map: YamlMap): YamlScalar | undefined {
  if (!map.flow) return undefined;
  for (const { value } of map.entries) {
    if (value.kind === 'scalar' && value.style === 'plain' && opened(value.text) > 0) return value;
  }
  return undefined;
}

/** How many more brackets a text opens than it closes. */
function opened(text: string): number {
  let open = 0;
  for (const c of text) {
    if (c === '(' || c === '[') open++;
    else if (c === ')' || c === ']') open--;
  }
  return open;
}

/** What to say about a value that `cutByComma` found. */
export function commaHelp(value: YamlScalar): Diagnostic {
  return {
    code: 'formula-not-plain',
    message: `a comma ends the value \`${short(value.text)}\`: inside { } it separates entries`,
    span: value.span,
    help: 'put the formula in quotes, or give each entry its own line',
  };
}
