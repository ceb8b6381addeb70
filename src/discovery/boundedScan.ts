/** Bounds the scan of a directory, because a network file system that is unreachable may never answer. */
import { Effect } from "effect"
import type { Scan } from "./Discovery.ts"

const longestScan = "10 seconds"

export const boundedScan =
  (directory: string) =>
  <E, R>(scan: Effect.Effect<Scan, E, R>) =>
    Effect.timeoutOrElse(scan, {
      duration: longestScan,
      orElse: () =>
        Effect.succeed<Scan>({
          announcements: [],
          failed: true,
          problems: [{ source: directory, reason: `could not be read within ${longestScan}` }],
        }),
    })
