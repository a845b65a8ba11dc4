/** Each character of a scalar is found again in the file, however YAML wrote it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Problems } from '../../../compiler/diagnostics/diagnostic.ts';
import { readYaml } from '../../../compiler/phases/1-read/read-yaml.ts';

/** For every letter A to Z of the value: the letter at its place in the file. */
function letters(text: string): string {
  const problems = new Problems();
  const root = readYaml({ path: 'f', text }, problems);
  problems.stop();
  const value = root!.entries[0]!.value;
  if (value.kind !== 'scalar') throw new Error('not a scalar');
  return value.text.split('').map((c, i) => (/[A-Z]/.test(c) ? text[value.offsetOf(i)] : '')).join('');
}

const spellings: Readonly<Record<string, readonly [string, string]>> = {
  plain: ['a: AB C D', 'ABCD'],
  'plain over lines': ['a: AB\n  C   D\n\n\n  E\n', 'ABCDE'],
  'plain over lines with carriage returns': ['a: AB\r\n  C   D\r\n\r\n  E\r\n', 'ABCDE'],
  single: ["a: 'A''B''''C'", 'ABC'],
  'single over lines': ["a: 'A ''\n\n  B\n   C'", 'ABC'],
  double: ['a: "A\\tB\\"C\\\\D\\u002aE\\x2aF\\U0001f600G"', 'ABCDEFG'],
  'double over lines': ['a: "A\n  B \\\n   \\  C\n\n  D"', 'ABCD'],
  literal: ['a: |\n  A B\n   C\n\n  D\n', 'ABCD'],
  'literal with a header': ['a: |2-  # a comment A\n   A B\n   C\n', 'ABC'],
  folded: ['a: >-\n  A B\n  C\n\n   D\n   E\n  F\n', 'ABCDEF'],
};
for (const [name, [text, want]] of Object.entries(spellings)) test(name, () => assert.is(letters(text), want));

test('the end of a quoted text is before its quote', () => {
  const text = 'a: "x +"';
  const value = readYaml({ path: 'f', text }, new Problems())!.entries[0]!.value;
  assert.is(value.kind === 'scalar' && value.offsetOf(3), text.length - 1);
});

test.run();
