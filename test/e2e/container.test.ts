/** What the Dockerfile starts, without Docker: its command, its health check, and its end. */
import { assert, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Option, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { makeRelay } from "../support/Executable.ts"
import { serveHttp } from "../support/HttpServed.ts"

const dockerfile = fileURLToPath(new URL("../../Dockerfile", import.meta.url))

const Words = Schema.fromJsonString(Schema.Array(Schema.String))

/** The words after the instruction, which may follow others in its line. */
const words = (text: string, instruction: RegExp) =>
  Schema.decodeEffect(Words)(new RegExp(`^${instruction.source} (\\[.*\\])$`, "mu").exec(text)?.[1] ?? "")

it.live("the image's command serves with a token file; its health check notices whether it does", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const text = (yield* fs.readFileString(dockerfile)).replaceAll("\\\n", "")
    const [serve, http, address, option, tokens] = yield* words(text, /CMD/u)
    const [node, evaluate, check = ""] = yield* words(text, /HEALTHCHECK .* CMD/u)
    assert.deepStrictEqual([serve, http, address, option], ["serve", "--http", "0.0.0.0:4180", "--token-file"])
    assert.match(tokens ?? "", /^\/run\/secrets\//u)
    assert.deepStrictEqual([node, evaluate], ["node", "-e"])

    const relay = yield* makeRelay()
    const file = `${relay.home}/tokens`
    yield* fs.writeFileString(file, "a-token-of-the-container laptop\n", { mode: 0o400 })
    const server = yield* serveHttp(relay, { args: ["--token-file", file] })
    assert.include(check, "http://127.0.0.1:4180/")
    const health = spawner.exitCode(
      ChildProcess.make(process.execPath, ["-e", check.replace(":4180", `:${server.port}`)]),
    )

    assert.strictEqual(yield* health, 0)
    assert.deepStrictEqual(yield* server.end("SIGTERM"), Option.some(0))
    assert.strictEqual(yield* health, 1)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
)
