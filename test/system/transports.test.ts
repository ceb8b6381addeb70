/** All four transports in one fleet, in which each server is one instance. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { startAnnounced, withMulticast } from "../support/localNetwork.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { start } from "../support/RealOpencode.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

const machine = { UserID: 26_059_037, Online: true }

/** A tailnet in which this machine appears as another one, at an address that no other transport has found. */
const tailnet = JSON.stringify({
  Version: "1.84.0-t0b36774ff",
  BackendState: "Running",
  Self: { ...machine, DNSName: "desk.tail4f2b1.ts.net.", TailscaleIPs: ["127.0.0.9"] },
  Peer: { "nodekey:1": { ...machine, DNSName: "tower.tail4f2b1.ts.net.", TailscaleIPs: ["127.0.0.3"] } },
})

withMulticast("the four transports together", () => {
  layer(Layer.merge(ScriptedModel.layer, NodeServices.layer), { excludeTestServices: true })((it) => {
    it.effect("find each server once, name all transports that found it, and continue when one of them fails", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const registered = yield* start()
        const announced = yield* startAnnounced()
        const relay = yield* makeRelay()
        yield* relay.register("main", registered)
        yield* fs.writeFileString(`${relay.home}/tailscale`, `#!/bin/sh\necho '${tailnet}'\n`, { mode: 0o755 })
        const client = yield* connect(relay, {
          variables: {
            TRANSPORT: "mdns,tailscale,local-ports,local-relay",
            TAILSCALE_PORTS: String(announced.port),
            PATH: `${relay.home}:${process.env["PATH"]}`,
          },
        })
        const here = [registered.directory, announced.directory]
        const ours = Effect.map(client.call(RefreshInstances), ({ instances }) =>
          instances
            .filter(({ directory = "" }) => here.includes(directory))
            .map(({ directory, health, transports }) => ({ directory, health, transports }))
            .toSorted((one, other) => here.indexOf(one.directory ?? "") - here.indexOf(other.directory ?? "")),
        )
        const one = {
          directory: registered.directory,
          health: "online" as const,
          transports: ["local-relay", "local-ports"],
        }
        const other = {
          directory: announced.directory,
          health: "online" as const,
          transports: ["local-ports", "tailscale", "mdns"],
        }
        // opencode takes a moment to announce itself.
        yield* ours.pipe(eventually((found) => found[1]?.transports.length === 3))
        assert.deepStrictEqual(yield* ours, [one, other])

        const { instances, problems, transports } = yield* client.call(ListInstances)
        assert.deepStrictEqual(
          transports.map(({ transport }) => transport),
          ["local-relay", "local-ports", "tailscale", "mdns"],
        )
        assert.deepStrictEqual(problems, [])
        const instance = instances.find(({ directory }) => directory === announced.directory)?.name
        const { session } = yield* client.call(CreateSession, { instance })
        const sent = { instance, session_id: session.session_id, message: "say:found in three ways" }
        assert.deepInclude(yield* client.call(SendMessage, sent), { text: "found in three ways" })

        yield* fs.writeFileString(`${relay.home}/tailscale`, "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n")
        // What the failing transport found stays, and the problem says that it may be out of date.
        assert.deepStrictEqual(yield* ours, [one, other])
        const after = yield* client.call(ListInstances)
        assert.deepStrictEqual(
          after.problems.map(({ source }) => source),
          ["tailscale"],
        )
        assert.strictEqual(after.instances.find(({ directory }) => directory === announced.directory)?.name, instance)
      }),
    )
  })
})
