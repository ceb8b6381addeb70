/** The token of a request, and the answer to a request that the gate refuses. */
import { Redacted } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { Refused } from "../access/Gate.ts"
import { jsonRpcError } from "./responses.ts"

export const bearerOf = ({ headers }: HttpServerRequest.HttpServerRequest): Redacted.Redacted | undefined => {
  const [, token] = /^Bearer +(\S+) *$/iu.exec(headers["authorization"] ?? "") ?? []
  return token === undefined ? undefined : Redacted.make(token, { label: "token" })
}

export const refusalResponse = ({ challenge, message, status }: Refused) =>
  jsonRpcError({
    status,
    code: -32000,
    message,
    headers: challenge === undefined ? {} : { "www-authenticate": challenge },
  })
