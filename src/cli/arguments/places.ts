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

/** A word that cannot be an instance, because it stands for a session. */
const isSession = (given = "") => given === "latest" || /^ses_\w+$/u.test(given)

const isInstance = (given = "/") => !given.includes("/") && !isSession(given)

/** The places. `INSTANCE SESSION`, as other commands take them, is one place. */
export const placesOf = (given: ReadonlyArray<string>): ReadonlyArray<Named> => {
  return given.flatMap((word, index) => {
    if (isSession(word) && isInstance(given[index - 1])) return []
    const next = given[index + 1]
    return isInstance(word) && next !== undefined && isSession(next)
      ? [{ instance: word, session_id: next }]
      : [placeOf(word)]
  })
}

/** A place as it is typed. */
export const placeName = ({ instance = "", session_id }: Named) => `${instance}/${session_id}`
