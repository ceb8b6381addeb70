/** Where clients reach a server over HTTP. */
import { Option } from "effect"
import { isLoopbackHost } from "../../text/loopback.ts"
import { webUrl } from "../arguments/webUrl.ts"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import { defaultAddress } from "../arguments/listenAddress.ts"

/** Holds the token for clients that read it from a variable. */
export const tokenVariable = "OPENCODE_FLEET_TOKEN"

export const defaultUrl = `http://${defaultAddress.host}:${defaultAddress.port}${mcpPath}`

export const isLocal = (url: string): boolean => isLoopbackHost(new URL(url).hostname)

/** From the URL of the endpoint, which ends in `/mcp`, or that of the server, as `--public-url` takes it. */
export const endpointUrl = (text: string): Option.Option<string> =>
  Option.map(webUrl(text), (url) => {
    const path = url.pathname.replace(/\/+$/u, "")
    url.pathname = path.endsWith(mcpPath) ? path : `${path}${mcpPath}`
    return url.href
  })
