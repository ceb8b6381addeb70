/** The tools that show the fleet. */
import { Schema, Struct } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { reads } from "../shared/annotations.ts"
import { count, field, limit } from "../shared/parameters.ts"
import { renderFleet } from "./renderInstances.ts"
import { WaitingView } from "../sessions/SessionTools.ts"

const Title = field(Schema.String, "Title of the session")

const states = ["online", "unauthorized", "timeout", "unreachable", "unhealthy"] as const

export const InstanceView = Schema.Struct({
  name: field(Schema.String, "Unique name; pass it as `instance`"),
  health: field(
    Schema.Literals(states),
    "online; unauthorized (wants another password); timeout and unreachable (no answer); unhealthy (answers, but not as opencode does)",
  ),
  reason: field(Schema.String, "Why it is not online and what to do; empty if it is"),
  version: Schema.optionalKey(field(Schema.String, "Version of opencode")),
  latency_ms: Schema.optionalKey(field(Schema.Finite, "Milliseconds that the health check took")),
  host: field(Schema.String, "Machine that it runs on, as announced"),
  url: field(Schema.String, "Where it is reached from here"),
  directory: Schema.optionalKey(field(Schema.String, "Working directory, as announced")),
  transports: field(Schema.Array(Schema.String), "How it was found; the first one gives its name"),
  last_seen: Schema.optionalKey(field(Schema.String, "When it was last online (ISO 8601)")),
  age: Schema.optionalKey(field(Schema.String, "How long ago that was")),
  waiting_count: Schema.optionalKey(
    field(count, "Number of permissions and questions that wait for a person there; absent if not known"),
  ),
  waiting: Schema.optionalKey(
    field(
      Schema.Array(WaitingView.mapFields(Struct.assign({ title: Schema.optionalKey(Title) }))),
      "The first of them, if there are any",
    ),
  ),
  waiting_asked: Schema.optionalKey(field(Schema.String, "How long ago it was asked for them")),
  waiting_unknown: Schema.optionalKey(field(Schema.String, "Why it is not known whether anything waits there")),
})
export type InstanceView = typeof InstanceView.Type

const TransportView = Schema.Struct({
  transport: field(Schema.String, "Its name"),
  found: field(count, "Number of servers that it found"),
  scanned: field(Schema.String, "How long ago it was scanned last"),
  took_ms: field(Schema.Finite, "Milliseconds that this took"),
  problem_count: field(count, "Number of problems that it met"),
  problem: Schema.optionalKey(field(Schema.String, "The first of them")),
})

export const FleetView = Schema.Struct({
  counts: field(
    Schema.Record(Schema.String, count),
    "Number of instances in each state of health, of all that were found",
  ),
  waiting: field(count, "Number of instances at which something waits for a person, of all"),
  waiting_unknown: field(count, "Number of online instances of which that is not known, of all"),
  matching: field(count, "Number of instances that match the search"),
  instances: field(
    Schema.Array(InstanceView),
    "The instances; those at which something waits first, then the others that are online",
  ),
  problem_count: field(
    count,
    "Number of registrations, places and transports that could not be used. Nothing was changed or deleted",
  ),
  problems: field(
    Schema.Array(
      Schema.Struct({
        source: field(Schema.String, "The file, directory or transport"),
        reason: field(Schema.String, "What is wrong with it"),
      }),
    ),
    "The first of them, with the way out",
  ),
  transports: field(Schema.Array(TransportView), "How the last scan of each transport went"),
  refreshed: field(Schema.String, "When the fleet was last looked at (ISO 8601)"),
  hint: Schema.optionalKey(field(Schema.String, "What to do when there is no instance")),
})
export type FleetView = typeof FleetView.Type

const toModelOutput = (fleet: FleetView) => [Prompt.textPart({ text: renderFleet(fleet) })]

export const ListInstances = Tool.make("list_instances", {
  description:
    "List the opencode instances of the fleet (coding agents on this and other machines) with their health, directory and name, and what waits there for a person's permission or answer. Start here. Answers from memory; refresh_instances looks again.",
  parameters: Schema.Struct({
    search: Schema.optionalKey(
      Schema.String.annotate({ description: "Only those whose name, host or directory holds this, ignoring case" }),
    ),
    limit: limit(1000, "How many to show (default 50)"),
  }),
  success: FleetView,
  toModelOutput,
}).annotateMerge(reads("List opencode instances"))

export const RefreshInstances = Tool.make("refresh_instances", {
  description:
    "Scan for opencode instances and check their health now, then list them. Use it when an instance should be there and is not, or after starting one.",
  success: FleetView,
  toModelOutput,
}).annotateMerge(reads("Refresh opencode instances"))

export const InstanceTools = Toolkit.make(ListInstances, RefreshInstances)
