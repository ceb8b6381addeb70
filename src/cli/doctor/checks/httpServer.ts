/**
 * Whether the server over HTTP answers at its usual address, and refuses a request without a token. It is asked without one,
 * because another program may listen there.
 */
import { Effect, FileSystem, Option } from "effect"
import { exchange } from "../../../machine/httpExchange.ts"
import { mcpPath } from "../../../mcp/http/mcpPath.ts"
import { ownTokenFile } from "../../../settings/directories.ts"
import { Settings } from "../../../Settings.ts"
import { baseScope, fleetScopes } from "../../../tools/scopes.ts"
import { defaultAddress, type ListenAddress } from "../../arguments/listenAddress.ts"
import { type Check, type MachineServices, ok, problem, warning } from "../Check.ts"

const timeout = "2 seconds"

const maxBytes = 64 * 1024

/** Ends no session, because it names none. */
const ask = (address: URL) =>
  exchange({ address, method: "DELETE", headers: {}, maxBytes }).pipe(
    Effect.map(({ body, message }) => ({
      status: message.statusCode ?? 0,
      isOurs: body.includes('"jsonrpc"'),
    })),
    Effect.timeout(timeout),
    Effect.option,
  )

const observe = (url: string, status: number) => {
  if (status === 401) return ok(`the server over HTTP (${url}) answers, and refuses a request without a token`)
  if (status === 503) {
    return problem(`the server over HTTP (${url}) cannot check tokens`, "Its log (stderr) says why.")
  }
  return warning(
    `the server over HTTP (${url}) lets in every program and user of this machine`,
    "Start it without --no-auth, and give its clients the token: opencode-fleet config CLIENT --http.",
  )
}

/** What is wrong with the token that the server makes for its user, if there is one. */
const observeToken = Effect.gen(function* () {
  const file = ownTokenFile((yield* Settings).stateDirectory)
  const exists = yield* Effect.orElseSucceed((yield* FileSystem.FileSystem).exists(file), () => false)
  if (!exists) return []
  const { makeTokenFile } = yield* Effect.promise(() => import("../../../mcp/access/tokenFile.ts"))
  return yield* makeTokenFile({ file, scopes: fleetScopes, base: baseScope }).pipe(
    Effect.as([]),
    Effect.catch(({ message }) =>
      Effect.succeed([
        problem(message, "If others could read it, delete it, and restart the server: it makes a new one."),
      ]),
    ),
  )
})

export const httpServerAt = ({ host, port }: ListenAddress): Check<MachineServices | Settings> => ({
  name: "HTTP server",
  run: Effect.gen(function* () {
    const url = `http://${host}:${port}${mcpPath}`
    const answer = Option.filter(yield* ask(new URL(url)), ({ isOurs }) => isOurs)
    const found = Option.toArray(Option.map(answer, ({ status }) => observe(url, status)))
    return [...found, ...(yield* observeToken)]
  }),
})

export const httpServer = httpServerAt(defaultAddress)
