/** What the log of a shared server says about a call: which session it concerned, and how it ended. Never its texts. */
import { Option, Schema } from "effect"
import { SessionId } from "../opencode/Identifiers.ts"
import { line } from "../text/plainText.ts"

const opt = Schema.optional

const Arguments = Schema.Struct({
  instance: opt(Schema.Unknown),
  /** Can be a part of the title, which is a text. */
  session_id: opt(Schema.Unknown),
  response: opt(Schema.Unknown),
})

const Structured = Schema.Struct({
  ...Arguments.fields,
  outcome: opt(Schema.Unknown),
  session: opt(Schema.Struct({ session_id: opt(Schema.Unknown) })),
})

const argumentsIn = Schema.decodeUnknownOption(Arguments)
const structuredIn = Schema.decodeUnknownOption(Structured)
const nameIn = Schema.decodeUnknownOption(Schema.NonEmptyString)
const sessionIn = Schema.decodeUnknownOption(SessionId)
const responseIn = Schema.decodeUnknownOption(Schema.Literals(["once", "always", "reject"]))

const first = <A>(read: (value: unknown) => Option.Option<A>, ...values: ReadonlyArray<unknown>) =>
  Option.firstSomeOf(values.map((value) => read(value)))

export const callFacts = (call: { readonly args: unknown; readonly structured: unknown }): Record<string, string> => {
  const args = Option.getOrElse(argumentsIn(call.args), (): typeof Arguments.Type => ({}))
  const result = Option.getOrElse(structuredIn(call.structured), (): typeof Structured.Type => ({}))
  const facts = {
    instance: first(nameIn, result.instance, args.instance),
    session: first(sessionIn, result.session_id, result.session?.session_id, args.session_id),
    decision: first(responseIn, args.response),
    outcome: first(nameIn, result.outcome),
  }
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) => Option.toArray(fact).map((value) => [name, line(value, 100)])),
  )
}
