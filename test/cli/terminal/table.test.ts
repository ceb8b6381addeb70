import { assert, describe, it } from "@effect/vitest"
import { CliOutput } from "effect/cli"
import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import { fleetProblems, fleetTable } from "../../../src/cli/terminal/fleetTable.ts"
import { sessionTable } from "../../../src/cli/terminal/sessionTable.ts"
import { showPath } from "../../../src/cli/terminal/homePath.ts"
import { styleOf } from "../../../src/cli/terminal/style.ts"
import { table } from "../../../src/cli/terminal/table.ts"
import { wrap } from "../../../src/cli/terminal/wrap.ts"
import { cut } from "../../../src/text/cells.ts"
import type { FleetView, InstanceView } from "../../../src/tools/instances/instanceSchemas.ts"
import { sessionView } from "../../../src/tools/sessions/sessionView.ts"
import { here, permission as permissionRequest, ses, session } from "../../../src/testing/samples.ts"

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
const path = showPath("/home/me", "laptop.local")
const escape = "\u001B"

const same = (path: string) => path

/** The text of all lines without spaces, which a wrapped text may lose. */
const joined = (lines: ReadonlyArray<string>) => lines.join("").replaceAll(/\s/gu, "")

/** The cell in which the text starts. */
const cellOf = (line: string, text: string) => displayWidth(line.slice(0, line.indexOf(text)))

