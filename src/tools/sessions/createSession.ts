/** The handlers of create_session and fork_session. */
import { Clock, Effect, Option, Schema } from "effect"
import type { ClientError } from "../../opencode/errors.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { type Opencode, OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { plainText } from "../../text/plainText.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { makeUseAndTouch } from "../shared/useAndTouch.ts"
import { WorktreeLeft } from "../shared/WorktreeLeft.ts"
import { agentAndModel } from "../turns/promptOptions.ts"
import { allowing, confirmRules, ruleText } from "./confirmRules.ts"
import type { CreateSession, ForkSession } from "./SessionTools.ts"
import { sessionDirectory } from "./sessionDirectory.ts"
import { sessionView } from "./sessionView.ts"

/** opencode 2 would take a name with `..` for a path. */
const worktreeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u

/** The directory in which the worktree is made, once it is certain that one can be made there. */
const worktreeSource = Effect.fnUntraced(function* (opencode: Opencode, directory: string | undefined, name: string) {
  const invalid = (detail: string) => new InvalidParameter({ parameter: "worktree", value: name, detail })
  if (!worktreeName.test(name)) {
    return yield* invalid('it must begin with a letter or digit, and have at most 64 letters, digits, ".", "_" or "-"')
  }
  const source = directory ?? (yield* opencode.directory)
  if (!(yield* opencode.inGit(source))) return yield* invalid(`${source} belongs to no git repository`)
  return source
})

/** What opencode has not stored, although it was asked to: older versions of opencode 1 ignore it. */
const notStored = ({ agent, model }: { readonly agent?: string; readonly model?: string }, session: Session) => [
  ...(agent === undefined || session.agent === agent ? [] : ["agent"]),
  ...(model === undefined || session.model === model ? [] : ["model"]),
]

const unknown = (value: string) =>
  new InvalidParameter({ parameter: "message_id", value, detail: "the session has no such message" })

const asMessageId = Schema.decodeOption(MessageId)

export const creationHandlers = Effect.gen(function* () {
  const use = yield* makeUseAndTouch
  const client = yield* OpencodeClient

  const create = Effect.fnUntraced(function* (
    target: Target,
    { directory: announced }: Instance,
    { agent, directory, model, permissions = [], title, worktree }: typeof CreateSession.parametersSchema.Type,
  ) {
    const opencode = client.at(target)
    const place = yield* sessionDirectory(target.instance, opencode, directory, announced)
    const chosen = yield* agentAndModel(opencode, target, place ?? "", {
      ...(agent === undefined ? {} : { agent }),
      ...(model === undefined ? {} : { model }),
    })
    const name = worktree?.trim()
    const source = name === undefined ? undefined : yield* worktreeSource(opencode, place, name)
    const isConfirmed = yield* confirmRules({ instance: target.instance, directory: place, rules: permissions })
    const tree = name === undefined || source === undefined ? undefined : yield* opencode.createWorktree(source, name)
    const where = tree ?? place
    const session = yield* opencode
      .createSession({
        ...(title === undefined ? {} : { title: plainText(title) }),
        ...(where === undefined ? {} : { directory: where }),
        ...chosen,
        ...(permissions.length === 0 ? {} : { permissions }),
      })
      .pipe(
        Effect.mapError((cause: ClientError) =>
          tree === undefined ? cause : new WorktreeLeft({ instance: target.instance, worktree: tree, cause }),
        ),
      )
    const missing = notStored(chosen, session)
    const next = [
      ...(isConfirmed ? [] : ["No person was asked about what is allowed, because this client cannot show a form."]),
      ...(missing.length === 0
        ? []
        : [`This version of opencode did not store the ${missing.join(" and the ")}: pass it with send_message.`]),
    ].join(" ")
    return {
      instance: target.instance,
      session: sessionView(yield* Clock.currentTimeMillis, session),
      ...(agent === undefined ? {} : { agent }),
      ...(model === undefined ? {} : { model }),
      ...(tree === undefined ? {} : { worktree: tree }),
      ...(permissions.length === 0 ? {} : { allowed: allowing(permissions).map(ruleText) }),
      ...(next === "" ? {} : { next }),
    }
  })

  const fork = Effect.fnUntraced(function* (
    target: Target,
    { message_id, session_id }: typeof ForkSession.parametersSchema.Type,
  ) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target, opencode, session_id)
    const before = Option.fromUndefinedOr(message_id)
    const id = Option.flatMap(before, (given) => asMessageId(given.trim()))
    if (Option.isSome(before) && Option.isNone(id)) return yield* unknown(before.value)
    // opencode 1 copies everything if there is no such message.
    if (Option.isSome(id)) {
      yield* opencode.message(session.id, id.value).pipe(Effect.catchTag("SessionNotFound", () => unknown(id.value)))
    }
    const copy = yield* opencode.forkSession(session.id, Option.getOrUndefined(id))
    return {
      instance: target.instance,
      session: sessionView(yield* Clock.currentTimeMillis, copy),
      forked_from: session.id,
    }
  })

  return {
    create_session: (parameters: typeof CreateSession.parametersSchema.Type) =>
      use(parameters.instance, (target, instance) => create(target, instance, parameters)),
    fork_session: (parameters: typeof ForkSession.parametersSchema.Type) =>
      use(parameters.instance, (target) => fork(target, parameters)),
  }
})
