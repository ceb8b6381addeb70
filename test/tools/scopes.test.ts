/** Which scope each tool needs over HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { baseScope, type FleetScope, fleetScopes, formScope, loginScopes, scopeOf } from "../../src/tools/scopes.ts"
import { FleetToolkitWithStart } from "../../src/tools/FleetToolkit.ts"

const expected: Readonly<Record<keyof typeof FleetToolkitWithStart.tools, FleetScope>> = {
  list_instances: "fleet:read",
  refresh_instances: "fleet:read",
  describe_instance: "fleet:read",
  list_sessions: "fleet:read",
  get_session: "fleet:read",
  get_status: "fleet:read",
  wait_for_session: "fleet:read",
  wait_for_sessions: "fleet:read",
  get_diff: "fleet:read",
  create_session: "fleet:send",
  fork_session: "fleet:send",
  send_message: "fleet:send",
  abort_session: "fleet:send",
  start_instance: "fleet:send",
  respond_permission: "fleet:decide",
  answer_question: "fleet:decide",
}

describe("The scope of a tool", () => {
  it("follows from what the tool does, and every tool has one", () => {
    const found = Object.fromEntries(
      Object.entries(FleetToolkitWithStart.tools).map(([name, tool]) => [name, scopeOf(tool)]),
    )
    assert.deepStrictEqual(found, { ...expected })
  })

  it("is asked for at login, except that of decisions and forms", () => {
    assert.deepStrictEqual([...loginScopes, formScope], [...fleetScopes])
    assert.include(loginScopes, baseScope)
  })
})
