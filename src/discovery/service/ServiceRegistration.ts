/** The JSON file with which a background service of opencode 2 announces itself to its own user. */
import { Schema } from "effect"

/** Unknown fields are ignored, because every release of opencode may add some. */
export const ServiceRegistration = Schema.Struct({
  /** Differs for every process of the service. */
  id: Schema.String,
  version: Schema.String,
  /** `http://0.0.0.0:PORT` if it listens on all addresses. */
  url: Schema.String,
  pid: Schema.Int.check(Schema.isGreaterThan(0)),
  /** The same after a restart or an upgrade. */
  password: Schema.optionalKey(Schema.String),
})
export type ServiceRegistration = typeof ServiceRegistration.Type

export const ServiceRegistrationJson = Schema.fromJsonString(ServiceRegistration)

const fileName = /^service(?:-(.+))?\.json$/u

/** Whether opencode would name a registration like this. */
export const isRegistrationFile = (name: string): boolean => fileName.test(name)

/** opencode's release channel, such as `dev`; empty for the usual one. */
export const channelOf = (name: string): string => fileName.exec(name)?.[1] ?? ""
