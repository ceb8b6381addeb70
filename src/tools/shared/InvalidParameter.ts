/** The errors of tool calls with a parameter that cannot be used, or without one that is needed. */
import { Schema } from "effect"
import { listText } from "../../text/listText.ts"
import { line, quote } from "../../text/plainText.ts"

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

/** A session needs a directory, and the instance has none of its own: it serves several projects, or none yet. */
export class DirectoryRequired extends Schema.TaggedError<DirectoryRequired>()("DirectoryRequired", {
  instance: Schema.String,
  /** The directories of its sessions, most recently used first. */
  projects: Schema.Array(Schema.String),
}) {
  override get message() {
    const projects = this.projects.map((directory) => line(directory, 200))
    return projects.length === 0
      ? `${this.instance} serves all directories of its machine and has no sessions yet, so a new session needs a directory.`
      : `${this.instance} serves several projects, so a new session needs a directory: ${listText(projects, 10)}, or another one.`
  }
}
