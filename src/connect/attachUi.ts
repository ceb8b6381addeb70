/** Opens opencode's own terminal UI on a running instance. Its address is an argument, its password is not. */
import { Effect, Schema } from "effect"
import type { ApiVersion, Target } from "../opencode/Target.ts"
import type { ConnectOptions } from "./connect.ts"
import { opencodeVersion } from "./opencodeVersion.ts"
import { runTerminalUi } from "./runTerminalUi.ts"

/** The `opencode` on the PATH cannot show an instance of another major version. */
export class OtherOpencodeVersion extends Schema.TaggedError<OtherOpencodeVersion>()("OtherOpencodeVersion", {
  instance: Schema.String,
  needed: Schema.Literals([1, 2]),
  installed: Schema.String,
}) {
  override get message() {
    return `${this.instance} is opencode ${this.needed}, and the opencode on the PATH is ${this.installed}`
  }
}

/** opencode's terminal UI cannot send the headers that a proxy in front of the instance asks for. */
export class HeadersNotSupported extends Schema.TaggedError<HeadersNotSupported>()("HeadersNotSupported", {
  instance: Schema.String,
}) {
  override get message() {
    return `${this.instance} needs request headers that opencode's terminal UI cannot send`
  }
}

export interface AttachOptions extends Pick<ConnectOptions, "stopSignals"> {
  readonly target: Target
  /** The version of the instance. */
  readonly api: ApiVersion
  /** Further arguments of opencode, such as `--session`. */
  readonly args: ReadonlyArray<string>
}

/** The variables that hold the credentials. Without credentials, those of this process are removed. */
const environment = ({ credentials }: Target, api: ApiVersion) => {
  const password = credentials?.password
  return api === 2
    ? { OPENCODE_PASSWORD: password, OPENCODE_SERVER_PASSWORD: undefined }
    : { OPENCODE_SERVER_USERNAME: credentials?.username, OPENCODE_SERVER_PASSWORD: password }
}

/** Returns opencode's exit status. */
export const attachUi = Effect.fn("attachUi")(function* ({ api, args, stopSignals, target }: AttachOptions) {
  const { instance, url } = target
  if (target.headers !== undefined) return yield* new HeadersNotSupported({ instance })
  const installed = yield* opencodeVersion
  if (installed.api !== api) {
    return yield* new OtherOpencodeVersion({ instance, needed: api, installed: installed.text })
  }
  return yield* runTerminalUi({
    stopSignals,
    args: [...(api === 2 ? ["--server", url] : ["attach", url]), ...args],
    env: environment(target, api),
  })
})
