/** The counts at the top of the page. */
import { assert, it } from "@effect/vitest"
import { homeContent } from "../../../src/web/page/homePage.ts"
import type { FleetView } from "../../../src/tools/instances/instanceSchemas.ts"

const shown = (health_counts: FleetView["health_counts"]) => {
  const fleet = { health_counts, unchecked_instance_count: 0, instances: [], problems: [] } as unknown as FleetView
  return String(homeContent({ fleet, work: { sessions: [], problems: [] } as never, entries: [], formKey: undefined }))
}

it("The dot of the instances that are online is green only if there are some", () => {
  assert.include(shown({ online: 1 }), '<i class="dot online"></i>1 instance online')
  assert.include(shown({ timeout: 1 }), '<i class="dot none"></i>0 instances online')
})
