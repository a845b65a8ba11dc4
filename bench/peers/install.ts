/** Installs the peers' own package, and says which of them are there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PeerEntry } from './peer.ts';
import type { PeerInfo } from './report.ts';

interface Lock {
  /** By their place: `node_modules/NAME`. */
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

export const folder = fileURLToPath(new URL('.', import.meta.url));

/** Runs `npm ci` here, unless all that the lock file asks for is here: so it also works offline later. @returns what went wrong */
export function install(): string | undefined {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lock;
  const there = Object.entries(lock.packages).every(([path, { version, optional }]) =>
    path === '' || optional === true || versionIn(join(folder, path)) === version);
  if (there) return undefined;
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder, encoding: 'utf8', timeout: 300_000, shell: process.platform === 'win32',
  });
  if (done.status === 0) return undefined;
  const code = /^npm error code (\w+)/m.exec(done.stderr)?.[1] ?? done.error?.message ?? `exit code ${done.status}`;
  return `npm ci: ${code}`;
}

/** A peer's packages as installed; refused if one is missing. */
export function infoOf({ name, kind, packages }: PeerEntry, failure: string | undefined): PeerInfo {
  const versions = Object.fromEntries(packages.flatMap((each) => {
    const version = versionIn(join(folder, 'node_modules', each));
    return version === undefined ? [] : [[each, version] as const];
  }));
  const missing = packages.filter((each) => !(each in versions));
  if (missing.length === 0) return { name, kind, versions };
  return { name, kind, versions, refused: `${missing.join(', ')} not installed${failure === undefined ? '' : ` (${failure})`}` };
}

function versionIn(path: string): string | undefined {
  const file = join(path, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}
