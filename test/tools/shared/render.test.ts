import { clip, clipStart } from "../../../src/text/clip.ts"
import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { PendingReport } from "../../../src/fleet/attention/PendingReport.ts"
import type { Message } from "../../../src/opencode/sessions/Message.ts"
import { PermissionId } from "../../../src/opencode/Identifiers.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { instanceView } from "../../../src/tools/instances/instanceView.ts"
import { messageView } from "../../../src/tools/sessions/conversationView.ts"
import { renderConversation } from "../../../src/tools/sessions/renderConversation.ts"
import { block, code } from "../../../src/tools/shared/markdown.ts"
import { renderFleet } from "../../../src/tools/instances/renderInstances.ts"
import { renderSessions } from "../../../src/tools/sessions/renderSessions.ts"
import { renderTurn } from "../../../src/tools/turns/renderTurn.ts"
import { sessionView } from "../../../src/tools/sessions/sessionView.ts"
import { turnView } from "../../../src/tools/turns/turnView.ts"
import { server } from "../../discovery/announcements.ts"
import { target } from "../../support/overFake.ts"
import {
  assistant,
  event,
  here,
  msg,
  permission,
  ses,
  session,
  textPart,
  toolPart,
} from "../../../src/testing/samples.ts"

/** Text pieces that could break out of Markdown, or of a terminal line. */
const Piece = Schema.Union([
  Schema.Literals([
    "`",
    "``",
    "```",
    "````\n",
    "\n",
    "\r\n",
    "\r",
    "\n\n### Assistant\n",
    "\u001B[2J",
    "\u001B]8;;http://evil.test\u0007",
    "\u009B31m",
    "\u0000",
    "\u202E",
    "\u2066",
    "\u2028",
    "\u2029",
    "\uFEFF",
    "\u{1F600}",
    "\uD83D",
    "~~~\n",
    "</pre>",
    "[link](http://evil.test)",
    "**",
    " ",
    "\t",
  ]),
  Schema.String,
])
const Hostile = Schema.Array(Piece)

/** Characters that must not reach a terminal: control characters (except line feeds and tabs) and bidirectional marks. */
// oxlint-disable-next-line no-control-regex -- these are the characters under test
const forbidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

const fenceOf = (text: string) => /^`{3,}$/u.exec(text)?.[0]

/** The lines outside of every fenced block, as a Markdown reader sees them. */
const outside = (markdown: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let open: string | undefined
  for (const line of markdown.split("\n")) {
    const fence = fenceOf(line)
    if (open === undefined) {
      if (fence === undefined) found.push(line)
      else open = fence
    } else if (fence !== undefined && fence.length >= open.length) open = undefined
  }
  assert.isUndefined(open, "a block is not closed")
  return found
}

/** A line without its code spans. */
const withoutSpans = (line: string) => line.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gu, "§")

const isQuiet = (lines: ReadonlyArray<string>) => {
  for (const line of lines) {
    const bare = withoutSpans(line)
    assert.notInclude(bare, "`")
    assert.notMatch(bare, /evil|<\/pre>/u)
  }
}

