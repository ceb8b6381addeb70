/** The choice of an API version for each server, and the requests that a server receives before its version is known. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { OpencodeError, Unauthorized, UnexpectedResponse } from "../../src/opencode/errors.ts"
import type { ClientError } from "../../src/opencode/errors.ts"
import { type Opencode, OpencodeClient } from "../../src/opencode/Opencode.ts"
import * as OpencodeVersions from "../../src/opencode/OpencodeVersions.ts"
import type { Target } from "../../src/opencode/Target.ts"
import { here, msg } from "../../src/testing/samples.ts"

const url = "http://main.test:4096"
const credentials = { username: "opencode", password: Redacted.make("secret") }
const target: Target = { instance: "main", url, credentials }

const at = { instance: "main", url, operation: "x", detail: "x" }
const webPage = new UnexpectedResponse({ ...at, status: 200 })
const noSuchRoute = new UnexpectedResponse({ ...at, status: 405 })
const proxyPage = new UnexpectedResponse({ ...at, status: 502 })
const wantsPassword = new Unauthorized({ instance: "main", url, isOpencode: true })
const anotherProgram = new Unauthorized({ instance: "main", url, isOpencode: false })

/** How the server at the URL answers the routes of each version. */
interface Server {
  one: ClientError | "answers"
  two: ClientError | "answers"
  /** How it answers the route of opencode 1 for prompts. Default: `one`. */
  readonly prompt?: ClientError
}

/** A server, and the requests that it received: version, name, and whether they carried the password. */
const scene = (server: Server) => {
  const asked: Array<string> = []
  let loads = 0
  const version =
    (name: "one" | "two") =>
    ({ credentials }: Target): Opencode => {
      const request = <A>(what: string, success: A) =>
        Effect.suspend((): Effect.Effect<A, ClientError> => {
          asked.push(`${name}: ${what}${credentials === undefined ? "" : " with password"}`)
          if (name === "two" && credentials === undefined && server.two === "answers") return Effect.fail(wantsPassword)
          const answer = name === "one" && what === "prompt" ? (server.prompt ?? server.one) : server[name]
          return answer === "answers" ? Effect.succeed(success) : Effect.fail(answer)
        })
      const none = Effect.die("not asked in these tests")
      return {
        capabilities: { statusScope: name === "one" ? "directory" : "server" } as Opencode["capabilities"],
        health: () => request("health", { healthy: true, version: name, api: name === "one" ? 1 : 2 }),
        sessions: request("sessions", []),
        prepare: () => none,
        countMessages: () => none,
        prompt: () => request("prompt", undefined),
        events: none,
        directory: none,
        location: () => none,
        machineMark: () => none,
        agents: () => none,
        models: () => none,
        inGit: () => none,
        defaultModel: () => none,
        describedAgents: () => none,
        commands: () => none,
        projects: none,
        createWorktree: () => none,
        forkSession: () => none,
        newestSessions: () => none,
        session: () => none,
        hasDirectory: () => none,
        createSession: () => none,
        runningElsewhere: () => none,
        statuses: () => none,
        messages: () => none,
        message: () => none,
        diff: () => none,
        runCommand: () => none,
        queuedPrompts: () => none,
        withdrawPrompt: () => none,
        keepAwake: () => Effect.void,
        abort: () => none,
        pendingRequests: () => none,
        decide: () => none,
        toolCalls: () => none,
      }
    }
  const layer: Layer.Layer<OpencodeClient> = OpencodeVersions.layer({
    v1: Effect.succeed(version("one")),
    v2: Effect.sync(() => {
      loads++
      return version("two")
    }),
  })
  return {
    asked,
    loads: () => loads,
    opencode: Effect.map(OpencodeClient, (client) => client.at(target)),
    anonymous: Effect.map(OpencodeClient, (client) => client.at({ ...target, credentials: undefined })),
    announcedAs2: Effect.map(OpencodeClient, (client) => client.at({ ...target, api: 2 })),
    layer,
  }
}

const prompt = { messageID: msg("1"), text: "Do it" }

