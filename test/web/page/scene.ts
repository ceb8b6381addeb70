/** The page over a fleet of one fake opencode, named `fake`, as a browser asks for it. */
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { Attention } from "../../../src/fleet/attention/Attention.ts"
import { Fleet } from "../../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../../src/fleet/HealthCheck.ts"
import { Gate, Refused } from "../../../src/mcp/access/Gate.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { permission, question, session } from "../../../src/testing/samples.ts"
import * as Page from "../../../src/web/page/Page.ts"
import { announcement } from "../../discovery/announcements.ts"
import { overFake, target, whilePassing } from "../../support/overFake.ts"
import { makeBusy } from "../../support/play.ts"

/** Tokens and their scopes. */
const tokens: Readonly<Record<string, ReadonlyArray<string>>> = {
  full: ["fleet:read", "fleet:send", "fleet:decide"],
  reader: ["fleet:read"],
  sender: ["fleet:send"],
}

/** Accepts the tokens above. */
export const tokenGate = Layer.succeed(Gate, {
  verify: (token) => {
    const name = token === undefined ? "" : Redacted.value(token)
    const scopes = tokens[name]
    return scopes === undefined
      ? Effect.fail(new Refused({ status: 401, message: "The token is not valid." }))
      : Effect.succeed({ subject: name, scopes: new Set(scopes), stepsUp: false })
  },
  insufficient: () => new Refused({ status: 403, message: "That is not allowed." }),
})

/** `--no-auth`. */
export const openGate = Gate.layerOpen(tokens["full"] ?? [])

const discovery = Layer.succeed(Discovery, {
  scan: Effect.succeed({ announcements: [announcement("fake", 4096, { url: target.url })], problems: [] }),
  changes: Stream.empty,
})

export const overTheFake = (gate: Layer.Layer<Gate>) =>
  Attention.layer().pipe(
    Layer.provideMerge(Fleet.layer()),
    Layer.provide([HealthCheck.layer(), Identification.layer(), discovery]),
    Layer.provideMerge(overFake),
    Layer.provideMerge(gate),
  )

export interface Answer {
  readonly status: number
  readonly text: string
  readonly location: string
  readonly headers: Headers
  /** What a browser sends from then on. */
  readonly cookie: string
}

type Pairs = ReadonlyArray<readonly [string, string]>

export interface Sent {
  readonly cookie?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Where the request comes from. */
  readonly address?: string
  /** The fields of a form, which is posted. */
  readonly form?: Pairs | Readonly<Record<string, string>>
}

const isPairs = (form: NonNullable<Sent["form"]>): form is Pairs => Array.isArray(form)

const cookiesIn = (headers: Headers) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0] ?? "")
    .join("; ")

/** The page, and how it answers a browser while test time passes otherwise. */
export const makeAsk = Effect.gen(function* () {
  const handle = yield* HttpRouter.toHttpEffect(Page.layer({}))
  return (path: string, { address, cookie, form, headers = {} }: Sent = {}) =>
    Effect.gen(function* () {
      const body =
        form === undefined
          ? {}
          : {
              method: "POST",
              body: new URLSearchParams(
                isPairs(form) ? form.map(([name, value]): [string, string] => [name, value]) : { ...form },
              ),
            }
      const request = new Request(`http://127.0.0.1:4180${path}`, {
        ...body,
        headers: { origin: "http://127.0.0.1:4180", ...(cookie === undefined ? {} : { cookie }), ...headers },
      })
      const answer = yield* handle.pipe(
        Effect.provideService(
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(request).modify({ remoteAddress: Option.fromUndefinedOr(address) }),
        ),
        Effect.scoped,
      )
      const response = HttpServerResponse.toWeb(answer)
      return {
        status: response.status,
        text: yield* Effect.promise(() => response.text()),
        location: response.headers.get("location") ?? "",
        headers: response.headers,
        cookie: cookiesIn(response.headers),
      } satisfies Answer
    })
})

/** The page, and how it answers a browser within four seconds of test time. */
export const makeBrowser = Effect.map(
  makeAsk,
  (ask) =>
    (...asked: Parameters<typeof ask>) =>
      whilePassing(4000, ask(...asked)),
)

/** A busy session that waits for these. */
export const waiting = (permissions: ReadonlyArray<string>, questions: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.sessions = [session("main")]
    makeBusy(fake)
    fake.permissions.push(...permissions.map((name) => permission(name)))
    fake.questions.push(...questions.map((name) => question(name)))
    return fake
  })

const unescaped = (text: string) =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")

/** The hidden fields of the first form about this request. */
export const fieldsOf = (page: string, request: string): Record<string, string> => {
  const form = page.split("<form").find((part) => part.includes(`value="${request}"`)) ?? ""
  return Object.fromEntries(
    [...form.matchAll(/type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"/gu)].map(([, name = "", value = ""]) => [
      name,
      unescaped(value),
    ]),
  )
}