describe("Untrusted text in Markdown", () => {
  it.prop("cannot close its block", [Hostile], ([pieces]) => {
    const rendered = block(pieces.join(""))
    assert.notMatch(rendered, forbidden)
    assert.deepStrictEqual(outside(rendered), [])
  })

  it.prop("cannot leave its code span or its line", [Hostile], ([pieces]) => {
    const rendered = code(pieces.join(""))
    assert.notMatch(rendered, forbidden)
    assert.notInclude(rendered, "\n")
    assert.include(["§", "(empty)"], withoutSpans(rendered))
  })

  it.prop("is clipped between characters, and the rest is counted", [Schema.String, Schema.Int], ([text, seed]) => {
    const wide = `${text}\u{1F600}${text}\u{1F468}`.toWellFormed()
    const length = Math.abs(seed) % (wide.length + 2)
    for (const cut of [clip(wide, length), clipStart(wide, length)]) {
      assert.isTrue(cut.isWellFormed())
      assert.isAtMost(cut.length, length + 50)
    }
    assert.strictEqual(clip(wide, wide.length), wide)
    assert.strictEqual(clipStart(wide, wide.length), wide)
  })

  it.prop("stays in its block or code span in a conversation", [Hostile, Hostile], ([one, two]) => {
    const [title, text] = [one.join(""), two.join("")]
    const info = assistant(msg("a"), msg("u"), {
      agent: title,
      model: `${text}/${title}`,
      error: { kind: "failed", message: text },
    })
    const parts: Message["parts"] = [
      textPart(info.id, text),
      { type: "reasoning", id: "prt_r", messageID: info.id, text: title },
      { type: "file", id: "prt_f", messageID: info.id, mime: "text/plain", filename: text },
      { type: "patch", id: "prt_p", messageID: info.id, files: [title, text] },
      { type: "subtask", id: "prt_s", messageID: info.id, description: text, agent: title },
      toolPart(info.id, { status: "completed", input: { [title]: text }, output: text }, title),
      toolPart(info.id, { status: "error", input: {}, error: text }, text),
    ]
    const asked = { ...permission("1"), id: PermissionId.make("per_1"), permission: title, patterns: [text] }
    const rendered = renderConversation({
      as_of: "1970-01-01T00:00:00.000Z",
      instance: "fake",
      session: sessionView(0, session("main", { title, directory: text }), {
        status: { type: "busy" },
        pending: [{ kind: "permission", request: asked }],
      }),
      messages: [messageView({ info, parts }, 9000)],
      before: text,
    })
    assert.notMatch(rendered, forbidden)
    const lines = outside(rendered)
    isQuiet(lines)
    assert.strictEqual(lines.filter((line) => line.startsWith("#")).length, 1)
  })

  it.prop("stays in its code span in a list of sessions", [Hostile, Hostile], ([one, two]) => {
    const [title, text] = [one.join(""), two.join("")]
    const view = sessionView(0, session("main", { title, directory: text }), {
      status: { type: "retry", attempt: 1, message: text, next: 1000 },
      pending: [],
    })
    const lines = renderSessions({
      as_of: "1970-01-01T00:00:00.000Z",
      instance: "fake",
      session_count: 1,
      matching_count: 1,
      sessions: [view],
    }).split("\n")
    assert.strictEqual(lines.length, 3)
    isQuiet(lines)
  })

  it.prop("stays in its code span in the pending requests of a session", [Hostile, Hostile], ([one, two]) => {
    const [title, text] = [one.join(""), two.join("")]
    const asked = { ...permission("1", ses("child")), permission: title, patterns: [text] }
    const view = sessionView(0, session("main", { title }), {
      status: { type: "busy" },
      pending: [{ kind: "permission", request: asked }],
    })
    const lines = renderSessions({
      as_of: "1970-01-01T00:00:00.000Z",
      instance: "fake",
      session_count: 1,
      matching_count: 1,
      sessions: [view],
    }).split("\n")
    assert.strictEqual(lines.length, 3)
    isQuiet(lines)
  })

  it.prop("stays in its code span in a list of instances", [Hostile, Hostile], ([one, two]) => {
    const [title, text] = [one.join(""), two.join("")]
    const known: PendingReport = {
      askedAt: 0,
      known: true,
      count: 1,
      waiting: [{ kind: "permission", id: permission("1").id, session: here, title, about: text }],
      active: 1,
      lastSession: { title, updated: 0 },
      projects: [{ directory: text, active: 1 }],
      projectCount: 1,
    }
    const views = [known, { askedAt: 0, known: false, reason: text } as const].map((look) =>
      instanceView(
        {
          ...server("api", 1),
          health: { state: "online", version: "2.0.15", api: 2, latency: 1, reason: "", checkedAt: 0 },
          lastSeen: 0,
        },
        look,
      ),
    )
    const rendered = renderFleet({
      as_of: "1970-01-01T00:00:00.000Z",
      health_counts: { online: 2 },
      waiting_instance_count: 1,
      busy_instance_count: 0,
      unchecked_instance_count: 1,
      transports: [],
      matching_count: 2,
      instances: views,
      problem_count: 0,
      problems: [],
      refreshed: "1970-01-01T00:00:00.000Z",
    })
    assert.notMatch(rendered, forbidden)
    const lines = rendered.split("\n")
    assert.strictEqual(lines.length, 7, rendered)
    isQuiet(lines)
  })

  it.prop("stays in its block or code span in the outcome of a turn", [Hostile, Hostile], ([one, two]) => {
    const [title, text] = [one.join(""), two.join("")]
    const answer = assistant(msg("a"), msg("u"))
    const turn = [
      event.message(answer),
      event.part(textPart(answer.id, text)),
      event.part(toolPart(answer.id, { status: "error", input: { [text]: title }, error: text }, title)),
      event.part({ type: "patch", id: "prt_p", messageID: answer.id, files: [title, text] }),
    ].reduce(advance, Turn.begin(here, msg("u")))
    const rendered = renderTurn(turnView(target, { turn, outcome: { _tag: "failed", detail: text } }))
    assert.notMatch(rendered, forbidden)
    isQuiet(outside(rendered))
  })
})
