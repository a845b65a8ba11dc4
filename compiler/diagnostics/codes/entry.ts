/** What the catalogue says about one code. */
export interface CatalogEntry {
  /** A paragraph: what is wrong and why it is refused. */
  readonly about: string;
  /** A line or two that give this error. */
  readonly bad: string;
  /** The same, put right. */
  readonly good: string;
}

/** Keeps the names of a table as a union while its entries are checked. */
export const codes = <K extends string>(table: Readonly<Record<K, CatalogEntry>>): Readonly<Record<K, CatalogEntry>> => table;
