/** The parameters of the routes with a session id, which find the session's directory themselves. */
import type { SessionId } from "../Identifiers.ts"

export const ofSession = (sessionID: SessionId) => ({ params: { sessionID }, query: {} })
