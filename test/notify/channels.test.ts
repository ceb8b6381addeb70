/** The channels over real processes and a real HTTP server. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, Redacted, Result } from "effect"
import { FetchHttpClient } from "effect/http"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { Webhook } from "standardwebhooks"
import { desktop } from "../../src/notify/channels/desktop.ts"
import { exec } from "../../src/notify/channels/exec.ts"
import { ntfy, topicOf } from "../../src/notify/channels/ntfy.ts"
import { webhook } from "../../src/notify/channels/webhook.ts"
import { messageOf } from "../../src/notify/Message.ts"
import { permission, ses } from "../../src/testing/samples.ts"
import { listening } from "../support/loopback.ts"

/** Written by an agent that wants a shell to run it. */
const hostile = `$(touch pwned) \`touch pwned\` "; touch pwned; ' <b>&\u001b[31m`

const waiting = messageOf({
  kind: "waiting",
  key: "per_1",
  instance: "api",
  url: "http://user:secret@build.example:4096/",
  at: 1000,
  session: { id: ses("main"), title: hostile, directory: "/work/project" },
  request: { id: permission("1").id, kind: "permission", about: `permission for bash: ${hostile}` },
})

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Records every request, and answers with the status. */
const recorder = Effect.fnUntraced(function* (status = 200) {
  const received: Array<Received> = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => (body += text))
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body })
      response.writeHead(status, { location: "/elsewhere" }).end()
    })
  })
  const port = yield* listening(server)
  const url = (path: string) => new URL(path, `http://127.0.0.1:${port}`)
  return { received, url }
})

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`

/** A directory with programs that write each of their arguments, environment and stdin into a file. */
const recordingProgram = Effect.fnUntraced(function* (name: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped()
  const file = path.join(directory, "args")
  yield* fs.writeFileString(path.join(directory, name), `#!/bin/sh\nprintf '%s\\n' "$@" > "${file}"\n`, { mode: 0o755 })
  return { directory, args: Effect.map(fs.readFileString(file), (text) => text.trimEnd().split("\n")) }
})

