/** Where specs are found: in `specs/` beside the build file, else among those that ship with the package. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Source } from '../compiler/support/source.ts';
import { readSource } from './files.ts';

const ENDING = '.layer.yaml';

export interface Library {
  /** The spec of a layer, or undefined. @throws DiagnosticError if its file cannot be read */
  load(layer: string): Source | undefined;
  /** Every layer that `load` finds. */
  names(): string[];
  /** The folders searched, nearest first. */
  readonly folders: readonly string[];
}

/** The folder of the package: the nearest above this file that holds `specs/` and a package.json. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!(existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'specs'))) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Searches `specs/` inside each of `folders`, then the shipped specs. */
export function openLibrary(...parents: readonly string[]): Library {
  const folders = [...new Set([...parents, packageFolder()].map((parent) => join(parent, 'specs')))];
  return searching(folders);
}

function searching(folders: readonly string[]): Library {
  const known = new Map<string, Source | undefined>();
  const find = (layer: string): Source | undefined => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(layer)) return undefined;   // a name, not a way out of the folder
    for (const folder of folders) {
      const path = join(folder, layer + ENDING);
      if (isThere(path)) return readSource(path, 'the spec');
    }
    return undefined;
  };
  return {
    folders,
    load(layer) {
      if (!known.has(layer)) known.set(layer, find(layer));
      return known.get(layer);
    },
    names: () => [...new Set(folders.flatMap(layersIn))].sort(),
  };
}

/** Also where a link leads nowhere or in circles: reading it tells which. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function layersIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith(ENDING)).map((file) => basename(file, ENDING));
  } catch {
    return [];   // no such folder: nothing beside the build file
  }
}

/**
 * What `explain` was asked about: a file, or a layer of the library around it.
 * @returns the spec and the library that its `extends` searches; no spec if there is none of that name
 */
export function findLayer(asked: string): { spec: Source | undefined; library: Library } {
  if (!asked.endsWith('.yaml') && !asked.endsWith('.yml') && !asked.includes('/')) {
    const library = openLibrary(process.cwd());
    return { spec: library.load(asked), library };
  }
  const folder = dirname(asked);
  return { spec: readSource(asked, 'the spec'), library: searching([...new Set([folder, ...openLibrary(process.cwd()).folders])]) };
}
