/** A caller as the SDK passes it from the request to the call. The token is left out: nothing behind the gate needs it. */
import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server"
import type { Caller } from "./Gate.ts"

export const callerInfo = ({ scopes, stepsUp, subject }: Caller): AuthInfo => ({
  token: "",
  clientId: subject,
  scopes: [...scopes],
  extra: { stepsUp },
})

export const callerOf = (info: AuthInfo | undefined): Caller | undefined =>
  info === undefined
    ? undefined
    : { subject: info.clientId, scopes: new Set(info.scopes), stepsUp: info.extra?.["stepsUp"] === true }

/** Undefined on stdio, which has no gate. */
export const callerIn = ({ http }: ServerContext): Caller | undefined => callerOf(http?.authInfo)
