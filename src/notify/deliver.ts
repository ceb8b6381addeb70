/** Delivers messages to channels. Each channel has its own queue and its own retries, so none waits for another. */
import { Cause, Clock, Effect, Queue, Schedule, Stream } from "effect"
import { type Channel, ChannelFailed } from "./Channel.ts"
import type { Message } from "./Message.ts"
import type { Told } from "./Told.ts"

/** Maximum duration of one attempt. */
const attemptTimeout = "30 seconds"

/** Deliveries of one channel that are in progress, so that the failing delivery of one event does not hold up the next. */
const concurrency = 4

/** Messages that wait for a channel. The oldest are dropped, because what happens now matters more. */
const maxWaiting = 200

/** Milliseconds in which what is told is taken to hold. */
const freshFor = 2000

/** Ten attempts within about ten minutes. */
const retries = Schedule.min([Schedule.exponential("2 seconds"), Schedule.spaced("2 minutes")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 9 }),
)

interface ToldChannel {
  readonly channel: Channel
  readonly told: Told
}

const tookTooLong = () => new ChannelFailed({ reason: "it took longer than 30 s", isFinal: false })

/** A defect ends one attempt, not the channel. */
const died = (name: string) => (cause: Cause.Cause<ChannelFailed>) =>
  Effect.flatMap(
    Effect.logDebug(`${name} died`, cause),
    () => new ChannelFailed({ reason: "it failed unexpectedly", isFinal: true }),
  )

/** A message, and whether it still holds, which is asked before an attempt that is repeated or has waited. */
interface Delivery {
  readonly message: Message
  readonly holds: Effect.Effect<boolean>
  /** When it was handed over, in epoch milliseconds. */
  readonly since: number
}

const deliverOne = Effect.fnUntraced(function* (
  { channel: { deliver, name }, told }: ToldChannel,
  { holds, message, since }: Delivery,
) {
  if (told.has(message.id)) return
  const hasWaited = (yield* Clock.currentTimeMillis) - since > freshFor
  let failures = 0
  // Stored before the attempt: if this program is ended during the attempt, the person may have been told.
  const attempt = Effect.andThen(told.add(message.id), deliver(message)).pipe(
    Effect.timeoutOrElse({ duration: attemptTimeout, orElse: tookTooLong }),
    Effect.catchCauseIf(Cause.hasDies, died(name)),
    Effect.tapError(() => told.remove(message.id)),
  )
  const asked = Effect.timeoutOrElse(holds, { duration: attemptTimeout, orElse: () => Effect.succeed(true) })
  const outdated = Effect.logWarning(`${name}: "${message.title}" was settled meanwhile, so it is not told any more.`)
  yield* Effect.suspend(() =>
    failures === 0 && !hasWaited ? attempt : Effect.flatMap(asked, (still) => (still ? attempt : outdated)),
  ).pipe(
    Effect.tapError(({ isFinal, reason }) =>
      failures++ === 0 && !isFinal
        ? Effect.logWarning(`${name}: ${reason}. Trying again to tell "${message.title}".`)
        : Effect.void,
    ),
    Effect.retry({ while: ({ isFinal }) => !isFinal, schedule: retries }),
    Effect.catch(({ reason }) => Effect.logError(`${name}: ${reason}. Not told: "${message.title}".`)),
  )
})

/**
 * A function that hands a message to all channels, without waiting. What a channel was told already is left out. `holds`:
 * whether the message is still true, by default for good.
 */
export const makeDeliver = Effect.fnUntraced(function* (channels: ReadonlyArray<ToldChannel>) {
  const queues = yield* Effect.forEach(
    channels,
    Effect.fnUntraced(function* (channel) {
      const queue = yield* Queue.sliding<Delivery>(maxWaiting)
      yield* Stream.fromQueue(queue).pipe(
        Stream.mapEffect((delivery) => deliverOne(channel, delivery), { concurrency, unordered: true }),
        Stream.runDrain,
        Effect.forkScoped,
      )
      return queue
    }),
  )
  return (message: Message, holds: Effect.Effect<boolean> = Effect.succeed(true)) =>
    Effect.map(Clock.currentTimeMillis, (since) => {
      for (const queue of queues) Queue.offerUnsafe(queue, { message, holds, since })
    })
})
