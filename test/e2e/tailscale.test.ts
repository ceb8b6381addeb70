/** `TRANSPORT=tailscale` of the built executable, with a fake `tailscale` command and a real opencode. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { existsSync } from "node:fs"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const socket = "/var/run/tailscale/tailscaled.sock"
const isTaken = existsSync(socket)
const title = isTaken ? ` (SKIPPED: this machine's own Tailscale answers on ${socket})` : ""
if (isTaken) console.error(`SKIPPED: tailscale.test.ts${title}`)

const password = "correct:horse-battery"

const peer = (name: string, rest: Readonly<Record<string, unknown>>) => ({
  HostName: "localhost",
  DNSName: `${name}.tail4f2b1.ts.net.`,
  UserID: 26_059_037,
  Online: true,
  ...rest,
})

const tailnet = (state: string) =>
  JSON.stringify({
    Version: "1.84.0-t0b36774ff",
    BackendState: state,
    Self: peer("desk", { TailscaleIPs: ["127.0.0.9"] }),
    MagicDNSSuffix: "tail4f2b1.ts.net",
    Peer: {
      "nodekey:1": peer("laptop", { TailscaleIPs: ["::1", "127.0.0.1"] }),
      "nodekey:2": peer("tower", { TailscaleIPs: ["127.0.0.2"] }),
      "nodekey:3": peer("bobs", { TailscaleIPs: ["127.0.0.1"], UserID: 7 }),
    },
  })

layer(RealOpencode.layer({ password }), { excludeTestServices: true })(
  `the executable with TRANSPORT=tailscale${title}`,
  (it) => {
    it.effect.skipIf(isTaken)(
      "finds an opencode on another machine, sends it a message, and reports when Tailscale stops",
      () =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const { port } = yield* RealOpencode
          const relay = yield* makeRelay()
          const printed = `${relay.home}/tailnet.json`
          yield* fs.writeFileString(printed, tailnet("Running"))
          yield* fs.writeFileString(`${relay.home}/tailscale`, `#!/bin/sh\n/bin/cat '${printed}'\n`, { mode: 0o755 })
          const client = yield* connect(relay, {
            variables: {
              TRANSPORT: "tailscale",
              TAILSCALE_PORTS: String(port),
              OPENCODE_SERVER_PASSWORD: password,
              PATH: relay.home,
            },
          })
          const { instances, problems } = yield* client.call(ListInstances)
          assert.deepStrictEqual(problems, [])
          assert.lengthOf(instances, 1)
          assert.deepInclude(instances[0], {
            name: "laptop-project",
            health: "online",
            host: "laptop",
            transports: ["tailscale"],
          })
          const { session } = yield* client.call(CreateSession, { instance: "laptop", title: "Over the tailnet" })
          const sent = { instance: "laptop", session_id: session.session_id, message: "say:hello from afar" }
          assert.deepInclude(yield* client.call(SendMessage, sent), { outcome: "completed", text: "hello from afar" })

          yield* fs.writeFileString(printed, tailnet("Stopped"))
          const stopped = yield* client.call(RefreshInstances)
          assert.deepStrictEqual(stopped.instances, [])
          assert.include(stopped.problems[0]?.reason, "`tailscale up`")
          assert.notInclude(yield* client.stderr, password)
        }),
    )

    it.effect.skipIf(isTaken)("reports that Tailscale is missing, and continues", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("main", yield* RealOpencode)
        const client = yield* connect(relay, {
          variables: { TRANSPORT: "tailscale,local-relay", OPENCODE_SERVER_PASSWORD: password, PATH: relay.home },
        })
        const { instances, problems } = yield* client.call(ListInstances)
        assert.deepStrictEqual(
          instances.map(({ health, name }) => ({ health, name })),
          [{ health: "online", name: "main" }],
        )
        assert.lengthOf(problems, 1)
        assert.strictEqual(problems[0]?.source, "tailscale")
        assert.include(problems[0]?.reason, "is not installed on this machine")
        assert.isNotEmpty(
          (yield* client.call(CreateSession, { instance: "main", title: "Still here" })).session.session_id,
        )
      }),
    )
  },
)
