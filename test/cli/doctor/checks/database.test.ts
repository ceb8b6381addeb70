/** What `doctor` says about servers that share the user's database. */
import { assert, describe, it } from "@effect/vitest"
import { observeServers } from "../../../../src/cli/doctor/checks/database.ts"
import { parseVersion } from "../../../../src/connect/opencodeVersion.ts"

const server = (pid: number, version: string, ...args: ReadonlyArray<string>) => ({
  pid,
  program: "/usr/bin/opencode",
  args,
  version: parseVersion(version),
})

const one = server(1, "1.18.33")
const service = server(2, "opencode v2.0.15", "serve", "--service")
const other = server(3, "opencode v2.0.15", "serve", "--port", "4096")

describe("the database", () => {
  it("of one server, or of servers of opencode 1, needs no attention", () => {
    for (const servers of [[], [one], [service], [one, { ...one, pid: 4 }]]) {
      assert.deepStrictEqual(observeServers(servers, "/db"), [])
    }
  })

  it("of both versions is a warning: they show different contents", () => {
    const [found, ...others] = observeServers([one, service], "/db")
    assert.lengthOf(others, 0)
    assert.deepInclude(found, { state: "warning" })
    assert.include(
      found?.message,
      "opencode 1 and 2 share /db: opencode 1.18.33 (process 1: opencode), opencode v2.0.15 (process 2: opencode serve --service)",
    )
  })

  it("of several servers of opencode 2 is a warning: only one should be used", () => {
    const [found, ...others] = observeServers([service, other], "/db")
    assert.lengthOf(others, 0)
    assert.include(found?.message, "2 servers of opencode 2 share /db")
    assert.include(found?.advice, "preferably the background service")
  })
})
