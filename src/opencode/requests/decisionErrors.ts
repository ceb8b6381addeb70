/** The errors of decisions that were not delivered. */
import { Schema } from "effect"
import { line, quote } from "../../text/plainText.ts"

/** The kinds of requests that the decision could be for. */
const Kinds = Schema.Array(Schema.Literals(["permission", "question"]))

/** The session has no messages, so there is no turn to follow. */
export class NoTurn extends Schema.TaggedError<NoTurn>()("NoTurn", {
  instance: Schema.String,
  session: Schema.String,
  /** Messages that this version does not understand. */
  notUnderstood: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    return this.notUnderstood === undefined
      ? `Session ${this.session} on ${this.instance} has no messages yet, so it has no turn.`
      : `Session ${this.session} on ${this.instance} has no turn that can be shown: ${this.notUnderstood}.`
  }
}

/** The permission or question to decide is not open, or no longer. */
export class RequestNotOpen extends Schema.TaggedError<RequestNotOpen>()("RequestNotOpen", {
  instance: Schema.String,
  session: Schema.String,
  kinds: Kinds,
  id: Schema.optionalKey(Schema.String),
  /** What the instance reported and this version does not understand. It may be the request. */
  notUnderstood: Schema.optionalKey(Schema.String),
  /** The open requests of these kinds, each with its id, if the given id is none of theirs. */
  open: Schema.optionalKey(Schema.Array(Schema.String)),
}) {
  override get message() {
    const { open = [] } = this
    const what = this.kinds.join(" or ")
    if (open.length > 0) {
      return `Session ${this.session} on ${this.instance} has no open ${what} ${quote(this.id ?? "")}. Open there: ${open.map((text) => line(text)).join("; ")}. Nothing was sent.`
    }
    if (this.notUnderstood !== undefined) {
      return `Something waits on ${this.instance}: ${this.notUnderstood}; decide it in opencode. Nothing was sent.`
    }
    return this.id === undefined
      ? `Session ${this.session} on ${this.instance} is not waiting for a ${what}; it may have been settled elsewhere. Nothing was sent.`
      : `The ${what} ${quote(this.id)} is not open in session ${this.session} on ${this.instance}: it was already settled, or its turn has ended. Nothing was sent.`
  }
}

/** Several requests are open, and the decision does not say which one it is for. */
export class AmbiguousRequest extends Schema.TaggedError<AmbiguousRequest>()("AmbiguousRequest", {
  session: Schema.String,
  kinds: Kinds,
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `Session ${this.session} is waiting for several ${this.kinds.map((kind) => `${kind}s`).join(" or ")}: ${this.candidates.map((text) => line(text)).join("; ")}. Nothing was sent.`
  }
}

/** A decision was not delivered. */
export const DecisionError = Schema.Union([NoTurn, RequestNotOpen, AmbiguousRequest])
export type DecisionError = typeof DecisionError.Type
