/**
 * `TRANSPORT=local-relay`: instances announced by registration files in a directory. The files are written by
 * `opencode-fleet connect`, by a script, by hand, or over ssh by another machine with a tunnel to this one.
 *
 * This transport only reads. An instance that does not answer may be a sleeping laptop, and an invalid file may be
 * half-written, so it deletes neither.
 */
import { ByteSize, Clock, Context, Effect, FileSystem, Layer, Option, Path, Result, Schema, Stream } from "effect"
import type { PlatformError } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { fileErrorText, mayPass } from "../../machine/fileError.ts"
import { FileCache } from "../../machine/FileCache.ts"
import { urlOf } from "../address.ts"
import { boundedScan } from "../boundedScan.ts"
import { type Announcement, Discovery, type Problem, type Scan } from "../Discovery.ts"
import { makeSecrets } from "../secrets/Secrets.ts"
import { watchedDirectory } from "../watchedDirectory.ts"
import { type Announced, withSecrets } from "./announcedSecrets.ts"
import { misspeltFields } from "./misspeltFields.ts"
import { ConnectState, ReadRegistration } from "./Registration.ts"
import { hasReferences, registrationAccess, type RegistrationAccess } from "./RegistrationAccess.ts"
import { CurrentUser, weakDirectory, weakness } from "../../machine/StrictModes.ts"

const maxFileSize = ByteSize.kibibytes(64)

/** Number of files read concurrently. More is not faster, and with 128 a process with a low `ulimit -n` had too many open. */
const concurrency = 16

class Refused extends Schema.TaggedError<Refused>()("Refused", {
  message: Schema.String,
  /** Whether the file may be readable again later, so that what it announced before stays. */
  mayPass: Schema.optionalKey(Schema.Boolean),
}) {}

const refuse = (message: string) => Effect.fail(new Refused({ message }))

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ReadRegistration))

export interface RelayDirectoryOptions {
  /** Absolute path of the directory of registration files. */
  readonly directory: string
  /**
   * Refuses a directory and files that other users can write to, because they could redirect the password. Set it to false
   * only if no password is sent; registrations with references to secrets are checked anyway. Default: true.
   */
  readonly strictModes?: boolean | undefined
  /** Whether a missing directory holds no registrations, and is no problem. Default: false. */
  readonly mayBeMissing?: boolean | undefined
}

const isMissing = (error: Refused | PlatformError.PlatformError) =>
  error._tag === "PlatformError" && error.reason._tag === "NotFound"

