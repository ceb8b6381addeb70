/** The online instances of a fleet, and what a report about each depends on besides its sessions. */
import { machineOf } from "../homes.ts"
import type { Instance } from "../Instance.ts"

/** What an instance is and where it works. */
const identityOf = ({ directory, health: { api, version }, host, name }: Instance) =>
  JSON.stringify([name, host, directory, api, version])

/** Only opencode 1 servers share their sessions, those of one machine. */
const sharesSessions = ({ health }: Instance) => health.api === 1

export class Online {
  /** By URL. */
  readonly byUrl = new Map<string, Instance>()
  /** How often an opencode 1 server of a machine has come, changed or gone; the key is empty for an unknown machine. */
  readonly #changes = new Map<string, number>()
  #changesOfAll = 0

  add(instance: Instance) {
    const before = this.byUrl.get(instance.url)
    this.byUrl.set(instance.url, instance)
    if (before !== undefined && identityOf(before) === identityOf(instance)) return
    if (before !== undefined) this.#changed(before)
    this.#changed(instance)
  }

  /** Removes the others. */
  keep(urls: ReadonlySet<string>) {
    for (const [url, instance] of this.byUrl) {
      if (urls.has(url)) continue
      this.byUrl.delete(url)
      this.#changed(instance)
    }
  }

  #changed(instance: Instance) {
    if (!sharesSessions(instance)) return
    const machine = machineOf(instance)
    this.#changes.set(machine, this.#changesOn(machine) + 1)
    this.#changesOfAll++
  }

  #changesOn(machine: string) {
    return this.#changes.get(machine) ?? 0
  }

  /** Changes with what the instance is, and with the servers that may share its sessions. */
  generationOf(instance: Instance): string {
    const machine = machineOf(instance)
    const near = machine === "" ? this.#changesOfAll : this.#changesOn(machine) + this.#changesOn("")
    return `${sharesSessions(instance) ? near : ""} ${identityOf(instance)}`
  }
}
