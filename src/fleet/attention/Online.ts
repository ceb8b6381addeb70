/** The online instances of a fleet, and whether something about them has changed. */
import type { Instance } from "../Instance.ts"

const isSameServer = (one: Instance, other: Instance) =>
  one.name === other.name &&
  one.host === other.host &&
  one.directory === other.directory &&
  one.health.api === other.health.api &&
  one.health.version === other.health.version

export class Online {
  /** By URL. */
  readonly byUrl = new Map<string, Instance>()
  /** Changes with what they are and where they work. */
  generation = 0

  add(instance: Instance) {
    const before = this.byUrl.get(instance.url)
    this.byUrl.set(instance.url, instance)
    if (before === undefined || !isSameServer(before, instance)) this.generation++
  }

  /** Removes the others. */
  keep(urls: ReadonlySet<string>) {
    for (const url of this.byUrl.keys()) if (!urls.has(url) && this.byUrl.delete(url)) this.generation++
  }
}
