/** Diagnostics as text: lines, columns and carets, on lines of every kind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { diagnosticJson } from '../../compiler/diagnostics/json.ts';
import { renderDiagnostic } from '../../compiler/diagnostics/render.ts';

function at(text: string, what: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const start = text.indexOf(what);
  return { code: 'unknown-axis', message: 'no such axis', span: { source: { path: 'a.yaml', text }, start, end: start + what.length }, ...more };
}
const lines = (d: Diagnostic): string[] => renderDiagnostic(d, { color: false }).split('\n').slice(2);

test('the form of the design', () => {
  const text = `${'\n'.repeat(13)}  var: mean[K]((x - mu)^2)\n`;
  const d = at(text, 'K', { message: '`mean` runs over K, which no tensor in its formula has', help: 'x has [N, D], mu has [N]; did you mean D?' });
  assert.is(renderDiagnostic(d, { color: false }), [
    'error[unknown-axis]: `mean` runs over K, which no tensor in its formula has',
    ' --> a.yaml:14:13',
    '   |',
    '14 |   var: mean[K]((x - mu)^2)',
    '   |             ^ x has [N, D], mu has [N]; did you mean D?',
  ].join('\n'));
});

test('carets stand under tabs, wide letters, and marks', () => {
  assert.equal(lines(at('\tb: x', 'x')), ['  |', '1 |     b: x', '  |        ^']);
  assert.equal(lines(at('漢字: xy', 'xy')), ['  |', '1 | 漢字: xy', '  |       ^^']);
  assert.equal(lines(at('e\u0301: x', 'x')), ['  |', '1 | e\u0301: x', '  |    ^']);
  assert.equal(lines(at('a: 1\r\nb: 2\r\n', 'b')), ['  |', '2 | b: 2', '  | ^']);
});

test('a file does not drive the terminal', () => {
  const text = renderDiagnostic(at('a\u001b[31m\u202eb', 'b', { message: 'x\u001b[2J\ny' }), { color: false });
  assert.not.match(text, /\u001b|\u202e/);
  assert.match(text, 'x<U+001B>[2J y');
});

test('a long line is shown around its span', () => {
  const shown = lines(at(`${'q'.repeat(300)} HERE ${'r'.repeat(300)}`, 'HERE'));
  assert.ok(shown[1]!.length < 112);
  assert.is(shown[1]!.indexOf('HERE'), shown[2]!.indexOf('^^^^'));
  assert.ok(lines(at('z'.repeat(5_000), 'z'.repeat(5_000)))[2]!.length < 112);
});

test('spans over lines, empty files and ends of files', () => {
  assert.equal(lines(at('a: [x,\n  y,\n  z,\n  w]\n', '[x,\n  y,\n  z,\n  w]')),
    ['  |', '1 | a: [x,', '  |    ^^^', '2 |   y,', '  |   ^^', '...', '4 |   w]', '  |   ^^']);
  assert.equal(lines({ ...at('', ''), span: { source: { path: 'a', text: '' }, start: 0, end: 1 } }), ['  |', '1 |', '  | ^']);
  assert.equal(lines({ ...at('ab\n', ''), span: { source: { path: 'a', text: 'ab\n' }, start: 3, end: 3 } }), ['  |', '2 |', '  | ^']);
});

test('help and notes', () => {
  const d = at('a: b', 'b', { help: 'one\ntwo', notes: [{ message: 'it stands first here', span: at('a: b', 'a').span! }, { message: 'plain' }] });
  assert.equal(lines(d).slice(3), ['help: one', 'help: two', 'note: it stands first at a.yaml:1:1', 'note: plain']);
  assert.is(renderDiagnostic({ code: 'file-unreadable', message: 'no such file', help: 'write another' }, { color: false }),
    'error[file-unreadable]: no such file\nhelp: write another');
});

test('color changes no letter', () => {
  const d = at('a: b', 'b', { help: 'c', notes: [{ message: 'd' }] });
  assert.is(renderDiagnostic(d, { color: true }).replace(/\u001b\[[0-9;]*m/g, ''), renderDiagnostic(d, { color: false }));
});

test('as data', () => {
  assert.equal(diagnosticJson(at('a:\n  b', 'b', { help: 'c' })), {
    code: 'unknown-axis', message: 'no such axis', help: 'c', file: 'a.yaml', line: 2, column: 3, endLine: 2, endColumn: 4, notes: [],
  });
});

test.run();
