/** The configuration of a client for a server over HTTP. Loaded on demand, because it needs what checks a file of tokens. */
import { Effect } from "effect"
import { type Client, clientConfigurations, configurationText } from "./clientConfigurations.ts"
import { httpConfigurations } from "./httpConfigurations.ts"
import { type RemoteInput, type RemoteNews, remoteOf } from "./remote.ts"
import { tokenNotes } from "./tokenNotes.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const newTokenNote = ({ newTokenFile }: RemoteNews) =>
  newTokenFile === undefined
    ? []
    : [`There was no token yet, so one was made, in ${newTokenFile}. opencode-fleet serve --http will use it.`]

const expectedNote = ({ isExpected, url }: Pick<RemoteNews, "isExpected"> & { readonly url: string }) =>
  isExpected
    ? [`No server of yours is running. This is for one at ${url}: start it with opencode-fleet serve --http`]
    : []

const otherServersNote = (client: Client, { others, url }: { readonly url: string } & RemoteNews) =>
  others.length === 0
    ? []
    : [
        `This is for the server at ${url}. For another one that is running: ${others
          .map((other) => ownCommand("config", client, "--http", other))
          .join(", or ")}`,
      ]

/** The text, and what a person must know about its token. */
export const overHttp = Effect.fnUntraced(function* (client: Client, input: RemoteInput) {
  const remote = yield* remoteOf(input)
  const text = yield* Effect.fromResult(configurationText(httpConfigurations[client], remote))
  const notes = tokenNotes(client, clientConfigurations[client].title, remote)
  return [
    text,
    [...expectedNote(remote), ...newTokenNote(remote), ...notes, ...otherServersNote(client, remote)],
  ] as const
})
