/** Everything that an answer leaves out can be read with the next calls that it names. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import { assistant, done, here, msg, permission, session, textPart, toolPart, user } from "../../src/testing/samples.ts"
import type { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import { call } from "../support/fleetOver.ts"
import { fileDiff } from "../support/diffs.ts"

type Answer<Name extends keyof (typeof FleetToolkit)["tools"]> = Effect.Success<ReturnType<typeof call<Name>>>

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name} ${index} "quoted" \u{1F600}`).join("\n")

const text = numbered("line", 700)
const command = numbered("echo", 300)
const output = numbered("result", 500)

const twoVersions = fakeFleetLayer("one", { name: "two", api: 2 })

const fill = Effect.fnUntraced(function* (instance: string) {
  const fake = (yield* FakeFleet).at(instance)
  fake.sessions = [session("main")]
  fake.store(here, user(msg("u"), "Do it"))
  fake.store(here, {
    info: assistant(msg("a"), msg("u"), done()),
    parts: [
      textPart(msg("a"), text),
      toolPart(msg("a"), { status: "completed", input: { command }, output }, "bash", "prt_tool"),
    ],
  })
  return fake
})

describe("A long message", () => {
  it.effect.each(["one", "two"])("is read to its end, page by page, at instance %s", (instance) =>
    Effect.gen(function* () {
      const fake = yield* fill(instance)
      const whole = yield* call("get_session", { instance, session_id: here })
      for (const form of [whole.text, JSON.stringify(whole.view)]) {
        assert.match(form, /more characters: get_session with message_id msg_a and offset \d+\]/u)
      }
      const read = { text: "", input: "", output: "" }
      let offset: number | undefined = 0
      for (let page = 0; offset !== undefined && page < 20; page++) {
        const { text: shown, view }: Answer<"get_session"> = yield* call("get_session", {
          instance,
          session_id: here,
          message_id: "msg_a",
          offset,
        })
        assert.isAtMost(shown.length, 9000)
        assert.isAtMost(JSON.stringify(view).length, 9000)
        for (const part of view.messages.flatMap(({ parts }) => parts)) {
          if (part.kind === "text") read.text += part.text ?? ""
          else {
            read.input += part.input ?? ""
            read.output += part.text ?? ""
          }
        }
        const [, next]: ReadonlyArray<string> = /offset (\d+)\.$/u.exec(view.next ?? "") ?? []
        if (next !== undefined) assert.include(shown, view.next ?? "")
        offset = next === undefined ? undefined : Number(next)
      }
      assert.deepStrictEqual(read, { text, input: JSON.stringify({ command }), output })
      assert.isAtLeast(fake.requests.length, 1)
    }).pipe(Effect.provide(twoVersions)),
  )

  it.effect("shows the request that its tool call waits for in full", () =>
    Effect.gen(function* () {
      const fake = yield* fill("one")
      fake.statuses.set(here, { type: "busy" })
      fake.store(here, { info: assistant(msg("b"), msg("u")), parts: [textPart(msg("b"), text)] })
      fake.permissions = [{ ...permission("1"), tool: { messageID: msg("b") }, details: { diff: numbered("+", 1000) } }]
      const pages: Array<string> = []
      let offset: number | undefined = 0
      for (let page = 0; offset !== undefined && page < 20; page++) {
        const { view }: Answer<"get_session"> = yield* call("get_session", {
          instance: "one",
          session_id: here,
          message_id: "msg_b",
          offset,
        })
        pages.push(
          ...view.messages
            .flatMap(({ parts }) => parts)
            .flatMap((part) => (part.kind === "request" ? [part.text ?? ""] : [])),
        )
        offset = view.more_count === undefined ? undefined : (view.message_length ?? 0) - view.more_count
      }
      assert.include(pages.join(""), '+ 999 "quoted"')
      assert.notInclude(pages.join(""), "NOT SHOWN")
    }).pipe(Effect.provide(twoVersions)),
  )

  it.effect("names the parameter if there is no such message", () =>
    Effect.gen(function* () {
      yield* fill("one")
      for (const message_id of ["msg_gone", "per_1"]) {
        const error = yield* Effect.flip(call("get_session", { instance: "one", session_id: here, message_id }))
        assert.include(String(error), `message_id "${message_id}" cannot be used`)
      }
    }).pipe(Effect.provide(twoVersions)),
  )

  it.effect("is named where the answer of a turn cuts it", () =>
    Effect.gen(function* () {
      yield* fill("one")
      const { text: shown, view } = yield* call("wait_for_session", { instance: "one", session_id: here })
      for (const form of [shown, view.text]) {
        assert.match(form, /characters before this: get_session with message_id msg_a\]/u)
      }
      assert.include(view.tools[0]?.input, "more characters: get_session with message_id msg_a]")
    }).pipe(Effect.provide(twoVersions)),
  )
})

describe("A long patch", () => {
  it.effect("is read to its end with path and offset", () =>
    Effect.gen(function* () {
      const fake = yield* fill("one")
      fake.diffs.set(msg("u"), [fileDiff("src/big.ts", undefined, `${text}\n`)])
      let patch = ""
      let offset: number | undefined = 0
      for (let page = 0; offset !== undefined && page < 20; page++) {
        const { text: shown, view }: Answer<"get_diff"> = yield* call("get_diff", {
          instance: "one",
          session_id: here,
          path: "big.ts",
          offset,
        })
        assert.isAtMost(Math.max(shown.length, JSON.stringify(view).length), 9000)
        patch += view.files[0]?.patch ?? ""
        offset = view.more_count === undefined ? undefined : patch.length
      }
      for (const line of text.split("\n")) assert.include(patch, `+${line}`)
      const unknown = yield* Effect.flip(call("get_diff", { instance: "one", session_id: here, path: "nothing.ts" }))
      assert.include(String(unknown), "src/big.ts")
    }).pipe(Effect.provide(twoVersions)),
  )
})

describe("A long list", () => {
  it.effect("of sessions is read with offset, subagents included", () =>
    Effect.gen(function* () {
      const fake = yield* fill("one")
      fake.sessions = Array.from({ length: 300 }, (_, index) =>
        session(`s${index}`, {
          time: { created: 1, updated: index },
          ...(index % 4 === 0 ? {} : { parentID: session(`s${index - (index % 4)}`).id }),
        }),
      )
      const read: Array<string> = []
      let offset: number | undefined = 0
      for (let page = 0; offset !== undefined && page < 40; page++) {
        const { text: shown, view }: Answer<"list_sessions"> = yield* call("list_sessions", {
          instance: "one",
          limit: 200,
          offset,
        })
        assert.isAtMost(Math.max(shown.length, JSON.stringify(view).length), 9000)
        read.push(...view.sessions.map(({ session_id }) => session_id))
        if (view.next !== undefined) assert.include(shown, view.next)
        offset = view.more_count === undefined ? undefined : read.length
      }
      assert.lengthOf(read, 300)
      assert.strictEqual(new Set(read).size, 300)
    }).pipe(Effect.provide(twoVersions)),
  )
})
