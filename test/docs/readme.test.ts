/** The README stays short, and what it and the docs list is complete. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Tool } from "effect/ai"
import { oldestSupported, triedVersions } from "../../src/opencode/triedVersions.ts"
import { FleetToolkitWithStart } from "../../src/tools/FleetToolkit.ts"
import { transports } from "../../src/transports.ts"
import { filesIn, read, rows, section } from "./pages.ts"

const inCode = (cell: string | undefined) => /^`([^`]+)`/u.exec(cell ?? "")?.[1]

const firstColumn = (text: string) => rows(text).map(([first]) => inCode(first))

/** `name` or `name?`, as the docs write a parameter. */
const parametersOf = (tool: Tool.Any) => {
  const { properties, required } = Schema.decodeSync(
    Schema.Struct({
      properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
      required: Schema.optionalKey(Schema.Array(Schema.String)),
    }),
  )(Tool.getJsonSchema(tool))
  return Object.keys(properties ?? {}).map((name) => (required?.includes(name) === true ? name : `${name}?`))
}

const tools = Object.values(FleetToolkitWithStart.tools)

describe("The README", () => {
  it("names the oldest version of opencode that is supported, and the tested ones", () => {
    const { newest, oldest } = triedVersions
    assert.include(
      read("README.md"),
      `opencode 1 (from ${oldestSupported}, tested with ${oldest}) and opencode 2 (tested with ${newest})`,
    )
  })

  it("has at most 10 KB", () => {
    assert.isAtMost(Buffer.byteLength(read("README.md")), 10 * 1024)
  })

  it("lists every tool", () => {
    assert.sameMembers(
      firstColumn(section(read("README.md"), "## Tools")),
      tools.map(({ name }) => name),
    )
  })

  it("lists every transport", () => {
    assert.deepStrictEqual(
      firstColumn(section(read("README.md"), "## What it finds by itself")),
      Object.keys(transports),
    )
  })
})

describe("docs/tools-and-turns.md", () => {
  const documented = new Map(
    rows(section(read("docs/tools-and-turns.md"), "## Tools")).map(([name, parameters = ""]) => [
      inCode(name),
      [...parameters.matchAll(/`([^`]+)`/gu)].map(([, parameter = ""]) => parameter),
    ]),
  )

  it("lists every tool", () => {
    assert.sameMembers(
      [...documented.keys()],
      tools.map(({ name }) => name),
    )
  })

  it.each(tools)("lists the parameters of $name", (tool) => {
    assert.sameMembers(documented.get(tool.name) ?? [], parametersOf(tool))
  })
})

describe("docs/discovery.md", () => {
  it("lists every transport, in the order of their precedence", () => {
    const [table = ""] = read("docs/discovery.md").split("## Names and duplicates")
    assert.deepStrictEqual(firstColumn(table), Object.keys(transports))
  })
})

describe("docs/command-line.md", () => {
  const [tables = ""] = read("docs/command-line.md").split("## Output")
  const commands = filesIn("src/cli/commands")
    .filter((path) => path.endsWith(".ts"))
    .map((path) => path.slice("src/cli/commands/".length, -".ts".length))

  it.each(commands)("lists the command %s", (command) => {
    assert.match(tables, new RegExp(`^\\|[^|]*\`${command}\\b`, "mu"))
  })
})
