/** What a build file or a command line asks of a layer: the sizes of its axes and its options. */
import type { Span } from '../../support/source.ts';

/** Where each entry stands in the build file; from the command line there are no places. */
export interface RequestPlaces {
  readonly sizes?: ReadonlyMap<string, Span>;
  readonly options?: ReadonlyMap<string, Span>;
  readonly entry?: Span;
}

export interface Request {
  readonly sizes: ReadonlyMap<string, number>;
  /** Overrides; the others keep the values of the spec. */
  readonly options: ReadonlyMap<string, number | string>;
  readonly dtype: 'f32' | 'f64';
  readonly at?: RequestPlaces;
}
