import { assert, describe, it } from "@effect/vitest"
import type { Expectation } from "./expected.ts"
import { judge } from "./judge.ts"
import type { Check } from "./suite.ts"

const check = (id: string, status: Check["status"]): Check => ({ id, status, errorMessage: "why" })

const scenarios = new Map([
  ["ping", [check("ping", "SUCCESS"), check("schema", "SUCCESS")]],
  ["prompts", [check("list", "FAILURE"), check("schema", "SUCCESS")]],
  ["caching", [check("tools", "SUCCESS"), check("prompts", "FAILURE"), check("resources", "SKIPPED")]],
])

const problemsOf = (failures: ReadonlyArray<string>, only: Expectation["only"] = {}) =>
  judge({ target: "product", revision: "2026-07-28", scenarios }, [{ reason: "because", failures, only }]).problems

describe("the results of the conformance suite", () => {
  it("are right if exactly the expected scenarios and checks fail", () => {
    assert.deepStrictEqual(problemsOf(["prompts", "caching:prompts"]), [])
  })

  it("are wrong if another check fails", () => {
    assert.deepStrictEqual(problemsOf(["prompts"]), ["caching:prompts: why"])
    assert.deepStrictEqual(problemsOf(["prompts", "caching:prompts"], { target: "fixtures" }), [
      "prompts:list: why",
      "caching:prompts: why",
    ])
  })

  it("are wrong if something passes that is expected to fail", () => {
    assert.deepStrictEqual(problemsOf(["prompts", "caching:prompts", "ping", "caching:tools"]), [
      "ping passes: remove it from expected.ts",
      "caching:tools passes: remove it from expected.ts",
    ])
  })

  it("may lack a scenario, and a check that was skipped", () => {
    assert.deepStrictEqual(problemsOf(["prompts", "caching:prompts", "sampling", "caching:resources"]), [])
  })
})
