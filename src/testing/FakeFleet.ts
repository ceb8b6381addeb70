/**
 * A whole fleet in memory: one fake opencode for each instance name, and every service of opencode-fleet over them. It
 * needs no network and no files, and runs under `TestClock`.
 */
import { Context, Effect, Layer, Stream } from "effect"
import { HttpClient } from "effect/http"
import { Discovery } from "../discovery/Discovery.ts"
import { Identification } from "../discovery/identification/Identification.ts"
import { Attention } from "../fleet/attention/Attention.ts"
import { Fleet } from "../fleet/Fleet.ts"
import { HealthCheck } from "../fleet/HealthCheck.ts"
import { InstanceEvents } from "../opencode/events/InstanceEvents.ts"
import { MessageCounts } from "../opencode/sessions/MessageCounts.ts"
import type { Target } from "../opencode/Target.ts"
import { Turns } from "../opencode/turns/Turns.ts"
import * as OpencodeV1 from "../opencode/v1/OpencodeV1.ts"
import * as Handlers from "../tools/handlers.ts"
import { FakeState } from "./FakeState.ts"
import { httpClientOf } from "./httpClient.ts"

/** The fakes behind the instances of a {@link fakeFleetLayer}. */
export class FakeFleet extends Context.Service<
  FakeFleet,
  {
    /** The fake behind the instance with this name. An unknown name is a defect. */
    readonly at: (instance: string) => FakeState
    /** Where `OpencodeClient` and `Turns` reach the fake of that name. */
    readonly target: (instance: string) => Target
  }
>()("opencode-fleet/testing/FakeFleet") {}

const urlOf = (index: number) => `http://fake-${index}.test:4096`

const fakesOf = (names: ReadonlyArray<string>): FakeFleet["Service"] => {
  const fakes = new Map(
    names.map((instance, index) => {
      const target: Target = { instance, url: urlOf(index), credentials: undefined }
      return [instance, { state: new FakeState(), target }] as const
    }),
  )
  const find = (instance: string) => {
    const fake = fakes.get(instance)
    if (fake === undefined) throw new Error(`no fake is named ${instance}; there are: ${names.join(", ")}`)
    return fake
  }
  return { at: (instance) => find(instance).state, target: (instance) => find(instance).target }
}

/** Sends each request to the fake of its URL. */
const httpClient = (names: ReadonlyArray<string>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      const clients = new Map<string, HttpClient.HttpClient>()
      for (const [index, name] of names.entries()) {
        const services = yield* Layer.build(httpClientOf(at(name)))
        clients.set(urlOf(index), Context.get(services, HttpClient.HttpClient))
      }
      return HttpClient.make((request, url) => {
        const client = clients.get(url.origin)
        return client === undefined ? Effect.die(new Error(`no fake at ${url.origin}`)) : client.execute(request)
      })
    }),
  )

const discovery = (names: ReadonlyArray<string>) =>
  Layer.succeed(Discovery, {
    scan: Effect.succeed({
      announcements: names.map((name, index) => ({
        name,
        host: "fake-host",
        url: urlOf(index),
        directory: "/work/project",
        transport: "fake",
        source: `/fakes/${name}`,
      })),
      problems: [],
    }),
    changes: Stream.empty,
  })

/** `FakeFleet`, and over it `OpencodeClient`, `InstanceEvents`, `MessageCounts` and `Turns`, without a fleet. */
export const fakeOpencodesLayer = (...names: ReadonlyArray<string>) => Layer.fresh(opencodes(names))

const opencodes = (names: ReadonlyArray<string>) =>
  Layer.mergeAll(Turns.layer, MessageCounts.layer).pipe(
    Layer.provideMerge(InstanceEvents.layer),
    Layer.provideMerge(OpencodeV1.layer),
    Layer.provide(httpClient(names)),
    Layer.provideMerge(Layer.sync(FakeFleet, () => fakesOf(names))),
  )

/**
 * {@link fakeOpencodesLayer}, and over it `Fleet`, `Attention` and the handlers of `FleetToolkit`: everything that an
 * embedding program uses, with one online instance for each name.
 */
export const fakeFleetLayer = (...names: ReadonlyArray<string>) =>
  Handlers.layer().pipe(
    Layer.provideMerge(Attention.layer()),
    Layer.provideMerge(Fleet.layer()),
    Layer.provide([HealthCheck.layer(), Identification.layer(), discovery(names)]),
    Layer.provideMerge(opencodes(names)),
    Layer.fresh,
  )
