/** The minimum for a tunnel: ssh alone, until it prints the port at the relay. */
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Way } from "../../test/support/SshRelay.ts"
import { timed } from "../support/timed.ts"

/** The duration in milliseconds. */
export const bareTunnel = Effect.fn("bareTunnel")(function* ({ argv: [program, ...args] }: Way) {
  const allocated = Effect.gen(function* () {
    const ssh = yield* ChildProcess.make(program, [...args, "-R", "127.0.0.1:0:127.0.0.1:9", "sh"], {
      forceKillAfter: "2 seconds",
    })
    const said = ssh.stderr.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => line.startsWith("Allocated port")),
      Stream.runHead,
    )
    yield* Effect.flatMap(said, Effect.fromOption)
  })
  return yield* timed(allocated)
}, Effect.scoped)
