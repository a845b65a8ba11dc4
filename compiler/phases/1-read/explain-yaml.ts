/**
 * What the YAML parser says, in the words of someone who wrote a formula. The parser knows only that a token is
 * unexpected; the line tells why: a `: ` inside a formula, a bracket in a flow map, a tab.
 */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Source } from '../../support/source.ts';
import { spanOf } from './yaml-tree.ts';

interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly at: number;
  /** The codes of all errors of the file. */
  readonly codes: readonly string[];
  /** The line, where it starts, and its value: what stands behind the first `key:`. */
  readonly line: string;
  readonly lineStart: number;
  /** The line before it. */
  readonly above: string;
  readonly value: string;
}

interface Explanation {
  readonly message: string;
  readonly help: string;
  /** Where to point, if not at the place of the error. */
  readonly at?: number;
}

type Rule = (t: Trouble) => Explanation | undefined;
const QUOTES = 'put the whole text in quotes';

const rules: readonly Rule[] = [
  (t) => {
    const tab = /^[ ]*\t/.exec(t.line);
    return t.code === 'TAB_AS_INDENT' || (tab && t.code !== 'MISSING_CHAR')
      ? { message: 'a tab indents this line', help: 'indent with blanks', at: t.lineStart + (tab ? tab[0].length - 1 : 0) } : undefined;
  },
  (t) => (t.code === 'BAD_SCALAR_START' ? badStart(t) : undefined),
  (t) => (/^\?\s/.test(t.value) ? { message: 'a value cannot start with `? `', help: QUOTES } : undefined),
  (t) => (t.code === 'BLOCK_AS_IMPLICIT_KEY' && t.codes.includes('MULTILINE_IMPLICIT_KEY')
    ? { message: 'the next line is indented as if it belonged to this value', help: 'lines of one mapping are indented alike' } : undefined),
  (t) => (t.code === 'BLOCK_AS_IMPLICIT_KEY' && /\s\?\s/.test(t.value)
    ? { message: 'there is no `? :` in a formula', help: 'write where(condition, then, else)' } : undefined),
  (t) => (t.code === 'BLOCK_AS_IMPLICIT_KEY'
    ? { message: 'a `: ` inside an unquoted text starts another mapping', help: QUOTES } : undefined),
  (t) => (/block-seq-ind on same line/.test(t.message)
    ? { message: 'a value cannot start with `- `, which is a list', help: 'write -x, without a blank' } : undefined),
  (t) => (/^[>|]/.test(t.value) && /token|header/i.test(t.message)
    ? { message: `\`${t.value[0]}\` at the start of a value begins a block of lines`, help: QUOTES } : undefined),
  (t) => (/flow-(?:seq|map)-start at node end/.test(t.message)
    ? { message: 'between { } brackets start a list', help: 'put the formula in quotes, or give each its own line' } : undefined),
  (t) => (/at node end/.test(t.message) && /^\[/.test(t.value)
    ? { message: 'a value that starts with `[` is a list', help: 'put a formula that starts with a bracket in quotes' } : undefined),
  (t) => (/at node end/.test(t.message) && /^["']/.test(t.value)
    ? { message: 'text follows the closing quote', help: QUOTES } : undefined),
  (t) => (/at node end/.test(t.message) && /^\{/.test(t.value)
    ? { message: 'text follows the closing brace', help: 'give each value its own line' } : undefined),
  (t) => (/Missing closing/.test(t.message) ? { message: 'the quote is never closed', help: 'a quote is missing', at: quoteBefore(t) } : undefined),
  (t) => (/Flow sequence/.test(t.message) ? { message: 'the list is never closed', help: 'a `]` is missing' } : undefined),
  (t) => (/Flow map/.test(t.message) ? { message: 'the mapping is never closed', help: 'a `}` is missing' } : undefined),
  (t) => (/Unexpected (?:flow-(?:map|seq)-end|\})/.test(t.message) ? { message: 'this bracket closes nothing', help: 'delete it, or open it' } : undefined),
  (t) => (/Unexpected ,/.test(t.message) ? { message: 'nothing stands before the comma', help: 'delete one comma' } : undefined),
  (t) => (/Missing , /.test(t.message) ? { message: 'a comma is missing', help: 'values between brackets are separated by commas' } : undefined),
  (t) => (/Implicit map keys need/.test(t.message) ? noColon(t) : undefined),
  (t) => (t.code === 'BAD_INDENT' && /(?:^|\s)#/.test(t.above)
    ? { message: 'a comment ends the value above', help: 'put the comment behind the last line of the value' } : undefined),
  (t) => (t.code === 'BAD_INDENT'
    ? { message: 'the line is indented differently than those it belongs to', help: 'lines of one mapping are indented alike' } : undefined),
  (t) => (t.code === 'BAD_DQ_ESCAPE' ? { message: 'this is no escape sequence', help: 'between single quotes a backslash is a backslash' } : undefined),
  (t) => (t.code === 'MULTILINE_IMPLICIT_KEY' ? { message: 'a key stands on one line', help: 'write `name: value`' } : undefined),
];

/** The first error of the parser as a diagnostic of ours. Later ones follow from it and are not shown. */
export function explainYaml(source: Source, code: string, message: string, at: number, codes: readonly string[]): Diagnostic {
  const place = Math.min(at, Math.max(0, source.text.trimEnd().length - 1));
  const lineStart = source.text.lastIndexOf('\n', place - 1) + 1;
  const lineEnd = source.text.indexOf('\n', place);
  const line = source.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trimEnd();
  const value = /^[^:]*:\s+(.*)$/.exec(line)?.[1] ?? line.trim();
  const above = lineStart > 0 ? source.text.slice(source.text.lastIndexOf('\n', lineStart - 2) + 1, lineStart - 1) : '';
  const trouble: Trouble = { code, message, at: place, codes, line, lineStart, value, above };
  for (const rule of rules) {
    const found = rule(trouble);
    if (found) return { code: 'yaml-syntax', message: found.message, span: wordAt(source, found.at ?? place), help: found.help };
  }
  const plain = message.split('\n')[0]!.replace(/[.:]$/, '');
  return { code: 'yaml-syntax', message: `this is not YAML: ${plain[0]?.toLowerCase() ?? ''}${plain.slice(1)}`, span: wordAt(source, place) };
}

/** From the place to the end of the word there, so that carets cover something. */
function wordAt(source: Source, from: number): Diagnostic['span'] {
  const blanks = /^ +(?=\S)/.exec(source.text.slice(from, from + 200))?.[0].length ?? 0;
  const at = from + blanks;
  const word = /^[^\s,[\]{}]+/.exec(source.text.slice(at, at + 60))?.[0] ?? '';
  return spanOf(source, at, at + word.length);
}

function badStart(t: Trouble): Explanation {
  const c = t.line[t.at - t.lineStart] ?? '';
  return c === '`' ? { message: 'an unquoted text cannot start with a backtick', help: 'leave the backticks out' }
    : { message: `an unquoted text cannot start with \`${c}\``, help: QUOTES };
}

/** The quote that opens the text which runs to the end of the file. */
function quoteBefore(t: Trouble): number | undefined {
  const at = t.value.search(/["']/);
  return at < 0 ? undefined : t.lineStart + t.line.lastIndexOf(t.value) + at;
}

function noColon(t: Trouble): Explanation {
  return /^\s*[A-Za-z_]\w*:\S/.test(t.line)
    ? { message: 'a blank is missing after the colon', help: 'write `name: value`', at: t.lineStart + t.line.search(/\S/) }
    : { message: 'the line is no `name: value`', help: 'write `name: value`; what goes on from the line above is indented further' };
}
