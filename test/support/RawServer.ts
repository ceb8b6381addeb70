/** The built executable as a child process that tests send raw lines to, including lines that no SDK would send. */
import { Deferred, Effect, Option, Schema } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { executable, type Relay, type Variables } from "./Executable.ts"
import { within } from "./patience.ts"
import { eventually } from "./eventually.ts"

const Answer = Schema.fromJsonString(
  Schema.Struct({
    jsonrpc: Schema.Literal("2.0"),
    id: Schema.optional(Schema.Union([Schema.Finite, Schema.String, Schema.Null])),
    method: Schema.optional(Schema.String),
    result: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
    error: Schema.optional(Schema.Struct({ code: Schema.Finite, message: Schema.String })),
  }),
)
type Answer = typeof Answer.Type

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Starts `node <file> <args>`. Closing the scope ends it. */
export const startRaw = Effect.fn("startRaw")(function* (
  relay: Relay,
  options: {
    readonly variables?: Variables
    readonly args?: ReadonlyArray<string>
    readonly file?: string
    readonly cwd?: string
  } = {},
) {
  const { args = [], cwd, file = executable, variables } = options
  const ended = yield* Deferred.make<Ended>()
  const exited = yield* Deferred.make<Ended>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [file, ...args], { cwd, env: relay.environment(variables) })),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )
  const stdout: Array<string> = []
  let stderr = ""
  child.stdin.on("error", () => {})
  const lines = createInterface(child.stdout).on("line", (line) => stdout.push(line))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  child.on("exit", (code, signal) => Deferred.doneUnsafe(exited, Effect.succeed({ code, signal })))
  child.on("close", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed({ code, signal })))

  let lastId = 0
  const write = (line: string | Uint8Array) =>
    Effect.sync(() => {
      child.stdin.write(line)
      child.stdin.write("\n")
    })
  const decoded: Array<Answer> = []
  const answers = Effect.sync((): ReadonlyArray<Answer> => {
    for (const line of stdout.slice(decoded.length)) decoded.push(Schema.decodeSync(Answer)(line))
    return decoded
  })
  const answerTo = (id: number) =>
    Effect.map(answers, (all) =>
      Option.fromUndefinedOr(all.find((message) => message.id === id && message.method === undefined)),
    ).pipe(
      eventually(Option.isSome, "10 millis"),
      Effect.flatMap((found): Effect.Effect<Answer> => Effect.orDie(Effect.fromOption(found))),
    )
  const send = (method: string, params: object) =>
    Effect.suspend(() => {
      const id = ++lastId
      return Effect.as(write(JSON.stringify({ jsonrpc: "2.0", id, method, params })), id)
    })
  const request = (method: string, params: object = {}) => Effect.flatMap(send(method, params), answerTo)
  const notify = (method: string, params: object = {}) => write(JSON.stringify({ jsonrpc: "2.0", method, params }))
  const initialize = (protocolVersion = "2025-11-25") =>
    request("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "raw", version: "1" } }).pipe(
      Effect.tap(() => notify("notifications/initialized")),
    )
  return {
    /** Writes a line unchanged, as text or as bytes. */
    write,
    /** Sends a request without waiting for its answer, and returns its id. */
    send,
    answerTo,
    request,
    notify,
    initialize,
    /** All messages so far. Each line of stdout must be one. */
    answers,
    stdout: Effect.sync(() => stdout.join("\n")),
    stderr: Effect.sync(() => stderr),
    closeStdin: Effect.sync(() => void child.stdin.end()),
    kill: (signal: NodeJS.Signals) => Effect.sync(() => void child.kill(signal)),
    /** Stops reading stdout, so that the pipe fills up. */
    stopReading: Effect.sync(() => lines.pause()),
    startReading: Effect.sync(() => lines.resume()),
    pid: child.pid ?? 0,
    /** How the process ended, even if its output was not read. */
    exited: Deferred.await(exited).pipe(within("the end of the server")),
    /** How the process ended. */
    ended: Deferred.await(ended).pipe(within("the end of the server and of its output")),
  }
})
