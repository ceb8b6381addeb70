/** The error of a tool call with a parameter that cannot be used. */
import { Schema } from "effect"
import { quote } from "../../text/plainText.ts"

/** A parameter matches its schema, but its value cannot be used here. `detail` is the reason. */
export class InvalidParameter extends Schema.TaggedError<InvalidParameter>()("InvalidParameter", {
  parameter: Schema.String,
  value: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `${this.parameter} ${quote(this.value)} cannot be used: ${this.detail}.`
  }
}
