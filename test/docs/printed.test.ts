/** Documents that are printed from tables are what the tables say now. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { printedFiles } from '../../docs/print.ts';

for (const { path, text } of printedFiles()) {
  test(`${path} is printed from its table (npm run docs)`, () => {
    assert.fixture(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), text);
  });
}

test.run();
