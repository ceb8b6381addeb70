/** The opencode at a port of this machine, asked with the credentials of the settings. */
import { Effect } from "effect"
import { OpencodeClient } from "../opencode/Opencode.ts"
import { Settings } from "../Settings.ts"

export const localOpencode = Effect.fnUntraced(function* (port: number) {
  const client = yield* OpencodeClient
  const { credentials } = yield* Settings
  return client.at({ instance: "opencode", url: `http://127.0.0.1:${port}`, credentials })
})
