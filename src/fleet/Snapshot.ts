/** The fleet as one refresh found it. */
import type { Problem, TransportReport } from "../discovery/Discovery.ts"
import type { Instance } from "./Instance.ts"

export interface Snapshot {
  /** Sorted by name. */
  readonly instances: ReadonlyArray<Instance>
  /** What was found and could not be used. */
  readonly problems: ReadonlyArray<Problem>
  /** How the scan of each transport went. */
  readonly reports: ReadonlyArray<TransportReport>
  /** Epoch milliseconds. */
  readonly refreshedAt: number
  /** Whether a transport was still being scanned. Only the first snapshot may be incomplete. */
  readonly incomplete?: boolean
}
