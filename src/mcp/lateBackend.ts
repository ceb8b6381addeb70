/** A backend that is loaded after the connection is open. Until it is attached, calls wait and reports are kept. */
import type { Backend } from "./toolServers.ts"
import type { TaskRequests } from "./tasks/offerTasks.ts"

interface LateBackendOptions {
  /** A call has arrived, and may be waiting. */
  readonly onCall: () => void
  readonly onInitialized: () => void
}

export const makeLateBackend = ({ onCall, onInitialized }: LateBackendOptions) => {
  const attached = Promise.withResolvers<Backend>()
  // One promise for all, so that the backend receives everything in order.
  const tell = (report: (backend: Backend) => void): void => void attached.promise.then(report)
  const ask =
    (method: keyof TaskRequests): TaskRequests["get"] =>
    (request) => {
      onCall()
      return attached.promise.then(({ tasks }) => tasks?.[method](request))
    }
  const backend: Backend = {
    call: (request) => {
      onCall()
      return attached.promise.then((backend) => backend.call(request))
    },
    tasks: { get: ask("get"), update: ask("update"), cancel: ask("cancel") },
    initialized: (server) => {
      onInitialized()
      tell((backend) => backend.initialized(server))
    },
    unusable: (reason) => tell((backend) => backend.unusable(reason)),
    failed: (error) => tell((backend) => backend.failed(error)),
    end: () => tell((backend) => backend.end()),
  }
  return { backend, attach: attached.resolve }
}
