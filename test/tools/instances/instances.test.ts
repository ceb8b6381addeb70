import { assert, describe, it } from "@effect/vitest"
import { Effect, HashMap, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Attention } from "../../../src/fleet/attention/Attention.ts"
import type { PendingReport } from "../../../src/fleet/attention/PendingReport.ts"
import type { TransportReport } from "../../../src/discovery/Discovery.ts"
import { Fleet } from "../../../src/fleet/Fleet.ts"
import type { Snapshot } from "../../../src/fleet/Snapshot.ts"
import type { HealthState } from "../../../src/fleet/Instance.ts"
import { instanceHandlers } from "../../../src/tools/instances/instanceHandlers.ts"
import { instanceCuts } from "../../../src/tools/instances/instanceCuts.ts"
import type { FleetView } from "../../../src/tools/instances/instanceSchemas.ts"
import { ListInstances } from "../../../src/tools/instances/InstanceTools.ts"
import { instanceView } from "../../../src/tools/instances/instanceView.ts"
import { fitAnswer, fitsAnswer } from "../../../src/tools/shared/answerSize.ts"
import { renderFleet } from "../../../src/tools/instances/renderInstances.ts"
import { server } from "../../discovery/announcements.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { hang, named } from "../../../src/testing/Fault.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { pass, whilePassing } from "../../support/overFake.ts"
import { here, permission, session } from "../../../src/testing/samples.ts"

const instance = (name: string, port: number, state: HealthState) => ({
  ...server(name, port),
  health: { state, version: undefined, latency: undefined, reason: "", checkedAt: 0 },
  lastSeen: undefined,
})

const refusing = (name: string, port: number, authorization: "missing" | "rejected" | "withheld", reason: string) => {
  const one = instance(name, port, "unauthorized")
  return { ...one, health: { ...one.health, authorization, reason } }
}

const waitingFor = (...requests: ReadonlyArray<string>): Extract<PendingReport, { known: true }> => ({
  askedAt: 0,
  known: true,
  count: requests.length,
  waiting: requests.slice(0, 5).map((about, index) => ({
    kind: "permission",
    id: permission(String(index)).id,
    session: here,
    title: "A title",
    about,
  })),
  active: 0,
  lastSession: undefined,
  projects: [],
  projectCount: 0,
})

interface Surroundings {
  readonly reports?: ReadonlyArray<TransportReport>
  readonly transports?: ReadonlyArray<string>
}

/** The answer of list_instances for a fleet of these instances. */
const listed = Effect.fnUntraced(function* (
  instances: Snapshot["instances"],
  looks: ReadonlyArray<readonly [port: number, look: PendingReport]>,
  limit = 50,
  { reports = [], transports = ["local-relay"] }: Surroundings = {},
) {
  const problems = reports.flatMap((report) => report.problems)
  const snapshot = Effect.succeed<Snapshot>({ instances, problems, reports, refreshedAt: 0 })
  const current = Effect.succeed(
    HashMap.fromIterable(looks.map(([port, look]) => [`http://127.0.0.1:${port}`, look] as const)),
  )
  const handlers = yield* instanceHandlers({ relayDirectory: "/relay", transports }).pipe(
    Effect.provide([
      Layer.succeed(Fleet, {
        snapshot,
        changes: Stream.empty,
        probed: Stream.empty,
        refresh: snapshot,
        resolve: () => Effect.never,
        recheck: () => Effect.void,
        use: () => Effect.never,
      }),
      Layer.succeed(Attention, { current, settled: current, touch: () => Effect.void }),
    ]),
  )
  const view = yield* handlers.list_instances({ limit })
  return { view, text: renderFleet(view) }
})

