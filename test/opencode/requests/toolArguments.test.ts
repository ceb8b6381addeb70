/** What a permission without its own words is about: the arguments of the waiting tool call. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import { describe as inOneLine, type PermissionRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import type { ToolState } from "../../../src/opencode/sessions/Message.ts"
import type { Target } from "../../../src/opencode/Target.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { assistant, event, here, msg, permission, session, toolPart, user } from "../../../src/testing/samples.ts"
import { overFake, target, whilePassing } from "../../support/overFake.ts"
import { overFake2, target2 } from "../../support/overFake2.ts"

const running: ToolState = { status: "running", input: { repo: "shop", issue: 7, labels: ["bug"] } }

const call = toolPart(msg("2"), running, "github_close_issue")

const asked: PermissionRequest = {
  ...permission("1"),
  permission: "github_close_issue",
  patterns: ["*"],
  always: ["*"],
  tool: { messageID: call.messageID, callID: call.callID },
}

const waiting = Effect.fnUntraced(function* (state: ToolState = running, request = asked) {
  const fake = yield* FakeOpencode
  fake.sessions = [session("main")]
  fake.messages.set(here, [user(msg("1")), { info: assistant(msg("2"), msg("1")), parts: [{ ...call, state }] }])
  fake.statuses.set(here, { type: "busy" })
  fake.permissions = [request]
  return fake
})

const versions = [
  ["1", overFake, Effect.succeed(target)],
  ["2", overFake2, target2],
] as const

const clientOf = (at: Effect.Effect<Target, never, FakeOpencode>) =>
  Effect.gen(function* () {
    return (yield* OpencodeClient).at(yield* at)
  })

for (const [version, layer, at] of versions) {
  describe(`A permission of opencode ${version}`, () => {
    it.effect("for a tool of an MCP server has the arguments of the call", () =>
      Effect.gen(function* () {
        yield* waiting()
        const [pending] = yield* (yield* clientOf(at)).pendingRequests("/work/project")
        assert.deepStrictEqual(pending?.kind === "permission" ? pending.request.details : undefined, {
          repo: "shop",
          issue: "7",
          labels: '["bug"]',
        })
        assert.strictEqual(
          pending && inOneLine(pending),
          'permission for github_close_issue: repo: shop, issue: 7, labels: ["bug"]',
        )
      }).pipe(Effect.provide(layer)),
    )

    it.effect("has them also in the event that opens it, without an earlier event of the call", () =>
      Effect.gen(function* () {
        const fake = yield* waiting()
        const events = yield* (yield* clientOf(at)).events
        const opened = yield* events.pipe(
          Stream.filter(({ _tag }) => _tag === "RequestOpened"),
          Stream.runHead,
          Effect.forkChild,
        )
        const emitting = Effect.repeat(
          Effect.delay(
            Effect.sync(() => fake.emit(event.asked(asked))),
            "500 millis",
          ),
          { times: 2 },
        )
        const received = yield* whilePassing(3000, Effect.andThen(emitting, Fiber.join(opened)))
        assert.include(JSON.stringify(received), '"issue":"7"')
      }).pipe(Effect.provide(layer)),
    )

    it.effect("is shown also if its call cannot be read", () =>
      Effect.gen(function* () {
        const fake = yield* waiting()
        fake.fail(`GET ${version === "1" ? "" : "/api"}/session/${here}/message/${msg("2")}`, Fault.json({}, 404))
        const [pending] = yield* (yield* clientOf(at)).pendingRequests("/work/project")
        assert.strictEqual(pending && inOneLine(pending), "permission for github_close_issue: *")
      }).pipe(Effect.provide(layer)),
    )
  })
}

it.effect("A permission that says what would be done costs no further request", () =>
  Effect.gen(function* () {
    const fake = yield* waiting(running, { ...asked, permission: "bash", details: { command: "ls" } })
    yield* (yield* clientOf(Effect.succeed(target))).pendingRequests("/work/project")
    assert.isFalse(fake.requests.some(({ route }) => route.includes("/message/")))
  }).pipe(Effect.provide(overFake)),
)

it.effect("The prompt of a subagent is part of what is asked", () =>
  Effect.gen(function* () {
    const input = { description: "Tidy up", prompt: "Delete all branches", subagent_type: "general" }
    yield* waiting(
      { status: "running", input },
      { ...asked, permission: "task", patterns: ["general"], details: { description: "Tidy up" } },
    )
    const [pending] = yield* (yield* clientOf(Effect.succeed(target))).pendingRequests("/work/project")
    assert.include(pending && inOneLine(pending), "prompt: Delete all branches")
  }).pipe(Effect.provide(overFake)),
)
