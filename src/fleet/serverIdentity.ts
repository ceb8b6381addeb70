/**
 * Whether the opencode that answers is the one that was announced. Ports are reused: 4096 is the first choice of every
 * opencode, and a registration outlives a crash.
 */
import { Effect, Option } from "effect"
import type { Announcement } from "../discovery/Discovery.ts"
import { isSameDirectory } from "../opencode/sameDirectory.ts"
import { LocalMachine, type LocalMachineValues } from "../machine/LocalMachine.ts"
import type { ClientError } from "../opencode/errors.ts"
import type { OpencodeClient, ServerHealth, ServerLocation } from "../opencode/Opencode.ts"
import type { ApiVersion } from "../opencode/Target.ts"
import { quote } from "../text/plainText.ts"

/** Whether the announced directory is one of this machine. */
const isLocal = ({ host, tunnelled }: Announcement, { hostname }: LocalMachineValues) =>
  tunnelled !== true && (host === "" || host === hostname)

const directoryDiffers = (announced: string, reported: string) =>
  `another opencode has its port now, which works in ${quote(reported)}; this one was announced in ${quote(announced)}`

const apiDiffers = (announced: ApiVersion, reported: ApiVersion) =>
  `another opencode has its port now, an opencode ${reported}; this one was announced as opencode ${announced}`

/**
 * Why a server that does not answer as the announced version of opencode is another one; undefined if that is not known. The
 * question has no credentials.
 */
export const otherApi = Effect.fnUntraced(function* (
  { api, name, url }: Announcement,
  error: ClientError,
  client: OpencodeClient["Service"],
  timeout: number,
) {
  if (api !== 2 || error._tag !== "UnexpectedResponse") return undefined
  const answer = yield* Effect.result(client.at({ instance: name, url, credentials: undefined }).health(timeout))
  if (answer._tag === "Success") return answer.success.api === api ? undefined : apiDiffers(api, answer.success.api)
  const { failure } = answer
  return failure._tag === "Unauthorized" && failure.isOpencode && failure.api !== 2 ? apiDiffers(api, 1) : undefined
})

export const exitedText = ({ pid }: Announcement) => `its process has exited (process ${pid})`

/** A process of this machine keeps its port while it runs, so a verified one is not asked again. */
const processKey = ({ birth, directory, host, pid, tunnelled, url }: Announcement, { hostname }: LocalMachineValues) =>
  birth === undefined || pid === undefined || tunnelled === true || host !== hostname
    ? undefined
    : [url, pid, birth, directory].join(" ")

/**
 * Makes a function that compares a healthy server with its announcement: API, process and directory. It returns why it is
 * another one: a text that continues after the instance's name; undefined if it is the announced one. A server that does not
 * report its directory counts as the announced one, unless the announced process has `exited`.
 *
 * opencode 2 serves all directories, and the question would make it load one, so it is not asked.
 */
export const makeServerIdentity = Effect.gen(function* () {
  const machine = yield* LocalMachine
  const verified = new Map<string, string>()

  return Effect.fnUntraced(function* (
    announcement: Announcement,
    exited: boolean,
    health: ServerHealth,
    location: Effect.Effect<ServerLocation, ClientError>,
  ) {
    const { api, directory } = announcement
    if (api !== undefined && api !== health.api) return apiDiffers(api, health.api)
    const withoutProcess = exited ? `${exitedText(announcement)}, and another opencode has its port now` : undefined
    if (directory === undefined || health.api === 2) return withoutProcess
    const key = processKey(announcement, machine)
    if (key !== undefined && !exited && verified.get(announcement.url) === key) return undefined
    const reported = yield* Effect.option(location)
    if (Option.isNone(reported)) return withoutProcess
    if (!(yield* isSameDirectory(directory, reported.value.directory, isLocal(announcement, machine)))) {
      return withoutProcess === undefined
        ? directoryDiffers(directory, reported.value.directory)
        : `${withoutProcess}, which works in ${quote(reported.value.directory)}`
    }
    if (key !== undefined) verified.set(announcement.url, key)
    return undefined
  })
})
