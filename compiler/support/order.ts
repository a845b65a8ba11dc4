/** Orders for `sort`, the same under every locale. */

/** By UTF-16 units. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** By the first part that differs. */
export function byRank(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let n = 0; n < Math.min(a.length, b.length); n++) {
    if (a[n]! < b[n]!) return -1;
    if (a[n]! > b[n]!) return 1;
  }
  return 0;
}
