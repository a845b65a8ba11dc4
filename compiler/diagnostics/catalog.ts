/** Every code a diagnostic can have. docs/errors.md is printed from this table. */
export interface CatalogEntry {
  /** A paragraph: what is wrong and why it is refused. */
  readonly about: string;
  readonly bad: string;
  readonly good: string;
}

export type Code = string;
