import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Schema } from "effect"
import { inspect } from "node:util"
import type { ClientError } from "../../../src/opencode/errors.ts"
import { type Opencode, OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { opencode, overFake, target, whilePassing } from "../../support/overFake.ts"
import { here, msg, session, user } from "../../../src/testing/samples.ts"

const sessionRoute = `GET /session/${here}`
const promptRoute = `POST /session/${here}/prompt_async`

/** The failure of a request whose route has this fault, while test time passes. */
const failure = <Tag extends ClientError["_tag"]>(
  tag: Tag,
  fault: Fault.Fault,
  ask: (opencode: Opencode) => Effect.Effect<unknown, ClientError> = (client) => client.session(here),
) =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.sessions = [session("main")]
    fake.fail("*", fault)
    const error = yield* whilePassing(12_000, Effect.flip(ask(yield* opencode)))
    assert.strictEqual(error._tag, tag, error.message)
    return error as Extract<ClientError, { readonly _tag: Tag }>
  })

/** Higher than any process id. */
const exitedPid = 0x7f_ff_ff_ff

const prompt = (client: Opencode) => client.prompt(here, { messageID: msg("1"), text: "Do it" })

describe("opencode 1: the client's errors", () => {
  it.effect("a refused connection is InstanceUnreachable, and the request cannot have arrived", () =>
    Effect.gen(function* () {
      const error = yield* failure("InstanceUnreachable", Fault.refused)
      assert.deepInclude(error, { instance: "fake", url: target.url, mayHaveArrived: false, detail: "ECONNREFUSED" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("nothing is sent to a program that has taken the port of a process that has exited", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const client = yield* OpencodeClient
      const error = yield* Effect.flip(
        prompt(client.at({ ...target, listener: { pid: exitedPid, birth: undefined, foundBy: "local-ports" } })),
      )
      assert.deepInclude(error, { _tag: "InstanceUnreachable", mayHaveArrived: false })
      assert.deepStrictEqual(fake.requests, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a connection that breaks is InstanceUnreachable, and the request may have arrived", () =>
    Effect.gen(function* () {
      const error = yield* failure("InstanceUnreachable", Fault.reset, prompt)
      assert.deepInclude(error, { mayHaveArrived: true, detail: "ECONNRESET" })
      assert.include(error.message, "may have arrived")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a missing answer is RequestTimeout after 10 s", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("*", Fault.hang)
      const asking = yield* Effect.forkChild(Effect.flip((yield* opencode).session(here)))
      yield* whilePassing(9900, Effect.void)
      assert.isUndefined(asking.pollUnsafe())
      yield* whilePassing(200, Effect.void)
      const exit = asking.pollUnsafe()
      assert.isTrue(exit?._tag === "Success" && exit.value._tag === "RequestTimeout" && exit.value.seconds === 10)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a missing body is RequestTimeout, too", () =>
    failure("RequestTimeout", Fault.hangBody).pipe(Effect.provide(overFake)),
  )

  it.effect("a health check has its own timeout", () =>
    Effect.gen(function* () {
      const error = yield* failure("RequestTimeout", Fault.hang, (client) => client.health(3000))
      assert.deepInclude(error, { operation: "health", seconds: 3 })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("401 is Unauthorized", () => failure("Unauthorized", Fault.unauthorized).pipe(Effect.provide(overFake)))

  it.effect("404 on a session's route is SessionNotFound with its id", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* opencode).session(here))
      assert.deepInclude(error, { _tag: "SessionNotFound", session: here })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([400, 500])("%i is OpencodeError with opencode's own sentence", (status) =>
    Effect.gen(function* () {
      const error = yield* failure("OpencodeError", Fault.named(status, "The model is out of tea"))
      assert.deepInclude(error, { status, detail: "The model is out of tea" })
      assert.include(error.message, "The model is out of tea")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("the other shape of opencode's errors is read, too", () =>
    Effect.gen(function* () {
      const body = { _tag: "PermissionNotFoundError", message: "Permission request not found" }
      const error = yield* failure("OpencodeError", Fault.json(body, 404), (client) => client.pendingRequests("/work"))
      assert.deepInclude(error, { status: 404, detail: "Permission request not found" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["a web page with 200", Fault.webPage],
    ["broken JSON", Fault.garbage],
    ["JSON that is no session", Fault.json({ hello: "world" })],
    ["a status that opencode does not have", Fault.json({}, 418)],
    ["an error in no known shape", Fault.json(["no"], 400)],
    ["a proxy's 502", Fault.json("bad gateway", 502)],
    ["a redirect", Fault.redirect],
  ] as const)("%s is UnexpectedResponse", ([, fault]) =>
    Effect.gen(function* () {
      const error = yield* failure("UnexpectedResponse", fault)
      assert.strictEqual(error.operation, "get session")
      assert.notInclude(error.detail, "\n")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a web page instead of the events is UnexpectedResponse, not an empty stream", () =>
    failure("UnexpectedResponse", Fault.webPage, (client) => client.events).pipe(Effect.provide(overFake)),
  )
})

describe("opencode 1: a directory", () => {
  it.effect("is missing if opencode cannot list it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.missingDirectories.add("/gone")
      assert.isFalse(yield* whilePassing(12_000, (yield* opencode).hasDirectory("/gone")))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("with a broken configuration is not missing: the error keeps opencode's words, whatever its status", () =>
    Effect.gen(function* () {
      const data = { path: "/work/opencode.json", message: "CloseBraceExpected at line 2" }
      for (const status of [400, 500]) {
        const broken = Fault.json({ name: "ConfigJsonError", data }, status)
        const error = yield* failure("OpencodeError", broken, (client) => client.hasDirectory("/work"))
        assert.deepInclude(error, { status, detail: "/work/opencode.json: CloseBraceExpected at line 2" })
      }
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not missing if the server answers nothing else either", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("GET /file", Fault.named(500, "Unexpected server error"))
      fake.fail("GET /experimental/session", Fault.named(500, "Unexpected server error"))
      const error = yield* whilePassing(20_000, Effect.flip((yield* opencode).hasDirectory("/work")))
      assert.strictEqual(error._tag, "OpencodeError")
    }).pipe(Effect.provide(overFake)),
  )
})

describe("opencode 1: the sessions of a version that lists only its own project's", () => {
  const allRoute = "GET /experimental/session"

  it.effect.each([
    ["shows opencode's web page", Fault.webPage],
    ["cannot reach it", Fault.named(500, "Error: Unable to connect. Is the computer able to access the url?")],
  ] as const)("are read if it %s", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.fail(allRoute, fault)
      assert.lengthOf(yield* whilePassing(12_000, (yield* opencode).sessions), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("are not taken for all, if the list of all sessions fails otherwise", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail(allRoute, Fault.named(500, "disk I/O error"))
      const error = yield* whilePassing(12_000, Effect.flip((yield* opencode).sessions))
      assert.strictEqual(error._tag, "OpencodeError")
    }).pipe(Effect.provide(overFake)),
  )
})

describe("opencode 1: the client's retries", () => {
  it.effect("a read that gets 503 twice is tried a third time", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.fail(sessionRoute, Fault.unavailable, 2)
      const found = yield* whilePassing(2000, (yield* opencode).session(here))
      assert.strictEqual(found.id, here)
      assert.strictEqual(fake.count(sessionRoute), 3)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a read whose connection broke is repeated", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.fail(sessionRoute, Fault.lost, 1)
      yield* whilePassing(2000, (yield* opencode).session(here))
      assert.strictEqual(fake.count(sessionRoute), 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["503", Fault.unavailable],
    ["500", Fault.named(500, "no")],
    ["a broken connection", Fault.lost],
    ["a refused connection", Fault.refused],
    ["a hang", Fault.hang],
  ] as const)("a prompt that meets %s is sent exactly once", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.fail(promptRoute, fault)
      yield* whilePassing(20_000, Effect.flip(prompt(yield* opencode)))
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a health check is tried once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      yield* failure("InstanceUnreachable", Fault.refused, (client) => client.health(3000))
      assert.strictEqual(fake.count("GET /global/health"), 1)
    }).pipe(Effect.provide(overFake)),
  )
})

/** Asks a fake that answers this on the route. */
const answering = <A>(route: string, body: Schema.Json, ask: (client: Opencode) => Effect.Effect<A, ClientError>) =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.fail(route, Fault.json(body))
    return yield* ask(yield* opencode)
  }).pipe(Effect.provide(overFake))

describe("opencode 1: the client tolerates", () => {
  const raw = JSON.parse(JSON.stringify(session("main"))) as Schema.Json & object

  it.effect("unknown fields", () =>
    Effect.gen(function* () {
      const found = yield* answering(sessionRoute, { ...raw, flavour: { of: ["the", "week"] } }, (client) =>
        client.session(here),
      )
      assert.deepStrictEqual(found, session("main"))
    }),
  )

  it.effect("a session that cannot be decoded, and returns the others", () =>
    Effect.gen(function* () {
      const found = yield* answering(
        "GET /experimental/session",
        [{ id: 7 }, raw, {}, { ...raw, title: null }],
        (client) => client.sessions,
      )
      assert.deepStrictEqual(found, [session("main")])
    }),
  )

  it.effect("messages and parts of unknown kinds", () =>
    Effect.gen(function* () {
      const known = JSON.parse(JSON.stringify(user(msg("1")))) as { info: Schema.Json; parts: Array<Schema.Json> }
      const strange = { info: { id: "msg_2", role: "oracle" }, parts: [] }
      const body = [{ ...known, parts: [{ type: "hologram", depth: 3 }, ...known.parts] }, strange]
      const { messages } = yield* answering(`GET /session/${here}/message`, body as Schema.Json, (client) =>
        client.messages(here, { limit: 10 }),
      )
      assert.deepStrictEqual(
        messages.map(({ parts }) => parts.map(({ type }) => type)),
        [["note", "text"]],
      )
    }),
  )

  it.effect("an unknown status, and returns the others", () =>
    Effect.gen(function* () {
      const statuses = yield* answering(
        "GET /session/status",
        { [here]: { type: "busy" }, ses_other: { type: "dreaming" } },
        (client) => client.statuses("/work/project"),
      )
      assert.deepStrictEqual(statuses.get(here), { type: "busy" })
      assert.notStrictEqual(statuses.get("ses_other")?.type, "idle")
    }),
  )

  it.effect("an unknown kind of provider, and returns the others", () =>
    Effect.gen(function* () {
      const models = yield* answering(
        "GET /config/providers",
        { providers: [{ id: "odd" }, { id: "scripted", models: { small: { id: "small" } } }] },
        (client) => client.models("/work/project"),
      )
      assert.deepStrictEqual(models, ["scripted/small"])
    }),
  )
})

describe("opencode 1: the client keeps secrets", () => {
  const password = "correct-horse-battery"
  const credentials = { username: "opencode", password: Redacted.make(password) }

  it.effect("sends the password, and is let in with it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.credentials = { username: "opencode", password }
      fake.sessions = [session("main")]
      const client = yield* OpencodeClient
      assert.strictEqual((yield* client.at({ ...target, credentials }).session(here)).id, here)
      const error = yield* Effect.flip(client.at(target).session(here))
      assert.strictEqual(error._tag, "Unauthorized")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["refused", Fault.refused],
    ["reset", Fault.reset],
    ["hanging", Fault.hang],
    ["unauthorized", Fault.unauthorized],
    ["failing", Fault.named(500, "no")],
    ["a web page", Fault.webPage],
    ["garbage", Fault.garbage],
  ] as const)("and the error of an instance that is %s does not contain the password in any form", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("*", fault)
      const client = yield* OpencodeClient
      const exit = yield* whilePassing(12_000, Effect.exit(client.at({ ...target, credentials }).session(here)))
      assert.isTrue(exit._tag === "Failure")
      const error = exit._tag === "Failure" ? exit.cause : undefined
      const encoded = Buffer.from(`opencode:${password}`).toString("base64")
      for (const shown of [String(error), JSON.stringify(error), inspect(error, { depth: 20, showHidden: true })]) {
        assert.notInclude(shown, password)
        assert.notInclude(shown, encoded)
      }
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("keeps only the names of providers and models", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const options = { apiKey: "sk-very-secret" }
      fake.fail(
        "GET /config/providers",
        Fault.json({ providers: [{ id: "acme", options, models: { big: { id: "big", options } } }], default: {} }),
      )
      const models = yield* (yield* opencode).models("/work/project")
      assert.deepStrictEqual(models, ["acme/big"])
    }).pipe(Effect.provide(overFake)),
  )
})

describe("opencode 1: a new session", () => {
  it.effect("is created in the server's directory, or in the one that is named", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const client = yield* opencode
      yield* client.createSession({})
      assert.deepStrictEqual(fake.requests.at(-1), { route: "POST /session", query: {} })
      const { title } = yield* client.createSession({ title: "Title", directory: "/work/else where" })
      assert.strictEqual(title, "Title")
      assert.deepStrictEqual(fake.requests.at(-1)?.query, { directory: "/work/else where" })
    }).pipe(Effect.provide(overFake)),
  )
})
