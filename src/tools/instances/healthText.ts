/** Why an instance is not online, with the next step of a person who configures the server. Empty if it is online. */
import type { Instance } from "../../fleet/Instance.ts"
import { line } from "../../text/plainText.ts"
import { withRemedy } from "./remedyText.ts"

type HealthTextOptions = Pick<Instance, "health" | "passwordRemedy" | "credentials" | "remotePort" | "source">

/** How to set the password of an instance without credentials of its own. No full stop. */
export const passwordText = ({ health: { api }, remotePort }: Pick<Instance, "health" | "remotePort">): string => {
  if (api !== 2)
    return "set OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME to the values that it was started with"
  // The registration of a tunnel: its end is the proxy of `connect`, which does not take the service's own password.
  return remotePort === undefined
    ? "set OPENCODE_SERVER_PASSWORD to its password, which `opencode service get password` prints on its machine if it is the service"
    : "set OPENCODE_SERVER_PASSWORD to the value that it has for `opencode-fleet connect` on the instance's machine"
}

export const healthText = (instance: HealthTextOptions): string => {
  const { credentials, health, passwordRemedy, source } = instance
  const { authorization, reason } = health
  switch (authorization) {
    case "withheld":
      return withRemedy(reason, passwordRemedy)
    case "missing":
      return `${withRemedy(reason, passwordRemedy)}; ${passwordText(instance)}`
    case "rejected":
      if (credentials !== undefined) return `${reason} that ${line(source)} gives it`
      return `${reason}; ${passwordText(instance)}`
    default:
      return reason
  }
}
