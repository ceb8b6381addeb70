/** The state of every `opencode-fleet connect` on this machine. */
import { Effect, type FileSystem, type Path } from "effect"
import { readLeases } from "../../../connect/service/serviceLease.ts"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { LocalMachine, type LocalMachineValues } from "../../../machine/LocalMachine.ts"
import type { ConnectState } from "../../../discovery/relay/Registration.ts"
import { Settings } from "../../../Settings.ts"
import { plainLine } from "../../../text/plainText.ts"
import { type Check, ok, problem, warning } from "../Check.ts"
import { relayAdvice } from "../relayAdvice.ts"

interface State extends ConnectState {
  readonly birth?: string
}

const observe = (name: string, { birth, log, pid, tunnel }: State, { isAlive }: LocalMachineValues) => {
  const subject = `connect of ${name} (process ${pid})`
  const logHint = `Its log is ${log}.`
  if (!isAlive(pid, birth)) {
    return warning(
      `${subject} has ended without removing its registration`,
      `When its opencode has ended, too, \`opencode-fleet prune\` removes the registration. ${logHint}`,
    )
  }
  if (tunnel === undefined) return ok(`${subject} is running, registered on this machine only`)
  const { port, reason, relay, since, state } = tunnel
  switch (state) {
    case "connected":
      return ok(
        `${subject} has been connected to its relay (${relay}) since ${since}${port === undefined ? "" : `, port ${port} there`}`,
      )
    case "connecting":
      return warning(
        `${subject} has been connecting to its relay (${relay}) since ${since}`,
        `Run doctor again in a minute. ${logHint}`,
      )
    case "waiting":
      return problem(
        `${subject} has had no tunnel to its relay (${relay}) since ${since}${reason === undefined ? "" : `: ${reason}`}`,
        `It retries automatically. ${reason === undefined || reason.includes("GatewayPorts") ? "" : `${relayAdvice(reason)} `}${logHint}`,
      )
  }
}

/** The processes that keep a service of opencode 2 on a relay. One that was killed needs no attention. */
const observeServices = Effect.gen(function* () {
  const machine = yield* LocalMachine
  const { stateDirectory } = yield* Settings
  return (yield* readLeases(stateDirectory))
    .filter(({ birth, pid }) => machine.isAlive(pid, birth))
    .map(({ name, ...state }) => observe(`${plainLine(name)} (opencode 2)`, state, machine))
})

export const connects: Check<Fleet | Settings | FileSystem.FileSystem | Path.Path> = {
  name: "connect",
  run: Effect.gen(function* () {
    const machine = yield* LocalMachine
    const { instances } = yield* (yield* Fleet).snapshot
    const registered = instances.flatMap(({ connect, host, name }: Instance) =>
      connect === undefined || host !== machine.hostname ? [] : [observe(name, connect, machine)],
    )
    return [...registered, ...(yield* observeServices)]
  }),
}
