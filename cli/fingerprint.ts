/** What this compiler is, as one hash: its own files, the schemas it reads, the packages it works with, and the engine that runs it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from './library.ts';

/** Each with those inside it that are loaded through it. */
const packages: Readonly<Record<string, readonly string[]>> = { ajv: [], yaml: [], 'ts-morph': ['@ts-morph/common', 'code-block-writer'] };

/** Content alone, never times: a compiler that was put back as it was is the same one. */
export function compilerHash(): string {
  const sum = createHash('sha256').update(process.version);
  for (const path of [...compilerFiles(), ...schemaFiles(), ...packageFiles()]) sum.update(`\0${path}\0`).update(readFileSync(path));
  return sum.digest('hex');
}

function compilerFiles(): string[] {
  const folder = fileURLToPath(new URL('../compiler/', import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file)).sort().map((file) => join(folder, file));
}

function schemaFiles(): string[] {
  const folder = join(packageFolder(), 'specs');
  return readdirSync(folder).filter((file) => file.endsWith('.json')).sort().map((file) => join(folder, file));
}

/** The package.json of every package: it has the version. */
function packageFiles(): string[] {
  return Object.entries(packages).flatMap(([name, inner]) => {
    const own = packageFile(name, import.meta.url);
    return [own, ...inner.map((each) => packageFile(each, own))];
  });
}

function packageFile(name: string, from: string): string {
  let folder = dirname(createRequire(from).resolve(name));
  while (!(existsSync(join(folder, 'package.json')) && folder.endsWith(join('node_modules', name))) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'package.json');
}
