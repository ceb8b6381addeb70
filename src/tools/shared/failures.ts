/**
 * The failures of the tools. Handlers fail with typed errors that contain facts. For a model, each failure is encoded as a
 * text that ends with the next step; see `errorText.ts`.
 *
 * The tools return their failures (`failureMode: "return"`), so that a wrong call does not fail a whole conversation. A
 * program that runs the Toolkit itself finds the typed error in `result` and the text in `encodedResult`.
 */
import { Schema, SchemaGetter } from "effect"
import { ResolveError } from "../../fleet/naming.ts"
import { ClientError } from "../../opencode/errors.ts"
import { DecisionError } from "../../opencode/requests/decisionErrors.ts"
import { SendError } from "../../opencode/turns/sendErrors.ts"
import { HostDirectoryRequired, HostNotNamed, HostNotStarted } from "../../discovery/ssh/startErrors.ts"
import { AmbiguousSession } from "../../opencode/sessions/sessionReference.ts"
import { errorText, type ToolError } from "./errorText.ts"
import { DirectoryRequired, InvalidParameter } from "./InvalidParameter.ts"
import { WorktreeLeft } from "./WorktreeLeft.ts"

const asText = <Error extends ToolError>(errors: Schema.Codec<Error, unknown>) =>
  Schema.String.pipe(
    Schema.decodeTo(Schema.toType(errors), {
      decode: SchemaGetter.forbidden(() => "The text of a failure cannot be decoded"),
      encode: SchemaGetter.transform(errorText),
    }),
  )

const instance = [ResolveError, ClientError] as const
const session = [...instance, AmbiguousSession, InvalidParameter] as const
const follow = [...session, DecisionError] as const
const send = [...follow, SendError] as const

/** Failures of a tool that works on an instance. */
export const InstanceFailure = asText(Schema.Union(instance))

/** Failures of a tool that needs a directory: of a new session, or of what is described. */
export const CreateFailure = asText(Schema.Union([...instance, InvalidParameter, DirectoryRequired, WorktreeLeft]))

/** Failures of a tool that works on a session. */
export const SessionFailure = asText(Schema.Union(session))

/** Failures of a tool that follows a turn or decides a pending request. */
export const FollowFailure = asText(Schema.Union(follow))

/** Failures of a tool that sends a message. */
export const SendFailure = asText(Schema.Union(send))

/** Failures of a tool that starts opencode on a host. */
export const StartFailure = asText(Schema.Union([HostNotNamed, HostNotStarted, HostDirectoryRequired]))
