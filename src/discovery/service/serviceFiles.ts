/** Reads the registrations of this user's services. It only reads: a service ends when its file is changed or removed. */
import { ByteSize, Effect, FileSystem, Option, Path, Result, Schema } from "effect"
import type { Problem } from "../Discovery.ts"
import { fileErrorText, mayPass } from "../../machine/fileError.ts"
import { CurrentUser, weakDirectory } from "../../machine/StrictModes.ts"
import {
  channelOf,
  isRegistrationFile,
  type ServiceRegistration,
  ServiceRegistrationJson,
} from "./ServiceRegistration.ts"

const maxFileSize = ByteSize.kibibytes(64)

const accessByOthers = 0o077

export interface ServiceFile {
  /** Its path. */
  readonly file: string
  readonly channel: string
  readonly registration: ServiceRegistration
}

export interface ServiceFiles {
  readonly files: ReadonlyArray<ServiceFile>
  readonly problems: ReadonlyArray<Problem>
  /** Whether the directory could not be read for the moment. */
  readonly failed?: boolean
}

class Refused extends Schema.TaggedError<Refused>()("Refused", { message: Schema.String }) {}

const refuse = (message: string) => Effect.fail(new Refused({ message }))

const decode = Schema.decodeUnknownEffect(ServiceRegistrationJson)

const none: ServiceFiles = { files: [], problems: [] }

/** Why the file's content is not certainly this user's own secret. None if it is. */
const weakness = ({ mode, uid }: FileSystem.File.Info, user: Option.Option<number>): Option.Option<string> => {
  if (Option.isNone(user)) return Option.none()
  if (!Option.exists(uid, (owner) => owner === user.value))
    return Option.some("belongs to another user, so it is not used")
  return (mode & accessByOthers) === 0
    ? Option.none()
    : Option.some("holds a password and is open to other users, so it is not used. Fix it with chmod 600")
}

/** None if the file has disappeared. The message of a failed decoding could quote the password. */
const read = Effect.fnUntraced(
  function* (file: string) {
    const fs = yield* FileSystem.FileSystem
    const info = yield* fs.lstat(file)
    if (info.type !== "File") {
      return yield* refuse(`is not used, because it is not a regular file but a ${info.type.toLowerCase()}`)
    }
    if (ByteSize.isGreaterThan(info.size, maxFileSize)) {
      return yield* refuse("is larger than 64 KiB, the limit for a registration")
    }
    const weak = weakness(info, yield* CurrentUser)
    if (Option.isSome(weak)) return yield* refuse(weak.value)
    return Option.some(yield* decode(yield* fs.readFileString(file)))
  },
  Effect.catchTags({
    PlatformError: (error) =>
      error.reason._tag === "NotFound"
        ? Effect.succeed(Option.none<ServiceRegistration>())
        : refuse(`cannot be read: ${fileErrorText(error)}`),
    SchemaError: () => refuse("is not a registration of an opencode 2 service"),
  }),
)

/** A missing directory holds no files: opencode creates it when it starts for the first time. */
export const readServiceFiles = Effect.fnUntraced(
  function* (directory: string) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = (yield* fs.readDirectory(directory)).filter(isRegistrationFile).toSorted()
    if (names.length === 0) return none
    const weak = yield* weakDirectory(directory, yield* CurrentUser)
    if (Option.isSome(weak)) {
      const reason = `is not used: ${weak.value}, so other users could redirect passwords`
      return { files: [], problems: [{ source: directory, reason }] }
    }
    const results = yield* Effect.forEach(names, (name) => {
      const file = path.join(directory, name)
      return Effect.result(
        Effect.map(
          read(file),
          Option.map((registration) => ({ file, channel: channelOf(name), registration })),
        ),
      )
    })
    return {
      files: results.flatMap((result) => (Result.isSuccess(result) ? Option.toArray(result.success) : [])),
      problems: results.flatMap((result, index) =>
        Result.isFailure(result)
          ? [{ source: path.join(directory, names[index] ?? ""), reason: result.failure.message }]
          : [],
      ),
    } satisfies ServiceFiles as ServiceFiles
  },
  (files, directory) =>
    Effect.catch(files, (error): Effect.Effect<ServiceFiles> =>
      Effect.succeed(
        error.reason._tag === "NotFound"
          ? none
          : {
              files: [],
              failed: mayPass(error),
              problems: [{ source: directory, reason: `cannot be read: ${fileErrorText(error)}` }],
            },
      ),
    ),
)
