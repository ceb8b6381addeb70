/** What a permission without its own words is about: the arguments of the waiting tool call. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import type { PermissionRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import { describe as inOneLine, wholeRequest } from "../../../src/opencode/requests/requestedActs.ts"
import { openRequests } from "../../../src/opencode/requests/pendingRequests.ts"
import { completeEvents, completeRequests, withArguments } from "../../../src/opencode/requests/toolArguments.ts"
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

/** What is listed for a person. */
const listed = Effect.fnUntraced(function* (at: Effect.Effect<Target, never, FakeOpencode>) {
  const client = yield* clientOf(at)
  return yield* openRequests(client, yield* client.pendingRequests("/work/project"))
})

for (const [version, layer, at] of versions) {
  describe(`A permission of opencode ${version}`, () => {
    it.effect("for a tool of an MCP server has the arguments of the call", () =>
      Effect.gen(function* () {
        yield* waiting()
        const [pending] = yield* listed(at)
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
        const client = yield* clientOf(at)
        const requests = yield* client.pendingRequests("/work/project")
        fake.fail(`GET ${version === "1" ? "" : "/api"}/session/${here}/message/${msg("2")}`, Fault.json({}, 500))
        const [pending] = yield* whilePassing(3000, completeRequests(client.toolCalls, requests))
        assert.strictEqual(pending && inOneLine(pending), "permission for github_close_issue: *")
      }).pipe(Effect.provide(layer)),
    )
  })
}

const shell = { ...asked, permission: "bash", patterns: ["rm *"], details: { command: "rm -rf *" } }

// opencode 1 tells the command, but not the directory in which it would run.
for (const permission of ["bash", "external_directory"]) {
  it.effect(`A command that would run elsewhere (${permission}) is shown with the directory`, () =>
    Effect.gen(function* () {
      const input = { command: "rm -rf *", description: "Tidy up", workdir: "/etc" }
      yield* waiting({ status: "running", input }, { ...shell, permission, patterns: ["/etc/*"] })
      const [pending] = yield* listed(Effect.succeed(target))
      assert.strictEqual(pending && inOneLine(pending), `permission for ${permission}: in /etc: rm -rf *`)
      assert.deepStrictEqual(pending?.kind === "permission" ? pending.request.details : undefined, {
        command: "rm -rf *",
        workdir: "/etc",
      })
    }).pipe(Effect.provide(overFake)),
  )
}

const readsOf = (fake: FakeOpencode["Service"]) =>
  fake.requests.filter(({ route }) => route.startsWith("GET") && route.includes("/message/")).length

it.effect("A permission of opencode 1 is completed from the message that shows whether it is open", () =>
  Effect.gen(function* () {
    const fake = yield* waiting({ status: "running", input: { command: "rm -rf *" } }, shell)
    fake.permissions = [shell, { ...shell, id: permission("2").id }]
    const requests = yield* listed(Effect.succeed(target))
    assert.lengthOf(requests, 2)
    assert.isTrue(requests.every(({ kind, request }) => kind === "permission" && "hasArguments" in request))
    assert.strictEqual(readsOf(fake), 1)
  }).pipe(Effect.provide(overFake)),
)

it.effect("Each message of opencode 2 is read once", () =>
  Effect.gen(function* () {
    const fake = yield* waiting()
    fake.permissions = [asked, { ...asked, id: permission("2").id }]
    assert.lengthOf(yield* listed(target2), 2)
    assert.strictEqual(readsOf(fake), 1)
  }).pipe(Effect.provide(overFake2)),
)

it.effect("A message that never answers does not hold up the others", () =>
  Effect.gen(function* () {
    const slow = { ...asked, tool: { callID: "slow", messageID: msg("3") } }
    const requests = [slow, asked].map((request) => ({ kind: "permission" as const, request }))
    const listing = yield* Effect.forkChild(
      completeRequests((_, message) => {
        return message === msg("3") ? Effect.never : Effect.succeed(new Map([[call.callID, running]]))
      }, requests),
    )
    yield* TestClock.adjust("1 second")
    const [unknown, known] = yield* Fiber.join(listing)
    assert.deepStrictEqual(unknown?.request, slow)
    assert.include(known && inOneLine(known), "issue: 7")
  }),
)

