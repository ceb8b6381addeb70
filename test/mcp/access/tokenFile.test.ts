/** Callers by a file of tokens: when it is read, and what makes it unusable. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Option, Redacted } from "effect"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"
import { ensureOwnToken, firstToken } from "../../../src/mcp/access/ownToken.ts"
import { makeTokenFile, type TokenFileUnusable } from "../../../src/mcp/access/tokenFile.ts"
import { verifyingGate } from "../../../src/mcp/access/verifyingGate.ts"

const scopes = { all: ["read", "send", "decide"], base: "read", atLogin: ["read", "send"] }
const [laptop, phone] = ["laptop-laptop-laptop", "phone-phone-phone-phone"]

/** A file in a directory of its own. */
const fileWith = Effect.fnUntraced(function* (content: string, mode = 0o600) {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/tokens`
  yield* fs.writeFileString(file, content)
  yield* fs.chmod(file, mode)
  return file
})

const gateOf = (file: string) =>
  Effect.map(makeTokenFile({ file, scopes: scopes.all, base: scopes.base }), (verifier) =>
    verifyingGate({ verifiers: [verifier], scopes }),
  )

const refusal = (file: string) => Effect.map(Effect.flip(gateOf(file)), ({ message }: TokenFileUnusable) => message)

layer(NodeServices.layer)("A gate over a token file", (it) => {
  it.effect("lets in whose token it holds, with the token's scopes", () =>
    Effect.gen(function* () {
      const gate = yield* gateOf(yield* fileWith(`${laptop}\n${phone} phone read\n`))
      const caller = yield* gate.verify(Redacted.make(phone))
      assert.deepStrictEqual(caller, { subject: "phone", scopes: new Set(["read"]), stepsUp: false })
      assert.strictEqual((yield* gate.verify(Redacted.make(laptop))).scopes.size, 3)
      const { challenge, status } = gate.insufficient(caller, "send")
      assert.strictEqual(status, 403)
      assert.strictEqual(
        challenge,
        'Bearer error="insufficient_scope", error_description="the scope send is needed", scope="read send"',
      )
    }),
  )

  it.effect("refuses no token and a wrong one", () =>
    Effect.gen(function* () {
      const gate = yield* gateOf(yield* fileWith(phone))
      const none = yield* Effect.flip(gate.verify(undefined))
      assert.deepStrictEqual([none.status, none.challenge], [401, "Bearer"])
      const wrong = yield* Effect.flip(gate.verify(Redacted.make(laptop)))
      assert.strictEqual(wrong.status, 401)
      assert.match(wrong.challenge ?? "", /^Bearer error="invalid_token", error_description="[^"]+"$/u)
      assert.notInclude(JSON.stringify(wrong), laptop)
    }),
  )

  it.effect("follows the file: a token that is added or removed counts at once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fileWith(laptop)
      const gate = yield* gateOf(file)
      yield* fs.writeFileString(file, phone)
      yield* gate.verify(Redacted.make(phone))
      assert.strictEqual((yield* Effect.flip(gate.verify(Redacted.make(laptop)))).status, 401)
    }),
  )

  it.effect("refuses every token while the file is broken, unsafe or missing, and goes on when it can be used", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fileWith(laptop)
      const gate = yield* gateOf(file)
      const status = Effect.match(gate.verify(Redacted.make(laptop)), {
        onFailure: ({ status }) => status,
        onSuccess: () => 200,
      })
      const becomes = [
        fs.writeFileString(file, `${laptop}\nshort`),
        Effect.andThen(fs.writeFileString(file, laptop), fs.chmod(file, 0o644)),
        fs.remove(file),
      ]
      for (const change of becomes) {
        assert.strictEqual(yield* status, 200)
        yield* change
        assert.strictEqual(yield* status, 503)
        yield* fs.remove(file, { force: true })
        yield* fs.writeFileString(file, laptop, { mode: 0o600 })
      }
    }),
  )

  it.effect("does not start with a file that others can read or change, and says how to fix it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      assert.match(
        yield* refusal(yield* fileWith(laptop, 0o640)),
        /can be read by other users \(fix it with chmod go-r\)/u,
      )
      assert.match(yield* refusal(yield* fileWith(laptop, 0o622)), /can be written by other users/u)
      const open = yield* fileWith(laptop)
      yield* fs.chmod(open.replace(/\/tokens$/u, ""), 0o777)
      assert.match(yield* refusal(open), /can be written by other users/u)
      const linked = `${(yield* fileWith(laptop)).replace(/\/tokens$/u, "")}/link`
      yield* fs.symlink(open, linked)
      assert.match(yield* refusal(linked), /can be written by other users/u)
      assert.match(
        yield* refusal("/nonexistent/tokens"),
        /^The token file \/nonexistent\/tokens cannot be used: it does not/u,
      )
      const broken = yield* refusal(yield* fileWith(`${laptop}\n${phone} phone fleet:read`))
      assert.include(broken, "line 2")
      assert.notInclude(broken, phone)
    }),
  )

  it.effect("takes a file of root that a group may read, as containers and services are given their secrets", () =>
    Effect.gen(function* () {
      const file = yield* fileWith(laptop, 0o440)
      const result = gateOf(file).pipe(Effect.provideService(CurrentUser, Option.some(1000)))
      const isRoots = (yield* (yield* FileSystem.FileSystem).stat(file)).uid
      if (Option.contains(isRoots, 0)) yield* result
      else assert.include((yield* Effect.flip(result)).message, "another user")
    }),
  )
})

layer(NodeServices.layer)("The token that a server makes for its user", (it) => {
  it.effect("is made once, readable by the user alone, and the same for two servers that start at once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/state/opencode-fleet/http-token`
      const made = yield* Effect.all([ensureOwnToken(file), ensureOwnToken(file), ensureOwnToken(file)], {
        concurrency: "unbounded",
      })
      assert.strictEqual(made.filter(Boolean).length, 1)
      const { token } = (yield* firstToken(file)) ?? {}
      assert.match(token === undefined ? "" : Redacted.value(token), /^[\w-]{43}$/u)
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
      assert.isFalse(yield* ensureOwnToken(file))
      const gate = yield* gateOf(file)
      assert.strictEqual((yield* gate.verify(token)).scopes.size, 3)
    }),
  )
})
