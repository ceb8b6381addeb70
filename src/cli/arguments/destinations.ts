/** The sessions that a message goes to with `--to` and `--all-idle`. */
import { Console, Effect, Option } from "effect"
import { Flag, Prompt, TerminalCapabilities } from "effect/cli"
import { plainLine } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import { makeReadActivity } from "../../tools/many/busySessions.ts"
import type { Named } from "../../tools/many/followSessions.ts"
import { quittable } from "./choose.ts"
import { placeOf, placeText } from "./places.ts"
import { CommandFailed, endedByChoice, exitStatus } from "../process/exitStatus.ts"

export const manyFlags = {
  to: Flag.String("to").pipe(
    Flag.withDescription(
      `Instead of INSTANCE and SESSION, and several times: ${placeText}; INSTANCE/new starts a session. Prints one line for each turn`,
    ),
    Flag.withMetavar("INSTANCE/SESSION"),
    Flag.atLeast(0),
  ),
  allIdle: Flag.Boolean("all-idle").pipe(
    Flag.withDescription(
      "Send to the latest session of every instance on which no session is busy. Asks before it sends",
    ),
    Flag.withDefault(false),
  ),
  yes: Flag.Boolean("yes").pipe(
    Flag.withAlias("y"),
    Flag.withDescription("With --all-idle: do not ask"),
    Flag.withDefault(false),
  ),
}

const usage = (reason: string) => new CommandFailed({ status: exitStatus.usage, reason })

/** The latest session of each idle instance, if the person agrees. */
const idleSessions = Effect.fnUntraced(function* (yes: boolean) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!yes && !canPrompt) return yield* usage("--all-idle needs --yes without a terminal.")
  const { found } = yield* yield* makeReadActivity
  const idle = found.flatMap(({ busy, instance, latest }) =>
    busy.length > 0 || latest === undefined ? [] : [{ instance, session_id: latest.id, title: latest.title }],
  )
  if (idle.length === 0) {
    const reason = "No idle instance has a session. `opencode-fleet instances` shows what each is doing."
    return yield* new CommandFailed({ status: exitStatus.failed, reason })
  }
  for (const { instance, session_id, title } of idle) {
    yield* Console.error(`${plainLine(instance)}/${session_id}  ${plainLine(title)}`)
  }
  if (yes) return idle
  const agreed = yield* quittable(Prompt.Confirm({ message: `Send it to ${plural(idle.length, "session")}?` }))
  return agreed ? idle : yield* endedByChoice("Nothing was sent.", exitStatus.failed)
})

/** With `--to` or `--all-idle`, the only argument is the message, which is the first one. */
export const onlyMessage = (
  [message, ...others]: ReadonlyArray<Option.Option<string>>,
  refused: Readonly<Record<string, boolean>>,
) => {
  const [flag] = Object.entries(refused).flatMap(([name, given]) => (given ? [name] : []))
  if (flag !== undefined) return usage(`${flag} cannot be used with --to or --all-idle.`)
  return others.some(Option.isSome)
    ? usage("With --to or --all-idle, the message is the only argument. Put it in quotes.")
    : Effect.succeed(message ?? Option.none())
}

export interface Destinations {
  readonly to: ReadonlyArray<string>
  readonly allIdle: boolean
  readonly yes: boolean
}

export const destinationsOf = Effect.fnUntraced(function* ({ allIdle, to, yes }: Destinations) {
  const named: ReadonlyArray<Named> = to.map(placeOf)
  return allIdle ? [...named, ...(yield* idleSessions(yes))] : named
})
