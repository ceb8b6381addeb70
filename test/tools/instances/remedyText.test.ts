/** A problem of discovery carries facts. The server's user reads variables and commands; an embedding program does not. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Remedy } from "../../../src/discovery/Remedy.ts"
import { Fleet } from "../../../src/fleet/Fleet.ts"
import { fleetLayer } from "../../../src/layers.ts"
import { problemText } from "../../../src/tools/instances/remedyText.ts"

const remedies: ReadonlyArray<readonly [Remedy, string]> = [
  [{ _tag: "CreateRelayDirectory" }, "`opencode-fleet connect` creates it"],
  [{ _tag: "ChooseRelayDirectory" }, "RELAY_REGISTRY_DIR"],
  [{ _tag: "ChooseLocalPorts" }, "LOCAL_PORTS"],
  [{ _tag: "ChooseTailscaleTag" }, "TAILSCALE_TAG"],
  [{ _tag: "ReduceTailscalePorts" }, "TAILSCALE_PORTS"],
  [{ _tag: "AllowMdns", address: "10.0.0.7" }, "MDNS_ALLOW=10.0.0.7"],
  [{ _tag: "Register", url: "http://127.0.0.1:4101" }, "`opencode-fleet connect --attach http://127.0.0.1:4101`"],
  [{ _tag: "CheckHostKey", host: "box" }, "check the host key"],
  [{ _tag: "AddSshKey", host: "box" }, "ssh-add"],
  [{ _tag: "TrySsh", host: "box", cause: "unknownHost" }, "spelling"],
  [{ _tag: "TrySsh", host: "box", cause: "refused" }, "sshd is running"],
  [{ _tag: "TrySsh", host: "box", cause: "unreachable" }, "network"],
  [{ _tag: "TrySsh", host: "box", cause: "noShell" }, "POSIX shell"],
  [{ _tag: "TrySsh", host: "box", cause: "other" }, "`ssh -o BatchMode=yes box` must open a shell"],
]

describe("A problem", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect.each(remedies)("tells the server's user what to do: %j", ([remedy, text]) =>
      Effect.sync(() => assert.include(problemText({ source: "it", reason: "is broken", remedy }), text)),
    )

    it.effect("tells an embedding program of no variable and no command", () =>
      Effect.gen(function* () {
        const { problems } = yield* Effect.flatMap(Fleet, ({ snapshot }) => snapshot)
        assert.deepStrictEqual(problems, [
          { source: "/nowhere/relay", reason: "does not exist yet", remedy: { _tag: "CreateRelayDirectory" } },
        ])
      }).pipe(Effect.provide(fleetLayer({ relayDirectory: "/nowhere/relay" }))),
    )
  })
})
