/** A backend that is loaded after the connection is open. Until it is attached, calls wait and reports are kept. */
import type { Backend } from "./toolServers.ts"

export interface LateBackendOptions {
  /** A call has arrived, and may be waiting. */
  readonly onCall: () => void
  readonly onInitialized: () => void
}

export const makeLateBackend = ({ onCall, onInitialized }: LateBackendOptions) => {
  const attached = Promise.withResolvers<Backend>()
  // One promise for all, so that the backend receives everything in order.
  const tell = (report: (backend: Backend) => void): void => void attached.promise.then(report)
  const backend: Backend = {
    call: (request) => {
      onCall()
      return attached.promise.then((backend) => backend.call(request))
    },
    initialized: (server) => {
      onInitialized()
      tell((backend) => backend.initialized(server))
    },
    unusable: (reason) => tell((backend) => backend.unusable(reason)),
    failed: (error) => tell((backend) => backend.failed(error)),
  }
  return { backend, attach: attached.resolve }
}
