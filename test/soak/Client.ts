/** What the soak knows of an MCP client: that it calls tools, and what its server holds. */
import { Option, Schema } from "effect"
import type { Effect } from "effect"
import type { Resources } from "./ServerProcess.ts"

export interface CallResult {
  readonly isError: boolean
  readonly text: string
  readonly structured: Readonly<Record<string, unknown>>
}

export interface Client {
  readonly call: (name: string, args: object) => Effect.Effect<CallResult>
  readonly resources: Effect.Effect<Resources>
}

const Result = Schema.Struct({
  isError: Schema.optional(Schema.Boolean),
  content: Schema.Array(Schema.Struct({ text: Schema.String })),
  structuredContent: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
})
const decodeResult = Schema.decodeUnknownOption(Result)

/** Of the result of a call, or of the error in its place. */
export const callResult = (answer: unknown): CallResult =>
  Option.match(decodeResult(answer), {
    onNone: () => ({ isError: true, text: `no result: ${JSON.stringify(answer)}`, structured: {} }),
    onSome: ({ content, isError = false, structuredContent = {} }) => ({
      isError,
      text: content.map(({ text }) => text).join("\n"),
      structured: structuredContent,
    }),
  })
