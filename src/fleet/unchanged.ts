/** Recognises the servers that need no probe because of a change: those whose registrations are still the same. */
import { Equal } from "effect"
import type { Server } from "../discovery/servers.ts"
import type { Instance } from "./Instance.ts"

/** Whether the announcement tells when it was written, so that an equal one has certainly not been written again. */
const isDated = ({ fallbacks, writtenAt }: Server) =>
  writtenAt !== undefined && fallbacks.every((fallback) => fallback.writtenAt !== undefined)

/** Remembers what was announced of each instance. */
export const makeUnchanged = () => {
  /** By the announced URL. */
  let probed: ReadonlyMap<string, { readonly server: Server; readonly url: string }> = new Map()

  return {
    /** The current instances, with the servers that they were made from. */
    remember: (pairs: ReadonlyArray<{ readonly server: Server; readonly url: string }>) => {
      probed = new Map(pairs.map((pair) => [pair.server.url, pair]))
    },
    /** The instance of this server, if nothing about it was announced since. `instances` are the known ones by URL. */
    instanceOf: (server: Server, instances: ReadonlyMap<string, Instance>): Instance | undefined => {
      const known = probed.get(server.url)
      return known !== undefined && isDated(server) && Equal.equals(known.server, server)
        ? instances.get(known.url)
        : undefined
    },
  }
}
