/** Why opencode was not started on a host. */
import { Schema } from "effect"
import { line } from "../../text/plainText.ts"

/** The user has not named this host. */
export class HostNotNamed extends Schema.TaggedError<HostNotNamed>()("HostNotNamed", {
  host: Schema.String,
  named: Schema.Array(Schema.String),
}) {
  override get message() {
    const named = this.named.length === 0 ? "none" : this.named.slice(0, 20).join(", ")
    return `${line(this.host, 100)} is not one of the ssh hosts of this fleet, which are: ${named}.`
  }
}

/** The host is not reached, or opencode does not start there. `detail` is ssh's or opencode's message. */
export class HostNotStarted extends Schema.TaggedError<HostNotStarted>()("HostNotStarted", {
  host: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `opencode was not started on ${this.host}: ${this.detail}.`
  }
}

/** opencode 1 serves one directory, and none was given. */
export class HostDirectoryRequired extends Schema.TaggedError<HostDirectoryRequired>()("HostDirectoryRequired", {
  host: Schema.String,
  version: Schema.String,
}) {
  override get message() {
    return `opencode ${this.version} on ${this.host} serves one directory, and none was given.`
  }
}

export type StartError = HostNotNamed | HostNotStarted | HostDirectoryRequired
