/** The error of a setting that cannot be used. */
import { Schema } from "effect"

/** An environment variable has an invalid value. The message is one line and contains no secret. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  /** The name of the environment variable. */
  variable: Schema.String,
  /** Its value; shortened where the rest may be a secret. */
  value: Schema.String,
  /** The allowed values, as the rest of a sentence. */
  allowed: Schema.String,
}) {
  override get message() {
    return `${this.variable}=${JSON.stringify(this.value)} cannot be used: ${this.allowed}`
  }
}
