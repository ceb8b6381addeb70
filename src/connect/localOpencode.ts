/** Makes the client of an opencode on a port of this machine. */
import { Effect } from "effect"
import { urlOf } from "../discovery/address.ts"
import type { Credentials } from "../opencode/Target.ts"
import { OpencodeClient } from "../opencode/Opencode.ts"

export const localOpencode = Effect.fnUntraced(function* (options: {
  /** Default: 127.0.0.1. */
  readonly address?: string | undefined
  readonly port: number
  readonly credentials: Credentials | undefined
}) {
  const client = yield* OpencodeClient
  return client.at({
    instance: "opencode",
    url: urlOf(options.address ?? "127.0.0.1", options.port),
    credentials: options.credentials,
  })
})
