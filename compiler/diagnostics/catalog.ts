/** Every code a diagnostic can have, from one table for each part of the compiler. docs/errors.md is printed from it. */
import { buildCodes } from './codes/build.ts';
import type { CatalogEntry } from './codes/entry.ts';
import { fileCodes } from './codes/files.ts';
import { meaningCodes } from './codes/meaning.ts';
import { specCodes } from './codes/spec.ts';

export type { CatalogEntry };

export const catalog = { ...fileCodes, ...specCodes, ...meaningCodes, ...buildCodes } as const;

export type Code = keyof typeof catalog;

const chapters: readonly (readonly [title: string, table: Readonly<Record<string, CatalogEntry>>])[] = [
  ['Files', fileCodes],
  ['The shape of a spec', specCodes],
  ['What formulas mean', meaningCodes],
  ['Build files and the command line', buildCodes],
];

/** The catalogue as Markdown: the text of docs/errors.md. */
export function printCatalog(): string {
  const parts = [
    '# Errors\n',
    '<!-- Printed from the tables in compiler/diagnostics/codes; edit those. -->\n',
    'Every message names a code, the place, and what to write instead. `kernelwright` exits 1 after any of them.\n',
  ];
  for (const [title, table] of chapters) {
    parts.push(`## ${title}\n`);
    for (const [code, entry] of Object.entries(table)) parts.push(printEntry(code, entry));
  }
  return parts.join('\n');
}

function printEntry(code: string, entry: CatalogEntry): string {
  const example = (title: string, text: string): string => `${title}\n\n${text.split('\n').map((line) => `    ${line}`).join('\n')}\n`;
  return [`### ${code}\n`, `${entry.about}\n`, example('Refused:', entry.bad), example('Accepted:', entry.good)].join('\n');
}
