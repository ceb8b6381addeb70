/**
 * Programs that not every machine has. If one is missing, the tests that need it are skipped, and both their titles and
 * stderr say so.
 */
import { describe } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { accessSync, constants, globSync } from "node:fs"
import { delimiter, join } from "node:path"
import { opencode2Binary } from "./opencode2Binary.ts"

/** Directories of administration programs, which are often not on a user's PATH. */
const directories = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  "/usr/sbin",
  "/usr/local/sbin",
  "/sbin",
  // Debian has no links to the programs of PostgreSQL. The newest version comes first.
  ...globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed(),
]

const isExecutable = (file: string) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The program's path, or undefined. */
export const find = (program: string): string | undefined =>
  directories.map((directory) => join(directory, program)).find(isExecutable)

/** The Debian package of each program. */
const packageOf = {
  bash: "bash",
  chromium: "chromium",
  fish: "fish",
  initdb: "postgresql",
  postgres: "postgresql",
  script: "bsdutils",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sshd: "openssh-server",
  tmux: "tmux",
  zsh: "zsh",
}

type Program = keyof typeof packageOf

/** A suite whose tests are skipped, with a message, if there is a reason. */
const suite =
  (reason: string | undefined) =>
  (title: string, tests: () => void): void => {
    if (reason !== undefined) console.error(`SKIPPED: ${title}: ${reason}`)
    // oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- both are the caller's
    describe.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (SKIPPED: ${reason})`, tests)
  }

/** A suite whose tests are skipped unless all programs are installed. */
const requiring = (...programs: ReadonlyArray<Program>) => {
  const missing = programs.filter((program) => find(program) === undefined)
  const packages = [...new Set(missing.map((program) => packageOf[program]))]
  return suite(
    missing.length === 0
      ? undefined
      : `no ${missing.join(", ")} on this machine; apt-get install ${packages.join(" ")}`,
  )
}

/** For tests that start an `SshRelay`. */
export const withSsh = requiring("ssh", "sshd", "ssh-keygen")

/** For tests that start a `RealPostgres`. */
export const withPostgres = requiring("postgres", "initdb")

/** For tests that start a browser. */
export const withChromium = requiring("chromium")

/** For tests that start a `PseudoTerminal`. */
export const withTmux = requiring("tmux")

/** For tests that start both. */
export const withSshAndTmux = requiring("ssh", "sshd", "ssh-keygen", "tmux")

/** For tests that press Tab in a shell. `script` gives it a terminal, which fish can do without. */
export const withBash = requiring("bash", "script")
export const withZsh = requiring("zsh", "script")
export const withFish = requiring("fish")

const opencode2Missing = "no opencode 2; `npm run opencode2` installs it on Linux on x64"

/** For tests that start a `RealOpencode2`. */
export const withOpencode2 = suite(isExecutable(opencode2Binary) ? undefined : opencode2Missing)

/** The same tests on a real opencode 1 and on a real opencode 2. */
export const onBothVersions = (tests: (api: 1 | 2) => void): void => {
  for (const api of [1, 2] as const) {
    const isMissing = api === 2 && !isExecutable(opencode2Binary)
    const title = `on opencode ${api}${isMissing ? ` (SKIPPED: ${opencode2Missing})` : ""}`
    if (isMissing) console.error(`SKIPPED: tests ${title}`)
    // oxlint-disable-next-line vitest/valid-title -- it names the version
    describe.skipIf(isMissing)(title, () => {
      tests(api)
    })
  }
}

/** Runs a command whose processes see only each other. */
export const isolate = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

const canIsolate = () => spawnSync(isolate[0] ?? "", [...isolate.slice(1), "true"]).status === 0

/** For tests with an opencode 2 on machines of their own, which are reached by ssh. */
export const withMachines = (title: string, tests: () => void): void => {
  const missing = ["ssh", "sshd", "ssh-keygen"].filter((program) => find(program) === undefined)
  const reason =
    missing.length > 0
      ? `no ${missing.join(", ")} on this machine`
      : !isExecutable(opencode2Binary)
        ? opencode2Missing
        : canIsolate()
          ? undefined
          : "this user may not isolate processes (unshare --pid)"
  suite(reason)(title, tests)
}
