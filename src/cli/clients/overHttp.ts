/** The configuration of a client for a server over HTTP. Loaded on demand, because it needs what checks a file of tokens. */
import { Effect } from "effect"
import { type Client, clientConfigurations, configurationText } from "./clientConfigurations.ts"
import { httpConfigurations } from "./httpConfigurations.ts"
import { type RemoteInput, remoteOf } from "./remote.ts"
import { tokenNotes } from "./tokenNotes.ts"

/** The text, and what a person must know about its token. */
export const overHttp = Effect.fnUntraced(function* (client: Client, input: RemoteInput) {
  const remote = yield* remoteOf(input)
  const text = yield* Effect.fromResult(configurationText(httpConfigurations[client], remote))
  return [text, tokenNotes(client, clientConfigurations[client].title, remote)] as const
})
