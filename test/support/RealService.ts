/**
 * A real background service of opencode 2 with a home of its own, as `opencode service start` starts it: it registers itself
 * in `~/.local/state/opencode/service.json`, and serves all directories of its user. Tests that need it are made with
 * `withOpencode2` of `requirements.ts`.
 */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { opencode2Binary } from "./opencode2Binary.ts"
import { freePort } from "./OpencodeServer.ts"
import { environment, makeWorkspace, type Workspace, type WorkspaceOptions } from "./OpencodeWorkspace.ts"
import { killAll, signal, startedWith } from "./processes.ts"
import { ScriptedModel } from "./ScriptedModel.ts"
import { eventually } from "./eventually.ts"

const realVersion = "2.0.15"

/** The content of the registration file. */
const Registered = Schema.Struct({
  id: Schema.String,
  version: Schema.String,
  url: Schema.String,
  pid: Schema.Int,
  password: Schema.String,
})
export type Registered = typeof Registered.Type

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Registered))

/** What the service did not do. */
export class ServiceFailed extends Schema.TaggedError<ServiceFailed>()("ServiceFailed", { reason: Schema.String }) {
  override get message() {
    return `the opencode 2 service: ${this.reason}`
  }
}

export interface ServiceOptions extends WorkspaceOptions {
  /** The service's own password, as in its configuration. Default: a random one of opencode's. */
  readonly password?: string
  /** Another copy of opencode 2, such as {@link withVersion}'s. */
  readonly binary?: string
}

export interface Service extends Workspace {
  readonly url: string
  readonly port: number
  /** The service's password, which outlives restarts. */
  readonly password: string
  /** Path of the registration file. */
  readonly file: string
  /** What the registration file says now. */
  readonly registered: Effect.Effect<Registered, ServiceFailed>
  /** Runs `opencode ARGS` as the user in the project, and returns its whole output. */
  readonly opencode: (args: ReadonlyArray<string>, binary?: string) => Effect.Effect<string>
  /** `opencode service start`: starts it, or replaces a running one of another version. */
  readonly start: (binary?: string) => Effect.Effect<Registered, ServiceFailed>
  /** `opencode service stop`: the registration file disappears. */
  readonly stop: Effect.Effect<void>
  /** `opencode service restart`. */
  readonly restart: Effect.Effect<Registered, ServiceFailed>
  /** Sends SIGKILL and returns when the process has ended. The registration file stays. */
  readonly kill: Effect.Effect<void, ServiceFailed>
}

export class RealService extends Context.Service<RealService, Service>()("opencode-fleet/test/RealService") {
  static readonly layerNoDeps = (options?: ServiceOptions) => Layer.effect(RealService, startService(options))

  /** A service with a model of its own; the model and the Node services stay available to the tests. */
  static readonly layer = (options?: ServiceOptions) =>
    RealService.layerNoDeps(options).pipe(Layer.provideMerge([ScriptedModel.layer, NodeServices.layer]))
}

/** `XDG_STATE_HOME` and the like are unset: the service has to be found below `HOME`. */
const serviceEnvironment = (home: string) =>
  Object.fromEntries(
    Object.entries(environment(home)).filter(
      ([name]) => !name.startsWith("XDG_") && name !== "OPENCODE_SERVER_PASSWORD",
    ),
  )

/** Prepares a service without starting it. Closing the scope ends every process that was started in its home. */
export const makeService = Effect.fn("makeService")(function* (options: ServiceOptions = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const { directory, home } = yield* makeWorkspace(options)
  const { isAlive } = yield* LocalMachine
  const port = yield* freePort
  const own = options.binary ?? opencode2Binary
  const env = serviceEnvironment(home)
  const file = path.join(home, ".local", "state", "opencode", "service.json")
  const configuration = path.join(home, ".config", "opencode", "service.json")
  const password = options.password ?? crypto.randomUUID()
  yield* fs.writeFileString(configuration, JSON.stringify({ port, password }), { mode: 0o600 })
  yield* Effect.addFinalizer(() =>
    killAll(startedWith("HOME", home)).pipe(Effect.provideService(FileSystem.FileSystem, fs)),
  )

  const opencode = (args: ReadonlyArray<string>, binary = own) =>
    ChildProcess.make(binary, args, { cwd: directory, env, stdin: "ignore", forceKillAfter: "2 seconds" }).pipe(
      Effect.flatMap(({ all }) => Stream.mkString(Stream.decodeText(all))),
      Effect.scoped,
      Effect.orDie,
      Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
    )

  const registered = fs.readFileString(file).pipe(
    Effect.flatMap(decode),
    Effect.mapError(({ message }) => new ServiceFailed({ reason: message })),
  )
  /** `service start` may return before the file of a replaced process has been replaced. */
  const command = (name: "start" | "restart", binary?: string) =>
    Effect.flatMap(opencode(["service", name], binary), (output) =>
      output.includes(String(port)) ? registered : Effect.fail(new ServiceFailed({ reason: output })),
    )
  const kill = Effect.gen(function* () {
    const { pid } = yield* registered
    yield* signal([pid], "SIGKILL")
    // Its sockets are closed by then, too.
    yield* Effect.sync(() => isAlive(pid)).pipe(
      eventually((alive) => !alive, "10 millis"),
      Effect.mapError(() => new ServiceFailed({ reason: `process ${pid} is not killed` })),
    )
  })

  return {
    home,
    directory,
    url: `http://127.0.0.1:${port}`,
    port,
    password,
    file,
    registered,
    opencode,
    start: (binary) => command("start", binary),
    stop: Effect.asVoid(opencode(["service", "stop"])),
    restart: command("restart"),
    kill,
  } satisfies Service as Service
})

/** A service that is running and ready. */
export const startService = Effect.fn("startService")(function* (options?: ServiceOptions) {
  const service = yield* makeService(options)
  yield* service.start()
  return service
})

/** A copy of opencode 2 that reports another version, which is as long as the real one. Removed when the scope closes. */
export const withVersion = Effect.fn("withVersion")(function* (version: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const content = Buffer.from((yield* fs.readFile(opencode2Binary)).buffer)
  for (let at = content.indexOf(realVersion); at !== -1; at = content.indexOf(realVersion, at))
    content.write(version, at)
  const copy = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "opencode2-" }), "opencode")
  yield* fs.writeFile(copy, content, { mode: 0o755 })
  return copy
})
