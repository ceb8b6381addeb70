/** Asks the other instances of the fleet that have the same sessions which of them they are running. */
import { Array, Effect, Option } from "effect"
import type { OpencodeClient } from "../opencode/Opencode.ts"
import type { OtherInstance } from "../opencode/sessions/otherServers.ts"
import type { Session } from "../opencode/sessions/Session.ts"
import type { Target } from "../opencode/Target.ts"
import { mayShare } from "./homes.ts"
import type { Instance } from "./Instance.ts"

/** Maximum number of other instances that are asked. */
const maxOthers = 8

/** How long another instance may take. One that does not answer counts as not asked. */
const timeout = "2 seconds"

export const askOthers = (
  client: OpencodeClient["Service"],
  targetOf: (instance: Instance) => Target,
  one: Instance,
  instances: ReadonlyArray<Instance>,
) => {
  const ask = (other: Instance, sessions: ReadonlyArray<Session>) => {
    const target = targetOf(other)
    const opencode = client.at(target)
    const directories =
      opencode.capabilities.statusScope === "server" ? [""] : Array.dedupe(sessions.map(({ directory }) => directory))
    return Effect.gen(function* () {
      // Fails for an instance that does not have the same sessions.
      yield* Effect.forEach(sessions.slice(0, 1), ({ id }) => opencode.session(id))
      const statuses = yield* Effect.forEach(directories, opencode.statuses)
      const running = new Set(statuses.flatMap((all) => [...all.keys()]))
      return { instance: other.name, url: other.url, running } satisfies OtherInstance as OtherInstance
    }).pipe(Effect.timeout(timeout), Effect.option)
  }
  const others = instances.filter((other) => mayShare(one, other)).slice(0, maxOthers)
  return (sessions: ReadonlyArray<Session>): Effect.Effect<ReadonlyArray<OtherInstance>> =>
    Effect.map(
      Effect.forEach(others, (other) => ask(other, sessions), { concurrency: "unbounded" }),
      (answers) => answers.flatMap((answer) => Option.toArray(answer)),
    )
}
