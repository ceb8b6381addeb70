import { assert, describe, it } from "@effect/vitest"
import type { PendingReport } from "../../../src/fleet/attention/PendingReport.ts"
import type { Instance } from "../../../src/fleet/Instance.ts"
import { instanceCuts } from "../../../src/tools/instances/instanceCuts.ts"
import type { FleetView } from "../../../src/tools/instances/instanceSchemas.ts"
import { InstanceTools } from "../../../src/tools/instances/InstanceTools.ts"
import { instanceView } from "../../../src/tools/instances/instanceView.ts"
import { defaultAnswerChars, fitAnswer, fitsAnswer } from "../../../src/tools/shared/answerSize.ts"
import { ses, permission } from "../../../src/testing/samples.ts"
import { server } from "../../discovery/announcements.ts"

const at = Date.UTC(2026, 10, 29)
const projects = ["api-gateway", "billing", "customer-portal", "data-pipeline", "design-system", "docs", "mobile-app"]

const instanceOf = (index: number): Instance => {
  const name = `${projects[index % projects.length]}-${index}`
  return {
    ...server(name, 4096 + index, { directory: `/home/maria/projects/${name}` }),
    health: { state: "online", version: "1.18.33", api: 1, latency: 12, reason: "", checkedAt: at },
    lastSeen: at,
  }
}

const reportOf = (waits: boolean): PendingReport => ({
  known: true,
  askedAt: at,
  count: waits ? 1 : 0,
  active: waits ? 1 : 0,
  waiting: waits
    ? [
        {
          kind: "permission",
          id: permission("1").id,
          session: ses("main"),
          about: "permission for bash: npm test",
          title: undefined,
        },
      ]
    : [],
  projects: [],
  projectCount: 1,
  lastSession: { updated: at, title: "Fix the login redirect of the portal" },
})

/** A fleet whose first instance waits for a person, as list_instances answers it. */
const answered = (count: number): FleetView => {
  const time = new Date(at).toISOString()
  const view: FleetView = {
    as_of: time,
    health_counts: { online: count },
    waiting_instance_count: 1,
    busy_instance_count: 0,
    unchecked_instance_count: 0,
    matching_count: count,
    instances: Array.from({ length: count }, (_, index) => instanceView(instanceOf(index), reportOf(index === 0))),
    problem_count: 0,
    problems: [],
    transports: [{ transport: "local-relay", found_count: count, scanned: time, duration_ms: 3, problem_count: 0 }],
    refreshed: time,
  }
  return fitAnswer(view, instanceCuts, fitsAnswer(InstanceTools.tools.list_instances, defaultAnswerChars))
}

describe("The answer of list_instances", () => {
  it("leaves out details of the last instances rather than instances", () => {
    const view = answered(48)
    assert.lengthOf(view.instances, 48)
    assert.isTrue(view.has_brief_instances)
    assert.deepInclude(view.instances[0], { activity: "waiting", waiting_for_count: 1 })
    assert.deepStrictEqual(view.instances.at(-1), {
      name: "docs-47",
      health: "online",
      activity: "idle",
      host: "laptop",
      directory: "/home/maria/projects/docs-47",
      transports: ["local-relay"],
    })
    assert.isUndefined(answered(10).has_brief_instances)
  })
})
