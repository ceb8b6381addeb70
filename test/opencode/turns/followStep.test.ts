/** The next action for each state of a followed turn and each input. */
import { assert, describe, it } from "@effect/vitest"
import { InstanceUnreachable, SessionNotFound, Unauthorized } from "../../../src/opencode/errors.ts"
import type { TurnEvent } from "../../../src/opencode/events/TurnEvent.ts"
import type { PendingRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import type { SessionStatus } from "../../../src/opencode/sessions/Session.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import type { FollowAction, FollowInput, FollowState } from "../../../src/opencode/turns/followState.ts"
import * as Follow from "../../../src/opencode/turns/followStep.ts"
import { aborted, assistant, done, failedWith, here, msg, permission, ses, user } from "../../../src/testing/samples.ts"

const prompt = msg("prompt")
const answer = msg("answer")

const read = (delay = 0) => ({ _tag: "Read", delay }) as const
const listen = (atMost = 20_000) => ({ _tag: "Listen", atMost }) as const
const end = (outcome: Turn.Outcome) => ({ _tag: "End", outcome }) as const

const happened = (event: TurnEvent, now = 1000): FollowInput => ({
  _tag: "Notice",
  notice: { _tag: "Event", event },
  now,
})
const noticed = (_tag: "Settled" | "Reconnected" | "Missed"): FollowInput => ({
  _tag: "Notice",
  notice: { _tag },
  now: 1000,
})
const status = (type: "idle" | "busy", sessionID = here) =>
  happened({ _tag: "StatusChanged", sessionID, status: { type } })
const request: PendingRequest = { kind: "permission", request: permission("1") }
const opened = happened({ _tag: "RequestOpened", pending: request })
const settled = happened({ _tag: "RequestSettled", sessionID: here, requestID: permission("1").id })

const stored = (
  type: SessionStatus["type"] & ("idle" | "busy"),
  {
    info,
    pending = [],
  }: { readonly info?: ReturnType<typeof assistant>; readonly pending?: Array<PendingRequest> } = {},
): FollowInput => ({
  _tag: "Stored",
  stored: {
    status: { type },
    messages: [user(prompt), ...(info === undefined ? [] : [{ info, parts: [] }])],
    pending,
  },
  now: 1000,
})
const open = stored("busy", { pending: [request] })

const unreachable = new InstanceUnreachable({
  instance: "fake",
  url: "http://fake",
  mayHaveArrived: false,
  detail: "x",
})
const unauthorized = new Unauthorized({ instance: "fake", url: "http://fake", isOpencode: true })
const lost = (error: InstanceUnreachable | Unauthorized): FollowInput => ({
  _tag: "Notice",
  notice: { _tag: "Lost", error },
  now: 1000,
})

const begin = (given: Partial<Follow.FollowStart> = {}) =>
  Follow.begin({
    turn: Turn.begin(here, prompt),
    goal: "settled",
    joined: false,
    connected: true,
    now: 0,
    ...given,
  })
const after = (state: FollowState, ...inputs: ReadonlyArray<FollowInput>) => inputs.reduce(Follow.step, state)

const running = after(begin(), stored("busy"))
const asking = after(running, opened, open)
const away = after(running, lost(unreachable))
const accepting = begin({ goal: "accepted" })

const needsPermission: Turn.Outcome = { _tag: "needs permission", request: permission("1") }
const failed = { kind: "failed", message: "Agent not found" } as const

type Row = readonly [string, FollowState, ReadonlyArray<FollowInput>, FollowAction]

const rows: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "A turn that begins": [
    ["is listened to", begin(), [], listen()],
    ["is read first when it was joined", begin({ joined: true }), [], read()],
    ["is read after 15 s without events", begin({ connected: false }), [], listen(15_000)],
  ],
  "A turn that runs": [
    ["is listened to after its own events", running, [status("busy")], listen()],
    ["is read after 20 s of silence", running, [{ _tag: "NoNotice" }], read()],
    [
      "is read when only other sessions have been heard of for 20 s",
      running,
      [happened({ _tag: "StatusChanged", sessionID: ses("second"), status: { type: "busy" } }, 22_000)],
      read(),
    ],
    ["is read once the connection has settled", running, [noticed("Settled")], read()],
    ["is read after a reconnect", running, [noticed("Reconnected")], read()],
    ["is read when events were dropped", running, [noticed("Missed")], read()],
    ["is read when opencode has dropped its state", running, [happened({ _tag: "StateDropped" })], read()],
    [
      "is read when an event cannot tell what happened in its session",
      running,
      [happened({ _tag: "SessionStale", sessionID: here })],
      read(),
    ],
    [
      "is not read when an event cannot tell what happened in another session",
      running,
      [happened({ _tag: "SessionStale", sessionID: ses("second") })],
      listen(),
    ],
    ["is read when its session is deleted", running, [happened({ _tag: "SessionDeleted", sessionID: here })], read()],
    [
      "does not care for the deletion of another session",
      running,
      [happened({ _tag: "SessionDeleted", sessionID: ses("second") })],
      listen(),
    ],
    [
      "is interrupted when its session was deleted",
      running,
      [
        happened({ _tag: "SessionDeleted", sessionID: here }),
        { _tag: "Failed", error: new SessionNotFound({ instance: "fake", session: here }) },
      ],
      end({ _tag: "interrupted", detail: "the session was deleted" }),
    ],
    [
      "may have another opencode on its port when its session is gone and no event has reported that it was deleted",
      running,
      [{ _tag: "Failed", error: new SessionNotFound({ instance: "fake", session: here }) }],
      end({
        _tag: "interrupted",
        detail: "the session is gone: it was deleted, or another opencode has the port now",
      }),
    ],
    [
      "is unreachable when it cannot be read",
      running,
      [{ _tag: "Failed", error: unreachable }],
      end({ _tag: "unreachable", detail: unreachable.message, error: unreachable }),
    ],
  ],
  "A connection that breaks": [
    ["has 15 s to come back", running, [lost(unreachable)], listen(15_000)],
    [
      "leaves what is stored to follow, which has 15 s more to be read",
      away,
      [{ _tag: "NoNotice" }],
      { ...read(), retryFor: 15_000 },
    ],
    [
      "ends the turn when that cannot be read either",
      away,
      [{ _tag: "NoNotice" }, { _tag: "Failed", error: unreachable }],
      end({ _tag: "unreachable", detail: unreachable.message, error: unreachable }),
    ],
    ["goes on without events while the session is busy", away, [{ _tag: "NoNotice" }, stored("busy")], listen(15_000)],
    ["is back with the next event", away, [status("busy")], listen()],
    [
      "ends the turn at once when the credentials are refused",
      running,
      [lost(unauthorized)],
      end({ _tag: "unreachable", detail: unauthorized.message, error: unauthorized }),
    ],
  ],
  "The end of a turn": [
    ["is read before it is reported", running, [status("idle")], read()],
    [
      "is reported when the stored answer is complete",
      running,
      [status("idle"), stored("idle", { info: assistant(answer, prompt, done()) })],
      end({ _tag: "completed", detail: "the model ended without writing any text" }),
    ],
    [
      "is read again while the answer is not final",
      running,
      [status("idle"), stored("idle", { info: assistant(answer, prompt) })],
      read(250),
    ],
    [
      "is given up after 21 reads",
      running,
      [status("idle"), ...Array.from({ length: 21 }, () => stored("idle"))],
      end({
        _tag: "failed",
        detail:
          "opencode stored the message but never started to answer it. This happens when a message is added to a running turn and that turn is then stopped or rejected",
      }),
    ],
    ["was none if the session turns out to be busy", running, [status("idle"), stored("busy")], listen()],
    [
      "is an abort if the stored answer says so",
      running,
      [status("idle"), stored("idle", { info: assistant(answer, prompt, failedWith(aborted)) })],
      end({ _tag: "aborted" }),
    ],
    [
      "is not believed of a refused prompt for a second",
      begin(),
      [happened({ _tag: "SessionFailed", sessionID: here, failure: failed })],
      read(1000),
    ],
  ],
  "A request that the turn waits for": [
    ["is read before a person is asked", running, [opened], read()],
    ["is put to a person, beside listening", running, [opened, open], listen()],
    ["is forgotten when it is settled in what is stored", running, [opened, stored("busy")], listen()],
    ["is withdrawn when it is settled elsewhere", asking, [settled], read()],
    ["stays open while the turn is read", asking, [noticed("Settled"), open], listen()],
    ["ends the turn when the person decides nothing", asking, [{ _tag: "NotDecided" }], end(needsPermission)],
    ["has the decision sent", asking, [{ _tag: "Decided" }], { _tag: "SendDecision" }],
    [
      "is read once the decision was sent",
      asking,
      [{ _tag: "Decided" }, { _tag: "DecisionSent", accepted: true }],
      read(),
    ],
    [
      "still waits when opencode did not take the decision",
      asking,
      [{ _tag: "Decided" }, { _tag: "DecisionSent", accepted: false }],
      end(needsPermission),
    ],
    [
      "is read once more when the instance is away",
      asking,
      [lost(unreachable), { _tag: "NoNotice" }],
      { ...read(), retryFor: 15_000 },
    ],
  ],
  "A prompt that only has to be accepted": [
    ["is listened for", accepting, [], listen()],
    [
      "is accepted when opencode shows it",
      accepting,
      [happened({ _tag: "MessageChanged", info: user(prompt).info })],
      end({ _tag: "still running" }),
    ],
    ["is accepted when it is stored", accepting, [status("idle"), stored("idle")], end({ _tag: "still running" })],
    [
      "is not reported as failed when it cannot be read",
      accepting,
      [noticed("Settled"), { _tag: "Failed", error: unreachable }],
      end({ _tag: "still running" }),
    ],
    [
      "is followed to its failure when it was refused",
      accepting,
      [happened({ _tag: "SessionFailed", sessionID: here, failure: failed }), stored("idle")],
      end({ _tag: "failed", detail: "Agent not found" }),
    ],
  ],
}

