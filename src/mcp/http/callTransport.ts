/** The SDK's transport of a session. While the SDK stores a message, it says to which call the message belongs. */
import {
  type HandleRequestOptions,
  type JSONRPCMessage,
  type RequestId,
  WebStandardStreamableHTTPServerTransport,
  type WebStandardStreamableHTTPServerTransportOptions,
} from "@modelcontextprotocol/server"
import { AsyncLocalStorage } from "node:async_hooks"
import { callsIn, type CallOfTool } from "./callAccess.ts"

/** The SDK gives an event store only the id of a stream, which it makes after it was given the request. */
const current = new AsyncLocalStorage<CallOfTool | undefined>()

/** For an event store: the call whose message is being stored. Undefined if it is not one call's. */
export const currentCall = (): CallOfTool | undefined => current.getStore()

interface CallTransportOptions extends WebStandardStreamableHTTPServerTransportOptions {
  /** A call that is running. */
  readonly callOf: (id: RequestId) => CallOfTool | undefined
}

export class CallTransport extends WebStandardStreamableHTTPServerTransport {
  readonly #callOf: CallTransportOptions["callOf"]

  constructor({ callOf, ...options }: CallTransportOptions) {
    super(options)
    this.#callOf = callOf
  }

  override handleRequest(request: Request, options?: HandleRequestOptions): Promise<Response> {
    const calls = callsIn(options?.parsedBody)
    return current.run(calls.length === 1 ? calls[0] : undefined, () => super.handleRequest(request, options))
  }

  override send(message: JSONRPCMessage, options?: { readonly relatedRequestId?: RequestId }): Promise<void> {
    const id = options?.relatedRequestId
    return current.run(id === undefined ? undefined : this.#callOf(id), () => super.send(message, options))
  }
}
