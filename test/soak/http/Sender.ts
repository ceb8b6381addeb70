/** Sends requests to the server with the token that is valid at that moment, and counts what is wrong with the answers. */
import { Effect } from "effect"
import { type Arrived, exchange, type HttpRequest, nothingArrived } from "./exchange.ts"

export type Headers = Readonly<Record<string, string>>

export interface Sending {
  readonly method?: HttpRequest["method"]
  readonly headers?: Headers
  readonly body?: object
  /** Cuts the connection after this time, in milliseconds. */
  readonly cutAfter?: number | undefined
}

export interface SenderOptions {
  readonly url: string
  /** The token of this caller at this moment. */
  readonly token: () => string
}

/** In milliseconds. Every call is answered sooner, by what it waits for or by its timeout. */
const answeredWithin = 90_000

/** Sends a request to `/mcp`. One whose token was replaced meanwhile was refused, and is sent again. */
export const makeSender = ({ token, url }: SenderOptions) =>
  Effect.fnUntraced(function* ({ body, cutAfter, headers = {}, method = "POST" }: Sending) {
    let arrived: Arrived = nothingArrived()
    do {
      arrived = nothingArrived()
      const request = { url, method, body, headers: { ...headers, authorization: `Bearer ${token()}` } }
      yield* Effect.timeoutOption(exchange(request, arrived), cutAfter ?? answeredWithin)
    } while (arrived.status === 401)
    return arrived
  })

export type Send = ReturnType<typeof makeSender>

/** The answer to a call, or what arrived in its place. */
export const outcomeOf = ({ answer, status, text }: Arrived): unknown =>
  answer === undefined ? { status: status ?? "no answer", text } : (answer["result"] ?? answer["error"])
