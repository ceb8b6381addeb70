/** A server over HTTP as a child process, which lives as long as a scope. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { Effect } from "effect"
import type { Command } from "./JsonRpcProcess.ts"

const endpoint = /http:\/\/127\.0\.0\.1:\d+\/mcp/u

/** Starts it and waits for the URL of its endpoint, which it prints on stderr. */
export const startHttpServer = Effect.fn("startHttpServer")(function* ({ args = [], env, file }: Command) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env }, stdio: ["pipe", "ignore", "pipe"] }),
    ),
    (running) =>
      Effect.promise(async () => {
        if (running.exitCode !== null || running.signalCode !== null) return
        const exited = once(running, "exit")
        running.kill("SIGKILL")
        await exited
      }),
  )
  const url = yield* Effect.callback<string>((resume) => {
    // Reads on afterwards, because a full pipe would block the child.
    createInterface({ input: child.stderr }).on("line", (line) => {
      const [found] = endpoint.exec(line) ?? []
      if (found !== undefined) resume(Effect.succeed(found))
    })
  }).pipe(Effect.timeout("30 seconds"))
  return { url, pid: child.pid }
})
