/** opencode 1's cursor of a page of messages. */
import { Option, Schema } from "effect"
import type { ClientError } from "../errors.ts"
import type { MessageInfo } from "../sessions/Message.ts"

/** The oldest message of the page. */
export const Cursor = Schema.StringFromBase64Url.pipe(
  Schema.decodeTo(Schema.fromJsonString(Schema.Struct({ id: Schema.String, time: Schema.Finite }))),
)

const encode = Schema.encodeSync(Cursor)

/** The cursor of a page that begins with this message. */
export const cursorOf = ({ id, time }: MessageInfo): string => encode({ id, time: time.created })

/** opencode answers 400 without a reason, as for a message that it cannot encode. */
export const isWrongCursor = (_: ClientError, before: string | undefined) =>
  before !== undefined && Option.isNone(Schema.decodeOption(Cursor)(before))
