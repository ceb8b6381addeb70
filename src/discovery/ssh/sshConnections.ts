/** The open ssh connections of a fleet, so that another session on a host needs no further login. */
import { Context } from "effect"

export interface SshConnectionsValues {
  /** The Unix socket of the host's open connection. */
  readonly at: (host: string) => string | undefined
  readonly set: (host: string, controlPath: string | undefined) => void
}

export const makeSshConnections = (): SshConnectionsValues => {
  const paths = new Map<string, string>()
  return {
    at: (host) => paths.get(host),
    set: (host, controlPath) => {
      if (controlPath === undefined) paths.delete(host)
      else paths.set(host, controlPath)
    },
  }
}

/** Written by the transport, read when opencode is started on a host. */
export const SshConnections = Context.Reference<SshConnectionsValues>("opencode-fleet/discovery/ssh/SshConnections", {
  defaultValue: makeSshConnections,
})
