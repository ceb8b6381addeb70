/**
 * opencode 1 as a child process: its terminal UI, which has exclusive use of the terminal, or `opencode serve`. Both get a
 * port, because without one the terminal UI starts no HTTP server.
 */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, Schema } from "effect"
import { OpencodeNotStarted, startChild } from "./OpencodeChild.ts"

/** Another program already listens on the port that opencode's own arguments name. */
export class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", { port: Schema.Int }) {
  override get message() {
    return `opencode could not be started: port ${this.port} is taken`
  }
}

/**
 * Returns `port` if it is free, or any free port for 0. opencode's own `--port 0` is not used because it tries 4096
 * first. A busy port is refused here because opencode's terminal UI starts on it silently, and the other program would
 * answer in its place.
 */
const freePort = (port: number) =>
  NodeSocketServer.make({ host: "127.0.0.1", port }).pipe(
    Effect.flatMap(({ address }) =>
      "port" in address ? Effect.succeed(address.port) : Effect.fail({ message: "no port is free" }),
    ),
    Effect.scoped,
    Effect.mapError(({ message }) =>
      port === 0 ? new OpencodeNotStarted({ detail: message }) : new PortTaken({ port }),
    ),
  )

/**
 * The port in opencode's own arguments (0 if there is none), and the other arguments. It is removed from them because
 * opencode ignores a repeated `--port`.
 */
const splitPort = (args: ReadonlyArray<string>): readonly [port: number, others: ReadonlyArray<string>] => {
  const at = args.findLastIndex((each) => each === "--port" || each.startsWith("--port="))
  const joined = args[at]?.startsWith("--port=") === true
  const value = joined ? args[at]?.slice("--port=".length) : args[at + 1]
  return at === -1 || value === undefined || !/^\d+$/u.test(value)
    ? [0, args]
    : [Number(value), args.toSpliced(at, joined ? 1 : 2)]
}

/** Starts opencode in this process's directory. Closing the scope ends it. */
export const startOpencode = Effect.fnUntraced(function* (options: {
  readonly headless: boolean
  readonly args: ReadonlyArray<string>
}) {
  const [requestedPort, args] = splitPort(options.args)
  const port = yield* freePort(requestedPort)
  const child = yield* startChild({
    headless: options.headless,
    args: [...(options.headless ? ["serve"] : []), ...args, "--port", String(port)],
  })
  return {
    ...child,
    port,
    /** Whether another program has taken the port that was chosen here. opencode ends if that happens before it listens. */
    hasLostPort: requestedPort === 0 ? Effect.isFailure(freePort(port)) : Effect.succeed(false),
  }
})
