/** How large a spec may be. Far above any sensible layer, far below what would take seconds; passing one is `limit-exceeded`. */
export const LIMITS = {
  /** UTF-16 units of a spec file. */
  fileLength: 131_072,
  /** Depth of YAML collections. */
  yamlNesting: 24,
  /** Names, values, signs and line ends of a file together: the YAML library is slow on more. */
  yamlTokens: 20_000,
  /** Blanks before the first word of a line; with it, the depth of block collections. */
  indentation: 120,
  /** Names in one section, and definitions in all of them. */
  definitions: 500,
  axes: 100,
  /** Slots of a shape, members of composite slots counted singly. */
  rank: 12,
  formulaLength: 4_000,
  /** Parentheses, brackets and calls inside each other. */
  formulaNesting: 200,
  /** Height of the tree of a formula: `a + b + c + ...` grows with its terms. */
  formulaHeight: 400,
  nameLength: 64,
  summaryLength: 500,
  /** Specs above a spec. */
  ancestors: 16,
  /** Problems that are worth showing of one file. */
  problems: 100,
} as const;
