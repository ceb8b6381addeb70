import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** The whole of a test may take this long, of which it usually needs seconds: the machine may be busy. */
const timeouts = { testTimeout: 480_000, hookTimeout: 480_000 }

const packageTest = "test/e2e/package.test.ts"

/** The files that wait the longest, however fast the machine is. Begun last, they would run alone at the end. */
const longest = [
  "faults/faults",
  "e2e/connectRelay",
  "e2e/outcomes",
  "e2e/connectionsLong",
  "e2e/fleet",
  "e2e/turns",
  "e2e/connections",
  "e2e/connect",
  "e2e/connectService",
  "e2e/connectTerminal",
  "e2e/threeServers",
  "e2e/terminal",
  "e2e/decisions",
  "e2e/tools",
  "e2e/subagent",
  "e2e/tasks",
  "e2e/upkeep",
  "e2e/day",
  "e2e/notify",
].map((name) => `/test/${name}.test.ts`)

const rank = ({ moduleId }: TestSpecification) => {
  const found = longest.findIndex((name) => moduleId.endsWith(name))
  return found < 0 ? longest.length : found
}

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          // The folders of installed clients and of opencode 2 have tests of their own.
          exclude: ["**/node_modules/**", "test/e2e/**", "test/faults/**", "test/system/**"],
          // Importing effect takes longer than most files' tests. Nothing in src/ or test/ holds state in a module.
          isolate: false,
          pool: "threads",
          maxWorkers: 3,
          ...timeouts,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/{e2e,faults}/**/*.test.ts"],
          exclude: [packageTest],
          // Each file starts an opencode of its own, and mostly waits for it: more workers than CI has cores.
          isolate: false,
          maxWorkers: 7,
          sequence: { groupOrder: 1 },
          ...timeouts,
        },
      },
      {
        test: {
          name: "package",
          // It starts no opencode, and works hard for a minute: `npm test` runs it while the tests of `system` wait.
          include: [packageTest],
          sequence: { groupOrder: 3 },
          ...timeouts,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // They ask whatever listens on this machine, and their opencodes can be heard on its network: apart from all others,
          // and one after the other.
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          ...timeouts,
        },
      },
    ],
  },
})
