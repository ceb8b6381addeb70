/** The handler of get_diff. */
import { Effect, Option, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import type { FileChange } from "../../opencode/changes/FileChanges.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { OpencodeClient, type Opencode } from "../../opencode/Opencode.ts"
import { sessionDiff, turnDiff } from "../../opencode/changes/sessionDiff.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { ChangeTools, GetDiff } from "./ChangeTools.ts"
import { diffView, filePage, shownPath } from "./changeView.ts"
import { type AnswerSizeOptions, defaultAnswerChars, fitsAnswer } from "../shared/answerSize.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

const asMessageId = Schema.decodeOption(MessageId)

const unknownMessage = (value: string) =>
  new InvalidParameter({
    parameter: "message_id",
    value,
    detail: "the session has no such message, or it is too far back",
  })

interface DiffOptions {
  readonly session_id: string
  readonly message_id?: string
  readonly path?: string
  readonly offset?: number
}

const diffOfTurn = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  message_id: string,
  version: string | undefined,
) {
  const message = Option.getOrUndefined(asMessageId(message_id.trim()))
  const change = message === undefined ? undefined : yield* turnDiff(opencode, session, message, version)
  return change === undefined ? yield* unknownMessage(message_id) : change
})

/** The file with this path, as opencode names it or as an answer shows it; otherwise those whose paths end with it. */
const filesAt = (files: ReadonlyArray<FileChange>, path: string) => {
  const exact = files.filter((file) => file.path === path || shownPath(file) === path)
  return exact.length > 0
    ? exact
    : files.filter((file) => file.path.endsWith(`/${path}`) || path.endsWith(`/${file.path}`))
}

const unknownFile = (path: string, files: ReadonlyArray<FileChange>, found: ReadonlyArray<FileChange>) => {
  const named = (found.length > 0 ? found : files).slice(0, 10).map(shownPath).join(", ")
  const detail =
    found.length > 0
      ? `several files match: ${named}`
      : `no such file was changed${named === "" ? "" : `; these were: ${named}`}`
  return new InvalidParameter({ parameter: "path", value: path, detail })
}

export const changeHandlers = Effect.fnUntraced(function* ({
  maxAnswerChars = defaultAnswerChars,
}: AnswerSizeOptions = {}) {
  const fits = fitsAnswer(GetDiff, maxAnswerChars)
  const fleet = yield* Fleet
  const client = yield* OpencodeClient

  const diff = Effect.fnUntraced(function* (
    target: Target,
    version: string | undefined,
    { message_id, offset, path, session_id }: DiffOptions,
  ) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, session_id)
    const change =
      message_id === undefined
        ? { ...(yield* sessionDiff(opencode, session, version)), message: undefined }
        : yield* diffOfTurn(opencode, session, message_id, version)
    if (path === undefined) return diffView(target, session, change, { message: change.message, offset })
    const files = filesAt(change.files, path.trim())
    if (files.length !== 1) return yield* unknownFile(path, change.files, files)
    return filePage(diffView(target, session, { ...change, files }, { message: change.message }), offset ?? 0, fits)
  })

  return ChangeTools.of({
    get_diff: ({ instance, ...parameters }) =>
      fleet.use(instance, (target, { health }) => diff(target, health.version, parameters)),
  })
})