describe("the table of the fleet", () => {
  it("is aligned, also with characters that are two cells wide", () => {
    const [titles = "", ...rows] = fleetTable(fleet(online, down), plain, path, Infinity)
    const column = cellOf(titles, "STATUS")
    assert.deepStrictEqual(
      rows.map((row) => cellOf(row, row.includes("online") ? "online" : "unreachable")),
      [column, column],
    )
  })

  it("is never wider than the terminal, and always shows name and health", () => {
    const waiting_for = [{ kind: "permission" as const, id: "per_1", session_id: here, about: "rm -rf /".repeat(20) }]
    const instances = [
      { ...online, activity: "waiting" as const, waiting_for_checked: as_of, waiting_for_count: 1, waiting_for },
      down,
    ]
    for (let room = 10; room <= 200; room += 5) {
      const lines = fleetTable(fleet(...instances), styleOf(true), path, room)
      assert.isAtMost(Math.max(...lines.map(displayWidth)), room, `room for ${room}`)
      assert.strictEqual(stripVTControlCharacters(joined(lines)).match(/rm-rf\//gu)?.length, 20)
      if (room >= 30) assert.include(lines.join("\n"), "waiting")
      if (room >= 30) assert.include(lines.join("\n"), "unreachable")
    }
  })

  it("has no escape bytes without colours, and colours the health with them", () => {
    assert.notInclude(fleetTable(fleet(online, down), plain, path, 80).join("\n"), escape)
    assert.include(
      fleetTable(fleet({ ...online, activity: "busy" }, down), styleOf(true), path, 80).join("\n"),
      `${escape}[32mbusy`,
    )
  })

  it("contains no control characters of a name", () => {
    const name = `${escape}[2Jevil\nsecond line\u202E`
    const lines = fleetTable(fleet({ ...online, name }), plain, path, Infinity)
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
      path,
      Infinity,
    )
    assert.match(first ?? "", /question: Which\?; and 2 more$/u)
    assert.match(second ?? "", /last seen 5 min ago: nothing answers there$/u)
    assert.match(third ?? "", /no answer within 3 s$/u)
  })

  it("lists problems, counts the rest, and gives a hint for an empty fleet", () => {
    const problems = [{ source: "/relay/x.json", reason: "is not a registration" }]
    assert.deepStrictEqual(fleetTable(fleet(), plain, path, 80), [])
    assert.deepStrictEqual(fleetProblems({ ...fleet(), hint: "Start one.", problem_count: 3, problems }), [
      "Start one.",
      "problem: /relay/x.json is not a registration",
      "and 2 more problems",
    ])
  })
})

const permission = (about: string, session_title: string) => ({
  waiting_for_checked: as_of,
  waiting_for_count: 1,
  waiting_for: [{ kind: "permission" as const, id: "per_1", session_id: here, about, session_title }],
})

/** The fleet of the documentation. */
const six = fleet(
  {
    ...online,
    name: "laptop-shop",
    activity: "waiting",
    active_count: 3,
    last_active: "2026-11-24T11:59:48.000Z",
    last_session_title: "Let the checkout work without an account",
    directory: "/home/me/work/clients/acme/shop",
    ...permission("permission for bash: git push --force-with-lease origin checkout-as-guest", "Push the branch"),
  },
  {
    ...online,
    name: "laptop-blog",
    activity: "busy",
    active_count: 1,
    last_active: "2026-11-24T11:59:57.000Z",
    last_session_title: "Translate the posts of November",
    directory: "/home/me/blog",
  },
  {
    ...online,
    name: "desk",
    host: "desk",
    version: "2.0.15",
    activity: "idle",
    last_active: "2026-11-24T09:30:00.000Z",
    last_session_title: "Why is the build slow?",
    directory: "/home/me/infra",
    transports: ["ssh"],
    url: "http://127.0.0.1:41873",
  },
  {
    ...online,
    name: "laptop-new",
    directory: "/home/me/new",
    waiting_for_checked: as_of,
    waiting_for_unknown: "no answer within 3 s",
  },
  {
    ...down,
    name: "build-box",
    health: "unauthorized",
    host: "build",
    reason: "refuses the password or user name; set OPENCODE_SERVER_PASSWORD to the one that it was started with",
  },
  { ...down, name: "old-laptop", last_seen: "2026-11-24T07:00:00.000Z" },
)

const at = (room: number) => `\n${fleetTable(six, plain, path, room).join("\n")}\n`

describe("the table of a fleet of six", () => {
  it("shows at 60 columns what waits, whole, and what each instance does", () => {
    assert.strictEqual(
      at(60),
      `
NAME         STATUS        LAST SESSION          LAST ACTIVE
laptop-shop  waiting (3)   Let the checkout wo…  12 s ago
  permission for bash: git push --force-with-lease origin
  checkout-as-guest (Push the branch)
laptop-blog  busy          Translate the posts…  3 s ago
desk         idle          Why is the build sl…  2 h ago
laptop-new   online
  no answer within 3 s
build-box    unauthorized
  not seen yet: refuses the password or user name; set
  OPENCODE_SERVER_PASSWORD to the one that it was started w…
old-laptop   unreachable
  last seen 5 h ago: nothing answers there
`,
    )
  })

  it("shows at 80 columns also the directories", () => {
    assert.strictEqual(
      at(80),
      `
NAME         STATUS        LAST SESSION          LAST ACTIVE  DIRECTORY
laptop-shop  waiting (3)   Let the checkout wo…  12 s ago     …/acme/shop
  permission for bash: git push --force-with-lease origin checkout-as-guest
  (Push the branch)
laptop-blog  busy          Translate the posts…  3 s ago      ~/blog
desk         idle          Why is the build sl…  2 h ago      /home/me/infra
laptop-new   online                                           ~/new
  no answer within 3 s
build-box    unauthorized
  not seen yet: refuses the password or user name; set OPENCODE_SERVER_PASSWORD
  to the one that it was started with
old-laptop   unreachable
  last seen 5 h ago: nothing answers there
`,
    )
  })

  it("shows at 120 columns also hosts, and how the instances were found", () => {
    assert.strictEqual(
      at(120),
      `
NAME         STATUS        LAST SESSION              LAST ACTIVE  DIRECTORY                 HOST    FOUND BY     VERSION
laptop-shop  waiting (3)   Let the checkout work w…  12 s ago     ~/work/clients/acme/shop  laptop  local-relay  1.18.33
  permission for bash: git push --force-with-lease origin checkout-as-guest (Push the branch)
laptop-blog  busy          Translate the posts of …  3 s ago      ~/blog                    laptop  local-relay  1.18.33
desk         idle          Why is the build slow?    2 h ago      /home/me/infra            desk    ssh          2.0.15
laptop-new   online                                               ~/new                     laptop  local-relay  1.18.33
  no answer within 3 s
build-box    unauthorized                                                                   build   local-relay
  not seen yet: refuses the password or user name; set OPENCODE_SERVER_PASSWORD to the one that it was started with
old-laptop   unreachable                                                                    desk    local-relay
  last seen 5 h ago: nothing answers there
`,
    )
  })

  it("has no empty columns in a terminal", () => {
    assert.deepStrictEqual(
      fleetTable(fleet({ ...down, reason: "" }), plain, path, 78)[0],
      "NAME        STATUS       HOST  FOUND BY     URL",
    )
  })

  it("is one line for each instance in a pipe, with everything", () => {
    const [titles, ...rows] = fleetTable(six, plain, path, Infinity)
    assert.match(
      titles ?? "",
      /^NAME +STATUS +LAST SESSION +LAST ACTIVE +DIRECTORY +HOST +FOUND BY +VERSION +URL +NOTE$/u,
    )
    assert.lengthOf(rows, 6)
    assert.match(rows[0] ?? "", /~\/work\/clients\/acme\/shop .*checkout-as-guest \(Push the branch\)$/u)
  })

  it("is the sample of the documentation", () => {
    assert.include(readFileSync(new URL("../../../docs/command-line.md", import.meta.url), "utf8"), at(80))
  })
})

describe("the table of sessions", () => {
  it("shows full ids, and subagents indented below the session that started them", () => {
    const child = session("child", { parentID: here })
    const grandchild = session("grandchild", { parentID: child.id })
    const sessions = [session("main"), child, grandchild].map((each) => sessionView(2000, each))
    const lines = sessionTable(
      { as_of, instance: "shop", session_count: 1, matching_count: 1, sessions },
      plain,
      same,
      80,
    )
    assert.deepStrictEqual(
      lines.slice(1).map((line) => /^ *\S+/u.exec(line)?.[0]),
      ["ses_main", "  ses_child", "    ses_grandchild"],
    )
  })

  it("never cuts an id, and shows whole what a session waits for", () => {
    const id = ses("df1c1f6b2ffe4wXq9pWYqkvGSC")
    const pending = { kind: "permission" as const, request: permissionRequest("1", id) }
    const waiting = { status: { type: "busy" as const }, pending: [pending] }
    const sessions = [
      sessionView(
        0,
        { ...session("main", { title: "A title of some length", directory: "/home/me/work/shop" }), id },
        waiting,
      ),
      sessionView(0, session("other", { title: "Another title", directory: "/home/me/blog" })),
    ]
    const view = { as_of: "1970-01-01T00:02:00.000Z", instance: "shop", session_count: 2, matching_count: 2, sessions }
    const at = (room: number) => `\n${sessionTable(view, plain, same, room).join("\n")}\n`
    assert.strictEqual(
      at(60),
      `
ID                              TITLE                STATUS
ses_df1c1f6b2ffe4wXq9pWYqkvGSC  A title of some le…  waiting
  permission for bash: rm -rf build
ses_other                       Another title        idle
`,
    )
    assert.strictEqual(
      at(20),
      `
ID
ses_df1c1f6b2ffe4wXq9pWYqkvGSC
  permission for
  bash: rm -rf build
ses_other
`,
    )
  })

  it("does not pad all rows in a pipe to the longest title, which is whole", () => {
    const long = "x".repeat(200)
    const sessions = [session("main"), session("long", { title: long })].map((each) => sessionView(2000, each))
    const view = { as_of, instance: "shop", session_count: 2, matching_count: 2, sessions }
    const [, main = "", other = ""] = sessionTable(view, plain, same, Infinity)
    assert.isBelow(main.length, 150)
    assert.include(other, `${long}  `)
  })

  it("ends even if parents form a cycle", () => {
    const sessions = [
      sessionView(2000, session("one", { parentID: session("two").id })),
      sessionView(2000, session("two", { parentID: session("one").id })),
    ]
    assert.lengthOf(
      sessionTable({ as_of, instance: "shop", session_count: 1, matching_count: 1, sessions }, plain, same, 80),
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
    assert.deepStrictEqual(wrap("a much-too-long one", 6), ["a", "much-t", "oo-lon", "g one"])
    assert.deepStrictEqual(wrap("one two", Infinity), ["one two"])
  })
})
