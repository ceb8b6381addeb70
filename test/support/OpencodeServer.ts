/**
 * Starts a real opencode server of either version: on a free port, with a home of its own, and without network. Closing the
 * scope ends it and all processes that it started. `RealOpencode` and `RealOpencode2` use it.
 */
import { Deferred, Effect, Exit, Ref, Schedule, Schema, Scope, Semaphore, Stream } from "effect"
import type { PlatformError } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { createServer } from "node:net"
import { environment, makeWorkspace } from "./OpencodeWorkspace.ts"
import type { Workspace, WorkspaceOptions } from "./OpencodeWorkspace.ts"
import { patience } from "./patience.ts"

/** opencode ended or did not answer; `output` is the end of its output. */
export class OpencodeStartFailed extends Schema.TaggedError<OpencodeStartFailed>()("OpencodeStartFailed", {
  reason: Schema.String,
  output: Schema.String,
}) {
  override get message() {
    return `opencode did not start: ${this.reason}\n${this.output}`
  }
}

export interface Options extends WorkspaceOptions {
  /** Switches HTTP Basic on; the user is `opencode`. */
  readonly password?: string | undefined
  /** Runs as a second server of the same user: with the home, configuration and project of this instance. */
  readonly beside?: Workspace | undefined
}

export type StartError = OpencodeStartFailed | PlatformError.PlatformError

/** A running server. */
export interface OpencodeServer extends Workspace {
  readonly api: 1 | 2
  readonly url: string
  readonly port: number
  readonly password: string | undefined
  /** Sends SIGTERM. Completes when the process has ended. Does nothing if none is running. */
  readonly stop: Effect.Effect<void, PlatformError.PlatformError>
  /** Sends SIGKILL, like a crash. */
  readonly kill: Effect.Effect<void, PlatformError.PlatformError>
  /** Restarts it on the same port and with the same home, so its sessions remain. */
  readonly restart: Effect.Effect<void, StartError>
}

/** How a version of opencode is run. */
export interface Program {
  readonly api: 1 | 2
  readonly binary: string
  /** Answers 200 with the password as soon as the server is ready. */
  readonly healthRoute: string
}

const startAtFreePort = Effect.fn("startServer")(function* (program: Program, options: Options) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const { home, directory } = options.beside ?? (yield* makeWorkspace(options))
  const port = yield* freePort
  const url = `http://127.0.0.1:${port}`
  const lock = yield* Semaphore.make(1)
  const running = yield* Ref.make<Process | undefined>(undefined)

  const terminate = Effect.fnUntraced(function* (signal: "SIGTERM" | "SIGKILL") {
    const current = yield* Ref.getAndSet(running, undefined)
    if (current === undefined) return
    // The commands of the bash tool have process groups of their own and would survive opencode.
    const children = yield* descendants(current.handle.pid)
    yield* current.handle.kill({ killSignal: signal, forceKillAfter: "5 seconds" })
    yield* Effect.forEach(children, killProcess)
    yield* Scope.close(current.scope, Exit.void)
  }, Effect.uninterruptible)

  const launch = Effect.fnUntraced(function* () {
    // Not in this scope, which would end it before `terminate` could find its children.
    const processScope = yield* Scope.make()
    const process = yield* spawn(program, port, directory, environment(home, options.password)).pipe(
      Scope.provide(processScope),
      Effect.onError((cause) => Scope.close(processScope, Exit.failCause(cause))),
      Effect.tap(({ handle }) => Ref.set(running, { handle, scope: processScope })),
      Effect.uninterruptible,
    )
    yield* awaitHealth(process, `${url}${program.healthRoute}`, options.password).pipe(
      Effect.onError(() => Effect.ignore(terminate("SIGKILL"))),
    )
  })

  const withServices = Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner)
  yield* Effect.addFinalizer(() => terminate("SIGKILL").pipe(withServices, Effect.ignore))
  yield* launch()

  const exclusively = lock.withPermits(1)
  return {
    api: program.api,
    home,
    directory,
    url,
    port,
    password: options.password,
    stop: terminate("SIGTERM").pipe(withServices, exclusively),
    kill: terminate("SIGKILL").pipe(withServices, exclusively),
    restart: terminate("SIGTERM").pipe(Effect.andThen(launch()), withServices, exclusively),
  } satisfies OpencodeServer
})

