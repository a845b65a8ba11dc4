/**
 * Sizes for `explain` where none are given: small, odd and different from each other, so that no two axes pass for one
 * another, and such that every derived size comes out and every read stays inside. Found by trying, in a fixed order.
 */
import { DiagnosticError, Problems } from '../../diagnostics/diagnostic.ts';
import type { Spec } from '../../ir/spec.ts';
import { axesOf, resolveSizes } from './axes.ts';
import { resolveOptions } from './options.ts';
import type { Request } from './request.ts';

/** From what one would like best to what may be needed: primes, odd numbers, then numbers that others divide. */
const POOLS: readonly { readonly sizes: readonly number[]; readonly tries: number; readonly distinct: boolean }[] = [
  { sizes: [3, 5, 7, 11, 13, 17], tries: 200, distinct: true },
  { sizes: [3, 5, 7, 9, 11, 13, 15, 17, 19], tries: 300, distinct: true },
  { sizes: [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16], tries: 400, distinct: true },
  { sizes: [2, 3, 4, 5, 6, 7], tries: 800, distinct: false },
  { sizes: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64], tries: 800, distinct: false },
];

/** The sizes of all axes multiplied: what an interpreter may have to visit. More only where nothing smaller works. */
const MOST_POINTS = 1e5;

/** What only other sizes could cure. */
const SIZE_CODES: ReadonlySet<string> = new Set(['out-of-bounds', 'size-invalid', 'does-not-divide', 'limit-exceeded']);

/**
 * The sizes of the given axes; derived ones follow from them.
 *
 * @param elaborates throws where the spec cannot be elaborated at these sizes
 * @throws DiagnosticError of the first try, if none of them works
 */
export function searchSizes(spec: Spec, options: Request['options'], elaborates: (request: Request) => unknown): Map<string, number> {
  const { given } = axesOf(spec);
  const random = makeRandom(1);
  const pools = POOLS.map((pool) => Array.from({ length: pool.tries }, (_, n): Try => {
    const chosen = choose(given.length, pool, n === 0 ? undefined : random);
    return judge(spec, { sizes: new Map(given.map((axis, k) => [axis, chosen[k]!])), options, dtype: 'f64' });
  }));
  let failure: unknown;
  for (const most of [MOST_POINTS, Infinity]) {
    for (const tries of pools) {
      const best = tries.filter((t) => t.equal < Infinity && t.product <= most).sort((a, b) => a.equal - b.equal || a.product - b.product);
      // Where no derived size comes out, the first try says why.
      for (const { request } of best.length > 0 || most < Infinity ? best.slice(0, 20) : tries.slice(0, 1)) {
        try {
          elaborates(request);
          return new Map(request.sizes);
        } catch (e) {
          if (!(e instanceof DiagnosticError) || !e.diagnostics.some((d) => SIZE_CODES.has(d.code))) throw e;
          failure ??= e;
        }
      }
    }
  }
  throw failure;
}

interface Try {
  readonly request: Request;
  /** Axes whose size another has, too, and twice those of size 1, which hides an axis; Infinity where a derived size does not come out. */
  readonly equal: number;
  readonly product: number;
}

function judge(spec: Spec, request: Request): Try {
  const problems = new Problems();
  const sizes = [...resolveSizes(spec, request, resolveOptions(spec, request, problems), problems).values()];
  const comesOut = problems.found.length === 0 && sizes.every((size) => size < 1000);
  const ones = sizes.filter((size) => size === 1).length;
  return { request, equal: comesOut ? sizes.length - new Set([1, ...sizes]).size + 1 + ones : Infinity, product: sizes.reduce((a, b) => a * b, 1) };
}

/** The first `count` of the pool, or as many at random; more axes than the pool has get larger odd numbers. */
function choose(count: number, pool: (typeof POOLS)[number], random: (() => number) | undefined): number[] {
  const { sizes, distinct } = pool;
  if (!distinct && random) return Array.from({ length: count }, () => sizes[Math.floor(random() * sizes.length)]!);
  const left = [...sizes];
  for (let odd = 21; left.length < count; odd += 2) left.push(odd);
  if (!random) return left.slice(0, count);
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

/** Numbers in [0, 1), the same in every run: a multiplicative generator modulo 2^31 - 1. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
