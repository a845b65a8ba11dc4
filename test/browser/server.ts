/** Serves a page with kernels under a policy: static files, as any host would; TypeScript becomes JavaScript on the way. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { javascriptOf } from '../../compiler/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HTML = '<!doctype html><meta charset="utf-8"><title>kernels</title><body><script type="module" src="/page.js"></script></body>';

export interface Served {
  readonly port: number;
  close(): void;
}

/** @param files by path, those of the repository beside them */
export function serve(files: ReadonlyMap<string, string>, policy: string): Promise<Served> {
  const read = (path: string): string | undefined => {
    if (path === '/') return HTML;
    const file = join(root, path.replace(/js$/, 'ts'));
    return files.get(path) ?? (/^\/(runtime|test\/browser)\/[\w-]+\.js$/.test(path) && existsSync(file) ? javascriptOf(readFileSync(file, 'utf8')) : undefined);
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const text = read(path);
    response.writeHead(text === undefined ? 404 : 200, {
      'content-type': path === '/' ? 'text/html' : 'text/javascript', 'content-security-policy': policy,
    });
    response.end(text);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => { resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() }); });
  });
}
