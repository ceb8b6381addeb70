/** Callers by the tokens of a real issuer, which signs them with jose and serves its keys. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { base64url, generateKeyPair, SignJWT, UnsecuredJWT } from "jose"
import { layerIssuer } from "../../../src/mcp/access/access.ts"
import { Gate } from "../../../src/mcp/access/Gate.ts"
import { makeIssuer } from "../../../src/mcp/access/issuer.ts"
import { verifyingGate } from "../../../src/mcp/access/verifyingGate.ts"
import { type Claims, type Issuer, startIssuer } from "../../support/Issuer.ts"

const scopes = {
  all: ["fleet:read", "fleet:send", "fleet:decide"],
  base: "fleet:read",
  atLogin: ["fleet:read", "fleet:send"],
}
const resource = "https://fleet.example.com/mcp"
const metadata = "https://fleet.example.com/.well-known/oauth-protected-resource/mcp"
const valid = { aud: resource, scope: "fleet:read" }

class AnIssuer extends Context.Service<AnIssuer, Issuer>()("test/AnIssuer") {
  static readonly layer = Layer.effect(AnIssuer, startIssuer)
}

/** The gate in front of one endpoint. */
const gateOf = Effect.fnUntraced(function* ({ url: issuer }: { readonly url: string }) {
  return Context.get(yield* Layer.build(layerIssuer({ issuer, resource }, scopes)), Gate)
})

const verified = Effect.fnUntraced(function* (token: (issuer: Issuer) => Promise<string> | string) {
  const issuer = yield* AnIssuer
  const gate = yield* gateOf(issuer)
  return yield* gate.verify(Redacted.make(yield* Effect.promise(async () => token(issuer))))
})

const claims = (payload: Claims) => (issuer: Issuer) => issuer.token({ ...valid, ...payload })

const encode = (value: object) => base64url.encode(JSON.stringify(value))

layer(AnIssuer.layer)("A token of the issuer", (it) => {
  it.effect("stands for its subject, with those of its scopes that there are here", () =>
    Effect.gen(function* () {
      const { url } = yield* AnIssuer
      const expected = { subject: `${url} ada`, scopes: new Set(["fleet:read", "fleet:decide"]), stepsUp: true }
      const given = ["fleet:read", "email", "fleet:decide"]
      const forms = [{ scope: given.join(" ") }, { scope: given }, { scp: given }, { scp: given.join(" ") }]
      for (const form of forms) {
        const scope = "scope" in form ? form : { ...form, scope: undefined }
        assert.deepStrictEqual(yield* verified(claims({ ...scope, aud: ["other", resource] })), expected)
      }
      assert.strictEqual((yield* verified(claims({ sub: undefined, client_id: "job" }))).subject, `${url} job`)
    }),
  )

  const refused: ReadonlyArray<readonly [string, (issuer: Issuer) => Promise<string> | string, RegExp]> = [
    ["garbage", () => "garbage", /not valid/u],
    ["three parts of garbage", () => "a.b.c", /not valid/u],
    [
      "one without a signature",
      ({ url }) => new UnsecuredJWT({ ...valid, iss: url, sub: "ada", exp: 9e9 }).encode(),
      /not valid/u,
    ],
    [
      "one that says it needs no signature",
      ({ url }) => `${encode({ alg: "none", kid: "x" })}.${encode({ ...valid, iss: url, sub: "ada", exp: 9e9 })}.`,
      /not valid/u,
    ],
    [
      "one that is signed with a shared secret",
      ({ url }) =>
        new SignJWT({ ...valid, iss: url, sub: "ada", exp: 9e9 })
          .setProtectedHeader({ alg: "HS256" })
          .sign(new TextEncoder().encode("0123456789abcdef0123456789abcdef")),
      /not valid/u,
    ],
    [
      "one that another key with the same id has signed",
      async (issuer) => issuer.token(valid, { key: (await generateKeyPair("ES256")).privateKey }),
      /not valid/u,
    ],
    ["one without an audience", claims({ aud: undefined }), /lacks the claim aud/u],
    ["one for another resource", claims({ aud: "https://fleet.example.com" }), /not for https:\/\/fleet/u],
    ["one of another issuer", claims({ iss: "https://evil.example.com" }), /not from http:/u],
    ["one that never expires", claims({ exp: undefined }), /lacks the claim exp/u],
    ["one that is not valid yet", claims({ nbf: 9e9 }), /not valid yet/u],
    ["one of nobody", claims({ sub: undefined }), /whose it is/u],
    ["one that is bound to a key", claims({ cnf: { jkt: "x" } }), /bound to a key/u],
    ["one whose scopes are no text", claims({ scope: 1 }), /cannot be read/u],
  ]
  it.effect.each(refused)("is refused: %s", ([, token, reason]) =>
    Effect.gen(function* () {
      const refusal = yield* Effect.flip(verified(token))
      assert.strictEqual(refusal.status, 401)
      assert.match(refusal.message, reason)
      assert.match(refusal.challenge ?? "", /^Bearer error="invalid_token", error_description="[^"]+", /u)
      assert.include(refusal.challenge, `scope="fleet:read fleet:send", resource_metadata="${metadata}"`)
    }),
  )

  it.effect("is refused when it has expired", () =>
    Effect.gen(function* () {
      const issuer = yield* AnIssuer
      const gate = yield* gateOf(issuer)
      const token = Redacted.make(yield* Effect.promise(() => issuer.token({ ...valid, exp: 1000 })))
      yield* TestClock.setTime(999_000)
      yield* gate.verify(token)
      yield* TestClock.setTime(1_000_000)
      assert.strictEqual((yield* Effect.flip(gate.verify(token))).message, "The token has expired.")
    }),
  )

  it.effect(
    "without the scope that everything needs is told which to ask for, and so is a call beyond its scopes",
    () =>
      Effect.gen(function* () {
        const refusal = yield* Effect.flip(verified(claims({ scope: "fleet:send email" })))
        assert.strictEqual(refusal.status, 403)
        // All of them: a client that is told one asks for this one alone.
        assert.include(refusal.challenge, 'error="insufficient_scope"')
        assert.include(refusal.challenge, `scope="fleet:read fleet:send", resource_metadata="${metadata}"`)
        const gate = yield* gateOf(yield* AnIssuer)
        const caller = yield* verified(claims({}))
        assert.include(gate.insufficient(caller, "fleet:decide").challenge, 'scope="fleet:read fleet:decide"')
      }),
  )

  it.effect("is needed: a request without one is told where to get it", () =>
    Effect.gen(function* () {
      const gate = yield* gateOf(yield* AnIssuer)
      const { challenge, status } = yield* Effect.flip(gate.verify(undefined))
      assert.strictEqual(status, 401)
      assert.strictEqual(challenge, `Bearer scope="fleet:read fleet:send", resource_metadata="${metadata}"`)
    }),
  )
})

