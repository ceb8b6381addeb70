/** What the keys of the dashboard do, and what it draws. */
import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { Terminal } from "effect"
import { type DashboardState, firstState, press, shownInstances } from "../../../src/cli/terminal/dashboard.ts"
import { dashboardLines } from "../../../src/cli/terminal/dashboardView.ts"
import { styleOf } from "../../../src/cli/terminal/style.ts"
import type { FleetView, InstanceView } from "../../../src/tools/instances/instanceSchemas.ts"

const permission = { kind: "permission", id: "per_1", session_id: "ses_1", about: "permission for bash: ls" } as const

const instance = (name: string, rest: Partial<InstanceView> = {}): InstanceView => ({
  name,
  health: "online",
  transports: ["local-relay"],
  directory: `/work/${name}`,
  ...rest,
})

const fleet: FleetView = {
  as_of: "2026-11-29T12:00:00Z",
  health_counts: {},
  waiting_instance_count: 1,
  busy_instance_count: 0,
  unchecked_instance_count: 0,
  matching_count: 3,
  instances: [
    instance("api", { waiting_for: [permission], waiting_for_count: 1, activity: "waiting" }),
    instance("docs"),
    instance("down", { health: "unreachable", reason: "nothing listens" }),
  ],
  problem_count: 0,
  problems: [],
  transports: [],
  refreshed: "2026-11-29T12:00:00Z",
}

const named = (name: string, ctrl = false): Terminal.UserInput => ({
  input: Option.some(name === "return" ? "\r" : name.length === 1 ? name : "\u001B"),
  key: { name, ctrl, meta: false, shift: false },
})

/** The state and the last action after these keys. */
const after = (keys: ReadonlyArray<Terminal.UserInput>, state: DashboardState = firstState) => {
  let pressed: ReturnType<typeof press> = { state }
  for (const key of keys) pressed = press(pressed.state, key, shownInstances(fleet, pressed.state))
  return pressed
}

const typed = (text: string) => Array.from(text, (letter) => named(letter))

const draw = (state: DashboardState, columns = 100, rows = 24) =>
  dashboardLines(fleet, state, { style: styleOf(false), path: (path) => path, columns, rows })

describe("The keys of the dashboard", () => {
  it("select the instance above and below, and stop at the ends", () => {
    assert.strictEqual(after([named("down")]).state.selected, "docs")
    assert.strictEqual(after([...typed("jjjj")]).state.selected, "down")
    assert.strictEqual(after([...typed("jj"), named("up"), ...typed("kk")]).state.selected, "api")
  })

  it("ask to decide what waits, and for nothing where nothing waits", () => {
    assert.deepStrictEqual(after(typed("a")).action, { _tag: "Allow", instance: "api", kind: "permission" })
    assert.deepStrictEqual(after(typed("r")).action, { _tag: "Reject", instance: "api" })
    assert.isUndefined(after(typed("ja")).action)
    assert.isUndefined(after(typed("jr")).action)
  })

  it("open an instance that is online", () => {
    assert.deepStrictEqual(after([named("return")]).action, { _tag: "Open", instance: "api" })
    assert.isUndefined(after([...typed("jj"), named("return")]).action)
  })

  it("filter while they are typed into the filter, and do nothing else", () => {
    const { action, state } = after(typed("/docs"))
    assert.isUndefined(action)
    assert.deepStrictEqual(
      shownInstances(fleet, state).map(({ name }) => name),
      ["docs"],
    )
    const kept = after([named("return")], state)
    assert.isUndefined(kept.action)
    assert.deepStrictEqual(after([named("return")], kept.state).action, { _tag: "Open", instance: "docs" })
    assert.strictEqual(after([named("escape")], state).state.filter, "")
    assert.strictEqual(after([named("backspace")], state).state.filter, "doc")
    assert.deepStrictEqual(after(typed("q"), state).state.filter, "docsq")
  })

  it("quit", () => {
    assert.deepStrictEqual(after(typed("q")).action, { _tag: "Quit" })
    for (const state of [firstState, after(typed("/a")).state]) {
      assert.deepStrictEqual(after([named("c", true)], state).action, { _tag: "Interrupt" })
    }
  })
})

describe("The lines of the dashboard", () => {
  it("mark the selected instance, and end with the keys that do something there", () => {
    const lines = draw(firstState)
    assert.match(lines[1] ?? "", /^❯ api +waiting /u)
    assert.match(lines.at(-1) ?? "", /^q quit · a approve · r reject · Enter open · /u)
    const down = draw({ ...firstState, selected: "down" })
    assert.isTrue(down.some((line) => line.startsWith("❯ down")))
    assert.match(down.at(-1) ?? "", /^q quit · \/ filter/u)
  })

  it("are never more or wider than the window, and contain the selected instance", () => {
    for (const rows of [6, 10]) {
      const lines = draw({ ...firstState, selected: "down" }, 40, rows)
      assert.isBelow(lines.length, rows)
      assert.isTrue(lines.every((line) => line.length <= 40))
      assert.isTrue(
        lines.some((line) => line.startsWith("❯ down")),
        lines.join("\n"),
      )
    }
  })

  it("say how many instances are above and below, and how many of them wait for a person", () => {
    const down = Array.from({ length: 28 }, (_, index) =>
      instance(`down-${index}`, { health: "unreachable", reason: "nothing listens there ".repeat(10) }),
    )
    const many = { ...fleet, instances: [...fleet.instances.slice(0, 2), ...down] }
    const drawn = (selected: string) => {
      const state = { ...firstState, selected }
      return dashboardLines(many, state, { style: styleOf(false), path: (path) => path, columns: 80, rows: 24 })
    }
    const top = drawn("api")
    assert.lengthOf(top, 22)
    assert.match(
      top.join("\n"),
      /^NAME +STATUS [^]*\n❯ api [^]*\n {4}permission for bash: ls\n[^]*\n↓ 20 more\nq quit/u,
    )
    const middle = drawn("down-12")
    assert.isAtMost(middle.length, 23)
    assert.match(
      middle.join("\n"),
      /^NAME [^]*\n↑ \d+ more, 1 waiting\n[^]*\n❯ down-12 [^\n]*\n {4}not seen [^\n]*…\n↓ 15 more\nq/u,
    )
    // The columns stay where they are.
    assert.strictEqual(middle[0], top[0])
    assert.match(drawn("down-27").join("\n"), /\n❯ down-27 [^\n]*\n {4}not seen [^\n]*…\nq quit/u)
  })

  it("say that the filter leaves nothing", () => {
    const lines = draw({ ...firstState, filter: "nope\u001B[2J" })
    assert.include(lines, "No instance matches the filter.")
    assert.notInclude(lines.join("\n"), "\u001B")
  })
})
