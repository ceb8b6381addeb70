import { assert, describe, it } from "@effect/vitest"
import { parseLocks } from "../../src/machine/databaseLocks.ts"

/** Of two opencodes with one database, and of another program. A lock that is waited for has an arrow. */
const table = `1: FLOCK  ADVISORY  WRITE 10416 fe:00:5308419 0 EOF
1: -> FLOCK  ADVISORY  WRITE 13154 fe:00:5308419 0 EOF
2: POSIX  ADVISORY  READ 7400 fe:00:2229410 128 128
3: POSIX  ADVISORY  READ 7400 fe:00:2228460 1073741826 1073742335
10: POSIX  ADVISORY  READ 6758 fe:00:2229410 128 128
11: POSIX  ADVISORY  WRITE 6758 fe:00:2229410 120 120
12: OFDLCK ADVISORY  READ -1 fe:00:99 128 128
13: POSIX  ADVISORY  READ 5100 fe:00:2229410 124 128
`

describe("The kernel's list of locks", () => {
  it("names the processes that use a database with a write-ahead log", () => {
    assert.deepStrictEqual(parseLocks(table), [
      { pid: 7400, file: "fe:00:2229410" },
      { pid: 6758, file: "fe:00:2229410" },
      // It reads at several moments of the database.
      { pid: 5100, file: "fe:00:2229410" },
    ])
    assert.deepStrictEqual(parseLocks(""), [])
  })
})
