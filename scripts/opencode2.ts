/**
 * Installs the real opencode 2 for the tests into `test/opencode2/`, which has its own lock file: the package exists for
 * Linux on x64 only, so as a dependency of this package it would break `npm ci` everywhere else.
 *
 * Prints nothing if there is nothing to do. A failure is a warning, because the tests that need opencode 2 are skipped
 * without it, and say so.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"

const directory = new URL("../test/opencode2/", import.meta.url)

/** npm writes this file when an installation is complete. */
const installed = new URL("node_modules/.package-lock.json", directory)

/** What npm says about the package, in the lock file of the repository or of the installation. */
const packageOf = (lock: URL): unknown =>
  JSON.parse(readFileSync(lock, "utf8")).packages["node_modules/@opencode/cli-linux-x64-baseline"].integrity

const isInstalled = () =>
  existsSync(installed) && packageOf(installed) === packageOf(new URL("package-lock.json", directory))

if (process.platform === "linux" && process.arch === "x64" && !isInstalled()) {
  console.error("Installing opencode 2 for the tests (once)")
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  })
  if (status !== 0) console.error("opencode 2 was not installed, so the tests that need it are skipped")
}