describe.each(Object.entries(rows))("%s", (_subject, table) => {
  it.each(table)("%s", (_name, state, inputs, next) => {
    assert.deepStrictEqual(after(state, ...inputs).next, next)
  })
})

describe("The question to a person", () => {
  it("is the same as long as the request is open, so that it is put once", () => {
    assert.strictEqual(after(asking, status("busy"), noticed("Settled"), open).openDecision, asking.openDecision)
    assert.deepStrictEqual(asking.openDecision?.request, request)
  })

  it("is closed once it is settled, and when the session is idle", () => {
    assert.isUndefined(after(asking, settled).openDecision)
    assert.isUndefined(after(asking, status("idle")).openDecision)
    assert.isUndefined(after(asking, noticed("Settled"), stored("busy")).openDecision)
  })
})

describe("A step", () => {
  it("does not change the previous state", () => {
    const before = JSON.stringify(running)
    after(running, opened, open, { _tag: "Decided" })
    assert.strictEqual(JSON.stringify(running), before)
  })

  it("takes silence that follows missed events for an answer that was lost, not for none", () => {
    const missed = after(
      running,
      noticed("Missed"),
      stored("idle"),
      ...Array.from({ length: 21 }, () => stored("idle")),
    )
    assert.strictEqual(missed.next._tag === "End" ? missed.next.outcome._tag : undefined, "interrupted")
  })
})
