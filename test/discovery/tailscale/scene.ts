/** `TRANSPORT=tailscale` over a simulated tailnet with opencodes. */
import { Context, Effect, FileSystem, Layer } from "effect"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import {
  type IdentificationRequest,
  Identification,
  type Verdict,
} from "../../../src/discovery/identification/Identification.ts"
import type { TailscaleError } from "../../../src/discovery/tailscale/errors.ts"
import * as Tailscale from "../../../src/discovery/tailscale/Tailscale.ts"
import type { TailnetStatus } from "../../../src/discovery/tailscale/TailnetStatus.ts"
import { Tailnet } from "../../../src/discovery/tailscale/Tailnet.ts"
import { decode } from "./recordings.ts"
import { refused } from "../verdicts.ts"

export interface Scene {
  readonly tailnet: Effect.Effect<TailnetStatus, TailscaleError, FileSystem.FileSystem>
  /** The server at a URL; other URLs refuse the connection. */
  readonly answers?: (url: string) => Effect.Effect<Verdict> | undefined
  /** Default: one port per machine. */
  readonly options?: Tailscale.TailscaleOptions
}

/** A discovery, and its requests so far. */
export const start = Effect.fnUntraced(function* ({
  answers = () => undefined,
  options = { ports: [4096] },
  tailnet,
}: Scene) {
  const fs = yield* FileSystem.FileSystem
  const asked: Array<IdentificationRequest> = []
  const identify = (one: IdentificationRequest) => {
    asked.push(one)
    return answers(one.url) ?? Effect.succeed(refused)
  }
  const services = yield* Layer.build(
    Tailscale.layerNoDeps(options).pipe(
      Layer.provide([
        Layer.succeed(Tailnet, { read: Effect.provideService(tailnet, FileSystem.FileSystem, fs) }),
        Layer.succeed(Identification, { identify, fingerprintOf: () => Effect.succeedNone }),
      ]),
    ),
  )
  return { ...Context.get(services, Discovery), asked }
})

/** A tailnet of this user with these peers. `rest` overrides other fields of its status. */
export const tailnetWith = (
  peers: Readonly<Record<string, unknown>>,
  rest: Readonly<Record<string, unknown>> = {},
): Effect.Effect<TailnetStatus> =>
  decode(
    JSON.stringify({
      BackendState: "Running",
      Self: { UserID: 5, TailscaleIPs: ["100.64.0.1"] },
      MagicDNSSuffix: "mine.ts.net",
      Peer: peers,
      ...rest,
    }),
  )

/** A tailnet with this number of machines of this user. */
export const tailnetOf = (count: number) =>
  tailnetWith(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `nodekey:${index}`,
        {
          UserID: 5,
          Online: true,
          DNSName: `box-${index}.mine.ts.net.`,
          TailscaleIPs: [`100.100.${index >> 8}.${index & 255}`],
        },
      ]),
    ),
  )
