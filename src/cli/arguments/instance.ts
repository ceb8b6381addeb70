/** The argument `instance`, and the choice of one in a terminal. */
import { Effect, Option } from "effect"
import { Argument } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { isOnline } from "../../fleet/Instance.ts"
import { homePath } from "../terminal/homePath.ts"
import { choose } from "./choose.ts"

export const instance = Argument.String("instance").pipe(
  Argument.withDescription("The instance: its name or a unique part of it (case-insensitive)"),
  Argument.optional,
)

const online = Effect.gen(function* () {
  const { snapshot } = yield* Fleet
  const { instances } = yield* snapshot
  const path = yield* homePath
  return instances.filter(isOnline).map(({ directory, host, name }) => ({
    title: directory === undefined ? name : `${name} · ${path(directory, host)}`,
    value: name,
  }))
})

/** The given reference, or the name of the online instance that the person chooses. */
export const chosenInstance = (given: Option.Option<string>) =>
  Option.match(given, {
    onSome: Effect.succeed,
    onNone: () =>
      choose({
        argument: "instance",
        message: "Which instance?",
        choices: online,
        none: "No instance is online. `opencode-fleet instances` shows why.",
      }),
  })
