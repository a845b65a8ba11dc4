/**
 * Prints what is printed: docs/errors.md, docs/rules.md and specs/build.schema.json from their tables, and the output of
 * commands in README.md and docs/extending.md. `npm run docs` writes them; test/docs/ fails where they are not in step.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema } from '../compiler/build/schema.ts';
import { printCatalog } from '../compiler/diagnostics/catalog.ts';
import { rules } from '../compiler/phases/4-simplify/rules.ts';
import type { Rule } from '../compiler/phases/4-simplify/rules.ts';
import { follow, installInto } from './follow.ts';

const root = new URL('..', import.meta.url);

/** README.md with what its commands print now. */
export function followReadme(): string {
  return follow(readFileSync(new URL('README.md', root), 'utf8'), { folder: fileURLToPath(root), writes: false });
}

/** docs/extending.md with what its commands print now, followed in a folder of its own. */
export function followTutorial(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-docs-'));
  try {
    installInto(folder);
    return follow(readFileSync(new URL('docs/extending.md', root), 'utf8'), { folder, writes: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each printed file, its path from the root and its text. */
export function printedFiles(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: 'docs/errors.md', text: printCatalog() },
    { path: 'docs/rules.md', text: printRules(rules) },
    { path: 'specs/build.schema.json', text: `${JSON.stringify(buildSchema, undefined, 2)}\n` },
  ];
}

function printRules(table: readonly Rule[]): string {
  return `${[
    '# Rules of simplification',
    '',
    '<!-- Printed from compiler/phases/4-simplify/rules.ts; edit that. -->',
    '',
    'A raw reverse sweep becomes the closed form by these rules. `explain` names the rule at every step it takes, and a test',
    'fills the holes of every rule at random and compares both sides.',
    '',
    '- **exact**: every double, bit for bit. **finite**: not for NaN, Infinity and -0. **approx**: may change rounding.',
    '- A rule **lowers** the cost, or **fixes** an order that other rules rely on.',
    '- `?f` stands for any formula over the axes it is written with, `?c` for one without the axes that are summed.',
    '',
    ...['approx', 'finite', 'exact'].flatMap((soundness) => [
      `## ${soundness}`, '', ...table.filter((r) => r.soundness === soundness).flatMap(printRule),
    ]),
  ].join('\n').trimEnd()}\n`;
}

const printRule = (r: Rule): string[] => [
  `### ${r.name}`, '', '```', r.left, `= ${r.right}`, '```', '',
  `${r.effect === 'lowers' ? 'Lowers the cost' : 'Fixes an order'}${r.guard === '' ? '.' : `; where ${r.guard.replaceAll('](', ']\\(')}.`}`, '',
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text } of printedFiles()) writeFileSync(new URL(path, root), text);
  writeFileSync(new URL('README.md', root), followReadme());
  writeFileSync(new URL('docs/extending.md', root), followTutorial());
}
