/**
 * Exports traces, metrics and logs over OTLP if `OTEL_EXPORTER_OTLP_ENDPOINT` is set. The exporter is loaded only then, so it
 * does not slow down other starts.
 */
import { Cause, Config, Effect, Layer, Option, Schema, SchemaIssue } from "effect"
import { SettingsError } from "../../Settings.ts"
import { variable } from "../../settings/variable.ts"
import { line } from "../../text/plainText.ts"
import { reportInvalidSettings } from "../settings/reportInvalidSettings.ts"

const endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const isHttpUrl = (value: string) => URL.canParse(value) && /^https?:$/u.test(new URL(value).protocol)

/** A URL can contain a password, which an error must not show. */
const withoutUserInfo = (value: string) => value.replace(/\/\/[^/]*@/u, "//…@")

/**
 * The exporter reads more variables, such as intervals and batch sizes. An invalid one is a defect, which holds the
 * variable's name.
 */
const invalidVariable = Effect.fnUntraced(function* (cause: Cause.Cause<never>) {
  const defect = Cause.squash(cause)
  if (!(defect instanceof Config.ConfigError) || !Schema.isSchemaError(defect.cause)) {
    return yield* Effect.failCause(cause)
  }
  const [issue] = formatIssues(defect.cause.issue).issues
  const name = issue?.path?.map(String).join("_") ?? "OTEL_*"
  // Headers usually hold the collector's API key.
  const value = name.endsWith("HEADERS") ? "…" : yield* Config.String(name).pipe(Effect.orElseSucceed(() => ""))
  return yield* new SettingsError({ variable: name, value, allowed: line(issue?.message ?? defect.message, 200) })
})

/** Fails for a variable that cannot be used. */
export const exporter = Layer.unwrap(
  Effect.gen(function* () {
    const endpoint = yield* variable(endpointVariable)
    if (Option.isNone(endpoint)) return Layer.empty
    if (!isHttpUrl(endpoint.value)) {
      const value = withoutUserInfo(endpoint.value)
      return yield* new SettingsError({ variable: endpointVariable, value, allowed: "it takes an http or https URL" })
    }
    const { otlpExport } = yield* Effect.promise(() => import("./otlpExport.ts"))
    return Layer.catchCause(otlpExport, (cause) => Layer.effectContext(invalidVariable(cause)))
  }),
)

/** Ends the program with one line on stderr if a variable cannot be used. */
export const telemetry = Layer.catchTag(exporter, "SettingsError", (error) =>
  Layer.effectContext(reportInvalidSettings(error)),
)
