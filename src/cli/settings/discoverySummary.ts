/** The transports in use, for a person. */
import { plainLine } from "../../text/plainText.ts"
import type { SettingsValues } from "../../Settings.ts"

export const discoverySummary = ({
  relayDirectory,
  transports,
}: Pick<SettingsValues, "relayDirectory" | "transports">): string =>
  transports.map((name) => (name === "local-relay" ? `${name} in ${plainLine(relayDirectory)}` : name)).join(", ")
