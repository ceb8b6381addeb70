/**
 * What every request must pass, whatever its path: the name that it asks for must be one of this server's, and a page that
 * sends it must come from here. Otherwise a page of another site could reach a server on this machine through the person's
 * browser, also under a name that leads to 127.0.0.1 (DNS rebinding).
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { isIP } from "node:net"
import { isLoopbackHost } from "../text/loopback.ts"

export interface RequestCheckOptions {
  /** Where the server listens. */
  readonly host: string
  /** Further names under which it is reached. */
  readonly names?: ReadonlyArray<string> | undefined
  /** The URL under which it is reached through a proxy. */
  readonly publicUrl?: URL | undefined
  /** Paths that pages of other ports of this server's names may reach, such as that of a browser-based MCP client. */
  readonly sharedPaths: ReadonlyArray<string>
}

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"]

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

/** The name as a browser asks for it: `[::1]` for an IPv6 address, `xn--…` for letters beyond ASCII. */
const nameOf = (host: string) => {
  const name = isIP(host) === 6 ? `[${host}]` : host
  return urlOf(`http://${name}`)?.hostname ?? name
}

const isAddress = (name: string) => isIP(name.replace(/^\[|\]$/gu, "")) !== 0

export const makeRequestCheck = ({ host, names = [], publicUrl, sharedPaths }: RequestCheckOptions) => {
  const known = new Set([...loopbackNames, nameOf(host), ...names.map(nameOf)])
  if (publicUrl !== undefined) known.add(publicUrl.hostname)
  // A page cannot make a browser ask for an address other than the one that the page is from.
  const acceptsAddresses = !isLoopbackHost(host)
  /** Whether it is the host of the public URL. A proxy may leave out the port, which a cookie does not know either. */
  const isPublic = (url: URL) =>
    publicUrl !== undefined &&
    (isLoopbackHost(publicUrl.hostname) ? url.host === publicUrl.host : url.hostname === publicUrl.hostname)
  const isBelowPath = publicUrl !== undefined && publicUrl.pathname !== "/"

  /** What is wrong with a request, or undefined. */
  return (request: Pick<HttpServerRequest.HttpServerRequest, "headers" | "method" | "url">): string | undefined => {
    const asked = urlOf(`http://${request.headers["host"] ?? ""}`)
    if (asked === undefined) return "The Host header is missing or invalid."
    if (!known.has(asked.hostname) && !(acceptsAddresses && isAddress(asked.hostname))) {
      return "This server does not serve this host name. Start it with --host NAME to allow one."
    }
    const [path = ""] = request.url.split("?")
    // Its links, its cookie and its login would be those of what else is on that host.
    const isForPrograms = sharedPaths.includes(path) || path.startsWith("/.well-known/")
    if (isBelowPath && isPublic(asked) && !isForPrograms) {
      return "The page cannot be used below a path. Give this server a host name of its own, or open the page on its machine."
    }
    const { origin } = request.headers
    if (origin === undefined) return undefined
    const from = urlOf(origin)
    if (from === undefined) return "Requests of this page's origin are not allowed."
    if (from.host === asked.host || from.origin === publicUrl?.origin) return undefined
    return sharedPaths.includes(path) && known.has(from.hostname)
      ? undefined
      : "Requests of pages of other sites are not allowed."
  }
}

/** Of several, Node keeps the first of these, and a proxy in front may have looked at another one. */
const singleHeaders = ["host", "origin", "authorization"]

/** The name of a header that must not be repeated, and is. `rawHeaders`: names and values in turn. */
export const repeatedHeader = (rawHeaders: ReadonlyArray<string>): string | undefined => {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return singleHeaders.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
}

const refused = (status: number, text: string) => Effect.succeed(HttpServerResponse.text(text, { status }))

export const requestChecks = (options: RequestCheckOptions) => {
  const check = makeRequestCheck(options)
  return HttpRouter.middleware(
    (handle) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const repeated = repeatedHeader(NodeHttpServerRequest.toIncomingMessage(request).rawHeaders)
        if (repeated !== undefined) return refused(400, `The header ${repeated} must not be repeated.`)
        const problem = check(request)
        return problem === undefined ? handle : refused(403, problem)
      }),
    { global: true },
  )
}
