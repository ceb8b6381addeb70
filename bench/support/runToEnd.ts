/** Runs a program to its end and measures the time. */
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { Effect, Schema } from "effect"
import type { Command } from "./JsonRpcProcess.ts"

export class RunFailed extends Schema.TaggedError<RunFailed>()("RunFailed", {
  command: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `${this.command}: ${this.detail}`
  }
}

/** Its output, and the milliseconds from its spawn until it had exited and its output was received. */
export const runToEnd = Effect.fnUntraced(function* ({ args = [], env, file }: Command) {
  const from = performance.now()
  const { status, stdout, ms } = yield* Effect.promise(async () => {
    const child = spawn(process.execPath, [file, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    })
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve))
    const stdout = await text(child.stdout)
    return { status: await closed, stdout, ms: performance.now() - from }
  })
  if (status !== 0) return yield* new RunFailed({ command: [file, ...args].join(" "), detail: `ended with ${status}` })
  return { stdout, ms }
})
