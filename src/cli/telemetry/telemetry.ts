/**
 * Exports traces, metrics and logs over OTLP if `OTEL_EXPORTER_OTLP_ENDPOINT` is set. The exporter is loaded only then, so it
 * does not slow down other starts.
 */
import { Config, Effect, Layer, Option } from "effect"
import { SettingsError } from "../../Settings.ts"
import { reportInvalidSettings } from "../settings/reportInvalidSettings.ts"

const variable = "OTEL_EXPORTER_OTLP_ENDPOINT"

const isHttpUrl = (value: string) => URL.canParse(value) && /^https?:$/u.test(new URL(value).protocol)

/** A URL can contain a password, which an error must not show. */
const withoutUserInfo = (value: string) => value.replace(/\/\/[^/]*@/u, "//…@")

/** Ends the program with one line on stderr if the endpoint cannot be used. */
export const telemetry = Layer.unwrap(
  Effect.gen(function* () {
    const endpoint = Option.filter(yield* Config.option(Config.String(variable)), (value) => value !== "")
    if (Option.isNone(endpoint)) return Layer.empty
    if (!isHttpUrl(endpoint.value)) {
      const value = withoutUserInfo(endpoint.value)
      return yield* new SettingsError({ variable, value, allowed: "it takes an http or https URL" })
    }
    const { otlpExport } = yield* Effect.promise(() => import("./otlpExport.ts"))
    return otlpExport
  }).pipe(Effect.catchTag("SettingsError", reportInvalidSettings)),
)
