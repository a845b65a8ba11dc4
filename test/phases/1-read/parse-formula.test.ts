/** The formula parser: what binds to what, where each node stands, and that no text ends it but with a place. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Problems, type Diagnostic } from '../../../compiler/diagnostics/diagnostic.ts';
import type { Formula } from '../../../compiler/ir/formula.ts';
import { parseFormula } from '../../../compiler/phases/1-read/index.ts';

function parse(text: string): Formula {
  const problems = new Problems();
  const found = parseFormula(text, { path: 'formula', text }, (i) => i, problems);
  problems.stop();
  return found!;
}

function refusal(text: string): Diagnostic {
  const problems = new Problems();
  assert.is(parseFormula(text, { path: 'formula', text }, (i) => i, problems), undefined);
  assert.is(problems.found.length, 1);
  return problems.found[0]!;
}

/** Every operation in parentheses. */
function show(f: Formula): string {
  switch (f.kind) {
    case 'number': return String(f.value);
    case 'name': return f.name;
    case 'unary': return `(${f.op} ${show(f.x)})`;
    case 'binary': return `(${show(f.a)} ${f.op} ${show(f.b)})`;
    case 'call': return `${f.name}${f.axes ? `[${f.axes.map((a) => a.name).join(' ')}]` : ''}(${f.args.map(show).join(', ')})`;
    case 'read': return `${f.name}[${f.slots.map((s) => (s.parts.length > 1 ? `{${s.parts.map(show).join(' ')}}` : show(s.parts[0]!))).join(', ')}]`;
  }
}

const shapes: readonly (readonly [string, string])[] = [
  ['a - b - c', '((a - b) - c)'],
  ['a / b // c * d', '(((a / b) // c) * d)'],
  ['a + b * c ^ d', '(a + (b * (c ^ d)))'],
  ['-x^2', '(- (x ^ 2))'],
  ['2^-x', '(2 ^ (- x))'],
  ['2^-x^2', '(2 ^ (- (x ^ 2)))'],
  ['a^b^c', '(a ^ (b ^ c))'],
  ['-a * b', '((- a) * b)'],
  ['a - -b', '(a - (- b))'],
  ['2 * -x', '(2 * (- x))'],
  ['not a < b and c or d', '(((not (a < b)) and c) or d)'],
  ['a or b and not c', '(a or (b and (not c)))'],
  ['(a < b) == (c < d)', '((a < b) == (c < d))'],
  ['1e-5 + .5 + 1. + 2E+3', '(((0.00001 + 0.5) + 1) + 2000)'],
  ['gamma * rstd / N * (N*dout - dbeta)', '(((gamma * rstd) / N) * ((N * dout) - dbeta))'],
  ['sum[K, H](x)', 'sum[K H](x)'],
  ['mean(x)', 'mean(x)'],
  ['max(a, b)', 'max(a, b)'],
  ['where(u < p, 1 / p, 0)', 'where((u < p), (1 / p), 0)'],
  ['x[N, (G K), OH*stride + HH - pad]', 'x[N, {G K}, (((OH * stride) + HH) - pad)]'],
  ['x[(G, K + 1), (H + 1)*2, (max(a, b))]', 'x[{G (K + 1)}, ((H + 1) * 2), max(a, b)]'],
  ['x[(2*G K)]', 'x[{(2 * G) K}]'],
  ['x[(G -1)]', 'x[(G - 1)]'],
  ['table[ids[N, T], E]', 'table[ids[N, T], E]'],
  ['x[(H + pad - HH)/stride]', 'x[(((H + pad) - HH) / stride)]'],
  ["a[T', T]", "a[T', T]"],
  ['hit(out)', 'hit(out)'],
  ['hit( out )[N, C]', 'hit(out)[N, C]'],
  ['index(A) == size(A) - 1', '(index(A) == (size(A) - 1))'],
  ['a\n  + b\t*\r\n c', '(a + (b * c))'],
  ['((x))', 'x'],
];
for (const [text, want] of shapes) test(`${text.replace(/\s+/g, ' ')} is ${want}`, () => assert.is(show(parse(text)), want));

test('spans cover what was written', () => {
  const text = ' b + sum[C, HH](x[N, (G K)] * (w)) - hit(y)[N] ';
  const seen: string[] = [];
  const slice = (s: { start: number; end: number }): string => text.slice(s.start, s.end);
  const visit = (f: Formula): void => {
    seen.push(slice(f.span));
    if (f.kind === 'call') {
      seen.push(`head ${slice(f.head)}`, ...(f.axes ?? []).map((a) => `axis ${slice(a.span)}`));
      f.args.forEach(visit);
    }
    if (f.kind === 'read') {
      seen.push(`head ${slice(f.head)}`, ...f.slots.map((s) => `slot ${slice(s.span)}`));
    }
    if (f.kind === 'binary') { visit(f.a); visit(f.b); }
    if (f.kind === 'unary') visit(f.x);
  };
  visit(parse(text));
  assert.equal(seen, [
    'b + sum[C, HH](x[N, (G K)] * (w)) - hit(y)[N]',
    'b + sum[C, HH](x[N, (G K)] * (w))', 'b',
    'sum[C, HH](x[N, (G K)] * (w))', 'head sum', 'axis C', 'axis HH',
    'x[N, (G K)] * (w)', 'x[N, (G K)]', 'head x', 'slot N', 'slot (G K)', '(w)',
    'hit(y)[N]', 'head hit(y)', 'slot N',
  ]);
});

test('depth and length are limited, not the stack', () => {
  for (const text of ['('.repeat(3_900), 'f('.repeat(1_900), 'x['.repeat(1_900), '-'.repeat(3_900), 'not '.repeat(900), 'x^'.repeat(1_900), `x${' + x'.repeat(999)}`]) {
    assert.is(refusal(text).code, 'limit-exceeded', text.slice(0, 12));
  }
  assert.is(refusal('('.repeat(100_000)).code, 'limit-exceeded');
  assert.is(show(parse(`${'('.repeat(150)}x${')'.repeat(150)}`)), 'x');
});

test('any text is a formula or a diagnostic inside it', () => {
  const pieces = ['x', 'sum', 'hit', 'not', 'and', '1', '1e', '.', '(', ')', '[', ']', ',', '+', '-', '*', '//', '^', '<', '==', '=', '!', '²', 'é', '\u{1f600}', '\ud800', "'", '"', ' ', '\n', '#', '__proto__', 'N'];
  let state = 20240611;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)]!).join('');
    const problems = new Problems();
    const found = parseFormula(text, { path: 'formula', text }, (i) => i, problems);
    assert.is(found === undefined, problems.found.length === 1, text);
    const span = (found ?? problems.found[0]!).span!;
    assert.ok(span.start >= 0 && span.start < span.end && span.end <= text.length + 1, text);
  }
});

test.run();
