/** Our own mistakes: a broken promise between two parts of the compiler. Never the user's fault. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** @throws InternalError with `message` unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}

/** Closes a `switch` over a union: a case that is forgotten is a compile error. */
export function unreachable(value: never): never {
  throw new InternalError(`unreachable case: ${JSON.stringify(value)}`);
}
