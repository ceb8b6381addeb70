/** A real background service of opencode 2, found by the built executable without any setting. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import { randomBytes } from "node:crypto"
import { createServer, type IncomingMessage } from "node:http"
import { hostname } from "node:os"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { relayIn } from "../support/Executable.ts"
import { listening } from "../support/loopback.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealService, withVersion } from "../support/RealService.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { runCommand } from "../support/runCommand.ts"

const [name = ""] = hostname().split(".")

/** The user's own environment has only HOME and PATH. */
const plain = { RELAY_REGISTRY_DIR: undefined }

/** The executable as the user of the service runs it. */
const asUser = Effect.gen(function* () {
  const { home } = yield* RealService
  const relay = yield* relayIn(home, "/nowhere")
  return {
    client: connect(relay, { variables: plain }),
    /** Everything that the command prints. */
    run: (args: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
      Effect.map(
        runCommand(relay, args, { variables: { ...plain, ...variables } }),
        ({ stderr, stdout }) => stdout + stderr,
      ),
  }
})

const listed = ({ instances }: typeof ListInstances.successSchema.Type) =>
  instances.map((one) => [one.name, one.health, one.version].join(" ")).join()

/** Whatever it is asked, and with which headers. */
const recorder = Effect.fnUntraced(function* (port: number) {
  const received: Array<Pick<IncomingMessage, "url" | "headers">> = []
  const server = createServer(({ headers, url }, response) => {
    received.push({ url, headers })
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>OpenCode</title>")
  })
  yield* listening(server, port)
  return received
})

/** The content of all files that the user's programs have written, other than opencode's own. */
const written = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { home } = yield* RealService
  const names = yield* fs.readDirectory(home, { recursive: true })
  const files = names.filter((file) => !/(?:^|\/)opencode(?:\/|$)/u.test(file)).map((file) => path.join(home, file))
  return yield* Effect.forEach(files, (file) => Effect.orElseSucceed(fs.readFileString(file), () => ""))
})

withOpencode2("the service of opencode 2", () => {
  layer(RealService.layer(), { excludeTestServices: true })((it) => {
    it.effect("is found without any setting, and answers a message", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { call, stderr } = yield* (yield* asUser).client
        const fleet = yield* call(ListInstances)
        assert.deepStrictEqual(fleet.health_counts, { online: 1 })
        assert.deepStrictEqual(fleet.problems, [])
        assert.deepInclude(fleet.instances[0], {
          name,
          health: "online",
          version: "2.0.15",
          api: 2,
          url: service.url,
          transports: ["service"],
        })
        assert.isUndefined(fleet.instances[0]?.directory)
        const session = yield* facts.createSession(service, "Found")
        const turn = yield* call(SendMessage, { session_id: session.id, message: "say:From the service" })
        assert.deepInclude(turn, { outcome: "completed", text: "From the service" })
        assert.notInclude(JSON.stringify(fleet) + (yield* stderr), service.password)
      }),
    )

    it.effect("is one instance with local-ports, which alone says that it wants its password", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { run } = yield* asUser
        // A scan of a machine with many ports may take longer than a command waits for it.
        const both = yield* run(["instances", "--json"], { TRANSPORT: "service,local-ports" }).pipe(
          eventually((text) => text.includes('"transports": [\n        "service",\n        "local-ports"\n')),
        )
        assert.strictEqual(both.split(service.url).length, 2, "listed once")
        const alone = yield* run(["instances", "--json"], {
          TRANSPORT: "local-ports",
          OPENCODE_SERVER_PASSWORD: "fleet-password",
        }).pipe(eventually((text) => text.includes(service.url)))
        assert.include(alone, "is opencode 2 and wants its password, which is not sent there")
        assert.include(alone, "Add service to TRANSPORT")
        assert.notInclude(both + alone, service.password)
      }),
    )

    it.effect("that crashed leaves its file, and a program that takes its port receives nothing", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { run } = yield* asUser
        yield* service.kill
        const received = yield* recorder(service.port)
        const found = yield* run(["instances"])
        assert.include(found, "another program listens on its port")
        const doctor = yield* run(["doctor"], { OPENCODE_SERVER_PASSWORD: "fleet-password" })
        assert.include(doctor, "another program listens on its port")
        yield* run(["instances"], { TRANSPORT: "service,local-ports", OPENCODE_SERVER_PASSWORD: "fleet-password" })
        // Any local-ports on this machine may ask for its health, without a password.
        for (const { headers, url } of received) {
          assert.isUndefined(headers.authorization)
          assert.oneOf(url, ["/global/health", "/api/info"])
        }
      }),
    )

    it.effect("stays the same instance when it crashes and is upgraded", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { call } = yield* (yield* asUser).client
        const seen = (what: string) => Effect.map(call(ListInstances), listed).pipe(eventually((all) => all === what))
        yield* service.start()
        yield* seen(`${name} online 2.0.15`)
        yield* service.kill
        yield* seen(`${name} unreachable `)
        assert.include((yield* call(RefreshInstances)).instances[0]?.reason, "its process has exited")
        yield* service.start(yield* withVersion("2.0.16"))
        yield* seen(`${name} online 2.0.16`)
      }),
    )

    it.effect("that cannot start says why and what to do, and its password is written nowhere", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const service = yield* RealService
        const { run } = yield* asUser
        yield* service.kill
        const data = path.join(service.home, ".local", "share", "opencode")
        for (const suffix of ["-wal", "-shm"])
          yield* fs.remove(path.join(data, `opencode.db${suffix}`), { force: true })
        yield* fs.writeFile(path.join(data, "opencode.db"), randomBytes(20_000))
        yield* Effect.ignore(service.start())
        const found = yield* run(["instances", "--json"])
        assert.include(found, "could not start: The background service could not start. Run `opencode service restart`")
        const doctor = yield* run(["doctor"], { LOG_LEVEL: "trace" })
        assert.include(doctor, "could not start")
        for (const text of [found, doctor, ...(yield* written)]) assert.notInclude(text, service.password)
      }),
    )
  })
})