export const layer = ({ directory, mayBeMissing = false, strictModes = true }: RelayDirectoryOptions) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const user = yield* CurrentUser

      const cache = new FileCache<Announced>()
      /** What each file announced when it was last read. */
      let last: ReadonlyMap<string, Announced> = new Map()
      const secrets = yield* makeSecrets
      const withPlatform = Effect.provide(Context.make(FileSystem.FileSystem, fs).pipe(Context.add(Path.Path, path)))

      const parse = Effect.fnUntraced(function* (file: string, info: FileSystem.File.Info) {
        const known = cache.get(file, info)
        if (known !== undefined) return known
        const content = yield* fs.readFileString(file)
        const registration = yield* decode(content)
        const { localPort, port } = registration
        const access = yield* registrationAccess(registration, { localPort, port })
        const announced: Announced = {
          access,
          announcement: announce(file, info, registration, access),
          remark: misspeltFields(content),
        }
        cache.set(file, info, yield* Clock.currentTimeMillis, announced)
        return announced
      })

      /** `weakDirectory`: why other users could change the directory. */
      const read = Effect.fnUntraced(
        function* (
          entry: FileSystem.DirectoryEntry,
          weakDirectory: Effect.Effect<Option.Option<string>, PlatformError.PlatformError>,
        ) {
          const file = path.join(directory, entry.name)
          if (entry.type === "SymbolicLink") {
            const [target, inside] = yield* Effect.all([fs.realPath(file), fs.realPath(directory)])
            if (path.dirname(target) !== inside) {
              return yield* refuse("is a link to a file outside the directory; put the file itself there")
            }
          }
          const info = yield* fs.stat(file)
          if (info.type !== "File") return yield* refuse(`is not a regular file but a ${info.type.toLowerCase()}`)
          if (ByteSize.isGreaterThan(info.size, maxFileSize)) {
            return yield* refuse("is larger than 64 KiB, the limit for a registration")
          }
          const weak = weakness(info, user)
          if (strictModes && Option.isSome(weak)) {
            return yield* refuse(`${weak.value}; they could redirect the password`)
          }
          const announced = yield* parse(file, info)
          if (!strictModes && hasReferences(announced.access)) {
            const reason = Option.isSome(weak) ? weak : yield* weakDirectory
            if (Option.isSome(reason)) {
              return yield* refuse(
                `refers to secrets, but ${reason.value}; they could read your files and run commands`,
              )
            }
          }
          return announced
        },
        Effect.catchTags({
          AccessRefused: ({ message }) => refuse(message),
          PlatformError: (error) =>
            Effect.fail(new Refused({ message: `cannot be read: ${fileErrorText(error)}`, mayPass: mayPass(error) })),
          SchemaError: (error) => refuse(`is not a valid registration: ${error.message}`),
        }),
      )

      const readAll = Effect.gen(function* () {
        const entries = yield* fs.readDirectoryEntries(directory)
        const files = entries
          // Hidden files are drafts that are still being written.
          .filter(({ name, type }) => name.endsWith(".json") && !name.startsWith(".") && type !== "Directory")
          .toSorted((one, other) => (one.name < other.name ? -1 : 1))
        const weakness = yield* Effect.cached(weakDirectory(directory, user).pipe(withPlatform))
        const weak = strictModes ? yield* weakness : Option.none()
        if (Option.isSome(weak)) {
          return yield* refuse(
            `is not used while a password is set: ${weak.value}, so other users could redirect the password`,
          )
        }
        const results = yield* Effect.forEach(files, (entry) => Effect.result(read(entry, weakness)), {
          concurrency,
        })
        const paths = files.map(({ name }) => path.join(directory, name))
        cache.retain(new Set(paths))
        last = new Map(
          results.flatMap((result, index) => {
            const file = paths[index] ?? ""
            const kept = Result.isSuccess(result)
              ? result.success
              : result.failure.mayPass === true
                ? last.get(file)
                : undefined
            return kept === undefined ? [] : [[file, kept] as const]
          }),
        )
        const { announcements, problems } = yield* withSecrets(secrets, [...last.values()])
        return {
          announcements,
          problems: [
            ...results.flatMap((result, index): ReadonlyArray<Problem> =>
              Result.isFailure(result)
                ? [
                    {
                      source: paths[index] ?? "",
                      reason: plainLine(result.failure.message),
                    },
                  ]
                : [],
            ),
            ...[...last].flatMap(([source, { remark }]) => (remark === undefined ? [] : [{ source, reason: remark }])),
            ...problems,
          ],
        }
      })

      const scan: Effect.Effect<Scan> = readAll.pipe(
        Effect.catchIf(
          (error) => mayBeMissing && isMissing(error),
          () => Effect.succeed<Scan>({ announcements: [], problems: [] }),
        ),
        Effect.catch((error: Refused | PlatformError.PlatformError) =>
          Effect.succeed<Scan>({
            announcements: [],
            ...(error._tag === "PlatformError" && mayPass(error) ? { failed: true } : {}),
            problems: [
              error._tag === "Refused"
                ? { source: directory, reason: error.message }
                : { source: directory, ...unreadable(error) },
            ],
          }),
        ),
        boundedScan(directory),
        Effect.withSpan("RelayDirectory.scan"),
      )

      const changes = watchedDirectory(directory).pipe(
        Stream.provideService(FileSystem.FileSystem, fs),
        Stream.provideService(Path.Path, path),
      )

      return Discovery.of({ scan, changes: Stream.merge(changes, secrets.changes) })
    }),
  )

/** Why the directory cannot be read, and what to do about it. */
export const unreadable = (error: PlatformError.PlatformError): Pick<Problem, "reason" | "remedy"> => {
  switch (error.reason._tag) {
    case "NotFound":
      return { reason: "does not exist yet", remedy: { _tag: "CreateRelayDirectory" } }
    case "BadResource":
      return { reason: "is not a directory", remedy: { _tag: "ChooseRelayDirectory" } }
    default:
      return { reason: `cannot be read: ${fileErrorText(error)}` }
  }
}

const connectState = Schema.decodeUnknownOption(ConnectState)

const announce = (
  file: string,
  { mtime }: FileSystem.File.Info,
  registration: ReadRegistration,
  { url }: RegistrationAccess,
): Announcement => ({
  name: registration.name,
  host: registration.hostname ?? "",
  ...(registration.id === undefined ? {} : { identity: registration.id }),
  url: url ?? urlOf(registration.address ?? "127.0.0.1", registration.port ?? 0),
  remotePort: registration.localPort,
  directory: registration.cwd,
  transport: "local-relay",
  api: registration.api,
  source: file,
  pid: registration.pid,
  birth: registration.birth,
  writtenAt: Option.getOrUndefined(Option.map(mtime, Number)),
  tunnelled: registration.localPort !== undefined || url !== undefined,
  connect: Option.getOrUndefined(connectState(registration.connect)),
})
