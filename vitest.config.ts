import { defineConfig } from "vitest/config"

/** The whole of a test may take this long, of which it usually needs seconds: the machine may be busy. */
const timeouts = { testTimeout: 240_000, hookTimeout: 240_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/faults/**", "test/system/**"],
          // Importing effect takes longer than most files' tests. Nothing in src/ or test/ holds state in a module.
          isolate: false,
          pool: "threads",
          maxWorkers: 2,
          ...timeouts,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/{e2e,faults}/**/*.test.ts"],
          // Each file starts an opencode of its own, and mostly waits for it.
          isolate: false,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          ...timeouts,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // They ask whatever listens on this machine, and their opencodes can be heard on its network: after all others, and
          // one after the other.
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          ...timeouts,
        },
      },
    ],
  },
})
