/** Which pending request a command decides: named, the only one, or chosen in a terminal. */
import { Effect, HashMap, Option } from "effect"
import { Flag, TerminalCapabilities } from "effect/cli"
import { Attention } from "../../fleet/attention/Attention.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { listText } from "../../text/listText.ts"
import { line } from "../../text/plainText.ts"
import { findOrigin, findRequest } from "../../tools/requests/findRequest.ts"
import { CommandFailed, exitStatus, failedBecause, failedWithToolError } from "../process/exitStatus.ts"
import { choose } from "./choose.ts"
import { chosenInstance } from "./instance.ts"
import { chosenSession, placeArguments } from "./session.ts"

const id = Flag.String("id").pipe(
  Flag.withDescription("The request, if several are open: an id that `read` shows"),
  Flag.optional,
)

/** The arguments of a command that decides a request. Without a session, the request is looked for in all of them. */
export const requestArguments = { ...placeArguments, id }

export interface GivenRequest {
  readonly instance: Option.Option<string>
  readonly session: Option.Option<string>
  readonly id: Option.Option<string>
}

type Kind = PendingRequest["kind"]

export interface ChosenRequest {
  readonly instance: string
  /** The session that was named, or the one that asks. */
  readonly session_id: string
  readonly kind: Kind
  readonly id: string
}

interface Candidate extends ChosenRequest {
  readonly about: string
}

const maxNamed = 10

const wanted = (kinds: ReadonlyArray<Kind>, given: Option.Option<string>) => (candidate: Candidate) =>
  kinds.includes(candidate.kind) && Option.getOrElse(given, () => candidate.id) === candidate.id

/** What waits in one session and its subagents. Fails if nothing does. */
const inSession = Effect.fnUntraced(function* (
  instance: string,
  reference: string,
  given: Option.Option<string>,
  kinds: ReadonlyArray<Kind>,
) {
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  return yield* use(instance, (target) =>
    Effect.gen(function* () {
      const origin = yield* findOrigin(client, target, reference)
      const pending = yield* pendingRequestsOf(origin.opencode, origin.session)
      const open = pending
        .map((each): Candidate => ({
          instance: target.instance,
          session_id: origin.session.id,
          kind: each.kind,
          id: each.request.id,
          about: describe(each),
        }))
        .filter(wanted(kinds, given))
      if (open.length === 0) yield* findRequest(origin, kinds, Option.getOrUndefined(given))
      return open
    }),
  ).pipe(Effect.mapError(failedWithToolError))
})

/** What waits on the instance, or on any if none is named. */
const inFleet = Effect.fnUntraced(function* (
  instance: Option.Option<string>,
  given: Option.Option<string>,
  kinds: ReadonlyArray<Kind>,
) {
  const { snapshot, use } = yield* Fleet
  const { settled } = yield* Attention
  const name = yield* Option.match(instance, {
    onNone: () => Effect.undefined,
    onSome: (reference) =>
      Effect.mapError(
        use(reference, ({ instance }) => Effect.succeed(instance)),
        failedWithToolError,
      ),
  })
  const reports = yield* settled
  const { instances } = yield* snapshot
  return instances
    .filter((one) => name === undefined || one.name === name)
    .flatMap(({ name: instance, url }): ReadonlyArray<Candidate> => {
      const report = Option.getOrUndefined(HashMap.get(reports, url))
      return report?.known === true
        ? report.waiting.map(({ about, id, kind, session }) => ({ instance, session_id: session, kind, id, about }))
        : []
    })
    .filter(wanted(kinds, given))
})

const described = ({ about, id, instance, session_id }: Candidate) => `${id} (${about}; ${session_id} on ${instance})`

const nothingWaits = (given: GivenRequest, kinds: ReadonlyArray<Kind>) => {
  const what = `No ${kinds.join(" or ")} waits`
  const which = Option.match(given.id, { onNone: () => "", onSome: (id) => ` with the id ${line(id, 100)}` })
  const where = Option.match(given.instance, { onNone: () => "", onSome: (name) => ` on ${line(name, 100)}` })
  return `${what} for a person${where}${which}. \`opencode-fleet instances\` shows what waits.`
}

/** Fails with `CommandFailed` if there is no such request, or without a terminal if there are several. */
export const chosenRequest = Effect.fnUntraced(function* (given: GivenRequest, kinds: ReadonlyArray<Kind>) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  // Without a terminal, the person does not see which instance the decision is for.
  const instance =
    Option.isNone(given.instance) && (!canPrompt || Option.isSome(given.session))
      ? Option.some(yield* chosenInstance(given.instance))
      : given.instance
  const open =
    Option.isSome(instance) && Option.isSome(given.session)
      ? yield* inSession(instance.value, yield* chosenSession(instance.value, given.session), given.id, kinds)
      : yield* inFleet(instance, given.id, kinds)
  const [only, ...others] = open
  const none = nothingWaits({ ...given, instance }, kinds)
  if (only === undefined) return yield* new CommandFailed({ status: exitStatus.failed, reason: none })
  if (others.length === 0) return only
  if (!canPrompt) {
    return yield* failedBecause(
      `Several requests wait: ${listText(open.map(described), maxNamed, "; ")}. Choose one with --id.`,
    )
  }
  return yield* choose<ChosenRequest, never, never>({
    argument: "--id",
    message: "Which request?",
    choices: Effect.succeed(
      open.map((value) => ({ title: `${value.about} · ${value.instance} · ${value.session_id}`, value })),
    ),
    none,
  })
})
