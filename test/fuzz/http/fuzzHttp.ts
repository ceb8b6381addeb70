/** Sends generated requests to `serve --http`, and checks what a client and its user rely on. */
import { Effect, FileSystem } from "effect"
import { startProcess } from "../../soak/ServerProcess.ts"
import { type FuzzOptions, holdsAfter, maxProblems, problemsAfter, relayOfFake, type Report } from "../report.ts"
import { eventually } from "../../support/eventually.ts"
import { makeKnown } from "./known.ts"
import { type FuzzRequest, requestOf } from "./requests.ts"
import { type Answered, sendRaw } from "./sendRaw.ts"

/** After this many requests there is a new session, because a request may have ended the last one. */
const chunk = 50
const atOnce = 8

const tokens = { token: "a-token-with-all-scopes", reader: "a-token-that-only-reads" }

/** Nothing of the inside may be shown. */
const leak = /^ +at \S|node:internal|Unhandled|-32603|internal error/imu

const problemOf = ({ isWhole, mayPass, showsToken }: FuzzRequest, { status, text }: Answered): string | undefined => {
  if (status === undefined) return isWhole ? "no answer" : undefined
  const begin = text.slice(0, 600)
  if (status === 500 || status > 503) return `status ${status}: ${begin}`
  if (leak.test(text)) return `shows its inside: ${begin}`
  if (!mayPass && status < 300) return `passes without being allowed: ${begin}`
  return !showsToken && Object.values(tokens).some((token) => text.includes(token))
    ? `shows a token: ${begin}`
    : undefined
}

export const fuzzHttp = Effect.fnUntraced(function* ({ count, only, seed }: FuzzOptions) {
  const fs = yield* FileSystem.FileSystem
  const relay = yield* relayOfFake
  const file = `${relay.home}/tokens`
  yield* fs.writeFileString(file, `${tokens.token} laptop\n${tokens.reader} phone fleet:read\n`, { mode: 0o600 })
  const stderr: Array<string> = []
  const args = ["serve", "--http", "127.0.0.1:0", "--token-file", file]
  const { hasExited, resources } = yield* startProcess(relay.environment(), args, (line) => stderr.push(line))
  const port = yield* Effect.sync(() => /127\.0\.0\.1:(\d+)\/mcp/u.exec(stderr.join("\n"))?.[1]).pipe(
    eventually((found) => found !== undefined, "20 millis"),
    Effect.map(Number),
  )
  const problems: Array<string> = []
  let answers = 0
  const send = Effect.fnUntraced(function* (index: number, known: Effect.Success<ReturnType<typeof makeKnown>>) {
    const request = yield* requestOf(seed, index, known)
    const answer = yield* sendRaw(port, request, (index * 7919) % (request.bytes.byteLength + 1)).pipe(
      Effect.repeat({ times: 2, while: ({ isReset, status }) => isReset && status === undefined && request.isWhole }),
    )
    if (answer.status !== undefined) answers += 1
    const problem = problemOf(request, answer)
    if (problem !== undefined)
      problems.push(`request ${index} (repeat it with --http --seed ${seed} --only ${index}): ${problem}`)
  })
  yield* makeKnown(port, tokens)
  const before = yield* resources
  const indices = only === undefined ? Array.from({ length: count }).keys() : [only]
  const all = [...indices]
  for (let start = 0; start < all.length; start += chunk) {
    if (problems.length >= maxProblems || hasExited()) break
    // Fails unless the server still works.
    const known = yield* makeKnown(port, tokens)
    yield* Effect.forEach(all.slice(start, start + chunk), (index) => send(index, known), { concurrency: atOnce })
  }
  if (hasExited()) problems.push("the server ended")
  const after = yield* holdsAfter({ before, hasExited, resources })
  problems.push(...(yield* problemsAfter(before, after, stderr.join("\n"))))
  if (Object.values(tokens).some((token) => stderr.some((line) => line.includes(token))))
    problems.push("stderr shows a token")
  const report: Report = {
    era: "HTTP",
    messages: all.length,
    answers,
    before,
    after,
    problems,
  }
  return report
}, Effect.scoped)
