/** The WebAssembly engine of the machine that compiles, where it has one. */

interface Engine {
  validate(bytes: Uint8Array): boolean;
}

const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly;

/** Whether the engine here takes a module; without one, what is asked cannot be known, and it is. */
export const isValid = (bytes: Uint8Array): boolean => engine?.validate(bytes) ?? true;