layer(Layer.empty)("An issuer", (it) => {
  it.effect("may sign with a new key: its tokens are taken, and old keys are not fetched again", () =>
    Effect.gen(function* () {
      const issuer = yield* startIssuer
      const verify = yield* makeIssuer({ issuer: issuer.url, resource, scopes: scopes.all, cooldown: "0 millis" }).pipe(
        Effect.provide(FetchHttpClient.layer),
      )
      const accepted = Effect.promise(() => issuer.token(valid)).pipe(Effect.map(Redacted.make), Effect.flatMap(verify))
      yield* accepted
      yield* accepted
      assert.strictEqual(issuer.keyRequests(), 1)
      yield* Effect.promise(issuer.rotate)
      yield* accepted
      assert.strictEqual(issuer.keyRequests(), 2)
    }),
  )

  it.effect("that cannot be reached is not the client's fault, which must not log in again for it", () =>
    Effect.gen(function* () {
      const issuer = yield* startIssuer
      const gate = yield* gateOf(issuer)
      const token = Redacted.make(yield* Effect.promise(() => issuer.token(valid)))
      issuer.answerWith(500)
      const { challenge, status } = yield* Effect.flip(gate.verify(token))
      assert.deepStrictEqual([status, challenge], [503, undefined])
      issuer.answerWith(undefined)
      yield* TestClock.adjust("5 seconds")
      yield* gate.verify(token)
    }),
  )

  it.effect("must call itself as it is configured", () =>
    Effect.gen(function* () {
      const issuer = yield* startIssuer
      const gate = yield* gateOf({ url: `${issuer.url}/` })
      const token = Redacted.make(yield* Effect.promise(() => issuer.token(valid)))
      assert.strictEqual((yield* Effect.flip(gate.verify(token))).status, 503)
    }),
  )

  it.effect("needs no metadata if the address of its keys is given", () =>
    Effect.gen(function* () {
      const issuer = yield* startIssuer
      const options = { issuer: "https://other.example.com", jwks: new URL(`${issuer.url}/keys`), resource }
      const verify = yield* Effect.provide(makeIssuer({ ...options, scopes: scopes.all }), FetchHttpClient.layer)
      const gate = verifyingGate({ verifiers: [verify], scopes })
      const token = yield* Effect.promise(() => issuer.token({ ...valid, iss: "https://other.example.com" }))
      assert.strictEqual((yield* gate.verify(Redacted.make(token))).subject, "https://other.example.com ada")
    }),
  )
})
