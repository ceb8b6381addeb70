/** Why an instance is not online, with the next step of a person who configures the server. Empty if it is online. */
import type { Instance } from "../../fleet/Instance.ts"
import { line } from "../../text/plainText.ts"
import { withRemedy } from "./remedyText.ts"

type HealthTextOptions = Pick<Instance, "health" | "passwordRemedy" | "credentials" | "source">

export const healthText = ({
  credentials,
  health: { api, authorization, reason },
  passwordRemedy,
  source,
}: HealthTextOptions): string => {
  switch (authorization) {
    case "withheld":
      return withRemedy(reason, passwordRemedy)
    case "missing":
      return `${withRemedy(reason, passwordRemedy)}; set OPENCODE_SERVER_PASSWORD to ${
        api === 2
          ? "that password, which `opencode service get password` prints on its machine if it is the service"
          : "the password that it was started with"
      }`
    case "rejected":
      if (credentials !== undefined) return `${reason} that ${line(source)} gives it`
      return `${reason} of OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME; set both to the values that it was started with`
    default:
      return reason
  }
}
