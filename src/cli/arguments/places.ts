/** Several sessions, each as `INSTANCE/SESSION`. */
import type { Named } from "../../tools/many/followSessions.ts"

/** What a place is, for a help text. */
export const placeText =
  'INSTANCE/SESSION: an instance, and a session\'s id or a unique part of its title; INSTANCE alone means its "latest" session'

/** An instance's name has no slash; a session's title can. */
export const placeOf = (given: string): Named => {
  const slash = given.indexOf("/")
  return slash === -1
    ? { instance: given, session_id: "latest" }
    : { instance: given.slice(0, slash), session_id: given.slice(slash + 1) }
}

/** A place as it is typed. */
export const placeName = ({ instance = "", session_id }: Named) => `${instance}/${session_id}`
