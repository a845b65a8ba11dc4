/** The catalogue of errors: every code is explained, and docs/errors.md is printed from it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog, printCatalog } from '../../compiler/diagnostics/catalog.ts';

test('every code is kebab-case and has a paragraph and both examples', () => {
  for (const [code, entry] of Object.entries(catalog)) {
    assert.match(code, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    assert.ok(entry.about.length > 20 && entry.about.endsWith('.'), code);
    assert.ok(entry.bad !== '' && entry.good !== '' && entry.bad !== entry.good, code);
  }
});

test('docs/errors.md is in step', () => {
  const file = new URL('../../docs/errors.md', import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(file)) writeFileSync(file, printCatalog());
  assert.fixture(readFileSync(file, 'utf8'), printCatalog());
});

test.run();
