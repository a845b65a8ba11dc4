/** The stages of the compiler, in order: what `--emit` can print. */
export const stageNames: readonly string[] = ['spec', 'ir', 'grad', 'simplified', 'loops', 'wat', 'ts', 'test'];
