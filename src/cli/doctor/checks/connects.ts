/** How every `opencode-fleet connect` on this machine fares. */
import { Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { LocalMachine, type LocalMachineValues } from "../../../machine/LocalMachine.ts"
import type { ConnectState } from "../../../discovery/relay/Registration.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

const observe = (name: string, { log, pid, tunnel }: ConnectState, { isAlive }: LocalMachineValues) => {
  const who = `connect of ${name} (process ${pid})`
  const look = `Its log is ${log}.`
  if (!isAlive(pid)) {
    return warning(
      `${who} has ended without taking its registration out`,
      `\`opencode-fleet prune\` removes it once opencode is gone, too. ${look}`,
    )
  }
  if (tunnel === undefined) return ok(`${who} runs, for this machine only`)
  const { port, reason, relay, since, state } = tunnel
  switch (state) {
    case "connected":
      return ok(
        `${who} is connected to its relay (${relay}) since ${since}${port === undefined ? "" : `, port ${port} there`}`,
      )
    case "connecting":
      return warning(
        `${who} has been connecting to its relay (${relay}) since ${since}`,
        `Look again in a minute. ${look}`,
      )
    case "waiting":
      return problem(
        `${who} has no tunnel to its relay (${relay}) since ${since}${reason === undefined ? "" : `: ${reason}`}`,
        `It tries again by itself. Run that command by hand to see whether it gives a shell. ${look}`,
      )
  }
}

export const connects: Check<Fleet> = {
  name: "connect",
  run: Effect.gen(function* () {
    const machine = yield* LocalMachine
    const { instances } = yield* (yield* Fleet).snapshot
    return instances.flatMap(({ connect, host, name }: Instance) =>
      connect === undefined || host !== machine.hostname ? [] : [observe(name, connect, machine)],
    )
  }),
}
