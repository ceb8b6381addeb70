/** What a person reads if a page cannot be shown. */
import type { HttpServerRequest } from "effect/http"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import type { Refused } from "../../mcp/access/Gate.ts"
import { notePage } from "./layout.ts"
import { toLogin } from "./loginPage.ts"
import * as paths from "./paths.ts"
import { answerHtml, answerNavigate, answerText } from "./responses.ts"
import type { Visitor } from "./visitor.ts"

const statusOf = (tag: string): number => {
  switch (tag) {
    case "InvalidParameter":
      return 400
    case "InstanceNotFound":
    case "SessionNotFound":
      return 404
    case "AmbiguousInstance":
    case "AmbiguousSession":
    case "AmbiguousRequest":
      return 409
    default:
      return 502
  }
}

export interface Failure {
  readonly _tag: string
  readonly message: string
}

/** Why something did not work. */
export const failed = (error: Failure, person: Visitor) =>
  answerHtml(statusOf(error._tag), notePage("That did not work", [error.message], paths.home, person))

/** Of an address that there is not, or that a browser does not use so. Programs are answered with a line. */
export const notFound = ({ headers }: HttpServerRequest.HttpServerRequest) =>
  headers["accept"]?.includes("text/html") === true
    ? answerHtml(404, notePage("Not found", ["There is nothing at this address."], paths.home))
    : answerText(404, `There is nothing at this address. MCP clients connect to ${mcpPath}.`)

/** A visitor without a token is led to the login. */
export const refused = (request: HttpServerRequest.HttpServerRequest, { message, status }: Refused) => {
  const isLive = request.headers["hx-request"] === "true"
  if (status === 401) {
    if (isLive) return answerNavigate(401, paths.login)
    if (request.method === "GET") return toLogin(paths.ownPath(request.url))
  }
  const title = status === 503 ? "Tokens cannot be checked" : "Not allowed"
  return answerHtml(status, notePage(title, [message], status === 503 ? paths.home : paths.login))
}
