import { assert, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { logLines } from "../../../src/cli/server/logLines.ts"

it.effect("The log of a server in lines leaves the loggers of an export", () => {
  const exported: Array<unknown> = []
  const exporting = Logger.make(({ message }) => void exported.push(message))
  return Effect.logInfo("answered").pipe(
    logLines,
    Effect.provide(Logger.layer([exporting], { mergeWithExisting: true })),
    Effect.andThen(Effect.sync(() => assert.deepStrictEqual(exported, [["answered"]]))),
  )
})
