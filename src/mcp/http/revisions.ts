/**
 * Which revision of the protocol a client is offered over HTTP. Revision 2026-07-28 has no sessions: a call is lost when its
 * stream breaks. Some clients then wait for an answer that never comes, but fall back to a session of 2025-11-25 if the
 * server answers 400 to the newer revision.
 */
import { CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY } from "@modelcontextprotocol/server"
import { Option, Schema } from "effect"
import { followsTasks } from "../tasks/taskWire.ts"

/** The eras that the endpoint serves. */
export type Revisions = "2025" | "2026" | "both"

/** Claude Code 2.1.330 waits without an end, Copilot 1.0.102 fails the call. */
const losesCalls = (name: string) => name === "claude-code" || /copilot/iu.test(name)

const Modern = Schema.Struct({
  params: Schema.Struct({
    _meta: Schema.Struct({
      [CLIENT_INFO_META_KEY]: Schema.Struct({ name: Schema.String }),
      [CLIENT_CAPABILITIES_META_KEY]: Schema.optionalKey(Schema.Unknown),
    }),
  }),
})
const decodeModern = Schema.decodeUnknownOption(Modern)

/** A client that follows tasks asks for an outcome again, so it loses nothing. */
const isBetterInSession = ({ params: { _meta } }: typeof Modern.Type) =>
  losesCalls(_meta[CLIENT_INFO_META_KEY].name) && !followsTasks(_meta[CLIENT_CAPABILITIES_META_KEY])

/** Whether a request of revision 2026-07-28 is sent back to the session of an older one. */
export const fallsBack = (revisions: Revisions, body: unknown): boolean =>
  revisions === "2025" || (revisions === "both" && Option.exists(decodeModern(body), isBetterInSession))
