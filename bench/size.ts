/** `npm run size`: what pages that use kernels weigh. Exit code 1 where one is over its limit. */
import { excess, measureSizes, pages } from './sizes.ts';

const sizes = await measureSizes(pages());
const width = Math.max(...sizes.map((s) => s.name.length));
console.log(`${''.padEnd(width)}  ${'min'.padStart(7)} ${'min+gzip'.padStart(9)} ${'limit'.padStart(7)}`);
for (const s of sizes) {
  console.log(`${s.name.padEnd(width)}  ${String(s.minified).padStart(7)} ${String(s.bytes).padStart(9)} ${String(s.limit).padStart(7)}`);
}
const over = sizes.flatMap((s) => excess(s) ?? []);
for (const line of over) console.error(line);
process.exitCode = over.length > 0 ? 1 : 0;
