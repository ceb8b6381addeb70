import { assert, describe, it } from "@effect/vitest"
import { CliOutput } from "effect/cli"
import { fleetProblems, fleetTable } from "../../../src/cli/terminal/fleetTable.ts"
import { sessionTable } from "../../../src/cli/terminal/sessionTable.ts"
import { styleOf } from "../../../src/cli/terminal/style.ts"
import { table, wrap } from "../../../src/cli/terminal/table.ts"
import { cut } from "../../../src/text/cells.ts"
import type { FleetView, InstanceView } from "../../../src/tools/instances/instanceSchemas.ts"
import { sessionView } from "../../../src/tools/sessions/sessionView.ts"
import { here, session } from "../../../src/testing/samples.ts"

const { displayWidth } = CliOutput

const online: InstanceView = {
  name: "shop",
  health: "online",
  version: "1.18.33",
  latency_ms: 3,
  host: "laptop",
  url: "http://127.0.0.1:4096",
  directory: "/home/me/work/shop",
  transports: ["local-relay"],
}
const down: InstanceView = {
  name: "漢字の名前",
  health: "unreachable",
  reason: "nothing answers there",
  host: "desk",
  url: "http://127.0.0.1:4097",
  transports: ["local-relay"],
}

const as_of = "2026-11-24T12:00:00.000Z"

const fleet = (...instances: ReadonlyArray<InstanceView>): FleetView => ({
  as_of,
  health_counts: {},
  waiting_instance_count: 0,
  busy_instance_count: 0,
  unchecked_instance_count: 0,
  matching_count: instances.length,
  instances,
  problem_count: 0,
  problems: [],
  transports: [],
  refreshed: as_of,
})

const plain = styleOf(false)
const escape = "\u001B"

/** The cell in which the text starts. */
const cellOf = (line: string, text: string) => displayWidth(line.slice(0, line.indexOf(text)))

describe("the table of the fleet", () => {
  it("is aligned, also with characters that are two cells wide", () => {
    const [titles = "", ...rows] = fleetTable(fleet(online, down), plain, Infinity)
    const column = cellOf(titles, "HEALTH")
    assert.deepStrictEqual(
      rows.map((row) => cellOf(row, row.includes("online") ? "online" : "unreachable")),
      [column, column],
    )
  })

  it("is never wider than the terminal, and always shows name and health", () => {
    const waiting_for = [{ kind: "permission" as const, id: "per_1", session_id: here, about: "rm -rf /".repeat(20) }]
    const instances = [{ ...online, waiting_for_checked: as_of, waiting_for_count: 1, waiting_for }, down]
    for (let room = 10; room <= 200; room++) {
      const lines = fleetTable(fleet(...instances), styleOf(true), room)
      assert.isAtMost(Math.max(...lines.map(displayWidth)), room, `room for ${room}`)
      if (room >= 60) assert.include(lines.join("\n"), "waiting for a person")
      if (room >= 60) assert.include(lines.join("\n"), "unreachable")
    }
  })

  it("has no escape bytes without colours, and colours the health with them", () => {
    assert.notInclude(fleetTable(fleet(online, down), plain, 80).join("\n"), escape)
    assert.include(fleetTable(fleet(online, down), styleOf(true), 80).join("\n"), `${escape}[32monline`)
  })

  it("contains no control characters of a name", () => {
    const name = `${escape}[2Jevil\nsecond line\u202E`
    const lines = fleetTable(fleet({ ...online, name }), plain, Infinity)
    assert.lengthOf(lines, 2)
    assert.match(lines[1] ?? "", /^\[2Jevil second line {2}online/u)
  })

  it("shows the number of further requests, when an instance was last seen, and why its requests are unknown", () => {
    const waiting = [{ kind: "question" as const, id: "que_1", session_id: here, about: "question: Which?" }]
    const [, first, second, third] = fleetTable(
      fleet(
        { ...online, waiting_for_checked: as_of, waiting_for_count: 3, waiting_for: waiting },
        { ...down, last_seen: "2026-11-24T11:55:00.000Z" },
        { ...online, waiting_for_checked: as_of, waiting_for_unknown: "no answer within 3 s" },
      ),
      plain,
      Infinity,
    )
    assert.match(first ?? "", /waiting for a person \(and 2 more\): question: Which\?$/u)
    assert.match(second ?? "", /last seen 5 min ago: nothing answers there$/u)
    assert.match(third ?? "", /no answer within 3 s$/u)
  })

  it("lists problems, counts the rest, and gives a hint for an empty fleet", () => {
    const problems = [{ source: "/relay/x.json", reason: "is not a registration" }]
    assert.deepStrictEqual(fleetTable(fleet(), plain, 80), [])
    assert.deepStrictEqual(fleetProblems({ ...fleet(), hint: "Start one.", problem_count: 3, problems }), [
      "Start one.",
      "problem: /relay/x.json is not a registration",
      "and 2 more problems",
    ])
  })
})

describe("the table of sessions", () => {
  it("shows full ids, and subagents indented below the session that started them", () => {
    const child = session("child", { parentID: here })
    const grandchild = session("grandchild", { parentID: child.id })
    const sessions = [session("main"), child, grandchild].map((each) => sessionView(2000, each))
    const lines = sessionTable({ as_of, instance: "shop", session_count: 1, matching_count: 1, sessions }, plain, 80)
    assert.deepStrictEqual(
      lines.slice(1).map((line) => /^ *\S+/u.exec(line)?.[0]),
      ["ses_main", "  ses_child", "    ses_grandchild"],
    )
  })

  it("ends even if parents form a cycle", () => {
    const sessions = [
      sessionView(2000, session("one", { parentID: session("two").id })),
      sessionView(2000, session("two", { parentID: session("one").id })),
    ]
    assert.lengthOf(
      sessionTable({ as_of, instance: "shop", session_count: 1, matching_count: 1, sessions }, plain, 80),
      3,
    )
  })
})

describe("cut", () => {
  it("marks the cut, and halves no character", () => {
    assert.strictEqual(cut("漢字の", 6), "漢字の")
    assert.strictEqual(cut("漢字の", 5), "漢字…")
    assert.strictEqual(cut("漢字の", 4), "漢…")
    assert.strictEqual(cut("👩‍👧 and more", 4), "👩‍👧 …")
  })

  it("prefers columns with a minimum width", () => {
    const columns = [{ title: "ID" }, { title: "TITLE", minWidth: 6 }]
    assert.deepStrictEqual(table(columns, [[{ text: "ses_0123456789" }, { text: "a long title" }]], 24), [
      "ID              TITLE",
      "ses_0123456789  a long …",
    ])
  })
})

describe("wrap", () => {
  it("gives lines that fit, and loses no word", () => {
    assert.deepStrictEqual(wrap("one two three", 7), ["one two", "three"])
    assert.deepStrictEqual(wrap("漢字 の one", 4), ["漢字", "の", "one"])
    assert.deepStrictEqual(wrap("one", 80), ["one"])
    assert.deepStrictEqual(wrap("a much-too-long one", 6), ["a", "much-…", "one"])
    assert.deepStrictEqual(wrap("one two", Infinity), ["one two"])
  })
})
