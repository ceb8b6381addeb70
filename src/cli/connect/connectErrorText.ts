/** The errors of `opencode-fleet connect` as a terminal shows them: the facts, then the next step. */
import type { HeadersNotSupported, OtherOpencodeVersion } from "../../connect/attachUi.ts"
import type { ConnectError, MembershipProblem } from "../../connect/connect.ts"
import type { ConnectServiceError } from "../../connect/service/connectService.ts"
import type { RelayNeedsPassword } from "../../connect/RelayNeedsPassword.ts"
import { errorText } from "../process/errorText.ts"

const withoutPassword = ({ api }: RelayNeedsPassword) =>
  api === 1 ? ", or add --no-password if you trust everyone with an account there" : ""

/** Exhaustive over connect's own errors. Other errors of a request have the same text in every command. */
export const connectErrorText = (
  error: ConnectError | ConnectServiceError | MembershipProblem | OtherOpencodeVersion | HeadersNotSupported,
): string => {
  const message = `${error.message}.`
  switch (error._tag) {
    case "OpencodeNotFound":
      return `${message} Install it (https://opencode.ai), or register a running one with --attach.`
    case "PortTaken":
      return `${message} If an opencode is running there, register it with --attach ${error.port}.`
    case "RegistrationFailed":
      return `${message} Fix the directory, or choose another one with RELAY_REGISTRY_DIR.`
    case "RelayNeedsPassword":
      if (error.isSet)
        return `${message} Restart that opencode with OPENCODE_SERVER_PASSWORD set${withoutPassword(error)}.`
      return error.api === 2
        ? `${message} Set OPENCODE_SERVER_PASSWORD to a password of your choice, here and on the relay. It is not opencode's own.`
        : `${message} Set OPENCODE_SERVER_PASSWORD, here and on the relay${withoutPassword(error)}.`
    case "ServiceRefused":
      return `${message} \`opencode-fleet doctor\` says what to do.`
    case "ServiceNotStarted":
    case "ServiceFailed":
      return `${message} \`opencode-fleet doctor\` checks the service.`
    case "OtherOpencodeVersion":
      return `${message} Install opencode ${error.needed}, or send messages with \`opencode-fleet send\`.`
    case "HeadersNotSupported":
      return `${message} Send messages with \`opencode-fleet send\`.`
    case "OpencodeNotStarted":
    case "OpencodeNeverAnswered":
      return message
    case "RelayNotConnected":
      return `${message} \`opencode-fleet doctor\` checks the connection to the relay.`
    case "InstanceUnreachable":
      return `${error.message} Check that opencode is listening on that port.`
    case "RequestTimeout":
      return `${error.message} It may be starting or stuck; try again.`
    default:
      return errorText(error)
  }
}
