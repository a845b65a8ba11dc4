/** Installs the peers' own package, and says which of them are there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PeerEntry } from './peer.ts';
import type { PeerInfo } from './report.ts';

export const folder = fileURLToPath(new URL('.', import.meta.url));

/** Runs `npm ci` here unless what is here is already what the lock file asks for. @returns what went wrong, in one line */
export function install(): string | undefined {
  const marker = join(folder, 'node_modules/.package-lock.json');
  const lock = join(folder, 'package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return undefined;
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
    const version = installed(each);
    return version === undefined ? [] : [[each, version] as const];
  }));
  const missing = packages.filter((each) => !(each in versions));
  if (missing.length === 0) return { name, kind, versions };
  return { name, kind, versions, refused: `${missing.join(', ')} not installed${failure === undefined ? '' : ` (${failure})`}` };
}

function installed(name: string): string | undefined {
  const file = join(folder, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}
