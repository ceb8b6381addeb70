/** Which of the sessions that a server shows are its own: the opencode 1 servers of one user show the same ones. */
import { Context, Effect } from "effect"
import type { Opencode } from "../Opencode.ts"
import type { Session } from "./Session.ts"

/** Leaves out the sessions that belong to another instance of the fleet. Default: keeps all. `Fleet.use` provides it. */
export const OwnSessions = Context.Reference<
  (opencode: Opencode, sessions: ReadonlyArray<Session>) => Effect.Effect<ReadonlyArray<Session>>
>("opencode-fleet/opencode/OwnSessions", { defaultValue: () => (_, sessions) => Effect.succeed(sessions) })