describe("list_instances", () => {
  it.effect("shows the projects of an opencode 2, which has no directory of its own", () =>
    Effect.gen(function* () {
      const one = instance("laptop", 1, "online")
      const two = { ...one, directory: undefined, health: { ...one.health, version: "2.0.15", api: 2 as const } }
      const projects = [
        { directory: "/work/shop", active: 2 },
        { directory: "/work/blog", active: 0 },
      ]
      const report = { ...waitingFor(), projects, projectCount: 12 }
      const { text, view } = yield* listed(
        [two, instance("shop", 2, "online")],
        [
          [1, report],
          [2, report],
        ],
      )
      const shown = [
        { directory: "/work/shop", active_count: 2 },
        { directory: "/work/blog", active_count: 0 },
      ]
      assert.deepInclude(view.instances[0], { api: 2, projects: shown, project_count: 12 })
      assert.isUndefined(view.instances[1]?.projects)
      assert.include(text, "Projects: `/work/shop` (2 active), `/work/blog`; and 10 more")
    }),
  )

  it.effect("counts instances that wait for a person, and lists them first", () =>
    Effect.gen(function* () {
      const { text, view } = yield* listed(
        [
          instance("a", 1, "online"),
          instance("b", 2, "unreachable"),
          instance("c", 3, "online"),
          instance("d", 4, "online"),
        ],
        [
          [1, waitingFor()],
          // From before it went away.
          [2, waitingFor("x")],
          [3, waitingFor("x")],
          [4, waitingFor("x", "y")],
        ],
        3,
      )
      assert.deepStrictEqual(
        view.instances.map(({ name, waiting_for_count = 0 }) => [name, waiting_for_count]),
        [
          ["c", 1],
          ["d", 2],
          ["a", 0],
        ],
      )
      assert.include(text, "**2 wait for a person.**")
    }),
  )

  it.effect("shows what each instance does and its last activity, and what is unknown as unknown", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 minutes")
      const lastSession = { title: "Fix the login", updated: 60_000 }
      const broken = [{ directory: "/work/broken", reason: "invalid configuration" }]
      const { text, view } = yield* listed(
        ["idle", "waiting", "busy", "partly", "failing", "new"].map((name, index) =>
          instance(name, index + 1, "online"),
        ),
        [
          [1, { ...waitingFor(), lastSession }],
          [2, { ...waitingFor("x"), active: 3, lastSession }],
          [3, { ...waitingFor(), active: 1, lastSession }],
          [4, { ...waitingFor(), broken, lastSession }],
          [5, { askedAt: 0, known: false, reason: "no answer within 3 s" }],
        ],
      )
      assert.deepStrictEqual(
        view.instances.map(({ activity, active_count: active, name }) => [name, activity, active]),
        [
          ["waiting", "waiting", 3],
          ["busy", "busy", 1],
          ["idle", "idle", undefined],
          ["partly", undefined, undefined],
          ["failing", undefined, undefined],
          ["new", undefined, undefined],
        ],
      )
      const last = { last_active: "1970-01-01T00:01:00.000Z", last_session_title: "Fix the login" }
      assert.deepInclude(view.instances[3], last)
      assert.strictEqual(view.busy_instance_count, 1)
      assert.include(text, "**1 waits for a person.** 1 more is busy.")
      assert.include(
        text,
        "- `waiting`: **online** · **waiting** (3 sessions active) · last active 4 min ago: `Fix the login` ·",
      )
      assert.include(text, "- `failing`: **online** · host")
    }),
  )

  it("keeps as many instances as fit, and the last activity of the first ones only", () => {
    const report = { ...waitingFor(), lastSession: { title: "Fix the login of the shop", updated: 0 } }
    const health = { state: "online", version: "1.18.33", api: 1, latency: 3, reason: "", checkedAt: 0 } as const
    const instances = Array.from({ length: 40 }, (_, index) =>
      instanceView(
        { ...instance(`laptop-project-${index}`, index, "online"), directory: `/home/me/work/${index}`, health },
        report,
      ),
    )
    const view: FleetView = {
      as_of: "1970-01-01T00:00:00.000Z",
      health_counts: { online: 40 },
      waiting_instance_count: 0,
      busy_instance_count: 0,
      unchecked_instance_count: 0,
      matching_count: 40,
      instances,
      problem_count: 0,
      problems: [],
      transports: [],
      refreshed: "1970-01-01T00:00:00.000Z",
    }
    const fitted = fitAnswer(view, instanceCuts, fitsAnswer(ListInstances, 9000))
    assert.isTrue(fitsAnswer(ListInstances, 9000)(fitted))
    assert.lengthOf(fitted.instances, 40)
    assert.isDefined(fitted.instances[0]?.last_active)
    assert.isUndefined(fitted.instances[39]?.last_active)
    assert.include(renderFleet(fitted), "The last activity of some instances is left out")
  })

  it.effect("shows when each transport was scanned, the duration, and its problems", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("2 minutes")
      const report = { scannedAt: 30_000, duration: 12, found: 3, problems: [] }
      const problems = [
        { source: "tailscale", reason: "is stopped\u001B[31m" },
        { source: "tailscale", reason: "has a second trouble" },
      ]
      const reports = [
        { ...report, transport: "mdns" },
        { ...report, transport: "tailscale", found: 0, problems },
      ]
      const { text, view } = yield* listed([], [], 50, { reports })
      const scanned = { found_count: 3, scanned: "1970-01-01T00:00:30.000Z", duration_ms: 12, problem_count: 0 }
      assert.deepStrictEqual(view.transports, [
        { ...scanned, transport: "mdns" },
        { ...scanned, transport: "tailscale", found_count: 0, problem_count: 2 },
      ])
      assert.include(text, "mdns found 3 in 12 ms, 1 min ago; tailscale found 0 in 12 ms, 1 min ago (2 problems)")
    }),
  )

  it.effect("explains an empty fleet: how to start an instance, or which transports were scanned", () =>
    Effect.gen(function* () {
      assert.include((yield* listed([], [])).view.hint, "/relay/my-project.json")
      const { view } = yield* listed([], [], 50, { transports: ["local-ports", "mdns"] })
      assert.include(view.hint, "found by local-ports, mdns")
      assert.notInclude(view.hint, "/relay")
    }),
  )

  it.effect("says which variables to set for an instance that refuses the password, or asks for one", () =>
    Effect.gen(function* () {
      const instances = [
        refusing("open", 1, "missing", "asks for a password, and none is set"),
        refusing("other", 2, "rejected", "refuses the password or user name"),
        {
          ...refusing("untrusted", 3, "withheld", "asks for a password, which is not sent there"),
          passwordRemedy: { _tag: "AllowMdns", address: "10.0.0.7" } as const,
        },
      ]
      const { view } = yield* listed(instances, [])
      assert.deepStrictEqual(
        view.instances.map(({ reason }) => reason),
        [
          "asks for a password, and none is set; set OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME to the values that it was started with",
          "refuses the password or user name; set OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME to the values that it was started with",
          "asks for a password, which is not sent there. MDNS_ALLOW=10.0.0.7 trusts this one",
        ],
      )
    }),
  )

  it.effect("says which password opencode 2 wants: the service's own, or behind a tunnel that of its `connect`", () =>
    Effect.gen(function* () {
      const reason = "is opencode 2 and refuses the password or user name"
      const found = refusing("service", 1, "rejected", reason)
      const service = { ...found, health: { ...found.health, api: 2 } as const }
      const { view } = yield* listed([service, { ...service, name: "relayed", remotePort: 4097 }], [])
      const [own = "", relayed = ""] = view.instances.map(({ reason }) => reason)
      assert.include(own, "`opencode service get password`")
      assert.notInclude(relayed, "service get password")
      assert.include(relayed, "`opencode-fleet connect` on the instance's machine")
    }),
  )

  it.effect("shows the first of many requests, and counts the others", () =>
    Effect.gen(function* () {
      const { text } = yield* listed(
        [instance("a", 1, "online")],
        [[1, waitingFor(...Array.from({ length: 40 }, (_, index) => `request ${index}`))]],
      )
      assert.include(text, "`request 2`")
      assert.notInclude(text, "`request 3`")
      assert.include(text, "and 37 more")
    }),
  )

  it.effect("shows which instances have unknown pending requests", () =>
    Effect.gen(function* () {
      const { text, view } = yield* listed(
        [instance("a", 1, "online"), instance("b", 2, "online"), instance("c", 3, "timeout")],
        [[1, { askedAt: 0, known: false, reason: "no answer within 3 s" }]],
      )
      assert.strictEqual(view.unchecked_instance_count, 2)
      assert.include(text, "It is unknown whether 2 instances wait for a person.")
      assert.notInclude(text, "not been checked")
      assert.include(text, "Pending requests are unknown, as of just now: `no answer within 3 s`")
    }),
  )

  it.effect("shows the age of the pending requests, and sends no request", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.statuses.set(here, { type: "busy" })
      fake.permissions = [permission("1")]
      yield* call("refresh_instances", {})
      yield* pass(9000)
      const before = fake.requests.length
      const { text } = yield* call("list_instances", {})
      assert.include(
        text,
        "**waits for a person**, as of 9 s ago: `permission for bash: rm -rf build` · `per_1` (session `Session main` · `ses_main`)",
      )
      assert.strictEqual(fake.requests.length, before)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("refresh_instances", () => {
  it.effect("checks again for pending requests", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.statuses.set(here, { type: "busy" })
      const waiting = Effect.map(call("refresh_instances", {}), ({ view }) => view.waiting_instance_count)
      assert.strictEqual(yield* waiting, 0)
      fake.permissions = [permission("1")]
      assert.strictEqual(yield* waiting, 1)
      fake.permissions = []
      assert.strictEqual(yield* waiting, 0)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    { what: "fails", fault: named(500, "database is locked"), reason: "database is locked" },
    { what: "hangs", fault: hang, reason: "no answer within 3 s" },
  ])("does not say that nothing waits when the instance $what", ({ fault, reason }) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("GET /experimental/session", fault)
      yield* whilePassing(4000, call("refresh_instances", {}))
      const { text, view } = yield* call("list_instances", {})
      assert.strictEqual(view.unchecked_instance_count, 1)
      assert.include(text, reason)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
