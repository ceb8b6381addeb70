/**
 * Stands between an MCP client and the executable, and writes down what both say. It takes the executable's place, so that
 * `config` prints the path of this file. A copy of it runs in each client's own folder, beside `executable.txt`.
 */
import { spawn } from "node:child_process"
import { appendFileSync, mkdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const folder = dirname(fileURLToPath(import.meta.url))
const executable = readFileSync(join(folder, "executable.txt"), "utf8").trim()

if (process.argv.length > 2) await import(pathToFileURL(executable).href)
else record()

function record() {
  const child = spawn(process.execPath, [executable], { stdio: ["pipe", "pipe", "pipe"] })
  const file = join(folder, "recordings", `${Date.now()}-${child.pid}.jsonl`)
  mkdirSync(dirname(file), { recursive: true })
  const note = (entry) => appendFileSync(file, `${JSON.stringify({ at: Date.now(), ...entry })}\n`)
  note({ from: "recorder", text: String(child.pid) })

  const lines = (from) => {
    let rest = ""
    return (chunk) => {
      const parts = (rest + chunk).split("\n")
      rest = parts.pop() ?? ""
      for (const text of parts) note({ from, text })
    }
  }
  const pass = (from, source, target) => {
    const read = lines(from)
    source.on("data", (chunk) => {
      read(chunk.toString("utf8"))
      target.write(chunk)
    })
    target.on("error", () => {})
  }
  pass("client", process.stdin, child.stdin)
  pass("server", child.stdout, process.stdout)
  pass("stderr", child.stderr, process.stderr)
  process.stdin.on("end", () => child.stdin.end())
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("exit", (code, signal) => {
    note({ from: "recorder", text: `ended ${code ?? signal}` })
    process.exit(code ?? 1)
  })
}
