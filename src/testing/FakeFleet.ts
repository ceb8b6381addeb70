/**
 * A whole fleet in memory: one fake opencode for each instance name, and every service of opencode-fleet over them. It
 * needs no network and no files, and runs under `TestClock`.
 */
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { HttpClient } from "effect/http"
import { Discovery } from "../discovery/Discovery.ts"
import { Identification } from "../discovery/identification/Identification.ts"
import { Attention } from "../fleet/attention/Attention.ts"
import { Fleet } from "../fleet/Fleet.ts"
import { HealthCheck } from "../fleet/HealthCheck.ts"
import { InstanceEvents } from "../opencode/events/InstanceEvents.ts"
import { MessageCounts } from "../opencode/sessions/MessageCounts.ts"
import * as OpencodeVersions from "../opencode/OpencodeVersions.ts"
import type { Credentials, Target } from "../opencode/Target.ts"
import { Turns } from "../opencode/turns/Turns.ts"
import * as OpencodeV1 from "../opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../opencode/v2/OpencodeV2.ts"
import * as Handlers from "../tools/handlers.ts"
import { FakeState } from "./FakeState.ts"
import { httpClientOf } from "./httpClient.ts"

/**
 * An instance of a fake fleet: its name, or its name, the version of opencode's API (default: 1) and the directory that it was
 * started in (default: `/work/project`).
 */
export type FakeInstance = string | { readonly name: string; readonly api?: 1 | 2; readonly directory?: string }

const nameOf = (instance: FakeInstance) => (typeof instance === "string" ? instance : instance.name)

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

const credentialsOf = ({ credentials }: FakeState): Credentials | undefined =>
  credentials === undefined
    ? undefined
    : { username: credentials.username, password: Redacted.make(credentials.password) }

const fakesOf = (instances: ReadonlyArray<FakeInstance>): FakeFleet["Service"] => {
  const names = instances.map(nameOf)
  const fakes = new Map(
    instances.map((each, index) => {
      const instance = nameOf(each)
      const api = typeof each === "string" ? 1 : (each.api ?? 1)
      const state = new FakeState({ api })
      if (typeof each !== "string" && each.directory !== undefined) state.directory = each.directory
      const credentials = credentialsOf(state)
      const target: Target = { instance, url: urlOf(index), credentials, ...(api === 1 ? {} : { api }) }
      return [instance, { state, target }] as const
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
const httpClient = (instances: ReadonlyArray<FakeInstance>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      const clients = new Map<string, HttpClient.HttpClient>()
      for (const [index, instance] of instances.entries()) {
        const services = yield* Layer.build(httpClientOf(at(nameOf(instance))))
        clients.set(urlOf(index), Context.get(services, HttpClient.HttpClient))
      }
      return HttpClient.make((request, url) => {
        const client = clients.get(url.origin)
        return client === undefined ? Effect.die(new Error(`no fake at ${url.origin}`)) : client.execute(request)
      })
    }),
  )

const discovery = (instances: ReadonlyArray<FakeInstance>) =>
  Layer.effect(
    Discovery,
    Effect.map(FakeFleet, ({ at, target }) => ({
      scan: Effect.succeed({
        announcements: instances.map((each) => {
          const name = nameOf(each)
          const { api, credentials, url } = target(name)
          return {
            name,
            host: "fake-host",
            url,
            directory: at(name).directory,
            transport: "fake",
            source: `/fakes/${name}`,
            ...(api === undefined ? {} : { api }),
            ...(credentials === undefined ? {} : { credentials }),
          }
        }),
        problems: [],
      }),
      changes: Stream.empty,
    })),
  )

/** `FakeFleet`, and over it `OpencodeClient`, `InstanceEvents`, `MessageCounts` and `Turns`, without a fleet. */
export const fakeOpencodesLayer = (...instances: ReadonlyArray<FakeInstance>) => Layer.fresh(opencodes(instances))

const opencodes = (instances: ReadonlyArray<FakeInstance>) =>
  Layer.mergeAll(Turns.layer, MessageCounts.layer).pipe(
    Layer.provideMerge(InstanceEvents.layer),
    Layer.provideMerge(OpencodeVersions.layer({ v1: OpencodeV1.make, v2: OpencodeV2.make })),
    Layer.provide(httpClient(instances)),
    Layer.provideMerge(Layer.sync(FakeFleet, () => fakesOf(instances))),
  )

/**
 * {@link fakeOpencodesLayer}, and over it `Fleet`, `Attention` and the handlers of `FleetToolkit`: everything that an
 * embedding program uses, with one online instance for each name. `{ name, api: 2 }` is an instance of opencode 2.
 */
export const fakeFleetLayer = (...instances: ReadonlyArray<FakeInstance>) =>
  Handlers.layer().pipe(
    Layer.provideMerge(Attention.layer()),
    Layer.provideMerge(Fleet.layer()),
    Layer.provide([HealthCheck.layer(), Identification.layer(), discovery(instances)]),
    Layer.provideMerge(opencodes(instances)),
    Layer.fresh,
  )
