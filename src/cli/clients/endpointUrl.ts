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

/** The URL of the endpoint, or that of the server, as `--public-url` takes it. */
export const endpointUrl = (text: string): Option.Option<string> =>
  Option.map(webUrl(text), (url) => {
    if (!url.pathname.endsWith(mcpPath)) url.pathname = `${url.pathname.replace(/\/$/u, "")}${mcpPath}`
    return url.href
  })
