/** A child process that speaks JSON-RPC in lines, with measured times. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process"
import { once } from "node:events"
import { Effect, Schema, type Scope } from "effect"
import { processorTime } from "./processorTime.ts"
import { residentMemory } from "./residentMemory.ts"

export class RequestFailed extends Schema.TaggedError<RequestFailed>()("RequestFailed", {
  method: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `${this.method}: ${this.detail}`
  }
}

/** An answer, and the milliseconds from writing the request until its last byte was received. */
export interface Answer {
  readonly result: unknown
  readonly ms: number
}

export interface Command {
  readonly file: string
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

const Incoming = Schema.Struct({
  id: Schema.optionalKey(Schema.Finite),
  result: Schema.optionalKey(Schema.Unknown),
  error: Schema.optionalKey(Schema.Unknown),
})
const decodeIncoming = Schema.decodeUnknownSync(Schema.fromJsonString(Incoming))
const isToolError = Schema.is(Schema.Struct({ isError: Schema.Literal(true) }))

type Waiting = (message: typeof Incoming.Type, at: number) => void

export class JsonRpcProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, Waiting>()
  /** Receives each notification as JSON, and when it arrived. */
  onNotification: (line: string, at: number) => void = () => undefined
  #nextId = 1
  #text = ""

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    // An EPIPE means that the child has exited, which fails all waiting requests.
    child.stdin.on("error", () => undefined)
    child.on("exit", (code) => {
      for (const answer of this.#waiting.values())
        answer({ error: `the process ended with ${code}` }, performance.now())
      this.#waiting.clear()
    })
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => this.#read(chunk, performance.now()))
  }

  /** Starts the process. Closing the scope ends it by closing its stdin, and by force if that is not enough. */
  static readonly start = (command: Command): Effect.Effect<JsonRpcProcess, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [command.file, ...(command.args ?? [])], {
          env: { ...process.env, ...command.env },
          stdio: "pipe",
        })
        // Logs are read and dropped, because a full pipe would block the child.
        child.stderr.resume()
        return new JsonRpcProcess(child)
      }),
      (self) => Effect.promise(() => self.#end()),
    )

  readonly request = (method: string, params?: unknown): Effect.Effect<Answer, RequestFailed> =>
    Effect.callback<Answer, RequestFailed>((resume) => {
      const id = this.#nextId++
      const line = `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`
      const from = performance.now()
      this.#waiting.set(id, ({ error, result }, at) =>
        resume(
          error !== undefined || isToolError(result)
            ? Effect.fail(new RequestFailed({ method, detail: JSON.stringify(error ?? result) }))
            : Effect.succeed({ result, ms: at - from }),
        ),
      )
      this.#child.stdin.write(line)
    }).pipe(
      Effect.timeoutOrElse({
        duration: "30 seconds",
        orElse: () => Effect.fail(new RequestFailed({ method, detail: "no answer within 30 s" })),
      }),
    )

  readonly initialize = this.request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "0.0.0" },
  })

  readonly listTools = Effect.suspend(() => {
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    return this.request("tools/list", {})
  })

  readonly callTool = (name: string, args: unknown = {}) => this.request("tools/call", { name, arguments: args })

  get pid(): number | undefined {
    return this.#child.pid
  }

  readonly residentMemory = Effect.suspend(() => residentMemory(this.#child.pid))

  readonly processorTime = Effect.suspend(() => processorTime(this.#child.pid))

  #read(chunk: string, at: number): void {
    this.#text += chunk
    // Answers are short and rare, so splitting the whole buffer for each chunk is cheap.
    const lines = this.#text.split("\n")
    this.#text = lines.pop() ?? ""
    for (const line of lines) {
      const message = decodeIncoming(line)
      if (message.id === undefined) {
        this.onNotification(line, at)
        continue
      }
      this.#waiting.get(message.id)?.(message, at)
      this.#waiting.delete(message.id)
    }
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, "exit")
    this.#child.stdin.end()
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 2000)
    await exited
    clearTimeout(force)
  }
}