it.effect("The requests of several events are read at the same time, and each message once", () =>
  Effect.gen(function* () {
    const reads: Array<string> = []
    const slow = { ...asked, tool: { callID: "slow", messageID: msg("3") } }
    const opened = [slow, asked, { ...slow, id: permission("2").id }].map((request) => ({
      _tag: "RequestOpened" as const,
      pending: { kind: "permission" as const, request },
    }))
    const completing = yield* Effect.forkChild(
      completeEvents(
        (_, message) => {
          reads.push(message)
          return message === msg("3") ? Effect.never : Effect.succeed(new Map([[call.callID, running]]))
        },
        [{ _tag: "Connected" }, ...opened, { _tag: "Heartbeat" }],
      ),
    )
    yield* TestClock.adjust("1 second")
    const events = yield* Fiber.join(completing)
    assert.deepStrictEqual(reads, [msg("3"), msg("2")])
    assert.deepStrictEqual(
      events.map((event) => (event._tag === "RequestOpened" ? event.pending.request.id : event._tag)),
      ["Connected", asked.id, asked.id, permission("2").id, "Heartbeat"],
    )
    assert.include(JSON.stringify(events[2]), '"issue":"7"')
  }),
)

it.effect("The prompt of a subagent is part of what is asked", () =>
  Effect.gen(function* () {
    const input = { description: "Tidy up", prompt: "Delete all branches", subagent_type: "general" }
    yield* waiting(
      { status: "running", input },
      { ...asked, permission: "task", patterns: ["general"], details: { description: "Tidy up" } },
    )
    const [pending] = yield* listed(Effect.succeed(target))
    assert.include(pending && inOneLine(pending), "prompt: Delete all branches")
  }).pipe(Effect.provide(overFake)),
)

describe("The arguments of a tool call", () => {
  const other = { ...asked, patterns: ["*"] }

  it("are all shown, also beside one that is called `command`", () => {
    const input = { command: "deploy", description: "To production" }
    assert.deepStrictEqual(withArguments(other, input).details, input)
    assert.strictEqual(
      inOneLine({ kind: "permission", request: withArguments(other, input) }),
      "permission for github_close_issue: description: To production, command: deploy",
    )
  })

  // Only what opencode itself tells of access outside the project is what would be done.
  it("are all shown beside the directory outside the project, also those that the tool does not have", () => {
    const outside = { ...other, permission: "external_directory", patterns: ["/etc/*"] }
    const input = {
      filePath: "/etc/shadow",
      path: "/etc/hosts",
      command: "cat docs/a.md",
      description: "Looks",
      workdir: "/etc",
    }
    assert.strictEqual(
      inOneLine({ kind: "permission", request: withArguments(outside, input) }),
      "permission for external_directory: access to /etc/*: description: Looks, filePath: /etc/shadow, path: /etc/hosts, command: cat docs/a.md, workdir: /etc",
    )
    const { acts, details } = wholeRequest(withArguments(outside, input))
    assert.deepStrictEqual(acts, [])
    assert.deepStrictEqual(Object.fromEntries(details), { "outside the project": "/etc/*", ...input })
  })

  it("are not replaced by opencode's own words", () => {
    const post = { ...other, permission: "slack_post", details: { message: "Allow slack_post?" } }
    assert.deepStrictEqual(withArguments(post, { channel: "#all", message: "You are all fired" }).details, {
      channel: "#all",
      message: "You are all fired",
      "opencode's message": "Allow slack_post?",
    })
    assert.deepStrictEqual(withArguments(post, { channel: "#all" }).details, {
      channel: "#all",
      message: "Allow slack_post?",
    })
  })
})