layer(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer), { excludeTestServices: true })("Channels", (it) => {
  describe("A webhook", () => {
    it.effect("is signed as Standard Webhooks says, with the event's id", () =>
      Effect.gen(function* () {
        const { received, url } = yield* recorder()
        const { deliver } = yield* webhook({ url: url("/hook"), secret: Redacted.make(secret) })
        yield* deliver(waiting)
        const [{ body, headers, path } = { body: "", headers: {}, path: "" }] = received
        assert.strictEqual(path, "/hook")
        assert.strictEqual(headers["webhook-id"], waiting.id)
        const verified = new Webhook(secret).verify(body, headers as Record<string, string>)
        const { at, ...data } = waiting
        assert.deepStrictEqual(verified, { type: "agent.waiting", timestamp: at, data })
        assert.throws(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>))
      }),
    )

    it.effect.each([
      { status: 503, isFinal: false },
      { status: 429, isFinal: false },
      { status: 403, isFinal: true },
      { status: 302, isFinal: true },
    ])("that is answered with $status fails, and follows no redirect", ({ isFinal, status }) =>
      Effect.gen(function* () {
        const { received, url } = yield* recorder(status)
        const { deliver } = yield* webhook({ url: url("/hook?key=private"), secret: Redacted.make(secret) })
        const error = yield* Effect.flip(deliver(waiting))
        assert.deepInclude(error, { isFinal, reason: `it answered with status ${status}` })
        assert.lengthOf(received, 1)
      }),
    )

    it.effect("that cannot be reached fails without naming its path", () =>
      Effect.gen(function* () {
        const url = new URL("http://127.0.0.1:9/hook?key=private")
        const { deliver } = yield* webhook({ url, secret: Redacted.make(secret) })
        const error = yield* Effect.flip(deliver(waiting))
        assert.deepInclude(error, { isFinal: false, reason: "it cannot be reached" })
      }),
    )

    it.effect.each(["", "whsec_", "whsec_c2hvcnQ=", "correct horse battery staple, and more"])(
      "has no secret like %j",
      (secret) =>
        Effect.gen(function* () {
          const url = new URL("http://127.0.0.1:9/")
          assert.isTrue(Result.isFailure(yield* Effect.result(webhook({ url, secret: Redacted.make(secret) }))))
        }),
    )
  })

  describe("ntfy", () => {
    it.effect("is sent the message as JSON, with the token, and a link that contains no password", () =>
      Effect.gen(function* () {
        const { received, url } = yield* recorder()
        const { deliver } = yield* ntfy({ url: url("/base/my-agents"), token: Redacted.make("tk_1") })
        yield* deliver(waiting)
        const [{ body, headers, path } = { body: "{}", headers: {}, path: "" }] = received
        assert.strictEqual(path, "/base/")
        assert.strictEqual(headers.authorization, "Bearer tk_1")
        assert.deepStrictEqual(JSON.parse(body), {
          topic: "my-agents",
          title: waiting.title,
          message: `${waiting.text}\nopencode-fleet approve api ses_main`,
          priority: 4,
          tags: ["raised_hand"],
          click: "http://build.example:4096/",
        })
      }),
    )

    it.effect("needs a topic", () =>
      Effect.sync(() => {
        assert.isUndefined(topicOf(new URL("https://ntfy.sh/")))
        assert.isUndefined(topicOf(new URL("https://ntfy.sh/a%20b")))
        assert.strictEqual(topicOf(new URL("https://ntfy.sh/a/"))?.topic, "a")
      }),
    )
  })

  describe("A command", () => {
    it.effect("has the facts in its environment and on stdin, and nothing of them in its command line", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const { deliver } = yield* exec(`cd '${directory}' && cat > stdin && env -0 > env`)
        yield* deliver(waiting)
        assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(`${directory}/stdin`)), waiting)
        const variables = (yield* fs.readFileString(`${directory}/env`)).split("\0")
        for (const fact of [
          "EVENT=waiting",
          `TITLE=${waiting.title}`,
          `TEXT=${waiting.text}`,
          "INSTANCE=api",
          "SESSION=ses_main",
          "REQUEST=per_1",
          "COMMAND=opencode-fleet approve api ses_main",
        ]) {
          assert.include(variables, `OPENCODE_FLEET_${fact}`)
        }
        assert.notInclude(yield* fs.readDirectory(directory), "pwned")
      }),
    )

    it.effect("that fails, or does not exist, is an error; one that ignores stdin is not", () =>
      Effect.gen(function* () {
        const ended = yield* Effect.flip(Effect.flatMap(exec("exit 7"), ({ deliver }) => deliver(waiting)))
        assert.strictEqual(ended.reason, "it ended with exit status 7")
        const missing = yield* exec("no-such-program-here 2>/dev/null")
        assert.strictEqual((yield* Effect.flip(missing.deliver(waiting))).reason, "it ended with exit status 127")
        yield* Effect.flatMap(exec("exec < /dev/null; true"), ({ deliver }) => deliver(waiting))
      }),
    )
  })

  describe("The desktop", () => {
    it.effect.each([
      { platform: "linux", program: "notify-send", before: ["--app-name=opencode-fleet", "--urgency=critical", "--"] },
      { platform: "darwin", program: "osascript", before: ["-e", "on run argv"] },
    ] as const)("of $platform is given the texts as arguments", ({ before, platform, program }) =>
      Effect.gen(function* () {
        const { args, directory } = yield* recordingProgram(program)
        const { deliver } = yield* desktop(platform, { PATH: `${directory}:/usr/bin:/bin` })
        yield* deliver(waiting)
        const given = yield* args
        assert.deepStrictEqual(given.slice(0, before.length), [...before])
        assert.include(given, waiting.title)
        assert.include(given.at(-2), platform === "linux" ? "&lt;b&gt;&amp;" : "<b>&")
        assert.strictEqual(given.at(-1), "opencode-fleet approve api ses_main")
      }),
    )
  })
})
