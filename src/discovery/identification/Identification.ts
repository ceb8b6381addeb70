/** Asks whoever listens on a port whether it is an opencode, without telling it anything that it must not know. */
import { Context, Duration, Effect, Layer, Option, Result } from "effect"
import type { ClientError } from "../../opencode/errors.ts"
import { type Opencode, OpencodeClient, type ServerLocation } from "../../opencode/Opencode.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { plainLine } from "../../text/plainText.ts"
import { defaultProbeTimeout } from "../defaults.ts"
import type { Announcement } from "../Discovery.ts"
import { targetOf } from "../target.ts"

/** An opencode, as far as it has shown itself. */
export interface Identity {
  readonly _tag: "Opencode"
  /** It asks for a password. */
  readonly locked: boolean
  /** Where it works; none where it did not say. */
  readonly place: ServerLocation | undefined
}

/** What answered; `Refused` where nothing listens, `Silent` where something does and says nothing. */
export type Verdict = Identity | { readonly _tag: "Other" } | { readonly _tag: "Refused" } | { readonly _tag: "Silent" }

export interface Asked {
  readonly url: string
  /** Whether the password may be sent there once it has shown itself to be an opencode that asks for one. */
  readonly mayHavePassword: boolean
  /** Bound on each of the two requests, in milliseconds. */
  readonly timeout: number
}

const opencode = (locked: boolean, place?: ServerLocation): Verdict => ({ _tag: "Opencode", locked, place })

/** Anybody may say it, so it is one printable line. */
const placeOf = (opencode: Opencode, timeout: number) =>
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
      return error.isOpencode ? opencode(true) : { _tag: "Other" }
    default:
      return { _tag: "Other" }
  }
}

/** In milliseconds: a refresh waits for marks before it begins. */
const longestMark = 2000

/** Somebody answers, though not as asked. */
const isAnswer = ({ _tag }: ClientError) => _tag !== "RequestTimeout" && _tag !== "InstanceUnreachable"

export interface IdentificationOptions {
  /** Sent only to what has shown itself to be an opencode and may have them. Default: none. */
  readonly credentials?: Credentials | undefined
  /** Bound on asking for a mark; at most 2 s are used, because a refresh waits for it. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
}

export class Identification extends Context.Service<
  Identification,
  {
    /**
     * One `GET /global/health` without the password. Only what answers it as opencode does is asked for its directory:
     * with the password if it asks for one, and may have it.
     */
    readonly identify: (asked: Asked) => Effect.Effect<Verdict>
    /**
     * What tells the server's machine and directory from any other; none where something answers that does not say. It
     * fails where nothing answers.
     */
    readonly markOf: (announcement: Announcement) => Effect.Effect<Option.Option<string>, ClientError>
  }
>()("opencode-fleet/fleet/Identification") {
  static readonly layer = ({ credentials, probeTimeout = defaultProbeTimeout }: IdentificationOptions = {}) =>
    Layer.effect(
      Identification,
      Effect.gen(function* () {
        const client = yield* OpencodeClient

        const identify = Effect.fnUntraced(function* ({ mayHavePassword, timeout, url }: Asked) {
          const open = client.at({ instance: url, url, credentials: undefined })
          const answer = yield* Effect.result(open.health(timeout))
          if (Result.isSuccess(answer)) return opencode(false, yield* placeOf(open, timeout))
          const verdict = verdictOf(answer.failure)
          return verdict._tag === "Opencode" && mayHavePassword && credentials !== undefined
            ? opencode(true, yield* placeOf(client.at({ instance: url, url, credentials }), timeout))
            : verdict
        })

        const markOf = (announcement: Announcement) => {
          const opencode = client.at(targetOf(announcement, credentials))
          const timeout = Math.min(Duration.toMillis(probeTimeout), longestMark)
          return Effect.all([opencode.machineMark(timeout), opencode.location(timeout)], {
            concurrency: "unbounded",
          }).pipe(
            Effect.map(([firstSeen, { directory }]) =>
              Option.map(Option.fromUndefinedOr(firstSeen), (time) => `${time} ${directory}`),
            ),
            Effect.catchIf(isAnswer, () => Effect.succeedNone),
          )
        }
        return Identification.of({ identify, markOf })
      }),
    )
}
