/** A fake opencode 2 that is starting, or that could not start: it answers with 503, or 500, instead. */
import { HttpServerResponse } from "effect/http"
import type { FakeState } from "../FakeState.ts"

export const infoOf = (fake: FakeState) => ({
  version: fake.version,
  pid: fake.pid,
  urls: [],
  paths: { tmp: "/tmp/opencode" },
})

const refusals = {
  starting: { code: "service_starting" },
  failed: {
    code: "service_failed",
    message: "The background service could not start.",
    action: "Run `opencode service restart` after checking the service logs.",
  },
}

/** The answer of a server that is not ready; undefined if it is. `/api/info` has the same body, and another status. */
export const notReady = (fake: FakeState, route: string): HttpServerResponse.HttpServerResponse | undefined => {
  const { readiness } = fake
  if (fake.api === 1 || readiness === "ready" || !/^\w+ \/api\//u.test(route)) return undefined
  const headers = readiness === "starting" ? { "retry-after": "1" } : {}
  return route === "GET /api/info"
    ? HttpServerResponse.jsonUnsafe(infoOf(fake), { status: readiness === "starting" ? 503 : 500, headers })
    : HttpServerResponse.jsonUnsafe(refusals[readiness], { status: 503, headers })
}
