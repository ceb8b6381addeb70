/** The words of the error about every parameter of every tool. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Tool } from "effect/ai"
import { readArguments } from "../../src/mcp/arguments/readArguments.ts"
import { parametersOf } from "../../src/mcp/describeTool.ts"
import { ControlTools } from "../../src/tools/control/ControlTools.ts"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"

const tools: ReadonlyArray<Tool.Any> = Object.values({ ...FleetToolkit.tools, ...ControlTools.tools })

/** A value that no parameter takes. */
const unusable = { secret: "my password" }

/** What the error says about each parameter, without the first and last line. */
const problems = (tool: Tool.Any) => {
  const parameters = parametersOf(tool)()
  const decode = Schema.decodeUnknownEffect(tool.parametersSchema as Schema.Codec<unknown>, {
    errors: "all",
    onExcessProperty: "error",
  })
  const args = Object.fromEntries(Object.keys(parameters.properties ?? {}).map((name) => [name, unusable]))
  return Effect.map(
    Effect.flip(readArguments(args, { tool: tool.name, parameters, decode })),
    ({ result: { content } }) =>
      content.flatMap((block) => (block.type === "text" ? block.text.split("\n") : [])).slice(1, -1),
  )
}

describe("The error about an argument", () => {
  it.effect("reads as sentences for every parameter of every tool", () =>
    Effect.gen(function* () {
      const withParameters = tools.filter((tool) => Object.keys(parametersOf(tool)().properties ?? {}).length > 0)
      const said = yield* Effect.forEach(withParameters, problems)
      const type = /(?:text|a whole number|true or false|a list|"\w+"(?:, "\w+")* or "\w+")(?: \([^()]+\))?/u.source
      // One object counts as a list of it.
      const inList = /^\w+\[0\]\.\w+ is (?:not a parameter|missing)\./u
      for (const text of said.flat().filter((text) => !inList.test(text))) {
        assert.match(
          text,
          new RegExp(`^\\w+ is an object\\. It takes ${type}\\.(?: Description: [\\w\`].+[^.]\\.)?$`, "u"),
        )
        assert.notInclude(text, unusable.secret)
      }
      assert.includeMembers(said.flat(), [
        "limit is an object. It takes a whole number. Description: 1 to 200, default 20.",
        "title is an object. It takes text (at most 500 characters). Description: Else from the first message.",
        "async is an object. It takes true or false. Description: Do not wait.",
      ])
    }),
  )
})
