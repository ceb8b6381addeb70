/** Errors if tailscaled does not answer properly, over a real socket. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { RequestListener } from "node:http"
import { answer, makeAccess, trouble } from "./access.ts"

layer(NodeServices.layer)("An error names the problem if tailscaled", (it) => {
  it.effect.each([
    [403, "status access denied\n", "TailscaleDenied", "--operator"],
    [401, "Tailscale already in use by bob, pid 4711\n", "TailscaleInUse", "by bob"],
    [
      401,
      'Tailscale running in server mode ("bob"); connection from "eve" not allowed',
      "TailscaleInUse",
      "server mode",
    ],
    [401, "auth required", "TailscaleDenied", "auth required"],
    [500, "server has no local backend", "TailscaleNotUnderstood", "500: server has no local backend"],
    [404, "<h1>\u001b[2J not found\r\n</h1>", "TailscaleNotUnderstood", "404"],
    [200, "<!doctype html><title>Hello</title>", "TailscaleNotUnderstood", "sent no valid status"],
    [200, "", "TailscaleNotUnderstood", "sent no valid status"],
    [200, "null", "TailscaleNotUnderstood", "sent no valid status"],
    [200, '{"Version":"1.0.0"}', "TailscaleNotUnderstood", "BackendState"],
  ] as const)("answers %d %s", ([status, body, tag, said]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen(answer(status, body))
      // What the daemon itself has said the command would only say again.
      yield* access.install("echo asked in vain >&2; exit 1")
      yield* trouble(access, tag, said)
    }),
  )

  it.effect("closes the connection within its answer", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen((_request, response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write('{"BackendState":', () => response.destroy())
      })
      yield* trouble(access, "TailscaleNotUnderstood", access.socket, "closed the connection")
    }),
  )

  it.effect.each([
    ["nothing", () => {}],
    ["half of its answer", (_request, response) => void response.write('{"BackendState":')],
  ] satisfies ReadonlyArray<[string, RequestListener]>)("accepts the connection and sends %s", ([, listener]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen(listener)
      const tailnet = yield* access.tailnet
      const fiber = yield* Effect.forkChild(Effect.flip(tailnet.read), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TailscaleTimedOut")
    }),
  )

  it.effect("never ends its answer", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      let megabytes = 0
      yield* access.listen((_request, response) => {
        const more = () => {
          megabytes++
          if (response.writable) response.write(" ".repeat(1024 * 1024), more)
        }
        more()
      })
      yield* trouble(access, "TailscaleNotUnderstood", "more than 16 MiB")
      assert.isBelow(megabytes, 32)
    }),
  )
})
