/** What a caller over HTTP may do, derived from the annotations of the tools. */
import { Context } from "effect"
import { Tool } from "effect/ai"
import { Decides } from "./shared/annotations.ts"

/** The scopes, from the least to the most that they allow. None includes another. */
export const fleetScopes = ["fleet:read", "fleet:send", "fleet:decide"] as const
export type FleetScope = (typeof fleetScopes)[number]

/** Without this scope no request is answered. */
export const baseScope: FleetScope = "fleet:read"

/**
 * What a client that logs in should ask for. Clients ask for nothing else, so with `fleet:read` alone every person would log in
 * twice. Deciding is asked for when it is needed.
 */
export const loginScopes: ReadonlyArray<FleetScope> = ["fleet:read", "fleet:send"]

/** The same for the gate. */
export const gateScopes = { all: fleetScopes, base: baseScope, atLogin: loginScopes } as const

/** A form that is put to a person ends in a decision, so a caller without this scope is shown none. */
export const formScope: FleetScope = "fleet:decide"

/** The scope that a call of the tool needs. */
export const scopeOf = ({ annotations }: Tool.Any): FleetScope => {
  if (Context.get(annotations, Decides)) return "fleet:decide"
  return Context.get(annotations, Tool.Readonly) ? "fleet:read" : "fleet:send"
}
