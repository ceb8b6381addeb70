/** Compares the results of a run with what is expected. */
import type { Expectation } from "./expected.ts"
import type { Check, Revision } from "./suite.ts"
import type { Target } from "./servers.ts"

export interface Run {
  readonly target: Target
  readonly revision: Revision
  readonly scenarios: ReadonlyMap<string, ReadonlyArray<Check>>
}

export interface Verdict {
  /** What is wrong: failures that are not expected, and expectations that are out of date. */
  readonly problems: ReadonlyArray<string>
  /** A few words about each scenario. */
  readonly scenarios: ReadonlyMap<string, string>
}

const isMet = (checks: ReadonlyArray<Check>, check: string | undefined) =>
  checks.some(({ id, status }) => status === "FAILURE" && (check === undefined || check === id))

/** Whether a check was neither skipped nor left out. */
const isJudged = (checks: ReadonlyArray<Check>, check: string | undefined) =>
  check === undefined || checks.some(({ id, status }) => id === check && status !== "SKIPPED")

const inWords = (checks: ReadonlyArray<Check>) => {
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length
  const [passed, failed, warnings] = [count("SUCCESS"), count("FAILURE"), count("WARNING")]
  // All have a check of the messages' schemas besides their own.
  const words = failed === 0 ? "passed" : passed > 1 ? `${passed} of ${passed + failed} passed` : "expected failure"
  return warnings === 0 ? words : `${words}, ${warnings === 1 ? "1 warning" : `${warnings} warnings`}`
}

export const judge = ({ revision, scenarios, target }: Run, expected: ReadonlyArray<Expectation>): Verdict => {
  const failures = expected
    .filter(({ only = {} }) => (only.target ?? target) === target && (only.revision ?? revision) === revision)
    .flatMap(({ failures }) => failures)
  const outdated = failures.filter((failure) => {
    const [scenario = "", check] = failure.split(":", 2)
    const checks = scenarios.get(scenario)
    return checks !== undefined && isJudged(checks, check) && !isMet(checks, check)
  })
  const unexpected = [...scenarios].flatMap(([scenario, checks]) =>
    failures.includes(scenario)
      ? []
      : checks
          .filter(({ id, status }) => status === "FAILURE" && !failures.includes(`${scenario}:${id}`))
          .map(({ errorMessage = "", id }) => ({ scenario, text: `${scenario}:${id}: ${errorMessage.slice(0, 300)}` })),
  )
  const failed = new Set(unexpected.map(({ scenario }) => scenario))
  return {
    problems: [
      ...unexpected.map(({ text }) => text),
      ...outdated.map((failure) => `${failure} passes: remove it from expected.ts`),
    ],
    scenarios: new Map(
      [...scenarios].map(([scenario, checks]) => [scenario, failed.has(scenario) ? "FAILED" : inWords(checks)]),
    ),
  }
}
