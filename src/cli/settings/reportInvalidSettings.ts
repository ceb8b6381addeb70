/** Reports an invalid setting, without loading the command-line parser. */
import { Console, Effect, Runtime, Schema } from "effect"
import type { SettingsError } from "../../Settings.ts"

/** A setting is invalid. stderr already says which, so `runMain` must not report it again. */
class InvalidSettings extends Schema.TaggedError<InvalidSettings>()("InvalidSettings", {}) {
  override readonly [Runtime.errorReported] = false
}

/** Prints the error as one line on stderr. The program then exits with 1. */
export const reportInvalidSettings = ({ message }: SettingsError) =>
  Effect.andThen(Console.error(`opencode-fleet: ${message}`), Effect.fail(new InvalidSettings()))
