/** A token file whose tokens are all replaced every few seconds. */
import { Effect, FileSystem, Schedule } from "effect"

const callers = ["laptop", "phone", "build"] as const

const replacedEvery = "3 seconds"

export const rotatingTokens = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const file = `${directory}/tokens`
  const tokens = new Map<string, string>()
  const replace = Effect.gen(function* () {
    const next = callers.map((caller) => [caller, `${caller}-${crypto.randomUUID()}`] as const)
    yield* fs.writeFileString(`${file}.new`, next.map(([caller, token]) => `${token} ${caller}\n`).join(""), {
      mode: 0o600,
    })
    yield* fs.rename(`${file}.new`, file)
    for (const [caller, token] of next) tokens.set(caller, token)
  }).pipe(Effect.orDie)
  yield* replace
  yield* Effect.forkScoped(Effect.repeat(replace, Schedule.spaced(replacedEvery)))
  return {
    file,
    /** Those of one caller at each moment. */
    of: callers.map((caller) => () => tokens.get(caller) ?? ""),
  }
})