/** Another program has taken the port since it was free. */
const isPortTaken = (error: StartError) => error._tag === "OpencodeStartFailed" && error.output.includes("ServeError")

/** Starts a server. Closing the scope ends it and all processes that it started, and removes its files. */
export const startServer = (program: Program, options: Options = {}) =>
  Effect.retry(startAtFreePort(program, options), { times: 2, while: isPortTaken })

interface Process {
  readonly handle: ChildProcessSpawner.ChildProcessHandle
  readonly scope: Scope.Closeable
}

/** The port of a user's opencode 2 service: never a test's. */
const servicePort = 49_374

/** opencode's own `--port 0` tries 4096 first, where the developer's instance may be listening. */
const anyPort = Effect.callback<number, OpencodeStartFailed>((resume) => {
  const server = createServer()
  const fail = (reason: string) => resume(Effect.fail(new OpencodeStartFailed({ reason, output: "" })))
  server.once("error", (error) => fail(error.message))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      address === null || typeof address === "string" ? fail("no free port") : resume(Effect.succeed(address.port)),
    )
  })
})

export const freePort = Effect.repeat(anyPort, { while: (port) => port === servicePort })

const spawn = Effect.fnUntraced(function* (
  { binary }: Program,
  port: number,
  cwd: string,
  env: Record<string, string | undefined>,
) {
  const handle = yield* ChildProcess.make(binary, ["serve", "--hostname", "127.0.0.1", "--port", String(port)], {
    cwd,
    env,
    stdin: "ignore",
    forceKillAfter: "2 seconds",
  })
  const output = yield* Ref.make("")
  const listening = yield* Deferred.make<void>()
  yield* handle.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) =>
      Ref.updateAndGet(output, (before) => (before + text).slice(-4_000)).pipe(
        Effect.flatMap((all) => (all.includes("listening on") ? Deferred.succeed(listening, undefined) : Effect.void)),
      ),
    ),
    Effect.forkScoped,
  )
  return { handle, output, listening }
})

/**
 * A request that reaches opencode before it says that it listens is accepted and never answered: so first the line,
 * then the question.
 */
const awaitHealth = Effect.fnUntraced(function* (
  process: Effect.Success<ReturnType<typeof spawn>>,
  url: string,
  password: string | undefined,
) {
  const failed = (reason: string) =>
    Effect.flatMap(Ref.get(process.output), (output) => Effect.fail(new OpencodeStartFailed({ reason, output })))
  const request = HttpClientRequest.get(url).pipe(
    password === undefined ? (same) => same : HttpClientRequest.basicAuth("opencode", password),
  )
  const healthy = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    .execute(request)
    .pipe(
      Effect.timeout("1 second"),
      Effect.retry(Schedule.spaced("25 millis")),
      Effect.catch((error) => failed(error.message)),
    )
  const died = Effect.exit(process.handle.exitCode).pipe(Effect.flatMap((exit) => failed(`it ended: ${exit._tag}`)))
  yield* Deferred.await(process.listening).pipe(
    Effect.andThen(healthy),
    Effect.raceFirst(died),
    Effect.timeoutOrElse({ duration: patience, orElse: () => failed(`no answer within ${patience}`) }),
    Effect.asVoid,
  )
}, Effect.provide(FetchHttpClient.layer))

/** All descendants of a process, from `ps`; none without `ps`. */
const descendants = Effect.fnUntraced(function* (ancestor: number) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const lines = yield* spawner
    .lines(ChildProcess.make("ps", ["-A", "-o", "pid=,ppid="]))
    .pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const found = new Set([ancestor])
  // `ps` sorts by process id, and a parent usually has the smaller one; a second pass finds what the first missed.
  for (const line of [...lines, ...lines]) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number)
    if (pid !== undefined && parent !== undefined && found.has(parent)) found.add(pid)
  }
  found.delete(ancestor)
  return found
})

const killProcess = (pid: number) => Effect.ignore(Effect.try(() => process.kill(pid, "SIGKILL")))
