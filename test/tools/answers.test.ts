/** The size of every tool's answer, however large the fleet and whatever its texts contain. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { FakeState } from "../../src/testing/FakeState.ts"
import { Call } from "../../src/mcp/Call.ts"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import {
  assistant,
  completedTool,
  done,
  here,
  msg,
  permission,
  question,
  ses,
  session,
  textPart,
  toolPart,
  updatedAt,
  user,
} from "../../src/testing/samples.ts"
import type { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import { call, type ToolParameters } from "../support/fleetOver.ts"
import { whilePassing } from "../support/overFake.ts"
import { fileDiff } from "../support/diffs.ts"

const most = 9000

type Name = keyof (typeof FleetToolkit)["tools"]

/** Each form fits, and what is left out is said in both. */
const fits = (name: string, { text, view }: { readonly text: string; readonly view: object }) => {
  const json = JSON.stringify(view)
  assert.isAtMost(text.length, most, `${name} as text`)
  assert.isAtMost(json.length, most, `${name} as structured content`)
  return { text, json }
}

/**
 * Cline (3.0.65) gives its model the whole result as JSON, and of more than 8,000 characters the first and the last ones,
 * about 3,980 each.
 */
const seenByCline = ({ text, view }: { readonly text: string; readonly view: object }) => {
  const whole = JSON.stringify({ content: [{ type: "text", text }], structuredContent: view })
  return whole.length <= 8000 ? whole : `${whole.slice(0, 3980)}\n${whole.slice(-3980)}`
}

/** The ways to what an answer leaves out: its own words, and the values that they need. */
const waysToTheRest = (view: object): ReadonlyArray<string> =>
  Object.entries(view).flatMap(([name, value]: readonly [string, unknown]) =>
    ["next", "before", "offset", "more_count", "text_message_ids"].includes(name)
      ? [JSON.stringify(value).slice(1, -1)]
      : [],
  )

const pieces = ["\u{1F600}", '"\\'] as const

const long = (piece: string, length: number) => piece.repeat(Math.ceil(length / piece.length))

/** Sessions, messages, requests and changes without number. */
const fill = (fake: FakeState, piece: string) => {
  fake.sessions = [
    session("main", { title: long(piece, 2000), directory: `/${long(piece, 2000)}`, ...updatedAt(9000) }),
    ...Array.from({ length: 600 }, (_, index) =>
      session(`s${index}`, {
        title: long(piece, 500),
        directory: `/work/${index}`,
        ...updatedAt(index),
        ...(index % 30 === 0 ? {} : { parentID: ses(`s${index - (index % 30)}`) }),
      }),
    ),
  ]
  const answer = assistant(msg("a"), msg("u"), done())
  fake.store(here, user(msg("u"), long(piece, 100_000)))
  fake.store(here, {
    info: answer,
    parts: [
      textPart(msg("a"), long(piece, 300_000)),
      ...Array.from({ length: 200 }, (_, index) =>
        toolPart(msg("a"), completedTool(long(piece, 2000)), long(piece, 200), `prt_${index}`),
      ),
      {
        type: "patch" as const,
        id: "prt_patch",
        messageID: msg("a"),
        files: Array.from({ length: 500 }, (_, index) => `/work/${long(piece, 300)}/${index}`),
      },
    ],
  })
  const described = Array.from({ length: 300 }, (_, index) => ({
    name: `${index}${long(piece, 300)}`,
    description: long(piece, 1000),
  }))
  fake.commands = described
  fake.agents = described.map((agent) => ({ ...agent, mode: "primary" }))
  fake.providers = [
    {
      id: "scripted",
      models: Object.fromEntries(described.map(({ name: id }) => [id, { id }])),
    },
  ]
  fake.worktrees.push(...described.map(({ name }) => `/${name}`))
  fake.diffs.set(
    msg("u"),
    Array.from({ length: 200 }, (_, index) => fileDiff(`src/${index}.ts`, "one\n", `${long(piece, 2000)}\n`)),
  )
}

/** A session that waits for 200 requests. */
const waiting = (fake: FakeState, piece: string) => {
  fake.statuses.set(here, { type: "busy" })
  fake.store(here, user(msg("v"), "Go on"))
  fake.store(here, { info: assistant(msg("b"), msg("v")), parts: [textPart(msg("b"), long(piece, 20_000))] })
  fake.permissions = Array.from({ length: 200 }, (_, index) => ({
    ...permission(String(index)),
    tool: { messageID: msg("b") },
    patterns: Array.from({ length: index < 4 ? 30 : 1 }, () => long(piece, index < 4 ? 3000 : 30)),
    always: Array.from({ length: index < 4 ? 60 : 1 }, () => long(piece, 200)),
  }))
  fake.questions = [
    {
      ...question("1"),
      tool: { messageID: msg("b") },
      questions: [{ question: long(piece, 20_000), options: [{ label: "Red" }, { label: long(piece, 5000) }] }],
    },
  ]
}

/** A call of each tool. A new tool needs an entry. */
const calls = (instance: string): { readonly [Each in Name]: ToolParameters<Each> } => ({
  list_instances: {},
  refresh_instances: {},
  list_sessions: { instance, limit: 200 },
  get_session: { instance, session_id: here, message_limit: 100 },
  create_session: { instance, title: "x".repeat(500), directory: "/work" },
  fork_session: { instance, session_id: here },
  describe_instance: { instance },
  get_status: { instance },
  get_diff: { instance, session_id: here },
  abort_session: { instance, session_id: "ses_s0" },
  wait_for_session: { instance, session_id: here },
  wait_for_sessions: {
    sessions: [here, ...Array.from({ length: 50 }, (_, index) => `ses_s${index}`)].map((session_id) => ({
      instance,
      session_id,
    })),
  },
  send_message: { instance, session_id: "ses_s30", message: "Do it" },
  respond_permission: { instance, session_id: here, permission_id: "per_0", response: "once" },
  answer_question: { instance, session_id: here, question_id: "que_1", answers: [["Red"]] },
})

describe("Every answer", () => {
  it.effect.each(pieces)("has at most 9,000 characters in each form, full of %j", (piece) =>
    Effect.gen(function* () {
      const fakes = yield* FakeFleet
      for (const name of ["one", "two"]) {
        const fake = fakes.at(name)
        fill(fake, piece)
        fake.answerWith(() => long(piece, 100_000))
        const table = calls(name)
        for (const tool of Object.keys(table) as Array<Name>) {
          if (tool === "respond_permission") waiting(fake, piece)
          const answer = yield* call(tool, table[tool]).pipe(
            Effect.updateService(Call, (values) => ({ ...values, answerWithin: Duration.seconds(3) })),
            (calling) => Effect.result(whilePassing(4000, calling)),
          )
          if (answer._tag === "Failure") assert.fail(`${tool} on ${name}: ${String(answer.failure)}`)
          fits(`${tool} on ${name}`, answer.success)
          for (const way of waysToTheRest(answer.success.view)) {
            assert.include(seenByCline(answer.success), way, `what Cline shows of ${tool} on ${name}`)
          }
        }
        fits("get_status", yield* whilePassing(4000, call("get_status", { instance: name })))
        fits("list_sessions", yield* whilePassing(4000, call("list_sessions", { instance: name })))
      }
    }).pipe(Effect.provide(fakeFleetLayer("one", { name: "two", api: 2 }))),
  )
})
