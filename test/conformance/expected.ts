/**
 * What is expected to fail, and why. Everything else must pass, and what is named here must fail: an entry that passes is out
 * of date.
 */
import type { Target } from "./servers.ts"
import type { Revision } from "./suite.ts"

export interface Expectation {
  readonly reason: string
  /** Scenarios, or single checks as `scenario:check`. */
  readonly failures: ReadonlyArray<string>
  /** Default: both. */
  readonly only?: { readonly target?: Target; readonly revision?: Revision }
}

export const expected: ReadonlyArray<Expectation> = [
  {
    reason: "the server has tools, and no prompts, resources or completions",
    failures: [
      "completion-complete",
      "prompts-get-embedded-resource",
      "prompts-get-simple",
      "prompts-get-with-args",
      "prompts-get-with-image",
      "prompts-list",
      "resources-list",
      "resources-read-binary",
      "resources-read-text",
      "resources-subscribe",
      "resources-templates-read",
      "resources-unsubscribe",
      "input-required-result-non-tool-request",
      "caching:sep-2549-prompts-list-caching-hints",
      "caching:sep-2549-resources-list-caching-hints",
      "caching:sep-2549-resources-templates-list-caching-hints",
    ],
  },
  {
    reason: "the server does not use the client's model, roots or log, which revision 2026-07-28 deprecates",
    failures: [
      "logging-set-level",
      "tools-call-sampling",
      "tools-call-with-logging",
      "input-required-result-basic-list-roots",
      "input-required-result-basic-sampling",
      "input-required-result-capability-check",
      "server-stateless:sep-2575-server-rejects-undeclared-capability",
      "server-stateless:sep-2575-missing-capability-http-400",
    ],
  },
  {
    reason: "no tool has parameters that are repeated in headers",
    failures: ["http-custom-header-server-validation"],
  },
  {
    reason: "a call asks one question, whose key is `answer`; the suite asks for keys of its own",
    failures: ["input-required-result-basic-elicitation", "input-required-result-multiple-input-requests"],
  },
  {
    reason: "no tool needs the tasks extension: without it, a call is answered when its work is done",
    failures: ["tasks-required-task-error"],
  },
  {
    reason: "a call that a client follows as a task asks its questions as the task's",
    failures: ["tasks-mrtr-composition"],
  },
  {
    reason: "schemas contain only what the tool APIs of model providers accept (src/mcp/schema/inputSchema.ts)",
    failures: ["json-schema-2020-12:json-schema-2020-12-$schema", "json-schema-2020-12:json-schema-2020-12-$defs"],
    only: { target: "fixtures" },
  },
  {
    reason: "schemas contain only what the tool APIs of model providers accept (src/mcp/schema/inputSchema.ts)",
    failures: [
      "json-schema-2020-12:sep-2106-composition-keywords-preserved",
      "json-schema-2020-12:sep-2106-conditional-keywords-preserved",
      "json-schema-2020-12:sep-2106-anchor-keyword-preserved",
    ],
    only: { target: "fixtures", revision: "2026-07-28" },
  },
  {
    reason: "titles are `oneOf`; the older `enumNames` goes to clients of older revisions only",
    failures: ["elicitation-sep1330-enums:elicitation-sep1330-legacy-enumnames"],
    only: { target: "fixtures" },
  },
  {
    reason: "a tool rejects a changed state with an error that the model reads (isError), not with a protocol error",
    failures: ["input-required-result-tampered-state"],
    only: { target: "fixtures" },
  },
  {
    reason: "a tool that breaks is an error that the model reads (isError), not a failed task",
    failures: ["tasks-lifecycle:sep-2663-tasks-get-status-failed"],
    only: { target: "fixtures" },
  },
  {
    reason: "the suite calls a tool of its own",
    failures: [
      "elicitation-sep1034-defaults",
      "elicitation-sep1330-enums",
      "json-schema-2020-12",
      "tools-call-audio",
      "tools-call-elicitation",
      "tools-call-embedded-resource",
      "tools-call-error",
      "tools-call-image",
      "tools-call-mixed-content",
      "tools-call-simple-text",
      "tools-call-with-progress",
      "input-required-result-multi-round",
      "input-required-result-request-state",
      "input-required-result-result-type",
      "input-required-result-tampered-state",
      "server-stateless:sep-2575-http-server-no-independent-requests-on-stream",
      "server-stateless:sep-2575-server-no-log-without-loglevel",
      "tasks-capability-negotiation:sep-2663-server-rejects-undeclared-client",
      "tasks-capability-negotiation:tasks-per-request-meta-opt-in",
      "tasks-dispatch-and-envelope",
      "tasks-lifecycle",
      "tasks-mrtr-input",
      "tasks-request-headers",
      "tasks-request-state-removal",
      "tasks-wire-fields",
    ],
    only: { target: "product" },
  },
]
