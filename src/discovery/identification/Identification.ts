/** Probes whether a server is an opencode, without revealing the password to other servers. */
import { Context, Duration, Effect, Layer, Option, Result } from "effect"
import type { ClientError } from "../../opencode/errors.ts"
import { type Opencode, OpencodeClient, type ServerLocation } from "../../opencode/Opencode.ts"
import type { ApiVersion, Credentials } from "../../opencode/Target.ts"
import { plainLine } from "../../text/plainText.ts"
import { defaultProbeTimeout } from "../defaults.ts"
import type { Announcement } from "../Discovery.ts"
import { targetOf } from "../target.ts"

/** What is known about a server that answered as opencode does. */
export interface Identity {
  readonly _tag: "Opencode"
  /** The version of its API, if it is known. */
  readonly api: ApiVersion | undefined
  /** Whether it requires a password. */
  readonly requiresPassword: boolean
  /** The directory that it serves, if known. opencode 2 serves all directories, so it is not asked. */
  readonly location: ServerLocation | undefined
}

/** `Other`: another server answered. `Refused`: nothing listens. `Silent`: the connection was accepted, but no answer came. */
export type Verdict = Identity | { readonly _tag: "Other" } | { readonly _tag: "Refused" } | { readonly _tag: "Silent" }

export interface IdentificationRequest {
  readonly url: string
  /** Whether the password may be sent once the server has answered as an opencode that requires one. */
  readonly mayHavePassword: boolean
  /** Timeout of each of the at most three requests, in milliseconds. */
  readonly timeout: number
}

const opencode = (api: ApiVersion | undefined, requiresPassword: boolean, location?: ServerLocation): Identity => ({
  _tag: "Opencode",
  api,
  requiresPassword,
  location,
})

/** Directory names are untrusted, so they become one printable line. */
const locationOf = (opencode: Opencode, timeout: number) =>
  opencode.location(timeout).pipe(
    Effect.map(({ directory, worktree }): ServerLocation => ({
      directory: plainLine(directory),
      worktree: worktree === undefined ? undefined : plainLine(worktree),
    })),
    Effect.option,
    Effect.map(Option.getOrUndefined),
  )

const verdictOf = (error: ClientError): Verdict => {
  switch (error._tag) {
    case "RequestTimeout":
      return { _tag: "Silent" }
    case "InstanceUnreachable":
      return { _tag: error.mayHaveArrived ? "Other" : "Refused" }
    case "Unauthorized":
      return error.isOpencode ? opencode(error.api, true) : { _tag: "Other" }
    default:
      return { _tag: "Other" }
  }
}

/** Milliseconds. A refresh waits for fingerprints before it probes. */
const maxFingerprintTimeout = 2000

/** Whether the error shows that a server answered. */
const isAnswer = ({ _tag }: ClientError) => _tag !== "RequestTimeout" && _tag !== "InstanceUnreachable"

export interface IdentificationOptions {
  /** Sent only to trusted servers that have answered as opencode does. Default: none. */
  readonly credentials?: Credentials | undefined
  /** Timeout of reading a fingerprint; at most 2 s, because a refresh waits for it. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
}

export class Identification extends Context.Service<
  Identification,
  {
    /**
     * Sends one `GET /global/health` without the password, and, if a web page is the answer, one `GET /api/info`: opencode 2
     * refuses that. An opencode 1 is then asked for its directory, with the password if it requires one and
     * `mayHavePassword` is set.
     */
    readonly identify: (request: IdentificationRequest) => Effect.Effect<Verdict>
    /**
     * A text that identifies the server's machine and directory. None if the server has none; fails if it does not answer.
     */
    readonly fingerprintOf: (announcement: Announcement) => Effect.Effect<Option.Option<string>, ClientError>
  }
>()("opencode-fleet/discovery/Identification") {
  static readonly layer = ({ credentials, probeTimeout = defaultProbeTimeout }: IdentificationOptions = {}) =>
    Layer.effect(
      Identification,
      Effect.gen(function* () {
        const client = yield* OpencodeClient

        const identify = Effect.fnUntraced(function* ({ mayHavePassword, timeout, url }: IdentificationRequest) {
          const open = client.at({ instance: url, url, credentials: undefined })
          const answer = yield* Effect.result(open.health(timeout))
          if (Result.isSuccess(answer)) return opencode(answer.success.api, false, yield* locationOf(open, timeout))
          const verdict = verdictOf(answer.failure)
          return verdict._tag === "Opencode" && verdict.api !== 2 && mayHavePassword && credentials !== undefined
            ? opencode(verdict.api, true, yield* locationOf(client.at({ instance: url, url, credentials }), timeout))
            : verdict
        })

        const fingerprintOf = (announcement: Announcement) => {
          const opencode = client.at(targetOf(announcement, credentials))
          const timeout = Math.min(Duration.toMillis(probeTimeout), maxFingerprintTimeout)
          // The question for its directory would make opencode 2 load one.
          const directory =
            announcement.api === 2
              ? Effect.succeed("")
              : Effect.map(opencode.location(timeout), ({ directory }) => directory)
          return Effect.all([opencode.machineMark(timeout), directory], { concurrency: "unbounded" }).pipe(
            Effect.map(([firstSeen, directory]) =>
              Option.map(Option.fromUndefinedOr(firstSeen), (time) => `${time} ${directory}`),
            ),
            Effect.catchIf(isAnswer, () => Effect.succeedNone),
          )
        }
        return Identification.of({ identify, fingerprintOf })
      }),
    )
}
