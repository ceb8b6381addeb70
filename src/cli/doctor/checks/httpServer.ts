/**
 * Whether each server over HTTP answers, and refuses a request without a token: those that this user is running, and whatever
 * listens at the usual address. They are asked without a token, because another program may listen there.
 */
import { Effect, FileSystem, Option } from "effect"
import { exchange } from "../../../machine/httpExchange.ts"
import { ownTokenFile } from "../../../settings/directories.ts"
import { Settings } from "../../../Settings.ts"
import { baseScope, fleetScopes } from "../../../tools/scopes.ts"
import { defaultAddress, type ListenAddress } from "../../arguments/listenAddress.ts"
import { leadsTo, localUrl, type RunningServer, runningServers } from "../../server/runningServers.ts"
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

const observe = (url: string, status: number, client: string) => {
  if (status === 401) return ok(`the server over HTTP (${url}) answers, and refuses a request without a token`)
  if (status === 503) {
    return problem(`the server over HTTP (${url}) cannot check tokens`, "Its log (stderr) says why.")
  }
  return warning(
    `the server over HTTP (${url}) lets in every program and user of this machine`,
    `Start it without --no-auth, and give its clients the token: ${client}.`,
  )
}

/** A server of this user is running, so it should answer. */
const silent = ({ pid, url }: RunningServer) =>
  problem(
    `the server over HTTP (${url}, process ${pid}) does not answer`,
    "If its log (stderr) does not say why, restart it.",
  )

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

export const httpServerAt = (usual: ListenAddress): Check<MachineServices | Settings> => ({
  name: "HTTP server",
  run: Effect.gen(function* () {
    const usualUrl = localUrl(usual)
    const running = yield* runningServers((yield* Settings).stateDirectory)
    const known = running.map(({ url }) => url)
    const urls = new Set(known.some((url) => leadsTo(url, usual.port)) ? known : [usualUrl, ...known])
    const found = yield* Effect.forEach(
      urls,
      (url) =>
        Effect.map(ask(new URL(url)), (answer) =>
          Option.match(
            Option.filter(answer, ({ isOurs }) => isOurs),
            {
              onSome: ({ status }) => [
                observe(url, status, `opencode-fleet config CLIENT --http${leadsTo(url, usual.port) ? "" : ` ${url}`}`),
              ],
              onNone: () => running.filter((server) => server.url === url).map(silent),
            },
          ),
        ),
      { concurrency: 8 },
    )
    return [...found.flat(), ...(yield* observeToken)]
  }),
})

export const httpServer = httpServerAt(defaultAddress)
