#!/usr/bin/env node
// Starts the command line. In an installed package that is dist/cli/main.js; in a clone, which has no dist/ until it is
// bundled, it is cli/main.ts, run through tsx. The sources win where both stand, so that an edit is what runs.
import { existsSync } from 'node:fs';

const source = new URL('./main.ts', import.meta.url);
const built = new URL('../dist/cli/main.js', import.meta.url);

async function load() {
  if (!existsSync(source)) return import(built.href);
  const { register } = await import('tsx/esm/api');
  register();
  return import(source.href);
}

load().then(
  ({ main }) => main(process.argv.slice(2)),
  (error) => {
    process.stderr.write(`kernelwright cannot start: ${error instanceof Error ? error.message.split('\n')[0] : error}\n`
      + 'Did the install finish? In a clone run `npm ci` first.\n');
    if (process.env['KERNELWRIGHT_DEBUG']) process.stderr.write(`${error?.stack}\n`);
    process.exitCode = 2;
  },
);
