/** The argument `instance`, and the choice of one in a terminal. */
import { Effect, Option } from "effect"
import { Argument } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { choose } from "./choose.ts"
import { isOnline } from "../../fleet/Instance.ts"

export const instance = Argument.String("instance").pipe(
  Argument.withDescription("The instance: its name or a unique part of it (case-insensitive)"),
  Argument.optional,
)

const online = Effect.gen(function* () {
  const { snapshot } = yield* Fleet
  const { instances } = yield* snapshot
  return instances.filter(isOnline).map(({ directory, name }) => ({
    title: directory === undefined ? name : `${name}  ${directory}`,
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
