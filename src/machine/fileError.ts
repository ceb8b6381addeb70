/** Why a file operation failed: in words, with the system's code, and with the way out where there is one. */
import { Effect, Option, PlatformError, Schema } from "effect"
import { line, plainLine } from "../text/plainText.ts"

/** By the system's code. `watch` and `write` mean different limits by the same code. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  EDQUOT: "the disk quota is used up",
  EMFILE: "this process has too many open files; raise its limit (ulimit -n)",
  ENFILE: "this machine has too many open files",
  ENOMEM: "this machine has too little memory",
  EIO: "the disk or the mount does not work (input/output error)",
  ESTALE: "the network file system has lost the file; mount it again",
  ENOTCONN: "the file system behind the mount has ended; mount it again",
  EHOSTDOWN: "the server of the network file system is down",
  ETIMEDOUT: "the file system did not answer in time",
  ENOENT: "it does not exist",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  EEXIST: "it exists already",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
}

const watchReasons: Readonly<Record<string, string>> = {
  ENOSPC: "the limit of watched files is reached; raise fs.inotify.max_user_watches",
  EMFILE: "the limit of watches is reached; raise fs.inotify.max_user_instances, or the open files (ulimit -n)",
}

const decodeCode = Schema.decodeUnknownOption(Schema.Struct({ code: Schema.String }))

const codeOf = (cause: unknown): string | undefined =>
  Option.match(decodeCode(cause), { onNone: () => undefined, onSome: ({ code }) => code })

/** Whether trying again later may succeed, because the file may still be there. */
export const mayPass = (error: PlatformError.PlatformError): boolean =>
  error.reason._tag !== "NotFound" && error.reason._tag !== "BadResource" && error.reason._tag !== "BadArgument"

/** Too many open files, or too little memory: it says nothing about the file. */
const shortages: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE", "ENOMEM"])

/**
 * For files that may be missing or closed to this process: the fallback takes their place. It does not if this process or
 * this machine has run short of something, because then the file was not looked at.
 */
export const orElseUnlessShort =
  <B>(fallback: B) =>
  <A, R>(
    effect: Effect.Effect<A, PlatformError.PlatformError, R>,
  ): Effect.Effect<A | B, PlatformError.PlatformError, R> =>
    Effect.catchIf(
      effect,
      ({ reason }) => !shortages.has(codeOf(reason.cause)),
      () => Effect.succeed(fallback),
    )

/** {@link fileErrorText} of one of Node's own errors. `method` is the failed operation, such as `watch`. */
export const systemErrorText = (cause: unknown, method: string): string => {
  const code = codeOf(cause)
  const message = line(cause instanceof Error ? cause.message : String(cause))
  if (code === undefined) return message
  const known = (method === "watch" ? watchReasons[code] : undefined) ?? reasons[code]
  return known === undefined ? message : `${known} (${code})`
}

/** A clause such as `permission denied (EACCES)`. It names no path. */
export const fileErrorText = (error: PlatformError.PlatformError): string =>
  codeOf(error.reason.cause) === undefined
    ? line(error.message)
    : systemErrorText(error.reason.cause, error.reason.method)

/** A sentence that names the file, without its full stop. */
export const fileFailure = (error: PlatformError.PlatformError): string => {
  const { pathOrDescriptor: file } = error.reason._tag === "BadArgument" ? {} : error.reason
  return typeof file === "string"
    ? `Cannot use ${plainLine(file)}: ${fileErrorText(error)}`
    : `A file operation failed: ${fileErrorText(error)}`
}

/** Why something failed: {@link fileErrorText} if it was the system, else the error's own message on one line. */
export const failureText = (error: PlatformError.PlatformError | { readonly message: string }): string =>
  error instanceof PlatformError.PlatformError ? fileErrorText(error) : line(error.message)
