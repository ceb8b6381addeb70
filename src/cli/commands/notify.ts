/** `opencode-fleet notify`: tells a person what happens in the fleet. */
import { Console, Effect, Layer, Option, Path, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import type { Instance } from "../../fleet/Instance.ts"
import type { Channel } from "../../notify/Channel.ts"
import { type ChannelTaken, claimChannels } from "../../notify/channelClaims.ts"
import { makeDeliver } from "../../notify/deliver.ts"
import { type EventKind, eventKinds } from "../../notify/FleetEvent.ts"
import { FleetEvents } from "../../notify/FleetEvents.ts"
import { bodyOf, type Message, messageOf } from "../../notify/Message.ts"
import { RunningSessions } from "../../notify/RunningSessions.ts"
import { readTold } from "../../notify/Told.ts"
import { Settings } from "../../Settings.ts"
import { matchesWildcard } from "../../text/wildcard.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { channelFlags, chosenChannels } from "../arguments/channels.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedBecause } from "../process/exitStatus.ts"

const isKind = (name: string): name is EventKind => eventKinds.some((kind) => kind === name)

const on = Flag.String("on").pipe(
  Flag.withMetavar("EVENTS"),
  Flag.withDescription(`The events to tell, separated by commas (default ${eventKinds.join()})`),
  Flag.withDefault(eventKinds.join()),
  Flag.filterMap(
    (value) => {
      const names = value.split(",").map((name) => name.trim())
      return names.every(isKind) ? Option.some(new Set<EventKind>(names)) : Option.none()
    },
    () => `a comma-separated list of ${eventKinds.join(", ")}`,
  ),
)

const names = Flag.String("instance").pipe(
  Flag.withMetavar("NAME"),
  Flag.withDescription("Only events of this instance; * matches any text. Can be repeated (default: all instances)"),
  Flag.atLeast(0),
)

const asJson = asJsonFlag("each event as one line of JSON")

/** Ignores case, as the names of instances do elsewhere. */
const includes = (names: ReadonlyArray<string>) => {
  const patterns = names.map((name) => name.toLowerCase())
  return ({ name }: Instance) =>
    patterns.length === 0 || patterns.some((pattern) => matchesWildcard(pattern, name.toLowerCase()))
}

const shown = (message: Message) =>
  [
    `${message.at}  ${message.title}`,
    ...bodyOf(message)
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n")

/** The state of different sets of channels is apart, so that several programs can run at the same time. */
const idOf = (channels: ReadonlyArray<Channel>) =>
  channels
    .map(({ id }) => id)
    .toSorted()
    .join("\n")

const taken = ({ channel }: ChannelTaken) =>
  failedBecause(
    `Another opencode-fleet notify is running with this channel (${channel}) and would tell everything, too. End that one first, or leave the channel out here: without a channel, notify only prints.`,
  )

const input = { ...channelFlags, on, names, asJson }

const run = Effect.fnUntraced(function* ({ asJson, names, on, ...flags }: Command.Command.Config.Infer<typeof input>) {
  const settings = yield* Settings
  const directory = (yield* Path.Path).join(settings.stateDirectory, "notify")
  const channels = yield* chosenChannels(flags, settings)
  yield* claimChannels(directory, channels).pipe(Effect.mapError(taken))
  const deliver = yield* makeDeliver(
    yield* Effect.forEach(channels, (channel) =>
      Effect.map(readTold(directory, channel.id), (told) => ({ channel, told })),
    ),
  )
  const follow = Effect.gen(function* () {
    const { events, holds } = yield* FleetEvents
    const through = channels.length === 0 ? "here only" : channels.map(({ name }) => name).join(", ")
    yield* Console.error(`Telling ${[...on].join(", ")}: ${through}. Ctrl-C ends this.`)
    yield* events.pipe(
      Stream.filter(({ kind }) => on.has(kind)),
      Stream.runForEach((event) => {
        const message = messageOf(event)
        const printed = Console.log(asJson ? JSON.stringify(message) : shown(message))
        return Effect.andThen(deliver(message, holds(event)), printed)
      }),
    )
  })
  yield* follow.pipe(
    Effect.provide(
      FleetEvents.layer({ includes: includes(names) }).pipe(
        Layer.provide(RunningSessions.layerStored(directory, idOf(channels))),
      ),
    ),
  )
}, Effect.scoped)

export const notify = Command.make("notify", input, run).pipe(
  Command.withDescription(`Tells you when an agent waits for you (waiting), has ended its turn (done, failed), or when an instance goes away (gone).

Runs until Ctrl-C and prints each event. In addition, it tells each event once through every channel that you name, also across restarts: what waits already is told at the start, what had ended before is not. A delivery that fails is reported on stderr and tried again for about ten minutes. Each message names the instance, the session, and the command to type next.

A turn that a person stopped or rejected is not told. An instance counts as gone after 15 s. With several instances, use --instance to choose.

Exit status: 1 if a setting cannot be used, or another notify is running with one of the channels; 2 for a usage error; 130 after Ctrl-C.`),
  Command.withShortDescription("Be told when an agent waits, ends or is gone"),
  Command.withExamples([
    { command: "opencode-fleet notify --desktop", description: "Show notifications on this desktop" },
    {
      command: "opencode-fleet notify --ntfy https://ntfy.sh/my-secret-topic --on waiting,failed",
      description: "Be told on the phone when an agent needs you",
    },
    {
      command: `opencode-fleet notify --exec 'echo "$OPENCODE_FLEET_TITLE" >> ~/agents.log'`,
      description: "Run a command for each event",
    },
  ]),
  Command.provide(fleetLayer),
  Command.provide(FetchHttpClient.layer),
)
