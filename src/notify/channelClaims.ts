/** One program at a time tells through a channel. Two would tell everything twice, because each reads what was told once. */
import { Effect, Schema } from "effect"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { claimsIn } from "../machine/SessionClaims.ts"
import type { Channel } from "./Channel.ts"
import { stateNameOf } from "./stateFile.ts"

/** Another process tells through this channel. */
export class ChannelTaken extends Schema.TaggedError<ChannelTaken>()("ChannelTaken", { channel: Schema.String }) {}

/** Claims the channels until the scope closes. Claims that cannot be made are only logged. */
export const claimChannels = Effect.fnUntraced(function* (directory: string, channels: ReadonlyArray<Channel>) {
  const { claim } = claimsIn(directory, yield* LocalMachine, {
    consequence: "another notify with the same channel would tell everything a second time",
  })
  yield* Effect.forEach(
    new Map(channels.map(({ id, name }) => [id, name])),
    ([id, channel]) =>
      Effect.acquireRelease(
        Effect.flatMap(claim(stateNameOf("told", id)), (made) =>
          made === "taken" ? new ChannelTaken({ channel }) : Effect.succeed(made),
        ),
        (made) => (made === "unavailable" ? Effect.void : made.release),
      ),
    { discard: true },
  )
})
