/** The handler of get_diff. */
import { Effect, Option, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { ClientError } from "../../opencode/errors.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import type { FileChange } from "../../opencode/changes/FileChanges.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { OpencodeClient, type Opencode } from "../../opencode/Opencode.ts"
import { type SessionDiff, sessionDiff, turnDiff } from "../../opencode/changes/sessionDiff.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { countingUnreadable, notUnderstood } from "../../opencode/Unreadable.ts"
import { ChangeTools, GetDiff } from "./ChangeTools.ts"
import { diffView, filePage, shownPath } from "./changeView.ts"
import { type AnswerSizeOptions, defaultAnswerChars, fitsAnswer } from "../shared/answerSize.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

const asMessageId = Schema.decodeOption(MessageId)

/** `unknown`: what was left out, because this version does not understand it. */
const unknownMessage = (value: string, unknown: string | undefined) =>
  new InvalidParameter({
    parameter: "message_id",
    value,
    detail: `the session has no such message, or it is too far back${unknown === undefined ? "" : `; ${unknown}`}`,
  })

interface DiffOptions {
  readonly session_id: string
  readonly message_id?: string
  readonly path?: string
  readonly offset?: number
}

/** The changes of the session, or of the turn of that message; undefined if there is no such message. */
const changesOf = (
  opencode: Opencode,
  session: Session,
  message_id: string | undefined,
  version: string | undefined,
): Effect.Effect<(SessionDiff & { readonly message?: MessageId }) | undefined, ClientError> =>
  message_id === undefined
    ? sessionDiff(opencode, session, version)
    : Option.match(asMessageId(message_id.trim()), {
        onNone: () => Effect.undefined,
        onSome: (message) => turnDiff(opencode, session, message, version),
      })

/** The changes that get_diff shows, and the number of items that could not be understood. */
export const readChanges = Effect.fnUntraced(function* (
  target: Target,
  opencode: Opencode,
  { message_id, session_id }: Pick<DiffOptions, "session_id" | "message_id">,
) {
  const session = yield* resolveSession(target, opencode, session_id)
  const { result: change, unreadable } = yield* countingUnreadable(
    changesOf(opencode, session, message_id, target.version),
  )
  const unknown = notUnderstood(unreadable, target.version)
  if (change === undefined) return yield* unknownMessage(message_id ?? "", unknown)
  return { session, change, unknown, page: { message: change.message, unreadable } }
})

/** The file with this path, as opencode names it or as an answer shows it; otherwise those whose paths end with it. */
const filesAt = (files: ReadonlyArray<FileChange>, path: string) => {
  const exact = files.filter((file) => file.path === path || shownPath(file) === path)
  return exact.length > 0
    ? exact
    : files.filter((file) => file.path.endsWith(`/${path}`) || path.endsWith(`/${file.path}`))
}

const unknownFile = (
  path: string,
  files: ReadonlyArray<FileChange>,
  found: ReadonlyArray<FileChange>,
  unknown: string | undefined,
) => {
  const named = (found.length > 0 ? found : files).slice(0, 10).map(shownPath).join(", ")
  const detail =
    found.length > 0
      ? `several files match: ${named}`
      : `no such file was changed${named === "" ? "" : `; these were: ${named}`}${unknown === undefined ? "" : `; ${unknown}`}`
  return new InvalidParameter({ parameter: "path", value: path, detail })
}

export const changeHandlers = Effect.fnUntraced(function* ({
  maxAnswerChars = defaultAnswerChars,
}: AnswerSizeOptions = {}) {
  const fits = fitsAnswer(GetDiff, maxAnswerChars)
  const fleet = yield* Fleet
  const client = yield* OpencodeClient

  const diff = Effect.fnUntraced(function* (target: Target, { offset, path, ...of }: DiffOptions) {
    const { change, page, session, unknown } = yield* readChanges(target, client.at(target), of)
    if (path === undefined) return diffView(target, session, change, { ...page, offset })
    const files = filesAt(change.files, path.trim())
    if (files.length !== 1) return yield* unknownFile(path, change.files, files, unknown)
    return filePage(diffView(target, session, { ...change, files }, page), offset ?? 0, fits)
  })

  return ChangeTools.of({
    get_diff: ({ instance, ...parameters }) => fleet.use(instance, (target) => diff(target, parameters)),
  })
})
