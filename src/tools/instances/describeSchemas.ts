/** The answer of describe_instance. */
import { Schema } from "effect"
import { count, field, InstanceName } from "../shared/fields.ts"
import { pageFields } from "../shared/page.ts"
import { unreadableFields } from "../shared/unreadable.ts"

const opt = Schema.optionalKey

const Described = Schema.Struct({
  name: field(Schema.String, "Name"),
  description: opt(field(Schema.String, "Description")),
})

export const DescriptionView = Schema.Struct({
  instance: InstanceName,
  version: opt(field(Schema.String, "opencode's version")),
  directory: field(Schema.String, "The directory that this is about"),
  agents: field(Schema.Array(Described), "Agents that a message may name"),
  default_model: opt(field(Schema.String, "Model of a session without one of its own")),
  models: field(Schema.Array(Schema.String), "Models that a message may name, the default first"),
  model_count: field(count, "Number of models"),
  commands: field(Schema.Array(Described), "Slash commands: send_message with /name"),
  command_count: opt(field(count, "Number of commands, if there are more")),
  projects: field(Schema.Array(Schema.String), "Directories of projects and worktrees that opencode knows"),
  project_count: opt(field(count, "Number of these directories, if there are more")),
  ...unreadableFields,
  ...pageFields,
})
export type DescriptionView = typeof DescriptionView.Type
