/** The OTLP exporter (HTTP with JSON), configured by the standard `OTEL_*` variables. */
import { ConfigProvider, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"
import { version } from "../../version.ts"

/** Defaults for variables that are not set. */
const defaults = ConfigProvider.fromUnknown({
  OTEL_SERVICE_NAME: "opencode-fleet",
  OTEL_SERVICE_VERSION: version,
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "otlp",
  // Milliseconds for the last export of each signal, because a hanging collector must not delay the exit.
  OTEL_EXPORTER_OTLP_TIMEOUT: "250",
})

export const otlpExport = Otlp.layerFromConfig().pipe(
  Layer.provide([FetchHttpClient.layer, OtlpSerialization.layerJson]),
  Layer.provide(ConfigProvider.layerAdd(defaults)),
)
