/** One server process, its output as messages, and what it holds. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { executable } from "../support/Executable.ts"
import { isObject } from "../../src/mcp/wire/json.ts"

export interface Resources {
  readonly peakMegabytes: number
  readonly descriptors: number
}

/** The id of an answer as the server wrote it, or undefined for another message. `line` is the JSON of the message. */
const idText = (message: Readonly<Record<string, unknown>>, line: string): string | undefined => {
  if ("method" in message || !("id" in message)) return undefined
  const { id } = message
  if (typeof id !== "number" || Number.isSafeInteger(id)) return JSON.stringify(id)
  return /^\{"id":([^,]+),/u.exec(line)?.[1] ?? String(id)
}

/** Starts the built executable. Closing the scope ends it. */
export const connect = Effect.fnUntraced(function* (environment: Record<string, string>) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [executable], { env: environment })),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )
  const exited = once(child, "exit")
  /** How often each id was answered. */
  const answers = new Map<string, number>()
  const violations: Array<string> = []
  let stderr = ""
  const receive = (message: unknown, line: string): void => {
    if (!isObject(message) || message["jsonrpc"] !== "2.0") {
      violations.push(`not JSON-RPC: ${line.slice(0, 300)}`)
      return
    }
    const id = idText(message, line)
    if (id === undefined) {
      if (typeof message["method"] !== "string")
        violations.push(`neither an answer nor a message: ${line.slice(0, 300)}`)
      return
    }
    answers.set(id, (answers.get(id) ?? 0) + 1)
    if ("result" in message === "error" in message) violations.push(`no answer: ${line.slice(0, 300)}`)
    if (/"code":-32603|internal error/iu.test(line)) violations.push(`an internal error: ${line.slice(0, 600)}`)
  }
  createInterface(child.stdout).on("line", (line) => {
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      violations.push(`stdout is not JSON: ${line.slice(0, 300)}`)
      return
    }
    if (Array.isArray(message)) for (const each of message) receive(each, JSON.stringify(each))
    else receive(message, line)
  })
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on("error", () => {})
  return {
    answers,
    violations,
    stderr: () => stderr,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    write: async (bytes: Uint8Array): Promise<void> => {
      // Not a write that has failed: the server may have ended.
      if (!child.stdin.write(bytes)) await Promise.race([once(child.stdin, "drain").catch(() => {}), exited])
    },
    /** Zeros where there is no `/proc`. */
    resources: (): Resources => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
        return {
          peakMegabytes: Math.round(Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1]) / 1024),
          descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
        }
      } catch {
        return { peakMegabytes: 0, descriptors: 0 }
      }
    },
    /** Closes stdin, and returns the exit status. */
    end: async (): Promise<unknown> => {
      child.stdin.end()
      return (await exited)[0]
    },
  }
})

export type Connection = Effect.Success<ReturnType<typeof connect>>
