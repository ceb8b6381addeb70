/** A variable that holds a value that cannot be used. */
import { Schema } from "effect"

/** The message is one line, and never holds a secret. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  /** The name of the environment variable. */
  variable: Schema.String,
  /** Its value; shortened where the rest may be a secret. */
  value: Schema.String,
  /** What the variable takes, as the rest of a sentence. */
  allowed: Schema.String,
}) {
  override get message() {
    return `${this.variable}=${JSON.stringify(this.value)} cannot be used: ${this.allowed}`
  }
}
