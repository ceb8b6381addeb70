/**
 * The local network for the tests of mDNS: an opencode that announces itself, and a device that announces anything. Other
 * programs use the network at the same time, so a test looks only at its own ports.
 */
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import makeMulticastDns from "multicast-dns"
import { createServer } from "node:http"
import { networkInterfaces } from "node:os"
import { fileURLToPath } from "node:url"
import { describe } from "vitest"
import { opencodeChallenge } from "../../src/opencode/http/clientErrors.ts"
import { freePort } from "./loopback.ts"
import { environment, makeWorkspace } from "./OpencodeWorkspace.ts"
import { within } from "./patience.ts"

/** This machine's first address that other machines can reach. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address

const group = "224.0.0.251"

/** A device on the network that sends packets from the mDNS port. */
const participant = Effect.acquireRelease(
  Effect.sync(() => makeMulticastDns()),
  (dns) => Effect.callback<void>((resume) => dns.destroy(() => resume(Effect.void))),
)

const hearsItself = Effect.flatMap(participant, (dns) =>
  Effect.callback<void>((resume) => {
    dns.on("error", () => {})
    const name = `opencode-fleet-${process.pid}.local`
    dns.on("query", ({ questions }) => {
      if (questions?.some((question) => question.name === name) === true) resume(Effect.void)
    })
    dns.on("ready", () => dns.query(name, "A"))
  }),
).pipe(Effect.timeout("2 seconds"), Effect.match({ onFailure: () => false, onSuccess: () => true }), Effect.scoped)

const works = ownAddress !== undefined && (await Effect.runPromise(hearsItself))

/** A suite whose tests are skipped, with a message, if multicast does not work. */
export const withMulticast = (title: string, tests: () => void): void => {
  const reason = `no multicast to ${group} gets through on this machine; test/fleet/mdns plays it on loopback`
  if (!works) console.error(`SKIPPED: ${title}: ${reason}`)
  // oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- both are the caller's
  describe.skipIf(!works)(works ? title : `${title} (SKIPPED: ${reason})`, tests)
}

const urlOf = (port: number) => `http://${ownAddress}:${port}`

const binary = fileURLToPath(new URL("bin/opencode.exe", import.meta.resolve("opencode-ai/package.json")))

/** A real `opencode serve --mdns` that listens but may not be announced yet. Closing the scope ends it. */
export const startAnnounced = Effect.fn("startAnnounced")(function* (password?: string) {
  const { directory, home } = yield* makeWorkspace({})
  const port = yield* freePort
  const opencode = yield* ChildProcess.make(binary, ["serve", "--mdns", "--port", String(port)], {
    cwd: directory,
    env: environment(home, password),
    stdin: "ignore",
    forceKillAfter: "2 seconds",
  })
  yield* opencode.all.pipe(
    Stream.decodeText,
    Stream.takeUntil((text) => text.includes("listening on")),
    Stream.runDrain,
    within("the line with which opencode says that it listens"),
  )
  return {
    port,
    url: urlOf(port),
    directory,
    /** Sends SIGTERM. Completes when it has ended. */
    stop: opencode.kill({ killSignal: "SIGTERM", forceKillAfter: "5 seconds" }),
  }
})

/** A server that asks for a password like opencode, and records what it receives. */
const trap = Effect.fnUntraced(function* (port: number) {
  const authorizations: Array<string | undefined> = []
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    response.writeHead(401, { "www-authenticate": opencodeChallenge }).end()
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(port, () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      }),
  )
  return authorizations
})

/** A device that announces such a trap as an opencode, and answers every question about opencodes. */
export const startStranger = Effect.fn("startStranger")(function* () {
  const port = yield* freePort
  const authorizations = yield* trap(port)
  const label = `opencode-${port}`
  const kind = "_http._tcp.local"
  const name = `${label}.${kind}`
  const records = (ttl: number) => [
    { type: "PTR" as const, name: kind, ttl, data: name },
    { type: "SRV" as const, name, ttl, data: { port, target: "opencode.local" } },
  ]
  const dns = yield* participant
  dns.on("query", ({ questions }) => {
    if (questions?.some((question) => question.name === kind) === true) dns.respond(records(120))
  })
  return {
    label,
    url: urlOf(port),
    /** The `Authorization` header of each request so far, if any. */
    authorizations: Effect.sync(() => [...authorizations]),
    announce: Effect.sync(() => dns.respond(records(120))),
    goodbye: Effect.sync(() => {
      dns.removeAllListeners("query")
      dns.respond(records(0))
    }),
  }
})
