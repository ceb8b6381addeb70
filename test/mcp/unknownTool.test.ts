import { assert, describe, it } from "@effect/vitest"
import { unknownTool } from "../../src/mcp/unknownTool.ts"

const problem = unknownTool(["list", "send"], { start: "the variable HOSTS is not set." })

describe("The error about a tool name", () => {
  it.each([
    ["list", undefined],
    ["sendd", 'Unknown tool "sendd". Did you mean send?'],
    ["start", "The tool start is not available: the variable HOSTS is not set."],
    ["Start", 'Unknown tool "Start". Did you mean start?'],
    ["nothing of the kind", 'Unknown tool "nothing of the kind". The tools are: list, send.'],
    ["constructor", 'Unknown tool "constructor". The tools are: list, send.'],
  ])("about %s is %s", (name, text) => {
    assert.strictEqual(problem(name), text)
  })
})
