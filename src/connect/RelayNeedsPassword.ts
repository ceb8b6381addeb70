/** A relay is refused if opencode does not require a password. */
import { Schema } from "effect"

/** Everyone with an account on the relay could run commands on this machine. */
export class RelayNeedsPassword extends Schema.TaggedError<RelayNeedsPassword>()("RelayNeedsPassword", {
  /** The version of opencode's API. */
  api: Schema.Literals([1, 2]),
  /** Whether a password is set, which opencode does not require. */
  isSet: Schema.Boolean,
}) {
  override get message() {
    return this.isSet
      ? "opencode answers without the password that is set here, so it is not connected to a relay: anyone with an account there could run commands on this machine"
      : "opencode is not connected to a relay without a password, because anyone with an account there could run commands on this machine"
  }
}
