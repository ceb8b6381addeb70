/** Why an instance is not online, with the next step of a person who configures the server. Empty if it is online. */
import type { Health } from "../../fleet/Instance.ts"

export const healthText = ({ authorization, reason }: Health): string => {
  switch (authorization) {
    case "missing":
      return `${reason}; set OPENCODE_SERVER_PASSWORD to the password that it was started with`
    case "rejected":
      return `${reason} of OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME; set both to the values that it was started with`
    default:
      return reason
  }
}