describe("A server", () => {
  it.effect("of opencode 1 receives no additional request, and the other version is not loaded", () => {
    const { asked, layer, loads, opencode } = scene({ one: "answers", two: webPage })
    return Effect.gen(function* () {
      yield* (yield* opencode).health(3000)
      yield* (yield* opencode).sessions
      assert.deepStrictEqual(asked, ["one: health with password", "one: sessions with password"])
      assert.strictEqual(loads(), 0)
      assert.strictEqual((yield* opencode).capabilities.statusScope, "directory")
    }).pipe(Effect.provide(layer))
  })

  it.effect("of opencode 2 is identified without its password, and then receives requests of its version", () => {
    const { asked, layer, loads, opencode } = scene({ one: webPage, two: "answers" })
    return Effect.gen(function* () {
      assert.strictEqual((yield* (yield* opencode).health(3000)).version, "two")
      assert.deepStrictEqual(asked.splice(0), [
        "one: health with password",
        "one: health",
        "two: health",
        "two: health with password",
      ])
      yield* (yield* opencode).sessions
      assert.deepStrictEqual(asked, ["two: sessions with password"])
      assert.strictEqual(loads(), 1)
      assert.strictEqual((yield* opencode).capabilities.statusScope, "server")
    }).pipe(Effect.provide(layer))
  })

  it.effect("of opencode 2 receives a prompt once, even if the prompt is the first request", () => {
    const { asked, layer, opencode } = scene({ one: webPage, two: "answers", prompt: noSuchRoute })
    return Effect.gen(function* () {
      yield* (yield* opencode).prompt(here, prompt)
      assert.deepStrictEqual(asked, [
        "one: prompt with password",
        "one: health",
        "two: health",
        "two: prompt with password",
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("that was announced as opencode 2 is asked as such from the first request on", () => {
    const { announcedAs2, asked, layer } = scene({ one: webPage, two: "answers" })
    return Effect.gen(function* () {
      yield* (yield* announcedAs2).health(3000)
      yield* (yield* announcedAs2).sessions
      assert.deepStrictEqual(asked, ["two: health with password", "two: sessions with password"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("of opencode 2 that is probed without a password receives two requests", () => {
    const { anonymous, asked, layer } = scene({ one: webPage, two: "answers" })
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.flip((yield* anonymous).health(3000)), wantsPassword)
      assert.deepStrictEqual(asked.splice(0), ["one: health", "two: health"])
      assert.deepStrictEqual(yield* Effect.flip((yield* anonymous).health(3000)), wantsPassword)
      assert.deepStrictEqual(asked, ["two: health"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("that is another program is not identified as opencode 2", () => {
    const { asked, layer, opencode } = scene({ one: webPage, two: anotherProgram })
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.flip((yield* opencode).health(3000)), webPage)
      assert.deepStrictEqual(asked, ["one: health with password", "one: health", "two: health"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("of opencode 1 that lacks a route is not identified as opencode 2", () => {
    const { asked, layer, opencode } = scene({ one: "answers", two: "answers", prompt: webPage })
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.flip((yield* opencode).prompt(here, prompt)), webPage)
      assert.deepStrictEqual(asked, ["one: prompt with password", "one: health"])
    }).pipe(Effect.provide(layer))
  })

  it.effect.each([
    proxyPage,
    new OpencodeError({ instance: "main", operation: "prompt", status: 400, detail: "no" }),
    wantsPassword,
  ])("that fails with another error receives the request once: %j", (error) => {
    const { asked, layer, opencode } = scene({ one: error, two: "answers" })
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.flip((yield* opencode).prompt(here, prompt)), error)
      assert.deepStrictEqual(asked, ["one: prompt with password"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("whose version was replaced is identified again, and a prompt is not repeated", () => {
    const server: Server = { one: webPage, two: "answers" }
    const { asked, layer, opencode } = scene(server)
    return Effect.gen(function* () {
      const client = yield* opencode
      yield* client.health(3000)
      server.one = "answers"
      server.two = webPage
      asked.length = 0
      assert.deepStrictEqual(yield* Effect.flip(client.prompt(here, prompt)), webPage)
      assert.deepStrictEqual(asked, ["two: prompt with password"])
      assert.strictEqual((yield* client.health(3000)).version, "one")
    }).pipe(Effect.provide(layer))
  })

  it.effect("has the same client as long as it is used, and no other server's is kept for long", () => {
    const { layer, opencode } = scene({ one: "answers", two: webPage })
    return Effect.gen(function* () {
      const { at } = yield* OpencodeClient
      const other: Target = { ...target, url: "http://main.test:4097" }
      const [client, unused] = [yield* opencode, at(other)]
      for (const _ of [1, 2, 3]) {
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* opencode, client)
      }
      assert.notStrictEqual(at(other), unused)
    }).pipe(Effect.provide(layer))
  })
})
