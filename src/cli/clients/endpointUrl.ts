/** Where clients reach a server over HTTP. */
import { Option } from "effect"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import { defaultAddress } from "../arguments/listenAddress.ts"

/** Holds the token for clients that read it from a variable. */
export const tokenVariable = "OPENCODE_FLEET_TOKEN"

export const defaultUrl = `http://${defaultAddress.host}:${defaultAddress.port}${mcpPath}`

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u

export const isLocal = (url: string): boolean => loopback.test(new URL(url).hostname)

/** An URL without a path means the endpoint of that server. */
export const endpointUrl = (text: string): Option.Option<string> => {
  if (!/^https?:\/\//u.test(text) || !URL.canParse(text)) return Option.none()
  const url = new URL(text)
  if (url.pathname === "/") url.pathname = mcpPath
  return Option.some(url.href)
}
