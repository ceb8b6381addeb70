/** The code of a system's error, such as `ENOENT`. */
import { Predicate } from "effect"

/** Undefined if the error has none. */
export const errorCode = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "code") ? String(error.code) : undefined
