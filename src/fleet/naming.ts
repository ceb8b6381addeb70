/** Gives every instance a unique name, and resolves a name that a user typed to its instance. */
import { Array, Effect, Predicate, Schema } from "effect"
import { listText } from "../text/listText.ts"
import { quote } from "../text/plainText.ts"
import { portIn } from "../discovery/address.ts"
import type { Announcement } from "../discovery/Discovery.ts"
import { type Instance, isOnline } from "./Instance.ts"

/** The suffixes that make a name unique, shortest first. The last resort is the whole URL, which is unique. */
const suffixes: ReadonlyArray<(url: URL, announcement: Announcement) => string> = [
  // The local port that leads to an ssh host differs at every start of the program; the port there does not.
  (url, { remotePort, sshHost }) =>
    String(sshHost !== undefined && remotePort !== undefined ? remotePort : portIn(url)),
  ({ host }) => host,
]

/**
 * Adds the port to the name of every instance whose name is not unique. None of them keeps the bare name, because it would
 * refer to different instances as they come and go. The result does not depend on the order of the announcements.
 */
export const uniqueNames = <A extends Announcement>(announcements: ReadonlyArray<A>, round = 0): ReadonlyArray<A> => {
  const byName = Array.groupBy(announcements, ({ name }) => name)
  if (Object.keys(byName).length === announcements.length) return announcements
  const suffix = suffixes[round] ?? (({ href }) => href)
  return uniqueNames(
    announcements.map((one) =>
      (byName[one.name]?.length ?? 0) > 1 ? { ...one, name: `${one.name}@${suffix(new URL(one.url), one)}` } : one,
    ),
    round + 1,
  )
}

const list = (names: ReadonlyArray<string>) => (names.length === 0 ? "none" : listText(names, 20))

/** No instance has this name. */
export class InstanceNotFound extends Schema.TaggedError<InstanceNotFound>()("InstanceNotFound", {
  reference: Schema.String,
  known: Schema.Array(Schema.String),
}) {
  override get message() {
    return this.known.length === 0
      ? `There is no instance ${quote(this.reference)}: no instance was found.`
      : `There is no instance ${quote(this.reference)}. There are: ${list(this.known)}.`
  }
}

/** The name matches several instances. */
export class AmbiguousInstance extends Schema.TaggedError<AmbiguousInstance>()("AmbiguousInstance", {
  reference: Schema.String,
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `${quote(this.reference)} matches several instances: ${list(this.candidates)}.`
  }
}

/** No instance was named, and the number of online instances is not one. */
export class InstanceRequired extends Schema.TaggedError<InstanceRequired>()("InstanceRequired", {
  online: Schema.Array(Schema.String),
  offline: Schema.Array(Schema.String),
}) {
  override get message() {
    return this.online.length > 0
      ? `No instance was named, and several are online: ${list(this.online)}.`
      : `No instance is online (found: ${list(this.offline)}).`
  }
}

/** Another opencode has the port of the announced instance, so nothing is sent there. */
export class InstanceReplaced extends Schema.TaggedError<InstanceReplaced>()("InstanceReplaced", {
  instance: Schema.String,
  url: Schema.String,
  /** Continues after the instance's name. */
  reason: Schema.String,
  /** Where it was announced: a registration file, for example. */
  source: Schema.String,
}) {
  override get message() {
    return `Nothing was sent to ${this.instance} (${this.url}): ${this.reason}.`
  }
}

export const ResolveError = Schema.Union([InstanceNotFound, AmbiguousInstance, InstanceRequired, InstanceReplaced])
export type ResolveError = typeof ResolveError.Type

/** The instances with this name: exactly, else ignoring case, else containing it. */
export const matching = <A extends { readonly name: string }>(
  instances: ReadonlyArray<A>,
  reference: string,
): ReadonlyArray<A> => {
  const folded = reference.trim().toLowerCase()
  if (folded === "") return []
  const comparisons: ReadonlyArray<(name: string) => boolean> = [
    (name) => name === reference,
    (name) => name.toLowerCase() === folded,
    (name) => name.toLowerCase().includes(folded),
  ]
  for (const matches of comparisons) {
    const found = instances.filter(({ name }) => matches(name))
    if (found.length > 0) return found
  }
  return []
}

/** The only instance that matches the name. */
export const named = <A extends { readonly name: string }>(
  instances: ReadonlyArray<A>,
  reference: string,
): Effect.Effect<A, InstanceNotFound | AmbiguousInstance> => {
  const [found, ...others] = matching(instances, reference)
  if (found === undefined) return new InstanceNotFound({ reference, known: instances.map(({ name }) => name) })
  return others.length === 0
    ? Effect.succeed(found)
    : new AmbiguousInstance({ reference, candidates: [found, ...others].map(({ name }) => name) })
}

/** The only online instance. */
export const onlyOnline = (instances: ReadonlyArray<Instance>): Effect.Effect<Instance, InstanceRequired> => {
  const online = instances.filter(isOnline)
  const offline = instances.filter(Predicate.not(isOnline))
  const [only, ...others] = online
  return only !== undefined && others.length === 0
    ? Effect.succeed(only)
    : new InstanceRequired({ online: online.map(({ name }) => name), offline: offline.map(({ name }) => name) })
}
