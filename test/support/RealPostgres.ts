/**
 * A real PostgreSQL in a temporary directory, on a Unix socket, so that no port has to be free. It starts in about a second: a
 * test file shares one, and each test takes a database of its own. It can be stopped and started again.
 */
import { NodeServices } from "@effect/platform-node"
import { PgConnection } from "@effect/sql-pg"
import { Context, Deferred, Effect, Exit, FileSystem, Layer, Path, Redacted, Ref, Schema, Scope, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { within } from "./patience.ts"
import { find } from "./requirements.ts"

export class PostgresStartFailed extends Schema.TaggedError<PostgresStartFailed>()("PostgresStartFailed", {
  log: Schema.String,
}) {
  override get message() {
    return `PostgreSQL did not start:\n${this.log}`
  }
}

export const user = "fleet"
export const password = "sesame-of-the-database"

/** PostgreSQL refuses root. */
const asPostgres = process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []

const command = (program: "initdb" | "postgres", args: ReadonlyArray<string>, directory: string) => {
  const [first = "", ...others] = [...asPostgres, find(program) ?? program, ...args]
  return ChildProcess.make(first, others, {
    stdin: "ignore",
    cwd: directory,
    extendEnv: true,
    env: { LC_ALL: "C", TZ: "UTC" },
    killSignal: "SIGINT",
    forceKillAfter: "10 seconds",
  })
}

export class RealPostgres extends Context.Service<
  RealPostgres,
  {
    /** The URL of a new database, with its password. */
    readonly newDatabase: Effect.Effect<string>
    /** Runs one statement in the database. */
    readonly run: (
      url: string,
      sql: string,
      parameters?: ReadonlyArray<unknown>,
    ) => Effect.Effect<ReadonlyArray<PgConnection.Row>>
    /** Ends all connections; nothing listens. */
    readonly stop: Effect.Effect<void>
    readonly start: Effect.Effect<void>
  }
>()("opencode-fleet/test/RealPostgres") {
  static readonly layerNoDeps = Layer.effect(
    RealPostgres,
    Effect.suspend(() => start),
  )

  static readonly layer = RealPostgres.layerNoDeps.pipe(Layer.provideMerge(NodeServices.layer))
}

const run = (url: string, sql: string, parameters: ReadonlyArray<unknown> = []) =>
  PgConnection.make({ url: Redacted.make(url) }).pipe(
    Effect.flatMap((connection) => connection.query(sql, parameters)),
    Effect.map(({ rows }) => rows),
    Effect.scoped,
    Effect.orDie,
  )

const start = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const services = yield* Effect.context<ChildProcessSpawner.ChildProcessSpawner>()
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "pg-" })
  const data = path.join(directory, "data")
  const passwordFile = path.join(directory, "password")
  yield* fs.writeFileString(passwordFile, password)
  if (asPostgres.length > 0) {
    yield* spawner.exitCode(ChildProcess.make("chown", ["-R", "postgres:postgres", directory]))
  }
  const initialised = yield* spawner.string(
    command(
      "initdb",
      ["-D", data, "-U", user, "--pwfile", passwordFile, "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"],
      directory,
    ),
    { includeStderr: true },
  )
  if (!(yield* fs.exists(path.join(data, "PG_VERSION")).pipe(Effect.orElseSucceed(() => true)))) {
    return yield* new PostgresStartFailed({ log: initialised })
  }
  const running = yield* Ref.make<Scope.Closeable | undefined>(undefined)

  const launch = Effect.gen(function* () {
    if ((yield* Ref.get(running)) !== undefined) return
    const scope = yield* Scope.make()
    const log = yield* Ref.make("")
    const ready = yield* Deferred.make<void>()
    const settings = ["listen_addresses=", `unix_socket_directories=${directory}`, "fsync=off", "max_connections=50"]
    const handle = yield* command(
      "postgres",
      ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
      directory,
    ).pipe(Scope.provide(scope))
    yield* handle.all.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.runForEach((line) =>
        Effect.andThen(
          Ref.update(log, (before) => `${before}${line}\n`.slice(-20_000)),
          line.includes("ready to accept connections") ? Deferred.succeed(ready, undefined) : Effect.void,
        ),
      ),
      Effect.ignore,
      Effect.forkIn(scope),
    )
    yield* Ref.set(running, scope)
    yield* Deferred.await(ready).pipe(
      Effect.raceFirst(Effect.andThen(Effect.exit(handle.exitCode), Effect.fail("ended"))),
      within("PostgreSQL to accept connections"),
      Effect.catch(() => Effect.flatMap(Ref.get(log), (text) => Effect.fail(new PostgresStartFailed({ log: text })))),
    )
  })
  const stop = Effect.gen(function* () {
    const scope = yield* Ref.getAndSet(running, undefined)
    if (scope !== undefined) yield* Scope.close(scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => stop)
  yield* launch

  const urlOf = (database: string) => `postgres://${user}:${password}@${encodeURIComponent(directory)}/${database}`
  return RealPostgres.of({
    newDatabase: Effect.gen(function* () {
      const name = `fleet_${crypto.randomUUID().replaceAll("-", "")}`
      yield* run(urlOf("postgres"), `create database ${name}`)
      return urlOf(name)
    }),
    run,
    stop,
    start: launch.pipe(Effect.orDie, Effect.provideContext(services)),
  })
})
