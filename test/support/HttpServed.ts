/** The executable as a server over HTTP, which can be ended, killed, and started again on the same port. */
import { Effect, Exit, Fiber, Scope, Stream, SubscriptionRef } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { executable, type Relay, type Variables } from "./Executable.ts"
import { within } from "./patience.ts"

export interface HttpServedOptions {
  readonly args?: ReadonlyArray<string>
  readonly variables?: Variables
}

/** Starts `serve --http` and waits until it listens. */
export const serveHttp = Effect.fn("serveHttp")(function* (
  relay: Relay,
  { args = ["--no-auth"], variables }: HttpServedOptions = {},
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const outer = yield* Effect.scope
  let stdout = ""

  const start = Effect.fnUntraced(function* (port: number) {
    const scope = yield* Scope.fork(outer)
    const stderr = yield* SubscriptionRef.make("")
    const handle = yield* spawner
      .spawn(
        ChildProcess.make(process.execPath, [executable, "serve", "--http", `127.0.0.1:${port}`, ...args], {
          env: relay.environment(variables),
        }),
      )
      .pipe(Scope.provide(scope))
    yield* Stream.decodeText(handle.stderr).pipe(
      Stream.runForEach((text) => SubscriptionRef.update(stderr, (before) => before + text)),
      Effect.forkIn(scope),
    )
    yield* Stream.decodeText(handle.stdout).pipe(
      Stream.runForEach((text) => Effect.sync(() => (stdout += text))),
      Effect.forkIn(scope),
    )
    const listening = yield* SubscriptionRef.changes(stderr).pipe(
      Stream.map((text) => /http:\/\/127\.0\.0\.1:(\d+)/u.exec(text)?.[1]),
      Stream.filter((found) => found !== undefined),
      Stream.runHead,
      within("the line with the address of the server"),
      Effect.flatMap(Effect.fromOption),
    )
    const end = (signal: "SIGKILL" | "SIGTERM") =>
      Effect.gen(function* () {
        const exit = yield* Effect.forkChild(Effect.option(handle.exitCode))
        yield* Effect.ignore(handle.kill({ killSignal: signal }))
        const status = yield* Fiber.join(exit)
        yield* Scope.close(scope, Exit.void)
        return status
      })
    return { port: Number(listening), end, stderr: SubscriptionRef.get(stderr) }
  }, Effect.orDie)

  const first = yield* start(0)
  let current = first
  return {
    url: new URL(`http://127.0.0.1:${first.port}/mcp`),
    port: first.port,
    stderr: Effect.suspend(() => current.stderr),
    stdout: Effect.sync(() => stdout),
    end: (signal: "SIGKILL" | "SIGTERM") => Effect.suspend(() => current.end(signal)),
    startAgain: Effect.map(start(first.port), (started) => void (current = started)),
  }
})
