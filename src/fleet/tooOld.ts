/** Recognises an opencode that is older than the oldest supported version: it has no health route. */
import { Effect } from "effect"
import type { ClientError } from "../opencode/errors.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { oldestSupported } from "../opencode/triedVersions.ts"

/** Such a version passes an unknown route on to opencode's web site: it sends the page, or fails without a network. */
const isPassedOn = (error: ClientError) =>
  (error._tag === "UnexpectedResponse" && error.status === 200 && error.detail.includes("text/html")) ||
  ((error._tag === "UnexpectedResponse" || error._tag === "OpencodeError") && error.status === 500)

/** Why the server is not used; undefined if it is not such a version. `timeout` in milliseconds. */
export const tooOld = (error: ClientError, opencode: Opencode, timeout: number) =>
  isPassedOn(error)
    ? opencode.location(timeout).pipe(
        Effect.as(`opencode is too old: it is older than 1.1, and ${oldestSupported} or newer is needed`),
        Effect.orElseSucceed(() => undefined),
      )
    : Effect.undefined
