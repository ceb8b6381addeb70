/** The sessions that a message goes to with `--to` and `--all-idle`. */
import { Console, Effect, Option } from "effect"
import { Flag, Prompt, TerminalCapabilities } from "effect/cli"
import { bareFlag } from "./bareFlag.ts"
import { line, plainLine } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import type { IfBusy } from "../../opencode/turns/sessionQueue.ts"
import { makeReadActivity } from "../../tools/many/busySessions.ts"
import type { Named } from "../../tools/many/followSessions.ts"
import { makeFindDestinations, type ManyChoice, type WrongPlace } from "../../tools/many/sendToSessions.ts"
import { quittable } from "./choose.ts"
import { placeName, placeOf, placeText } from "./places.ts"
import { CommandFailed, endedByChoice, exitStatus, failedWithToolError } from "../process/exitStatus.ts"
import { errorStyle } from "../terminal/style.ts"

export const manyFlags = {
  to: Flag.String("to").pipe(
    Flag.withDescription(
      `Instead of INSTANCE and SESSION, and several times: ${placeText}; INSTANCE/new starts a session. Prints one line for each turn`,
    ),
    Flag.withMetavar("INSTANCE/SESSION"),
    Flag.atLeast(0),
  ),
  allIdle: bareFlag("all-idle").pipe(
    Flag.withDescription(
      "Send to the latest session of every instance on which no session is busy. Asks before it sends",
    ),
  ),
  yes: bareFlag("yes").pipe(Flag.withAlias("y"), Flag.withDescription("With --all-idle: do not ask")),
}

const usage = (reason: string) => new CommandFailed({ status: exitStatus.usage, reason })

/** The latest session of each idle instance, if the person agrees. */
const idleSessions = Effect.fnUntraced(function* (yes: boolean) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!yes && !canPrompt) return yield* usage("--all-idle needs --yes without a terminal.")
  const { found } = yield* yield* makeReadActivity(true)
  const idle = found.flatMap(({ busy, instance, latest }) =>
    busy.length > 0 || latest === undefined ? [] : [{ instance, session_id: latest.id, title: latest.title }],
  )
  if (idle.length === 0) {
    const reason = "No idle instance has a session. `opencode-fleet instances` shows what each is doing."
    return yield* new CommandFailed({ status: exitStatus.failed, reason })
  }
  for (const { instance, session_id, title } of idle) {
    yield* Console.error(`${plainLine(placeName({ instance, session_id }))}  ${plainLine(title)}`)
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

/** What is wrong with each place, in lines of their own. */
const nothingSent = (wrong: ReadonlyArray<WrongPlace>) => {
  const lines = wrong.map(({ error, place }) => `${line(placeName(place), 100)}: ${failedWithToolError(error).reason}`)
  return new CommandFailed({ status: exitStatus.failed, reason: ["Nothing was sent.", ...lines].join("\n  ") })
}

/** What becomes of the message while the session's turn is running. If that makes the command fail, it is told later. */
const whileBusy: Readonly<Record<IfBusy, string | undefined>> = {
  wait: "the message is sent when its current turn ends",
  steer: "the message is added to its current turn",
  fail: undefined,
}

interface Destinations extends ManyChoice {
  readonly to: ReadonlyArray<string>
  readonly allIdle: boolean
  readonly yes: boolean
  readonly ifBusy: IfBusy
}

/** Says which sessions are busy. Fails with `CommandFailed` if one of the places cannot receive a message. */
export const destinationsOf = Effect.fnUntraced(function* ({ allIdle, ifBusy, to, yes, ...choice }: Destinations) {
  const find = yield* makeFindDestinations
  const named: ReadonlyArray<Named> = to.map(placeOf)
  const places = allIdle ? [...named, ...(yield* idleSessions(yes))] : named
  const { destinations, wrong } = yield* find(places, choice)
  if (wrong.length > 0) return yield* nothingSent(wrong)
  const { warning } = yield* errorStyle
  const then = whileBusy[ifBusy]
  for (const { isBusy, title = "", ...place } of destinations) {
    if (!isBusy || then === undefined) continue
    yield* Console.error(`${warning("busy")}  ${plainLine(placeName(place))}  ${then}  ${plainLine(title)}`)
  }
  return destinations
})
