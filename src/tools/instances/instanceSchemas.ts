/** The answer of list_instances and refresh_instances. */
import { Schema } from "effect"
import { WaitingView } from "../requests/requestSchemas.ts"
import { pageFields } from "../shared/page.ts"
import { AsOf, count, field } from "../shared/fields.ts"

const opt = Schema.optionalKey

const states = ["online", "unauthorized", "timeout", "unreachable", "unhealthy"] as const

export const InstanceView = Schema.Struct({
  name: field(Schema.String, "Unique name; pass it as `instance`"),
  health: field(
    Schema.Literals(states),
    "online; unauthorized (requires another password); timeout, unreachable (no answer); unhealthy (starting, failed, or not opencode)",
  ),
  activity: opt(
    field(
      Schema.Literals(["waiting", "busy", "idle"]),
      "waiting (for a person), busy or idle; absent if unknown or not online",
    ),
  ),
  active_count: opt(field(count, "Sessions that are not idle; absent if none")),
  last_active: opt(field(Schema.String, "When a session was last updated (ISO 8601)")),
  last_session_title: opt(field(Schema.String, "Title of that session")),
  reason: opt(field(Schema.String, "Why it is not online, and what to do")),
  version: opt(field(Schema.String, "opencode version")),
  version_note: opt(field(Schema.String, "Set if opencode-fleet was not tried with this major version")),
  api: opt(field(Schema.Literals([1, 2]), "opencode 1 or 2")),
  latency_ms: opt(field(Schema.Finite, "Duration of the health check in milliseconds")),
  host: opt(field(Schema.String, "Host it runs on, as announced")),
  url: opt(field(Schema.String, "Its address, if it is not online or has no directory of its own")),
  directory: opt(field(Schema.String, "Working directory, as announced")),
  projects: opt(
    field(
      Schema.Array(
        Schema.Struct({
          directory: field(Schema.String, "Pass it as `directory`"),
          active_count: field(count, "Sessions that are not idle"),
        }),
      ),
      "Directories of its recent sessions; the first 10",
    ),
  ),
  project_count: opt(field(count, "Number of projects")),
  transports: field(Schema.Array(Schema.String), "Transports that found it; the first one names it"),
  last_seen: opt(field(Schema.String, "When it was last online (ISO 8601); absent if online")),
  waiting_for: opt(
    field(
      Schema.Array(
        Schema.Struct({ ...WaitingView.fields, session_title: opt(field(Schema.String, "Title of the session")) }),
      ),
      "Requests that wait for a person; the first 3",
    ),
  ),
  waiting_for_count: opt(field(count, "Number of these requests; absent if unknown")),
  waiting_for_checked: opt(field(Schema.String, "When opencode was last asked for them (ISO 8601)")),
  waiting_for_unknown: opt(field(Schema.String, "Why it is unknown whether there are any")),
})
export type InstanceView = typeof InstanceView.Type

const TransportView = Schema.Struct({
  transport: field(Schema.String, "Name of the transport"),
  found_count: field(count, "Number of servers found"),
  scanned: field(Schema.String, "Time of the last scan (ISO 8601)"),
  duration_ms: field(Schema.Finite, "Duration of that scan in milliseconds"),
  problem_count: field(count, "Number of problems"),
})

export const FleetView = Schema.Struct({
  as_of: AsOf,
  health_counts: field(
    Schema.Record(Schema.String, count),
    "Number of instances in each health state, in the whole fleet",
  ),
  waiting_instance_count: field(count, "Number of instances with requests that wait for a person, in the whole fleet"),
  busy_instance_count: field(count, "Number of the other instances that are busy, in the whole fleet"),
  unchecked_instance_count: field(count, "Number of online instances for which this is unknown, in the whole fleet"),
  matching_count: field(count, "Number of instances that match the search"),
  instances: field(
    Schema.Array(InstanceView),
    "Instances with waiting requests first, then the busy ones, the other online ones, and the rest",
  ),
  problem_count: field(count, "Number of registrations and transports that could not be used"),
  problems: field(
    Schema.Array(
      Schema.Struct({
        source: field(Schema.String, "The file, directory or transport"),
        reason: field(Schema.String, "What is wrong, and what to do"),
      }),
    ),
    "The first problems",
  ),
  transports: field(Schema.Array(TransportView), "The last scan of each transport"),
  refreshed: field(Schema.String, "Time of the last refresh (ISO 8601)"),
  has_brief_instances: opt(
    field(
      Schema.Boolean,
      "True if the last ones lack last activity, latency, version or a waiting_for_count of 0; a smaller limit shows it",
    ),
  ),
  ...pageFields,
  hint: opt(field(Schema.String, "What to do if there is no instance")),
})
export type FleetView = typeof FleetView.Type
